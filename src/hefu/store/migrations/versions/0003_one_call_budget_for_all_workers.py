"""The call budget keeps the next free moment instead of tokens; what it held is worth no more than a second."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.drop_table("budget")
    op.create_table(
        "budget",
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False, comment="in the connection's zone"),
        sa.Column("calls", sa.Integer(), nullable=False, comment="made or reserved in that day"),
        sa.Column("free_at", sa.String(length=32), nullable=False, comment="the first moment that no worker has taken"),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_budget")),
        comment="The call budget of a system, shared by all workers and taken in blocks.",
    )
