"""A form in one tenant: what QueryBusinessInfo says, matched with what we know, as fields that queries and Save use.

Keys are spelt as this tenant spells them. A reference to a form that the connector offers reads as that record's id;
any other (currency, unit, salesperson) as its number, for a mapping's value map.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from hefu.connectors._kingdee_forms import KINDS, READ_ONLY, STATES, SUBMIT_FROM, Form, Link
from hefu.connectors._kingdee_settings import KingdeeSettings
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema

T = FieldType

LINES = "lines"
KEY = "key"
"""Names of our own: the list of lines, and the key of a line."""

_BACK = {"submit": "withdraw", "audit": "unaudit", "approve": "unaudit", "close": "unclose", "forbid": "enable"}
"""Step -> the one that takes it back."""

_WHOLE = ("48", "52", "56", "127")

_SQL: Mapping[int, FieldType] = {
    **dict.fromkeys((48, 52, 56, 59, 60, 62, 106, 108, 122, 127), T.DECIMAL),
    **dict.fromkeys((40,), T.DATE),
    **dict.fromkeys((42, 58, 61), T.INSTANT),
    104: T.BOOLEAN,
}
"""Type numbers in the metadata are those of the database's columns; others are text."""


@dataclass(frozen=True)
class Slot:
    """One field. `entity`: "" for the head, else the entity that holds it.

    `lookup`: the form that a reference points to; `by_id`: it reads as that record's id, else as its number.
    """

    name: str
    kind: FieldType
    entity: str = ""
    label: str = ""
    lookup: str = ""
    by_id: bool = False
    writable: bool = True
    required: bool = False
    options: tuple[str, ...] = ()
    scale: int | None = None
    length: int | None = None

    @property
    def query(self) -> str:
        """As FieldKeys want it."""
        return f"{self.name}.FNumber" if self.lookup and not self.by_id else self.name

    def field(self, key: str) -> Field:
        """As discovered."""
        return Field(
            self.name,
            self.kind,
            label=self.label,
            writable=self.writable,
            required=self.required,
            unique=self.name == key,
            length=self.length,
            scale=self.scale,
            options=self.options,
            target=self.lookup if self.by_id else None,
        )


@dataclass(frozen=True)
class Entity:
    """One entity of the metadata; `fields` by lower-case key."""

    key: str
    row_id: str
    fields: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Meta:
    """What QueryBusinessInfo says of a form."""

    label: str
    primary: str
    entities: Mapping[str, Entity]

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> Meta:
        """From `Result.NeedReturnData`."""
        entities = {}
        for entry in told.get("Entrys") or ():
            fields = {str(f["Key"]).lower(): f for f in entry.get("Fields") or () if f.get("Key")}
            entities[str(entry["Key"])] = Entity(str(entry["Key"]), str(entry.get("EntryPkFieldName") or ""), fields)
        return cls(named(told.get("Name")), str(told.get("PkFieldName") or ""), entities)

    @property
    def head(self) -> Entity:
        """The entity of the record itself."""
        return self.entities.get("FBillHead") or next(iter(self.entities.values()), Entity("FBillHead", "", {}))

    def entity(self, key: str, mark: str = "") -> Entity | None:
        """The entity of that key, whatever its case; else the first beside the head that has the field `mark`."""
        lower = {k.lower(): e for k, e in self.entities.items()}
        if key and key.lower() in lower:
            return lower[key.lower()]
        others = (e for e in self.entities.values() if e is not self.head)
        return next((e for e in others if mark and mark.lower() in e.fields), None)


def named(names: object) -> str:
    """A label in the first language that is given."""
    if isinstance(names, str):
        return names
    if isinstance(names, Sequence):
        return next((str(n.get("Value")) for n in names if isinstance(n, Mapping) and n.get("Value")), "")
    return ""


@dataclass(frozen=True)
class Bound:
    """A form in one tenant."""

    form: Form
    meta: Meta
    settings: KingdeeSettings
    head: Mapping[str, Slot]
    lines: Mapping[str, Slot]
    entity: Entity | None
    primary: str
    line_key: str
    token: str
    links: Mapping[str, tuple[Link, tuple[str, ...], str]]

    @property
    def key(self) -> str:
        """The field of the number; "" where there is none."""
        return next((s.name for s in self.head.values() if s.name.lower() == self.form.key.lower()), "")

    @property
    def organisation(self) -> str:
        """The field of the organisation; "" where there is none."""
        return next((s.name for s in self.head.values() if s.name.lower() == self.form.organisation.lower()), "")

    @property
    def status(self) -> str:
        """The field of the document's status; "" where there is none."""
        return next((s.name for s in self.head.values() if s.name.lower() == "fdocumentstatus"), "")

    @cached_property
    def changed(self) -> tuple[str, ...]:
        """Fields whose time tells a change."""
        wanted = {name.lower() for name in self.form.changed}
        return tuple(s.name for s in self.head.values() if s.name.lower() in wanted)

    @property
    def row_id(self) -> str:
        """How a query asks for the id of a line."""
        return f"{self.entity.key}_{self.entity.row_id or 'FEntryID'}" if self.entity else ""

    @property
    def reopens(self) -> bool:
        """Whether an approved record may be re-opened to change it."""
        return self.form.id in self.settings.reopen

    @property
    def actions(self) -> dict[str, tuple[str, ...]]:
        """Step -> states in which it is legal."""
        if not self.form.kept or not self.status:
            return {}
        out: dict[str, tuple[str, ...]] = {"submit": SUBMIT_FROM, "audit": ("B",)}
        if self.form.bill:
            out |= dict.fromkeys(self.form.pushes, ("C",))
            out |= {"close": ("C",), "unclose": ("C",)}
        else:
            out |= {"forbid": ("C",), "enable": ("C",)}
        if self.settings.allocate.get(self.form.id):
            out["allocate"] = ("C",)
        out |= {"unaudit": ("C",), "approve": (*SUBMIT_FROM, "B"), "withdraw": ("B",)}
        return out | ({"void": SUBMIT_FROM} if self.form.bill else {})

    @cached_property
    def schema(self) -> ObjectSchema:
        """As discovered."""
        given = set(self.settings.defaults.get(self.form.id, ()))
        if self.settings.organisation:
            given |= {self.organisation, "FCreateOrgId"}
        fields = [s.field(self.key) for s in self.head.values()]
        fields = [replace(f, required=False) if f.name in given else f for f in fields]
        writes = self.form.kept
        if not writes:
            fields = [_closed(f) for f in fields]
        fields += [
            Field(name, T.REFERENCE, label=link.target, writable=False, target=link.target)
            for name, (link, _, _) in self.links.items()
        ]
        if self.entity is not None:
            key = Field(KEY, T.CODE, label="行键", writable=bool(self.line_key), unique=True)
            inner = [s.field("") for s in self.lines.values()]
            fields.append(Field(LINES, T.LINES, label="明细", lines=(key, *inner)))
        shut = {"B": (), "C": ()} if self.form.bill and not self.reopens else {"B": ()}
        abilities = Abilities(
            create="no" if not writes else "token" if self.token else "key" if self.key else "blind",
            update=writes,
            delete=writes,
            changes="cursor" if self.changed else "full",
            conditional="values" if writes else "no",
            batch=self.settings.batch if writes else 1,
            page=self.settings.page,
            lines="keyed" if self.entity is not None and writes else "none",
            returns=writes,
            token_field=self.token or None,
            actions=self.actions,
            back={step: back for step, back in _BACK.items() if step in self.actions and back in self.actions},
        )
        return ObjectSchema(
            self.form.id,
            tuple(fields),
            self.meta.label or self.form.label,
            (self.key,) if self.key else (),
            abilities,
            self.status or None,
            shut if self.status and writes else {},
        )


def _closed(f: Field) -> Field:
    return replace(f, writable=False, required=False)


def bind(form: Form, meta: Meta, settings: KingdeeSettings, offered: Iterable[str]) -> Bound:
    """The form as this tenant has it."""
    known = {name.lower(): name for name in offered}
    entity = meta.entity(form.lines, form.mark)
    subs = [e for e in (meta.entity(name) for name in form.subs) if e is not None and e is not entity]
    head: dict[str, Slot] = {}
    for where in (meta.head, *subs):
        place = "" if where is meta.head else where.key
        wanted = _wanted(form.fields, where, settings.fields.get(form.id, ()), form.every)
        for found in wanted:
            slot = _slot(found, place, known, settings.text_length)
            head.setdefault(slot.name, slot)
    head = _in_order(head, form.fields)
    lines: dict[str, Slot] = {}
    if entity is not None:
        wanted = _wanted(form.line_fields, entity, settings.fields.get(form.id, ()), form.every)
        lines = _in_order(
            {s.name: s for s in (_slot(f, entity.key, known, settings.text_length) for f in wanted)}, form.line_fields
        )
    line_key = _spelt(settings.line_field.get(form.id, ""), entity)
    if line_key:
        lines.pop(line_key, None)
    token = _spelt(settings.token_field.get(form.id, ""), meta.head)
    if token:
        slot = head.get(token) or _slot(meta.head.fields[token.lower()], "", known, settings.text_length)
        head[token] = Slot(token, T.CODE, "", slot.label, writable=False)
    primary = form.primary or meta.primary or "FID"
    primary = str(meta.head.fields.get(primary.lower(), {}).get("Key", primary))
    head.pop(primary, None)
    return Bound(form, meta, settings, head, lines, entity, primary, line_key, token, _links(form, meta, entity))


def _links(form: Form, meta: Meta, entity: Entity | None) -> dict[str, tuple[Link, tuple[str, ...], str]]:
    out = {}
    for name, link in form.links.items():
        home = meta.entity(link.entity) if link.entity else entity
        spelt = tuple(s for s in (_spelt(f, home) for f in link.fields) if s)
        if home is not None and spelt:
            out[name] = (link, spelt, home.key)
    return out


def _spelt(name: str, entity: Entity | None) -> str:
    """A key as this tenant spells it; "" where it is not there."""
    return str(entity.fields.get(name.lower(), {}).get("Key", "")) if name and entity is not None else ""


def _wanted(names: Sequence[str], where: Entity, more: Sequence[str], every: bool) -> list[Mapping[str, Any]]:
    wished = {n.lower() for n in (*names, *more)}
    own = {k for k, f in where.fields.items() if k.startswith("f_") and f.get("IsViewVisible", True) is not False}
    usual = set(_USUAL) if every else set()
    return [f for k, f in where.fields.items() if k in wished or k in own or k in usual]


_USUAL = ("fnumber", "fbillno", "fname", "fdocumentstatus", "fforbidstatus", "fdate", "fmodifydate", "fapprovedate")


def _in_order(slots: dict[str, Slot], names: Sequence[str]) -> dict[str, Slot]:
    """In the order that Save wants: rules of the form fire field by field. The tenant's own come last."""
    place = {name.lower(): n for n, name in enumerate(names)}
    return dict(sorted(slots.items(), key=lambda item: place.get(item[0].lower(), len(place))))


def _slot(told: Mapping[str, Any], entity: str, offered: Mapping[str, str], longest: int) -> Slot:
    name, lookup = str(told["Key"]), str(told.get("LookUpObjectFormId") or "")
    lower = name.lower()
    by_id = lookup.lower() in offered
    if lookup:
        kind, lookup = (T.REFERENCE if by_id else T.CODE), offered.get(lookup.lower(), lookup)
    else:
        kind = KINDS.get(lower) or _sql_kind(told.get("FieldType"))
    needed = str(told.get("MustInput")).lower() in ("1", "true")
    writable = lower not in READ_ONLY
    return Slot(
        name,
        kind,
        entity,
        named(told.get("Name")),
        lookup,
        by_id,
        writable,
        needed and writable and kind is not T.BOOLEAN,
        STATES.get(lower, ()),
        0 if kind is T.DECIMAL and str(told.get("FieldType")) in _WHOLE else None,
        longest if kind is T.TEXT else None,
    )


def _sql_kind(number: object) -> FieldType:
    try:
        return _SQL.get(int(str(number)), T.TEXT)
    except ValueError:
        return T.TEXT
