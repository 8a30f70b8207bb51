"""Versions of mappings that are on trial, and what a person has allowed a flow beyond its limits."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "canary",
        sa.Column("mapping", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False, comment="of the mapping's meaning"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since_at", sa.String(32), nullable=False),
        sa.Column("since_id", sa.String(40), nullable=False, comment="writes of the group have later ids"),
        sa.Column("size", sa.Integer(), nullable=False, comment="records that may be written before the verdict"),
        sa.Column("taken", sa.Integer(), nullable=False, comment="of these, how many were"),
        sa.Column("decided_at", sa.String(32)),
        sa.Column("decided_by", sa.String(200)),
        sa.CheckConstraint("state in ('trial', 'passed', 'failed')", name=op.f("ck_canary_state")),
        sa.PrimaryKeyConstraint("mapping", "fingerprint", name=op.f("pk_canary")),
        comment="Versions of mappings: a new one writes a small group first and goes on once that was read back as told.",
    )
    op.create_table(
        "allowance",
        sa.Column("scope", sa.String(140), nullable=False, comment="flow:x"),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False, comment="JSON: limit -> how much a person has agreed to"),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_allowance")),
        comment="What a flow may do beyond its limits, until what was due then is done.",
    )
