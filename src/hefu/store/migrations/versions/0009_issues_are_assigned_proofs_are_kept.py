"""Issues have a cause, somebody who sees to them, and a time when they come back; reconciliations are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    cause = sa.Column(
        "cause", sa.String(64), nullable=False, server_default="", comment="code of what is wrong; else the kind"
    )
    op.add_column("issue", cause)
    op.add_column("issue", sa.Column("assignee", sa.String(200), comment="who sees to it"))
    until = sa.Column("until_at", sa.String(32), comment="of a skipped one: it is open again then, if it is still so")
    op.add_column("issue", until)
    code = "facts::json ->> 'code'" if op.get_bind().dialect.name == "postgresql" else "json_extract(facts, '$.code')"
    op.execute(f"update issue set cause = coalesce(substr({code}, 1, 64), kind)")
    op.create_index("ix_issue_cause", "issue", ["state", "cause", "kind"])
    op.create_table(
        "proof",
        sa.Column("id", sa.String(40), nullable=False, comment="the run that compared"),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("project_version", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False, comment="JSON: mappings, sample, window, how, period"),
        sa.Column("began_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False, comment="differences that are kept in full"),
        sa.Column(
            "sections", sa.Text(), nullable=False, comment="JSON: what was compared with what, in numbers that add up"
        ),
        sa.Column("money", sa.Text(), nullable=False, comment="JSON: sums, balances that disagree, what is open"),
        sa.Column("plan_id", sa.String(40), comment="the repairs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
        comment="A reconciliation: both systems read again and compared.",
    )
    op.create_table(
        "difference",
        sa.Column("proof_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("why", sa.String(40), nullable=False),
        sa.Column("entity", sa.String(64), nullable=False),
        sa.Column("golden_id", sa.String(40)),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("left_id", sa.String(200)),
        sa.Column("right_id", sa.String(200)),
        sa.Column("field", sa.String(200), nullable=False, comment="empty: the record as a whole"),
        sa.Column(
            "sides", sa.Text(), nullable=False, comment="JSON: what the left and the right side hold, in our terms"
        ),
        sa.Column("repairable", sa.Integer(), nullable=False, comment="1: a plan could settle it"),
        sa.Column("accepted_at", sa.String(32)),
        sa.Column("accepted_by", sa.String(200)),
        sa.Column("reason", sa.Text(), comment="why it was accepted"),
        sa.PrimaryKeyConstraint("proof_id", "seq", name=op.f("pk_difference")),
        comment="One difference that a reconciliation found, with its reason, and who accepted it.",
    )
    op.create_index("ix_difference_kind", "difference", ["proof_id", "kind", "seq"])
