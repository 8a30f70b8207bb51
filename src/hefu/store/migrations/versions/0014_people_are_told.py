"""Alerts: what rules found, the messages about it, and what is silenced; the log finds its rows by action."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_index("ix_journal_action", "journal", ["action", "seq"])
    op.create_table(
        "notice",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(300), nullable=False, comment="what happened to what; equal = the same thing"),
        sa.Column("owner", sa.String(254), nullable=False, comment="who hears of it; empty: nobody, it is only listed"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column(
            "facts", sa.Text(), nullable=False, comment="JSON: how many, where, since when; never values of records"
        ),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("gone_at", sa.String(32), comment="since when it is not seen any more; it is over when that lasts"),
        sa.Column("told_at", sa.String(32), comment="when it was last told"),
        sa.Column("over_at", sa.String(32)),
        sa.CheckConstraint("state in ('watching', 'told', 'over')", name=op.f("ck_notice_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        comment="What alert rules found, for each owner: watched until it lasts too long, told, over.",
    )
    op.create_index("ix_notice_state", "notice", ["state", "id"])
    op.create_index("ix_notice_told_at", "notice", ["told_at"])
    op.create_table(
        "dispatch",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False, comment="a channel, or an e-mail address"),
        sa.Column("told", sa.Text(), nullable=False, comment="JSON list: what is told, notice by notice"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column(
            "due_at",
            sa.String(32),
            nullable=False,
            comment="when it is sent (again); of one being sent: when that is over",
        ),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("error", sa.Text(), comment="JSON: code and facts of the last attempt"),
        sa.CheckConstraint("state in ('waiting', 'sending', 'sent', 'failed')", name=op.f("ck_dispatch_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
        comment="Messages to people: each until it is taken, or a day has passed.",
    )
    op.create_index("ix_dispatch_state", "dispatch", ["state", "due_at"])
    op.create_table(
        "silence",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("rule", sa.String(64), comment="null: all rules"),
        sa.Column("from_at", sa.String(32), nullable=False),
        sa.Column("until_at", sa.String(32), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
        comment="Until when a rule tells nobody.",
    )
