"""Mappings are worked on as drafts, which only a plan publishes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "draft",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("mapping", sa.String(64), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False, comment="the project version it changes"),
        sa.Column(
            "files", sa.Text(), nullable=False, comment="JSON: path -> text from now on, of the mapping and its entity"
        ),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.CheckConstraint("state in ('open', 'replaced', 'published', 'discarded')", name=op.f("ck_draft_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        comment="Revisions of mappings that are being worked on; a plan publishes one, until then it has no effect.",
    )
    op.create_index("ix_draft_mapping", "draft", ["mapping", "state"])
