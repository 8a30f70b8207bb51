"""Plans: what would be written, kept record by record, signed, carried out and looked up again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "plan",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "mappings", sa.Text(), nullable=False, comment="JSON list: what is read again before anything is written"
        ),
        sa.Column(
            "complete",
            sa.Integer(),
            nullable=False,
            comment="1: made from a complete comparison, and applied after one",
        ),
        sa.Column("project_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column(
            "counts", sa.Text(), nullable=False, comment="JSON: mapping -> kind -> how many; what waits; where from"
        ),
        sa.Column("writes", sa.Integer(), nullable=False, comment="records that would be written"),
        sa.Column(
            "digest", sa.String(64), nullable=False, comment="SHA-256 of all of the plan; this is what is signed"
        ),
        sa.Column("approver", sa.String(200), nullable=True),
        sa.Column("approved_at", sa.String(32), nullable=True),
        sa.Column(
            "signature",
            sa.String(64),
            nullable=True,
            comment="HMAC-SHA256 by the hub's key over id, digest, approver and instant",
        ),
        sa.Column("ended_at", sa.String(32), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind in ('sync','first_sync','mapping_change','back_fill','repair','migration','undo')",
            name=op.f("ck_plan_kind"),
        ),
        sa.CheckConstraint(
            "state in ('draft', 'approved', 'applying', 'applied', 'partly_applied', 'expired', 'rejected')",
            name=op.f("ck_plan_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        comment="A bulk effect before it is made: what would be written, who agreed, and what became of it.",
    )
    op.create_table(
        "plan_entry",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(
            "mapping", sa.String(64), nullable=True, comment="null: a golden record itself, which all systems are told"
        ),
        sa.Column("connection", sa.String(64), nullable=True),
        sa.Column("object", sa.String(128), nullable=True),
        sa.Column("entity", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("action", sa.String(64), nullable=True, comment="the status step"),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("record_id", sa.String(200), nullable=True),
        sa.Column(
            "golden_id",
            sa.String(40),
            nullable=True,
            comment="null: nobody knew the object when the plan was made; see origin",
        ),
        sa.Column(
            "origin",
            sa.Text(),
            nullable=True,
            comment="JSON: connection, object, organisation, id of the record it comes from",
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: field -> [before, after]"),
        sa.Column(
            "seen",
            sa.Text(),
            nullable=True,
            comment="JSON: all that the system was seen to hold, the picture that was agreed to",
        ),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("link_id", sa.String(40), nullable=True, comment="null until the record is linked"),
        sa.Column("intent_id", sa.String(40), nullable=True, comment="the write"),
        sa.Column("note", sa.Text(), nullable=True, comment="JSON: what was found instead, or the system's words"),
        sa.CheckConstraint(
            "kind in ('create','update','delete','action','golden','restore','remove','left')",
            name=op.f("ck_plan_entry_kind"),
        ),
        sa.CheckConstraint(
            "state in ('planned', 'writing', 'written', 'changed', 'refused', 'settled', 'left')",
            name=op.f("ck_plan_entry_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_entry")),
        comment="One record of a plan, with each field before and after, and what became of it.",
    )
    op.create_index("ix_plan_entry_plan_id", "plan_entry", ["plan_id", "seq"])
    op.create_index("ix_plan_entry_state", "plan_entry", ["plan_id", "state", "mapping", "seq"])
    op.create_index("ix_plan_entry_link_id", "plan_entry", ["link_id"])
