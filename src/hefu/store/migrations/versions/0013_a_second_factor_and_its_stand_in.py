"""Recovery codes stand in for a second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "recovery",
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("label", sa.String(8), nullable=False, comment="what the code begins with; no secret"),
        sa.Column("kept", sa.Text(), nullable=False, comment="Argon2id with its parameters"),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32)),
        sa.PrimaryKeyConstraint("account_id", "label", name=op.f("pk_recovery")),
        comment="Codes that stand in for the second factor, once each.",
    )
