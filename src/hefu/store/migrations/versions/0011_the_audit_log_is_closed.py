"""Rows of the audit log carry their request, and the database refuses to change or delete them."""

import sqlalchemy as sa
from alembic import op

from hefu.store.tables import KEEP_CLOSED

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.add_column("journal", sa.Column("request", sa.String(64), comment="number of the request in which it happened"))
    op.create_index("ix_journal_at", "journal", ["at"])
    last = op.get_bind().execute(sa.text("select max(seq) from journal")).scalar()
    if last is not None:
        hub = sa.table("hub", sa.column("name"), sa.column("value"))
        op.execute(hub.insert().values(name="audit_head", value=f"since {last}"))
    for statement in KEEP_CLOSED[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)
