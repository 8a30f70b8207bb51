"""Workers say which flows they read just now, so that no other worker delivers half a reading."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    reading = sa.Column(
        "reading", sa.Text(), nullable=False, server_default="{}", comment="JSON: flow -> since when it reads it"
    )
    op.add_column("worker", reading)
