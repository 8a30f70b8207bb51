"""Migration batches with their records, and cutovers with their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a store is restored from its backup, never migrated back."""
    op.create_table(
        "batch",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("source", sa.String(64), nullable=False, comment="mapping that is read"),
        sa.Column("target", sa.String(64), nullable=False, comment="mapping that is written"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("project_version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), comment="of both mappings' meaning under which the rows were checked"),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("staged_at", sa.String(32), comment="since when what the rows say was so"),
        sa.Column("loaded_at", sa.String(32)),
        sa.Column("verified_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("plan_id", sa.String(40), comment="the undo that takes it back"),
        sa.Column("note", sa.Text(), comment="JSON: why it stopped, code and facts"),
        sa.CheckConstraint(
            "state in ('staging', 'staged', 'checked', 'loading', 'loaded', 'verified', 'undoing', 'rolled_back')",
            name=op.f("ck_batch_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        comment="A batch of a migration: records of one mapping on their way into another, checked before and after.",
    )
    op.create_table(
        "batch_row",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("batch_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("record_id", sa.String(200), nullable=False),
        sa.Column("record", sa.Text(), nullable=False, comment="JSON: as the source held it, types kept"),
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reasons", sa.Text(), comment="JSON list: field, code, facts, of what is wrong with it"),
        sa.Column("link_id", sa.String(40), comment="of the record in the target"),
        sa.CheckConstraint(
            "state in ('staged', 'ready', 'rejected', 'filtered', 'present', 'loading', 'loaded', 'verified', 'differs', 'undone', 'left')",
            name=op.f("ck_batch_row_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_row")),
        comment="One record of a migration batch, and what became of it.",
    )
    op.create_index("ix_batch_row_batch_id", "batch_row", ["batch_id", "seq"])
    op.create_index("ix_batch_row_state", "batch_row", ["batch_id", "state", "seq"])
    op.create_table(
        "cutover",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON: the runbook as it was when this began"),
        sa.Column("project_version", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("decided_at", sa.String(32)),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("decision", sa.Text(), comment="JSON: points, threshold, what was missing, the reason given"),
        sa.Column("ended_at", sa.String(32)),
        sa.CheckConstraint(
            "state in ('running', 'go', 'no_go', 'switching_back', 'switched_back', 'done')",
            name=op.f("ck_cutover_state"),
        ),
        sa.CheckConstraint("mode in ('rehearsal','real')", name=op.f("ck_cutover_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutover")),
        comment="A cutover that is rehearsed or carried out: what was decided, by whom.",
    )
    op.create_index("ix_cutover_state", "cutover", ["state", "mode"])
    op.create_table(
        "cutover_step",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("cutover_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("signed_by", sa.String(200)),
        sa.Column("finding", sa.Text(), comment="JSON: what the check found, code and facts; what was said by whom"),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'passed', 'failed', 'skipped')", name=op.f("ck_cutover_step_state")
        ),
        sa.CheckConstraint("way in ('there','back')", name=op.f("ck_cutover_step_way")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutover_step")),
        comment="The steps of a cutover, there and back.",
    )
    op.create_index("ix_cutover_step_cutover_id", "cutover_step", ["cutover_id", "seq"])
