"""Erasures of people, with their proofs and what must not come back."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS = "kind in ('sync','first_sync','mapping_change','back_fill','repair','migration','undo','erase')"


def _plan() -> sa.Table:
    """The table as it is from now on, without what SQLite does not keep (comments)."""
    return sa.Table(
        "plan",
        sa.MetaData(),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mappings", sa.Text(), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.Column("project_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("writes", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("approver", sa.String(200)),
        sa.Column("approved_at", sa.String(32)),
        sa.Column("signature", sa.String(64)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("note", sa.Text()),
        sa.CheckConstraint(KINDS, name=op.f("ck_plan_kind")),
        sa.CheckConstraint(
            "state in ('draft', 'approved', 'applying', 'applied', 'partly_applied', 'expired', 'rejected')",
            name=op.f("ck_plan_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_plan_kind"), "plan", type_="check")
        op.create_check_constraint(op.f("ck_plan_kind"), "plan", KINDS)
    else:  # SQLite changes no constraint of a table that is there: its rows move into a new one
        with op.batch_alter_table("plan", copy_from=_plan(), recreate="always"):
            pass
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("author", sa.String(200), nullable=False, comment="who planned it"),
        sa.Column("approver", sa.String(200), nullable=False),
        sa.Column("by", sa.String(200), nullable=False, comment="who carried it out"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="JSON: one-ID -> entity"),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: entity -> fields that were erased"),
        sa.Column("systems", sa.Text(), nullable=False, comment="JSON list: record by record, what became of it there"),
        sa.Column("copies", sa.Text(), nullable=False, comment="JSON: table -> rows of the hub that were blanked"),
        sa.Column(
            "marks", sa.Text(), nullable=False, comment="JSON: field -> keyed hashes of the values that were erased"
        ),
        sa.Column("complete", sa.Integer(), nullable=False, comment="1: no system holds any of it"),
        sa.Column("mac", sa.String(64), nullable=False, comment="HMAC-SHA256 by the hub's key over all of it"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        comment="Proof of each erasure of a person: what, when, by whom, with hashes and without values.",
    )
    op.create_table(
        "suppression",
        sa.Column("mark", sa.String(64), nullable=False, comment="keyed hash of a record's place, or of a match key"),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("erasure_id", sa.String(40), nullable=False),
        sa.Column(
            "fields",
            sa.Text(),
            comment="JSON: field -> keyed hashes of values not to be taken over; null: nothing of it",
        ),
        sa.CheckConstraint("kind in ('record','key')", name=op.f("ck_suppression_kind")),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_suppression")),
        comment="What was erased and must not come back by the next sync.",
    )
    op.create_index("ix_suppression_erasure_id", "suppression", ["erasure_id"])
