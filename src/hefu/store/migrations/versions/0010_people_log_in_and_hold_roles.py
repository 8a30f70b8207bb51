"""People who may log in, the roles they hold, their sessions and tokens, and failed attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False, comment="in small letters"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("password", sa.Text(), nullable=True, comment="Argon2id with its parameters; null: none yet"),
        sa.Column("password_at", sa.String(length=32), nullable=True),
        sa.Column("totp", sa.Text(), nullable=True, comment="sealed secret of the second factor; null: none"),
        sa.Column("totp_key_id", sa.String(length=64), nullable=True, comment="of the master key that sealed it"),
        sa.Column(
            "totp_at",
            sa.String(length=32),
            nullable=True,
            comment="when its owner confirmed it; null: not in force yet",
        ),
        sa.Column(
            "totp_step", sa.BigInteger(), server_default="0", nullable=False, comment="last used; none is taken twice"
        ),
        sa.Column("issuer", sa.String(length=300), nullable=True, comment="for single sign-on: who vouches"),
        sa.Column("subject", sa.String(length=300), nullable=True, comment="and by what name"),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=True, comment="last login or use"),
        sa.CheckConstraint("state in ('on', 'off')", name=op.f("ck_account_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        comment="People who may log in.",
    )
    op.create_index("uq_account_login", "account", ["login"], unique=True)
    op.create_index(
        "uq_account_subject",
        "account",
        ["issuer", "subject"],
        unique=True,
        sqlite_where=sa.text("subject is not null"),
        postgresql_where=sa.text("subject is not null"),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.String(length=300), nullable=False, comment="an account, an address, or both"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=False),
        sa.Column("free_at", sa.String(length=32), nullable=False, comment="when the next attempt is looked at"),
        sa.Column(
            "good_at",
            sa.String(length=32),
            nullable=True,
            comment="for account and address: the last login that succeeded",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempt")),
        comment="Failed logins, counted where all processes see them, so that guessing grows slow.",
    )
    op.create_index("ix_attempt_last_at", "attempt", ["last_at"], unique=False)
    op.create_table(
        "holding",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("organisations", sa.Text(), nullable=True, comment="JSON list; null: all"),
        sa.Column("departments", sa.Text(), nullable=True, comment="JSON list; null: all"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("granted_by", sa.String(length=200), nullable=False),
        sa.Column("granted_at", sa.String(length=32), nullable=False),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("approved_at", sa.String(length=32), nullable=True),
        sa.Column("until_at", sa.String(length=32), nullable=True, comment="it ends by itself then"),
        sa.Column("ended_by", sa.String(length=200), nullable=True),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state in ('asked', 'held', 'ended')", name=op.f("ck_holding_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holding")),
        comment="Roles in people's hands, with where, until when and by whom; ended ones stay for the record.",
    )
    op.create_index("ix_holding_account_id", "holding", ["account_id", "state"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column(
            "digest", sa.String(length=64), nullable=False, comment="SHA-256 of the token, which only the browser has"
        ),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False, comment="password, totp, link, oidc"),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("until_at", sa.String(length=32), nullable=False, comment="ends then however busy it is"),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        comment="Who is logged in.",
    )
    op.create_index("ix_session_account_id", "session", ["account_id"], unique=False)
    op.create_index("uq_session_digest", "session", ["digest"], unique=True)
    op.create_table(
        "ticket",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("until_at", sa.String(length=32), nullable=False),
        sa.Column("used_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ticket")),
        comment="Links that log in once.",
    )
    op.create_table(
        "token",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column(
            "digest", sa.String(length=64), nullable=False, comment="SHA-256 of the token, which only its owner has"
        ),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, comment="JSON list of rights; it never may more than its owner"),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("until_at", sa.String(length=32), nullable=True),
        sa.Column("used_at", sa.String(length=32), nullable=True),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.Column("revoked_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        comment="API tokens of programs.",
    )
    op.create_index("ix_token_account_id", "token", ["account_id"], unique=False)
    op.create_index("uq_token_digest", "token", ["digest"], unique=True)
