"""One form as an object of the hub: its fields, records out of payloads, payloads out of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hefu.connectors._jiandaoyun_settings import FormSettings
from hefu.connectors._jiandaoyun_widgets import FILTERS, LINE, Widget, has_files, instant_of, parts_of
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import REMOVED, Abilities, Field, FieldType, ObjectSchema, Record, Value, Values

T = FieldType

BATCH = 100
"""Most records in one call, read or written."""

_SYSTEM = {
    "creator": Field("creator", T.CODE, "Creator", writable=False),
    "updater": Field("updater", T.CODE, "Last changed by", writable=False),
    "createTime": Field("createTime", T.INSTANT, "Created", writable=False),
    "updateTime": Field("updateTime", T.INSTANT, "Last changed", writable=False),
    "flowState": Field("flowState", T.CODE, "Workflow state (0 running, 1 done, 2 closed)", writable=False),
}
_PLAIN = {"_id", "appId", "entryId", "formName", "deleter", "deleteTime", "ext"}


@dataclass(frozen=True)
class Form:
    """A form as it is now. `read_at`: when its widgets were read.  `strange`: keys of payloads that no widget has."""

    name: str
    label: str
    settings: FormSettings
    widgets: tuple[Widget, ...]
    system: frozenset[str]
    zone: ZoneInfo
    read_at: datetime
    strange: frozenset[str] = frozenset()

    @property
    def ids(self) -> dict[str, str]:
        """What every call names."""
        return {"app_id": self.settings.app, "entry_id": self.settings.form}

    @property
    def token(self) -> Widget | None:
        """The widget of the hub's own id."""
        return self.widget(self.settings.token_field) if self.settings.token_field else None

    def schema(self) -> ObjectSchema:
        """Its fields and what may be done with them."""
        own = [f for w in self.widgets for f in w.fields()]
        fields = (*own, *(f for n, f in _SYSTEM.items() if n in self.system))
        token = self.token
        keys = tuple(self.column(name).name for name in self.settings.key)
        abilities = Abilities(
            create="token" if token else "key" if keys else "blind",
            update=True,
            delete=True,
            changes="cursor",
            conditional="values",
            batch=BATCH,
            page=BATCH,
            lines="whole" if any(w.type == "subform" for w in self.widgets) else "none",
            returns=True,
            token_field=token.name if token else None,
        )
        return ObjectSchema(self.name, fields, self.label, keys, abilities)

    def widget(self, name: str) -> Widget | None:
        """The widget that a name means: ours, its id, or its alias of today."""
        for word in ("name", "id", "wire"):
            found = next((w for w in self.widgets if getattr(w, word) == name), None)
            if found is not None:
                return found
        return next((w for w in self.widgets if w.holds(name)), None)

    def column(self, name: str) -> Widget:
        """Like `widget`. Raises Unsupported for a name that means none."""
        found = self.widget(name)
        if found is None:
            known = ", ".join(w.name for w in self.widgets)[:400]
            raise Unsupported("jiandaoyun.unknown_field", object=self.name, field=name, known=known)
        return found

    # ---------------------------------------------------------------------- reading

    def unknown(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Keys of payloads that mean nothing to us: a field was renamed or added since the widgets were read."""
        known = {w.wire for w in self.widgets} | {w.id for w in self.widgets} | self.strange
        known |= _PLAIN | set(_SYSTEM) | self.system
        return {key for row in rows for key in row if key not in known and not key.startswith("wx_")}

    def record(self, row: Mapping[str, Any]) -> Record:
        """A payload as a record."""
        values: dict[str, Value] = {}
        for w in self.widgets:
            values |= w.read(row.get(w.wire, row.get(w.id)), self.zone)
        for name in _SYSTEM:
            if name in self.system:
                values[name] = _system(name, row.get(name))
        changed, author = _system("updateTime", row.get("updateTime")), _system("updater", row.get("updater"))
        version = str(row["updateTime"]) if row.get("updateTime") else None
        return Record(str(row["_id"]), values, version, changed, author)

    # ---------------------------------------------------------------------- writing

    def payload(self, values: Values, now: Mapping[str, Any] | None) -> dict[str, Any]:
        """Values as the API takes them; `now`: the record's payload, None for a new one.

        Raises Unsupported for a field that is not there or cannot be written, Rejected for a value that does not fit.
        """
        out: dict[str, Any] = {}
        for name, value in values.items():
            w = self.column(name)
            if not w.writable:
                raise Unsupported("jiandaoyun.read_only", object=self.name, name=name)
            if w.type == "address":
                before = w.read((now or {}).get(w.wire), self.zone)
                out[w.wire] = {"value": parts_of(w, {**before, **{n: v for n, v in values.items() if w.holds(n)}})}
            elif w.type == "subform":
                out[w.wire] = {"value": self._rows(w, value or [], (now or {}).get(w.wire) or [])}
            else:
                out[w.wire] = {"value": w.write(name, value, self.zone)}
        self._required(values, new=now is None)
        return out

    def _rows(self, w: Widget, lines: Sequence[Values], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """All rows of a subform. A row is replaced as a whole, so what we do not name is sent back as it was."""
        before = {str(row.get(LINE)): row for row in rows}
        known = {str(line[LINE]): line for line in w.read(rows, self.zone)[w.name]}
        out = []
        for line in lines:
            key = line.get(LINE)
            given = {n: v for n, v in line.items() if n != LINE}
            if given.pop(REMOVED, False):
                continue
            if key is not None and str(key) not in before:
                raise Rejected("jiandaoyun.unknown_line", field=w.name, name=w.name, line=str(key))
            if key is not None and has_files(w, before[str(key)]):
                raise Rejected("jiandaoyun.files_in_line", field=w.name, name=w.name, line=str(key))
            kept = {} if key is None else {n: v for n, v in known[str(key)].items() if _can(w, n) and v is not None}
            row = {} if key is None else {LINE: {"value": str(key)}}
            out.append(row | self._cells(w, {**kept, **given}))
        return out

    def _cells(self, w: Widget, values: Values) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in values.items():
            item = next((i for i in w.items if name in (i.name, i.id, i.wire) or i.holds(name)), None)
            if item is None or not item.writable:
                code = "jiandaoyun.unknown_field" if item is None else "jiandaoyun.read_only"
                field = f"{w.name}.{name}"
                raise Unsupported(
                    code, object=self.name, field=field, name=field, known=", ".join(i.name for i in w.items)[:400]
                )
            if item.type == "address":
                out[item.wire] = {"value": parts_of(item, values)}
            else:
                out[item.wire] = {"value": item.write(name, value, self.zone)}
        return out

    def _required(self, values: Values, *, new: bool) -> None:
        """The API would take an empty one."""
        for w in self.widgets:
            if not w.required:
                continue
            said = next((n for n in values if self.widget(n) is w), None)
            if (said is None and new) or (said is not None and values[said] in (None, "", [])):
                raise Rejected("jiandaoyun.required", field=w.name, name=w.label or w.name, object=self.name)

    def condition(self, name: str, some: Sequence[Value]) -> dict[str, Any] | None:
        """A filter for one of these values; None where the API cannot compare such a field."""
        w = self.widget(name)
        kind = FILTERS.get(w.type) if w is not None else None
        if w is None or kind is None or any(v is None or v == "" for v in some):
            return None
        values = [w.write(name, v, self.zone) for v in some]
        return {"field": w.wire, "type": kind, "method": "eq" if len(values) == 1 else "in", "value": values}


def _can(w: Widget, name: str) -> bool:
    return any(item.writable and item.holds(name) for item in w.items)


def _system(name: str, raw: Any) -> Any:
    if raw is None or raw == "":
        return None
    if name.endswith("Time"):
        return instant_of(raw)
    if isinstance(raw, dict):
        return str(raw.get("username") or raw.get("name") or "") or None
    return str(raw)
