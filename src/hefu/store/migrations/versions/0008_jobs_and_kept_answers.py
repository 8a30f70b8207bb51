"""Long work that people ask for, and the answers by which a repeated request is done once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "job",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("given", sa.Text(), nullable=False, comment="JSON: what it was asked to do"),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("started_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("beat_at", sa.String(32), nullable=False, comment="when its process last said that it lives"),
        sa.Column(
            "progress", sa.Text(), nullable=False, server_default="{}", comment="JSON: what it does and how far it is"
        ),
        sa.Column("result", sa.Text(), comment="JSON: what came of it"),
        sa.Column("error", sa.Text(), comment="JSON: code and facts"),
        sa.CheckConstraint("state in ('waiting', 'running', 'done', 'failed')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        comment="Long work that somebody asked for and looks at while it goes on.",
    )
    op.create_index("ix_job_state", "job", ["state", "id"])
    op.create_table(
        "answer",
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("key", sa.String(200), nullable=False, comment="the Idempotency-Key that came with the request"),
        sa.Column("fingerprint", sa.String(64), nullable=False, comment="SHA-256 of method, path and body"),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("status", sa.Integer(), comment="null: under way"),
        sa.Column("headers", sa.Text(), nullable=False, server_default="{}", comment="JSON"),
        sa.Column("body", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("author", "key", name=op.f("pk_answer")),
        comment="What a write was answered, for a day, so that a repeated request is answered the same and done once.",
    )
    op.create_index("ix_answer_at", "answer", ["at"])
