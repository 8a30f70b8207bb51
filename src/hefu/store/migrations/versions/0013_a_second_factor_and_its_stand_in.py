"""Recovery codes stand in for a second factor; a login at a single sign-on provider is begun and taken once."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "recovery",
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("label", sa.String(8), nullable=False, comment="what the code begins with; no secret"),
        sa.Column("kept", sa.Text(), nullable=False, comment="Argon2id with its parameters"),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32)),
        sa.PrimaryKeyConstraint("account_id", "label", name=op.f("pk_recovery")),
        comment="Codes that stand in for the second factor, once each.",
    )
    op.create_table(
        "sign_in",
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the state that the provider sends back"),
        sa.Column(
            "browser", sa.String(64), nullable=False, comment="SHA-256 of what only the browser has that began it"
        ),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("until_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32)),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in")),
        comment="Logins that a single sign-on provider was asked for; each answer is taken once.",
    )
