"""What is missing and what waits for a parent is rare: found by an index of its own, however many links there are."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    for name, columns, words in (
        ("ix_link_missing", ["mapping", "id"], "state = 'missing'"),
        ("ix_link_parent", ["connection"], "waits = 'parent'"),
    ):
        op.create_index(name, "link", columns, sqlite_where=sa.text(words), postgresql_where=sa.text(words))
