"""The documents of a project, as types: what a user writes in YAML, and the one meaning each word has.

`store/documents.py` turns YAML into these and names every error; the published JSON Schemas are generated from here
(`make schemas`), with the Chinese of every word in `schemas/words.py`.
A document's kind is its first word (connection, entity, mapping, flow, cutover, role, alerts, privacy), its name the
word's value.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from hefu.core.alerts import Alerts
from hefu.core.ground import Document, Duration, Name, Ratio, Share, Text2
from hefu.core.records import FieldType

# ------------------------------------------------------------------ connections


class Limits(Document):
    """What a system may be asked; shared by all flows."""

    calls_per_second: Decimal | None = Field(None, gt=0, description="Most calls a second")
    concurrency: int = Field(4, ge=1, le=64, description="Most calls at the same time")
    daily_calls: int | None = Field(None, ge=1, description="Most calls a day (quota), counted from midnight of `zone`")
    reserve_urgent: Share = Field(Decimal("0.2"), description="Share of the budget kept for urgent work")
    timeout: Duration = Field(timedelta(seconds=30), description="Longest wait for one answer")


class Connection(Document):
    """One configured system."""

    connection: Name
    connector: Name = Field(description="Kind of system: sql, files, rest, tryton, bottlecrm, memory, ...")
    title: Text2 = {}
    settings: dict[str, Any] = Field({}, description="The connector's own settings; secrets as ${env:NAME}")
    limits: Limits = Limits()
    zone: str = Field("Asia/Shanghai", description="Time zone of times that carry none")
    clock_tolerance: Duration = Field(timedelta(minutes=2), description="How wrong this system's clock may be")
    lateness: Duration = Field(timedelta(seconds=60), description="How late a commit may appear behind its stamp")
    organisation: str = Field("", description="Account set, company or sales area; part of every record's key")


# --------------------------------------------------------------------- entities

Pii = Literal["none", "contact", "identity", "financial", "sensitive"]
ConflictRule = Literal["manual", "latest", "priority", "union", "max", "min", "append"]


class Rollup(Document):
    """A sum over the records that point to an object: an order's collected amount over its receipts."""

    over: Name = Field(description="Entity whose records are added up")
    by: Name = Field(description="Its reference field that points here")
    value: str | None = Field(None, description="CEL over one of its records; not given: each counts 1")
    when: str | None = Field(None, description="CEL over one of its records: only those for which it holds")
    split: Name | None = Field(
        None, description="Its field by whose values the sum is shown in parts, as text: 'X1 1200; X2 800'"
    )


class EntityField(Document):
    """One field of a business object, in our terms."""

    type: FieldType
    title: Text2 = {}
    pii: Pii = "none"
    required: bool = False
    length: int | None = Field(None, ge=1)
    scale: int | None = Field(None, ge=0, le=12, description="Decimal places")
    currency: str | None = Field(None, description="For money: an ISO code, or the name of the field that holds it")
    options: list[str] = Field([], description="For code: the allowed values")
    entity: Name | None = Field(None, description="For reference: the entity it points to")
    lines: dict[Name, EntityField] = Field({}, description="For lines: the fields of one line")
    line_key: Name | None = Field(None, description="For lines: the field that identifies a line")
    at_least: Name | None = Field(
        None, description="For a line's quantity: the line field it may not fall below, e.g. shipped_quantity"
    )
    keep_while: Name | None = Field(
        None, description="For lines: a line may not be removed while this field of it is above 0"
    )
    owner: str | list[OwnerWhen] | None = Field(None, description="The connection that owns the field")
    on_foreign_edit: Literal["restore", "report"] = Field("restore", description="When another system edits it")
    conflict: ConflictRule = Field("manual", description="When two systems changed it")
    priority: list[Name] = Field([], description="For conflict 'priority': connections, strongest first")
    rollup: Rollup | None = Field(None, description="The hub adds it up from other records; no system may change it")
    derive: str | None = Field(
        None, description="CEL over this object's values: the hub works it out; no system may change it"
    )
    forward: bool = Field(False, description="For code: `options` stand in the order of life, nothing moves it back")
    may_go_back: str | None = Field(None, description="For forward: CEL over this object; while it holds, it may")


class OwnerWhen(Document):
    """Ownership that depends on the record's life: the first rule whose condition holds."""

    owner: Name
    when: str | None = Field(None, description="CEL over the golden values, e.g. status == 'confirmed'")


class Entity(Document):
    """A kind of business object; `extends` starts from a ready one."""

    entity: Name
    extends: Name | None = None
    title: Text2 = {}
    fields: dict[Name, EntityField] = {}
    match: list[list[Name]] = Field([], description="Exact keys that identify the object, strongest first")
    on_delete: Literal["propagate", "deactivate", "ignore", "ask"] = "ask"
    deactivate: dict[Name, Any] = Field({}, description="For 'deactivate': golden values to set, e.g. active: false")
    on_contradiction: Literal["strongest", "ask"] = Field(
        "strongest", description="When the strongest key agrees and a weaker one does not: it settles it, or a person"
    )
    on_merge: Literal["join", "ask"] = Field(
        "ask", description="When a system's people merge two records: the objects become one, or a person is asked"
    )
    retire_when: str | None = Field(
        None,
        description="CEL over an object that was merged into another: when a person is asked whether its remaining "
        "records may go, e.g. balance == '0'; not given: at once",
    )
    parent: Name | None = Field(None, description="The reference field whose target must exist first")


# --------------------------------------------------------------------- mappings


class Transform(Document):
    """A named transform with its parameters, from the catalogue."""

    model_config = ConfigDict(extra="allow", frozen=True)
    use: Name


class FieldMap(Document):
    """One field of the entity against one field of the system."""

    field: Name = Field(description="Field of the entity")
    source: str | None = Field(
        None, alias="from", description="Field of the system (path with dots); also where we write"
    )
    direction: Literal["both", "in", "out"] = "both"
    transform: list[Transform | Name] = Field(
        [], description="Steps from the system to us; written backwards where invertible"
    )
    values: dict[str, str] = Field({}, description="Value map: the system's code -> ours")
    values_default: str | None = Field(None, description="Ours for a code that is not listed; else it is an error")
    expr_in: str | None = Field(None, description="CEL over the system's record, instead of from/transform, inwards")
    expr_out: str | None = Field(None, description="CEL over the golden values, outwards")
    blank: Literal["null", "empty", "ignore"] = Field("null", description="What an empty text from the system means")
    clear: bool = Field(True, description="May an empty value of ours empty theirs")
    lookup: str | None = Field(None, description="For references: the mapping whose links translate the id")
    lines: list[FieldMap] = Field([], description="For lines: field maps of one line")


class Mapping(Document):
    """An object of a connection against an entity."""

    mapping: Name
    connection: Name
    object: str
    entity: Name
    fields: list[FieldMap]
    create: bool = Field(False, description="May the hub create records there")
    update: bool = Field(True, description="May the hub change records there")
    delete: Literal["propagate", "deactivate", "ignore", "ask"] | None = Field(
        None, description="Overrides the entity's on_delete"
    )
    filter: str | None = Field(None, description="CEL over the system's record; others are left alone")
    out_filter: str | None = Field(None, description="CEL over golden: which objects this system should have")
    token_field: str | None = Field(
        None, description="Field of the system that may hold our id, to find a create again"
    )
    steps: list[Step] = Field([], description="Status steps to take after a write, in order (save, submit, approve)")
    reason: Name | None = Field(
        None, description="Field of the entity that shows the others why this system refused; blank once it took it"
    )
    examples: list[Example] = Field([], description="Samples that are tests: hefu map test")


class Step(Document):
    """A status step that we take in the system when a condition over golden holds."""

    action: Name
    when: str | None = Field(None, description="CEL over golden; the step is due when it holds")
    until: list[str] = Field([], description="States of the system that mean it is done")


class Example(Document):
    """A record of the system and what it is in our terms."""

    title: str = ""
    record: dict[str, Any]
    golden: dict[str, Any]
    back: dict[str, Any] | None = Field(None, description="What we would write; default: not checked")


# ------------------------------------------------------------------------- flows


class Guard(Document):
    """Flood limits of one flow: crossing one stops it before the next write."""

    records: int = Field(20, ge=1, description="This many may always be written")
    share: Share = Field(Decimal("0.2"), description="Of known records: above both limits the flow stops and asks")
    creates: int | None = Field(None, ge=0, description="This many may always be created; not given: as `records` says")
    create_share: Share | None = Field(None, description="Of known records, like 'share'")
    changes: int | None = Field(None, ge=0, description="This many may always be changed; not given: as `records` says")
    change_share: Share | None = Field(None, description="Of known records, like 'share'")
    blanks: int | None = Field(20, ge=0, description="In this many records a value may always become empty")
    blank_share: Share | None = Field(Decimal("0.05"), description="Of known records, like 'share'")
    deletes: int = Field(20, ge=0)
    delete_share: Share = Field(Decimal("0.01"))
    movement: Ratio | None = Field(
        None, description="Most that one amount may move, as a part of what it was: '50%', or 9 for tenfold"
    )
    movement_total: Decimal | None = Field(
        None, ge=0, description="Most that all amounts of one currency may move, up and down added up"
    )
    canary: int = Field(
        20, ge=0, le=1000, description="Records that a new version of a mapping writes first; the rest follows once "
        "these were read back as told"
    )  # fmt: skip


class Approval(Document):
    """Who must agree to a plan of this flow, and for how long that holds."""

    four_eyes: int | None = Field(
        None,
        ge=0,
        description="A plan that writes more records than this is approved by somebody other than its author",
    )
    valid: Duration = Field(timedelta(days=7), description="How long after it was made a plan may be applied")


class Flow(Document):
    """Which mappings are kept in step, when, and how much may happen unasked."""

    flow: Name
    title: Text2 = {}
    purpose: str = Field(
        "", max_length=500, description="Why personal data goes this way, for the record of processing"
    )
    mappings: list[Name]
    schedule: str = Field("30s", description="How often to look for changes: '30s', '5m' or a cron expression")
    full_scan: str | None = Field("0 2 * * *", description="When to compare everything (finds deletes)")
    priority: Literal["urgent", "normal", "bulk"] = "normal"
    guard: Guard = Guard()
    approval: Approval = Approval()
    enabled: bool = True


# ---------------------------------------------------------------------- cutovers


class CutoverDo(Document):
    """What the hub itself does in a step; one of these."""

    pause: str | None = Field(None, description="Stop flow:x, mapping:x or connection:x")
    resume: str | None = Field(None, description="Let it go on")
    sync: Name | None = Field(None, description="Compare this flow completely and deliver until nothing is due")
    migrate: list[Name] = Field(
        [], max_length=2, description="Source mapping and target mapping: stage, check, load and verify a batch"
    )


class CutoverCheck(Document):
    """How it is known that a step is done: the hub looks itself, or a named person signs."""

    kind: Literal["confirm", "reconciled", "issues", "lag", "paused", "running", "migrated", "backup"] = "confirm"
    of: list[str] = Field([], description="What is looked at: flows, scopes or target mappings, by kind")
    at_most: int = Field(0, ge=0, description="Differences, open issues or rejected records that are still well")
    within: Duration | None = Field(None, description="For lag and backup: how old at most")


class CutoverBack(Document):
    """How a step is taken back when the old system must carry on."""

    title: Text2 = {}
    do: CutoverDo | None = None
    check: CutoverCheck = CutoverCheck()
    lasts: Duration = timedelta(minutes=10)


class CutoverStep(Document):
    """One step of a runbook."""

    step: Name
    title: Text2 = {}
    owner: str = Field(description="Who sees to it, by name")
    lasts: Duration = Field(timedelta(minutes=10), description="How long it may take")
    after: list[Name] | None = Field(None, description="Steps that must be done first; not given: the one before")
    do: CutoverDo | None = Field(None, description="What the hub does; not given: people do it")
    check: CutoverCheck = Field(CutoverCheck(), description="How it is known to be done; not given: somebody signs")
    weight: int = Field(1, ge=0, le=100, description="How much it counts in the score")
    must: bool = Field(False, description="Without it there is no go, whatever the score")
    after_go: bool = Field(False, description="Is taken only once the decision is to go; does not count in the score")
    back: CutoverBack | None = Field(None, description="The way back; not given: nothing is to be taken back")


class Cutover(Document):
    """A runbook: how a company moves from one system to another, and back if it must."""

    cutover: Name
    title: Text2 = {}
    start: AwareDatetime | None = Field(None, description="Planned beginning, with its zone")
    flows: list[Name] = Field([], description="Flows that a switch-back first runs both ways, so that no edit is lost")
    threshold: int = Field(80, ge=0, le=100, description="Score from which the hub says go, of 100")
    steps: list[CutoverStep] = Field(min_length=1)
    rehearsal: dict[Name, dict[str, Any]] = Field(
        {}, description="Connection -> settings that differ in a rehearsal: the address of the sandbox, its account"
    )


# ------------------------------------------------------------------------- roles


See = Literal["seen", "masked", "hidden"]


class Within(Document):
    """Which records a role is about; a list that is not given does not narrow."""

    organisations: list[str] | None = Field(None, description="Only records that stand in one of these organisations")
    departments: list[str] | None = Field(None, description="Only records whose field 'department' holds one of these")


class Role(Document):
    """What a kind of person may do. What is not said is denied."""

    role: Name
    title: Text2 = {}
    extends: list[Name] = Field([], description="Roles, ready or own, whose rights it starts from")
    may: dict[Name, list[Name]] = Field({}, description="Resource -> actions, e.g. issue: [see, decide]")
    see: dict[str, See] = Field(
        {},
        description="Class of personal data, entity, or entity.field -> how its values are shown; entity.field "
        "counts first, else the stricter of entity and class; what none speaks of is hidden",
    )
    edit: list[str] = Field([], description="Classes, entities or entity.field whose values it may change, if seen")
    within: Within = Within()
    apart: list[Name] = Field([], description="Roles that nobody may hold besides this one")


Days = Annotated[int, Field(ge=7, le=36_500)]


class Keep(Document):
    """How many days each history is kept; what is not said is kept for ever. The audit log always is."""

    deliveries: Days | None = Field(None, description="Values of writes that are settled (what was sent stays counted)")
    images: Days | None = Field(
        None, description="What systems held before our writes, pictures in plans, records of migrations that ended"
    )
    runs: Days | None = Field(None, description="Runs with their counts")
    plans: Days | None = Field(None, description="Records of plans that have ended (who agreed to what size stays)")
    cases: Days | None = Field(None, description="Conflicts, dead letters and other cases that are closed")
    jobs: Days | None = Field(None, description="Background jobs with their results")


class Privacy(Document):
    """What the project says about personal data as a whole; classes stand with the fields, purposes with the flows."""

    privacy: Keep = Field(description="How many days histories are kept")


class Project(Document):
    """All documents of a project together, cross-checked."""

    connections: dict[str, Connection] = {}
    entities: dict[str, Entity] = {}
    mappings: dict[str, Mapping] = {}
    flows: dict[str, Flow] = {}
    cutovers: dict[str, Cutover] = {}
    roles: dict[str, Role] = {}
    alerts: Alerts | None = None
    privacy: Privacy | None = None
    version: int = 0


for _model in (EntityField, Entity, FieldMap, Mapping, Project):
    _model.model_rebuild()
