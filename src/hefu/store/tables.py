"""Every table of the hub, in one file: read it first.

Text ids sort by time; instants are UTC text of fixed width (`db.text`), so that they sort and compare in any
database; states are words checked by the database; record values are JSON with decimals as strings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    event,
    text,
)

INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""How instants are stored: UTC, fixed width, so that text order is time order."""


class Moment(TypeDecorator[datetime]):
    """An instant for code that has its own clock and speaks in datetimes (the runtime); stored like all others."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | str | None, dialect: Any) -> str | None:
        return value.astimezone(UTC).strftime(INSTANT) if isinstance(value, datetime) else value

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.strptime(value, INSTANT).replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(40)
Name = String(64)
Instant = String(32)


def _states(*words: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"state in ({listed})", name="state")


hub = Table(
    "hub",
    metadata,
    Column("name", Name, primary_key=True),
    Column("value", Text, nullable=False),
    comment="Facts about this hub itself: its id, when it was made.",
)

project = Table(
    "project",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("imported_at", Instant, nullable=False),
    Column("author", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("documents", Text, nullable=False, comment="JSON: relative path -> text, comments included"),
    comment="Versions of the project documents; every run names the one it used.",
)

golden = Table(
    "golden",
    metadata,
    Column("id", Id, primary_key=True, comment="the one ID of the business object"),
    Column("entity", Name, nullable=False),
    Column("fields", Text, nullable=False, comment="JSON of the agreed values"),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("disputed", Text, comment="JSON list of fields that wait for a person"),
    Column("merged_into", Id),
    Column("changed_at", Instant, nullable=False),
    _states("live", "deleted", "merged"),
    comment="One row per business object: what all systems should hold.",
)
Index("ix_golden_entity", golden.c.entity, golden.c.id)

identity_key = Table(
    "identity_key",
    metadata,
    Column("entity", Name, primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False, comment="which match rule of the entity"),
    Column("value", String(400), primary_key=True),
    Column("golden_id", Id, primary_key=True),
    comment="Exact keys (credit code, code, normal name) by which a record finds its golden record.",
)

link = Table(
    "link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mapping", Name, nullable=False),
    Column("connection", Name, nullable=False),
    Column("object", String(128), nullable=False),
    Column("organisation", String(64), nullable=False),
    Column("record_id", String(200), comment="null until the system has the record"),
    Column("golden_id", Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("told", Text, nullable=False, comment="JSON: golden values the system last took part in"),
    Column("seen", Text, comment="JSON: what it was last found to hold; null = same as told"),
    Column("digest", String(32), comment="of the record as read under this mapping; equal = nothing changed"),
    Column("version", String(200), comment="the system's own version token"),
    Column("status", String(64), comment="the document's status in the system"),
    Column("seen_at", Instant),
    Column("due_at", Instant, comment="when this system is to be told something; null = nothing owed"),
    Column("priority", Integer, nullable=False, server_default="5", comment="1 urgent, 5 normal, 9 bulk"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("waits", String(32), comment="why it is not delivered: parent, person, outcome, system"),
    Column("shard", Integer, nullable=False),
    Column(
        "reread", Integer, nullable=False, server_default="0", comment="1: read it again; 2: once a parent is known"
    ),
    _states("wanted", "creating", "active", "missing", "tombstone", "detached"),
    comment="One golden record in one system: the cross-reference, with what was seen and told.",
)
Index(
    "uq_link_record",
    link.c.connection,
    link.c.object,
    link.c.record_id,
    link.c.organisation,
    unique=True,
    sqlite_where=text("record_id is not null"),
    postgresql_where=text("record_id is not null"),
)
Index("ix_link_golden_id", link.c.golden_id)
Index(
    "ix_link_due",
    link.c.mapping,
    link.c.priority,
    link.c.due_at,
    link.c.id,
    link.c.shard,
    sqlite_where=text("due_at is not null"),
    postgresql_where=text("due_at is not null"),
)

Index(
    "ix_link_reread",
    link.c.reread,
    link.c.mapping,
    sqlite_where=text("reread > 0"),
    postgresql_where=text("reread > 0"),
)

Index(
    "ix_link_missing",
    link.c.mapping,
    link.c.id,
    sqlite_where=text("state = 'missing'"),
    postgresql_where=text("state = 'missing'"),
)
Index(
    "ix_link_parent",
    link.c.connection,
    sqlite_where=text("waits = 'parent'"),
    postgresql_where=text("waits = 'parent'"),
)

MISSING = text("link.state = 'missing'")
FOR_PARENT = text("link.waits = 'parent'")
"""Conditions of partial indexes: SQLite uses such an index only where it reads the very same words, not a parameter."""

change = Table(
    "change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("golden_id", Id, nullable=False),
    Column("at", Instant, nullable=False, comment="when the hub learned it"),
    Column("happened_at", Instant, comment="the system's own modification time, as it told it"),
    Column("kind", String(16), nullable=False),
    Column("connection", Name, comment="where it came from; null: a person in the hub"),
    Column("author", String(200)),
    Column("run_id", Id, nullable=False),
    Column("mapping", Name),
    Column("project_version", Integer, nullable=False),
    Column("moved", Text, nullable=False, comment="JSON: field -> [before, after]; for 'created' field -> value"),
    CheckConstraint(
        "kind in ('created','linked','changed','deleted','decided','undone','merged','overruled')", name="kind"
    ),
    comment="Every change of a golden record with its author: trace, provenance and undo read these rows.",
)
Index("ix_change_golden_id", change.c.golden_id, change.c.id)

intent = Table(
    "intent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("link_id", Id, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("fields", Text, comment="JSON of the golden values sent; null on a create: the link's told"),
    Column("before", Text, comment="JSON of what the system held in these fields"),
    Column("action", Name, comment="the status step"),
    Column("attempt", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("probe_at", Instant, comment="for an unknown outcome: when to look (again)"),
    Column("error", Text, comment="JSON: code and facts"),
    Column("run_id", Id, nullable=False),
    Column("project_version", Integer, nullable=False),
    _states("open", "applied", "refused", "unknown", "stale", "failed"),
    CheckConstraint("kind in ('create','update','delete','action')", name="kind"),
    comment="Each write, recorded before it is made; afterwards the history of deliveries with before-images.",
)
Index("ix_intent_link_id", intent.c.link_id, intent.c.id)
Index(
    "ix_intent_open",
    intent.c.state,
    sqlite_where=text("state in ('open','unknown')"),
    postgresql_where=text("state in ('open','unknown')"),
)

UNSETTLED = text("intent.state in ('open','unknown')")
"""The condition of that index, in its own words (see MISSING)."""

issue = Table(
    "issue",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("entity", Name),
    Column("golden_id", Id),
    Column("link_id", Id),
    Column("connection", Name),
    Column("field", String(200), nullable=False, server_default=""),
    Column("cause", String(64), nullable=False, server_default="", comment="code of what is wrong; else the kind"),
    Column("facts", Text, nullable=False, comment="JSON: values, authors, the system's own words, proposals"),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", String(200)),
    Column("decision", Text),
    Column("assignee", String(200), comment="who sees to it"),
    Column("until_at", Instant, comment="of a skipped one: it is open again then, if it is still so"),
    _states("open", "closed", "skipped"),
    CheckConstraint(
        "kind in ('conflict','overruled','rejected','unknown_outcome','deleted','delete_edit','duplicate','drift',"
        "'flood','paused','unreadable','loss','unresolved')",
        name="kind",
    ),
    comment="What only a person can settle; a rejected write is the dead letter.",
)
Index("ix_issue_state", issue.c.state, issue.c.kind)
Index("ix_issue_cause", issue.c.state, issue.c.cause, issue.c.kind)
Index("ix_issue_golden_id", issue.c.golden_id)
Index("ix_issue_link_id", issue.c.link_id)

cursor = Table(
    "cursor",
    metadata,
    Column("mapping", Name, primary_key=True),
    Column("position", Text, comment="the connector's own cursor; null: nothing read yet"),
    Column("fingerprint", String(64), nullable=False, comment="of the mapping under which it was read"),
    Column("committed_at", Instant, nullable=False),
    Column("full_at", Instant, comment="when the last complete comparison ended"),
    comment="How far each mapping has been read; moves only in the transaction that commits what was read.",
)

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("scope", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("counts", Text, nullable=False, comment="JSON; every record read is counted exactly once"),
    Column("project_version", Integer, nullable=False),
    Column("note", Text),
    _states("running", "done", "failed", "paused", "stopped"),
    comment="One execution of something, with counters that add up.",
)

plan = Table(
    "plan",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("author", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("mappings", Text, nullable=False, comment="JSON list: what is read again before anything is written"),
    Column("complete", Integer, nullable=False, comment="1: made from a complete comparison, and applied after one"),
    Column("project_version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("counts", Text, nullable=False, comment="JSON: mapping -> kind -> how many; what waits; where from"),
    Column("writes", Integer, nullable=False, comment="records that would be written"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of all of the plan; this is what is signed"),
    Column("approver", String(200)),
    Column("approved_at", Instant),
    Column("signature", String(64), comment="HMAC-SHA256 by the hub's key over id, digest, approver and instant"),
    Column("ended_at", Instant),
    Column("note", Text),
    _states("draft", "approved", "applying", "applied", "partly_applied", "expired", "rejected"),
    CheckConstraint(
        "kind in ('sync','first_sync','mapping_change','back_fill','repair','migration','undo','erase')", name="kind"
    ),
    comment="A bulk effect before it is made: what would be written, who agreed, and what became of it.",
)

plan_entry = Table(
    "plan_entry",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plan_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("mapping", Name, comment="null: a golden record itself, which all systems are told"),
    Column("connection", Name),
    Column("object", String(128)),
    Column("entity", Name, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("action", Name, comment="the status step"),
    Column("organisation", String(64), nullable=False),
    Column("record_id", String(200)),
    Column("golden_id", Id, comment="null: nobody knew the object when the plan was made; see origin"),
    Column("origin", Text, comment="JSON: connection, object, organisation, id of the record it comes from"),
    Column("title", Text, nullable=False),
    Column("fields", Text, nullable=False, comment="JSON: field -> [before, after]"),
    Column("seen", Text, comment="JSON: all that the system was seen to hold, the picture that was agreed to"),
    Column("state", String(16), nullable=False),
    Column("link_id", Id, comment="null until the record is linked"),
    Column("intent_id", Id, comment="the write"),
    Column("note", Text, comment="JSON: what was found instead, or the system's words"),
    _states("planned", "writing", "written", "changed", "refused", "settled", "left"),
    CheckConstraint("kind in ('create','update','delete','action','golden','restore','remove','left')", name="kind"),
    comment="One record of a plan, with each field before and after, and what became of it.",
)
Index("ix_plan_entry_plan_id", plan_entry.c.plan_id, plan_entry.c.seq)
Index("ix_plan_entry_state", plan_entry.c.plan_id, plan_entry.c.state, plan_entry.c.mapping, plan_entry.c.seq)
Index("ix_plan_entry_link_id", plan_entry.c.link_id)

batch = Table(
    "batch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", Name, nullable=False, comment="mapping that is read"),
    Column("target", Name, nullable=False, comment="mapping that is written"),
    Column("state", String(16), nullable=False),
    Column("author", String(200), nullable=False),
    Column("project_version", Integer, nullable=False),
    Column("fingerprint", String(64), comment="of both mappings' meaning under which the rows were checked"),
    Column("created_at", Instant, nullable=False),
    Column("staged_at", Instant, comment="since when what the rows say was so"),
    Column("loaded_at", Instant),
    Column("verified_at", Instant),
    Column("ended_at", Instant),
    Column("plan_id", Id, comment="the undo that takes it back"),
    Column("note", Text, comment="JSON: why it stopped, code and facts"),
    _states("staging", "staged", "checked", "loading", "loaded", "verified", "undoing", "rolled_back"),
    comment="A batch of a migration: records of one mapping on their way into another, checked before and after.",
)

batch_row = Table(
    "batch_row",
    metadata,
    Column("id", Id, primary_key=True),
    Column("batch_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("organisation", String(64), nullable=False),
    Column("record_id", String(200), nullable=False),
    Column("record", Text, nullable=False, comment="JSON: as the source held it, types kept"),
    Column("title", Text, nullable=False, server_default=""),
    Column("state", String(16), nullable=False),
    Column("reasons", Text, comment="JSON list: field, code, facts, of what is wrong with it"),
    Column("link_id", Id, comment="of the record in the target"),
    _states(
        "staged", "ready", "rejected", "filtered", "present", "loading", "loaded", "verified", "differs", "undone",
        "left",
    ),
    comment="One record of a migration batch, and what became of it.",
)  # fmt: skip
Index("ix_batch_row_batch_id", batch_row.c.batch_id, batch_row.c.seq)
Index("ix_batch_row_state", batch_row.c.batch_id, batch_row.c.state, batch_row.c.seq)

cutover = Table(
    "cutover",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("document", Text, nullable=False, comment="JSON: the runbook as it was when this began"),
    Column("project_version", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("started_by", String(200), nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", String(200)),
    Column("decision", Text, comment="JSON: points, threshold, what was missing, the reason given"),
    Column("ended_at", Instant),
    _states("running", "go", "no_go", "switching_back", "switched_back", "done"),
    CheckConstraint("mode in ('rehearsal','real')", name="mode"),
    comment="A cutover that is rehearsed or carried out: what was decided, by whom.",
)
Index("ix_cutover_state", cutover.c.state, cutover.c.mode)

cutover_step = Table(
    "cutover_step",
    metadata,
    Column("id", Id, primary_key=True),
    Column("cutover_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("name", Name, nullable=False),
    Column("way", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("signed_by", String(200)),
    Column("finding", Text, comment="JSON: what the check found, code and facts; what was said by whom"),
    _states("waiting", "running", "passed", "failed", "skipped"),
    CheckConstraint("way in ('there','back')", name="way"),
    comment="The steps of a cutover, there and back.",
)
Index("ix_cutover_step_cutover_id", cutover_step.c.cutover_id, cutover_step.c.seq)

pause = Table(
    "pause",
    metadata,
    Column("scope", String(140), primary_key=True, comment="connection:x, mapping:x, flow:x or deletes:x"),
    Column("since_at", Instant, nullable=False),
    Column("until_at", Instant, comment="resumes by itself then; null: when the cause is gone or a person says so"),
    Column("code", String(64), nullable=False),
    Column("facts", Text, nullable=False),
    comment="What has been stopped and why.",
)

canary = Table(
    "canary",
    metadata,
    Column("mapping", Name, primary_key=True),
    Column("fingerprint", String(64), primary_key=True, comment="of the mapping's meaning"),
    Column("state", String(16), nullable=False),
    Column("since_at", Instant, nullable=False),
    Column("since_id", Id, nullable=False, comment="writes of the group have later ids"),
    Column("size", Integer, nullable=False, comment="records that may be written before the verdict"),
    Column("taken", Integer, nullable=False, comment="of these, how many were"),
    Column("decided_at", Instant),
    Column("decided_by", String(200)),
    _states("trial", "passed", "failed"),
    comment="Versions of mappings: a new one writes a small group first and goes on once that was read back as told.",
)

allowance = Table(
    "allowance",
    metadata,
    Column("scope", String(140), primary_key=True, comment="flow:x"),
    Column("at", Instant, nullable=False),
    Column("agreed", Text, nullable=False, comment="JSON: limit -> how much a person has agreed to"),
    comment="What a flow may do beyond its limits, until what was due then is done.",
)

shard = Table(
    "shard",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("worker_id", Id),
    Column("lease_until", Instant),
    comment="Due work is cut into shards; one worker at a time drains one, under a fence token.",
)

worker = Table(
    "worker",
    metadata,
    Column("id", Id, primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
    Column("reading", Text, nullable=False, server_default="{}", comment="JSON: flow -> since when it reads it"),
    comment="Who is alive.",
)

budget = Table(
    "budget",
    metadata,
    Column("connection", Name, primary_key=True),
    Column("day", String(10), nullable=False, comment="in the connection's zone"),
    Column("calls", Integer, nullable=False, comment="made or reserved in that day"),
    Column("free_at", Instant, nullable=False, comment="the first moment that no worker has taken"),
    comment="The call budget of a system, shared by all workers and taken in blocks.",
)

object_schema = Table(
    "object_schema",
    metadata,
    Column("connection", Name, primary_key=True),
    Column("object", String(128), primary_key=True),
    Column("schema", Text, nullable=False),
    Column("discovered_at", Instant, nullable=False),
    comment="What each system offered when we last looked; drift is measured against it.",
)

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(300), nullable=False),
    Column("detail", Text, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
    Column("request", String(64), comment="number of the request in which it happened"),
    comment="The audit log: what people and the hub decided, chained so that a gap or an edit shows.",
)
Index("ix_journal_at", journal.c.at)
Index("ix_journal_action", journal.c.action, journal.c.seq)

CLOSED = "the audit log is only added to"
"""What the database says to whoever would change or delete a row of it."""

KEEP_CLOSED: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"create trigger journal_no_{verb} before {verb} on journal begin select raise(abort, '{CLOSED}'); end"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        f"""create or replace function journal_is_closed() returns trigger language plpgsql as
        $$ begin raise exception '{CLOSED}'; end $$""",
        """create trigger journal_no_change before update or delete or truncate on journal
        for each statement execute function journal_is_closed()""",
    ),
}
"""Dialect -> what makes it so."""


@event.listens_for(journal, "after_create")
def _keep_closed(_table: Table, connection: Any, **_: Any) -> None:
    for statement in KEEP_CLOSED[connection.dialect.name]:
        connection.exec_driver_sql(statement)


secret = Table(
    "secret",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("key_id", String(64), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    comment="Sealed secrets; the key is elsewhere.",
)

job = Table(
    "job",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("state", String(16), nullable=False),
    Column("author", String(200), nullable=False),
    Column("given", Text, nullable=False, comment="JSON: what it was asked to do"),
    Column("asked_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("beat_at", Instant, nullable=False, comment="when its process last said that it lives"),
    Column("progress", Text, nullable=False, server_default="{}", comment="JSON: what it does and how far it is"),
    Column("result", Text, comment="JSON: what came of it"),
    Column("error", Text, comment="JSON: code and facts"),
    _states("waiting", "running", "done", "failed"),
    comment="Long work that somebody asked for and looks at while it goes on.",
)
Index("ix_job_state", job.c.state, job.c.id)

answer = Table(
    "answer",
    metadata,
    Column("author", String(200), primary_key=True),
    Column("key", String(200), primary_key=True, comment="the Idempotency-Key that came with the request"),
    Column("fingerprint", String(64), nullable=False, comment="SHA-256 of method, path and body"),
    Column("at", Instant, nullable=False),
    Column("status", Integer, comment="null: under way"),
    Column("headers", Text, nullable=False, server_default="{}", comment="JSON"),
    Column("body", Text, nullable=False, server_default=""),
    comment="What a write was answered, for a day, so that a repeated request is answered the same and done once.",
)
Index("ix_answer_at", answer.c.at)

draft = Table(
    "draft",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mapping", Name, nullable=False),
    Column("base", Integer, nullable=False, comment="the project version it changes"),
    Column("files", Text, nullable=False, comment="JSON: path -> text from now on, of the mapping and its entity"),
    Column("author", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("ended_at", Instant),
    _states("open", "replaced", "published", "discarded"),
    comment="Revisions of mappings that are being worked on; a plan publishes one, until then it has no effect.",
)
Index("ix_draft_mapping", draft.c.mapping, draft.c.state)

proof = Table(
    "proof",
    metadata,
    Column("id", Id, primary_key=True, comment="the run that compared"),
    Column("author", String(200), nullable=False),
    Column("project_version", Integer, nullable=False),
    Column("asked", Text, nullable=False, comment="JSON: mappings, sample, window, how, period"),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("unexplained", Integer, nullable=False),
    Column("found", Integer, nullable=False, comment="differences that are kept in full"),
    Column("sections", Text, nullable=False, comment="JSON: what was compared with what, in numbers that add up"),
    Column("money", Text, nullable=False, comment="JSON: sums, balances that disagree, what is open"),
    Column("plan_id", Id, comment="the repairs"),
    comment="A reconciliation: both systems read again and compared.",
)

difference = Table(
    "difference",
    metadata,
    Column("proof_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(24), nullable=False),
    Column("why", String(40), nullable=False),
    Column("entity", Name, nullable=False),
    Column("golden_id", Id),
    Column("title", Text, nullable=False),
    Column("left_id", String(200)),
    Column("right_id", String(200)),
    Column("field", String(200), nullable=False, comment="empty: the record as a whole"),
    Column("sides", Text, nullable=False, comment="JSON: what the left and the right side hold, in our terms"),
    Column("repairable", Integer, nullable=False, comment="1: a plan could settle it"),
    Column("accepted_at", Instant),
    Column("accepted_by", String(200)),
    Column("reason", Text, comment="why it was accepted"),
    comment="One difference that a reconciliation found, with its reason, and who accepted it.",
)
Index("ix_difference_kind", difference.c.proof_id, difference.c.kind, difference.c.seq)

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(200), nullable=False, comment="in small letters"),
    Column("name", String(200), nullable=False),
    Column("email", String(254)),
    Column("language", String(8)),
    Column("state", String(16), nullable=False),
    Column("password", Text, comment="Argon2id with its parameters; null: none yet"),
    Column("password_at", Instant),
    Column("totp", Text, comment="sealed secret of the second factor; null: none"),
    Column("totp_key_id", String(64), comment="of the master key that sealed it"),
    Column("totp_at", Instant, comment="when its owner confirmed it; null: not in force yet"),
    Column("totp_step", BigInteger, nullable=False, server_default="0", comment="last used; none is taken twice"),
    Column("issuer", String(300), comment="for single sign-on: who vouches"),
    Column("subject", String(300), comment="and by what name"),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("last_at", Instant, comment="last login or use"),
    _states("on", "off"),
    comment="People who may log in.",
)
Index("uq_account_login", account.c.login, unique=True)
Index(
    "uq_account_subject",
    account.c.issuer,
    account.c.subject,
    unique=True,
    sqlite_where=text("subject is not null"),
    postgresql_where=text("subject is not null"),
)

holding = Table(
    "holding",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("role", Name, nullable=False),
    Column("organisations", Text, comment="JSON list; null: all"),
    Column("departments", Text, comment="JSON list; null: all"),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("granted_by", String(200), nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("approved_by", String(200)),
    Column("approved_at", Instant),
    Column("until_at", Instant, comment="it ends by itself then"),
    Column("ended_by", String(200)),
    Column("ended_at", Instant),
    _states("asked", "held", "ended"),
    comment="Roles in people's hands, with where, until when and by whom; ended ones stay for the record.",
)
Index("ix_holding_account_id", holding.c.account_id, holding.c.state)

session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the token, which only the browser has"),
    Column("account_id", Id, nullable=False),
    Column("how", String(16), nullable=False, comment="password, totp, link, oidc"),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False, comment="ends then however busy it is"),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
    comment="Who is logged in.",
)
Index("uq_session_digest", session.c.digest, unique=True)
Index("ix_session_account_id", session.c.account_id)

token = Table(
    "token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the token, which only its owner has"),
    Column("account_id", Id, nullable=False),
    Column("name", String(200), nullable=False),
    Column("scopes", Text, nullable=False, comment="JSON list of rights; it never may more than its owner"),
    Column("made_at", Instant, nullable=False),
    Column("until_at", Instant),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    Column("revoked_by", String(200)),
    comment="API tokens of programs.",
)
Index("uq_token_digest", token.c.digest, unique=True)
Index("ix_token_account_id", token.c.account_id)

ticket = Table(
    "ticket",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("used_at", Instant),
    comment="Links that log in once.",
)

recovery = Table(
    "recovery",
    metadata,
    Column("account_id", Id, primary_key=True),
    Column("label", String(8), primary_key=True, comment="what the code begins with; no secret"),
    Column("kept", Text, nullable=False, comment="Argon2id with its parameters"),
    Column("made_at", Instant, nullable=False),
    Column("used_at", Instant),
    comment="Codes that stand in for the second factor, once each.",
)

attempt = Table(
    "attempt",
    metadata,
    Column("key", String(300), primary_key=True, comment="an account, an address, or both"),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("free_at", Instant, nullable=False, comment="when the next attempt is looked at"),
    Column("good_at", Instant, comment="for account and address: the last login that succeeded"),
    comment="Failed logins, counted where all processes see them, so that guessing grows slow.",
)
Index("ix_attempt_last_at", attempt.c.last_at)

notice = Table(
    "notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("rule", Name, nullable=False),
    Column("cause", String(300), nullable=False, comment="what happened to what; equal = the same thing"),
    Column("owner", String(254), nullable=False, comment="who hears of it; empty: nobody, it is only listed"),
    Column("state", String(16), nullable=False),
    Column("facts", Text, nullable=False, comment="JSON: how many, where, since when; never values of records"),
    Column("opened_at", Instant, nullable=False),
    Column("gone_at", Instant, comment="since when it is not seen any more; it is over when that lasts"),
    Column("told_at", Instant, comment="when it was last told"),
    Column("over_at", Instant),
    _states("watching", "told", "over"),
    comment="What alert rules found, for each owner: watched until it lasts too long, told, over.",
)
Index("ix_notice_state", notice.c.state, notice.c.id)
Index("ix_notice_told_at", notice.c.told_at)

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("recipient", String(254), nullable=False, comment="a channel, or an e-mail address"),
    Column("told", Text, nullable=False, comment="JSON list: what is told, notice by notice"),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, comment="when it is sent (again); of one being sent: when that is over"),
    Column("ended_at", Instant),
    Column("error", Text, comment="JSON: code and facts of the last attempt"),
    _states("waiting", "sending", "sent", "failed"),
    comment="Messages to people: each until it is taken, or a day has passed.",
)
Index("ix_dispatch_state", dispatch.c.state, dispatch.c.due_at)

silence = Table(
    "silence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("rule", Name, comment="null: all rules"),
    Column("from_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("author", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    comment="Until when a rule tells nobody.",
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plan_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("author", String(200), nullable=False, comment="who planned it"),
    Column("approver", String(200), nullable=False),
    Column("by", String(200), nullable=False, comment="who carried it out"),
    Column("reason", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="JSON: one-ID -> entity"),
    Column("fields", Text, nullable=False, comment="JSON: entity -> fields that were erased"),
    Column("systems", Text, nullable=False, comment="JSON list: record by record, what became of it there"),
    Column("copies", Text, nullable=False, comment="JSON: table -> rows of the hub that were blanked"),
    Column("marks", Text, nullable=False, comment="JSON: field -> keyed hashes of the values that were erased"),
    Column("complete", Integer, nullable=False, comment="1: no system holds any of it"),
    Column("mac", String(64), nullable=False, comment="HMAC-SHA256 by the hub's key over all of it"),
    comment="Proof of each erasure of a person: what, when, by whom, with hashes and without values.",
)

suppression = Table(
    "suppression",
    metadata,
    Column("mark", String(64), primary_key=True, comment="keyed hash of a record's place, or of a match key"),
    Column("kind", String(8), nullable=False),
    Column("erasure_id", Id, nullable=False),
    Column("fields", Text, comment="JSON: field -> keyed hashes of values not to be taken over; null: nothing of it"),
    CheckConstraint("kind in ('record','key')", name="kind"),
    comment="What was erased and must not come back by the next sync.",
)
Index("ix_suppression_erasure_id", suppression.c.erasure_id)
