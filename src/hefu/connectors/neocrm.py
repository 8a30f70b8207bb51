"""Neocrm 销售易: accounts, contacts, opportunities, orders, products and custom objects, through its API 2.0.

It is asked in XOQL, by `updatedAt` and in the order of ids; it takes one record a call and has no versions, so records
are read before they are changed, and only what differs is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, SecretStr

from hefu.connectors._expected import moved
from hefu.connectors._fitting import NUMBERS, fitting, writable
from hefu.connectors._id_walk import IdCursor, Row
from hefu.connectors._neocrm_api import Api
from hefu.connectors._one_by_one import each
from hefu.core.connector import Connector, Settings, Site, setting
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unanswered, Unsupported
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Page, Record, Value, Values, Write, Written

T = FieldType
COMMON = ["account", "contact", "opportunity", "order", "product"]
TOGETHER = 20
MOST_IDS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Mapping[str, FieldType] = {
    **dict.fromkeys(("text", "textarea", "string", "url", "multiselect"), T.TEXT),
    **dict.fromkeys(("select", "phone", "mobile", "email", "autonumber", "id"), T.CODE),
    **dict.fromkeys(("number", "integer", "real", "percent", "decimal"), T.DECIMAL),
    **dict.fromkeys(("currency", "money"), T.MONEY),
    "date": T.DATE,
    "datetime": T.INSTANT,
    "boolean": T.BOOLEAN,
    "reference": T.REFERENCE,
}
_MANDATORY = ("entityType", "ownerId", "dimDepart")
_SYSTEM = ("id", "createdAt", "updatedAt", "createdBy", "updatedBy")


class ObjectSettings(BaseModel):
    """One object."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity_type: str = setting(
        "", "Business type of new records (entityType), where the mapping gives none", "新记录的业务类型 entityType"
    )


class NeocrmSettings(Settings):
    """Where it is, and who we are."""

    url: str = setting(
        "https://api.xiaoshouyi.com",
        "Address of the tenant's API; pods have their own (api-p10, api-tencent, crm-p05 ...)",
        "租户 API 地址；不同集群地址不同（api-p10、api-tencent、crm-p05 等）",
        pattern=r"^https?://[^/?#]+/?$",
    )
    login_url: str = setting(
        "https://login.xiaoshouyi.com/auc/oauth2/token",
        "Where tokens are given; older tenants: https://api.xiaoshouyi.com/oauth2/token",
        "令牌地址；较早的租户为 https://api.xiaoshouyi.com/oauth2/token",
        pattern=r"^https?://[^?#]+$",
    )
    client_id: str = setting(..., "Client id of the connected app", "应用的 client_id")
    client_secret: SecretStr = setting(..., "Client secret", "应用的 client_secret")
    redirect_uri: str = setting(
        "", "Redirect address of the app (older tenants want it)", "应用的回调地址（较早的租户需要）"
    )
    username: str = setting(..., "User to act as", "代表的用户")
    password: SecretStr = setting(
        ..., "Password, followed at once by the 8 characters of the security token", "密码，其后紧接 8 位安全令牌"
    )
    token_field: str = setting(
        "",
        "Custom text field (unique) for the hub's own id: customItemN__c",
        "保存本系统编号的自定义文本字段（唯一）：customItemN__c",
    )
    owner: str = setting(
        "", "ownerId of new records, where the mapping gives none", "新记录的负责人 ID（映射未给出时）"
    )
    department: str = setting(
        "", "dimDepart of new records, where the mapping gives none", "新记录的所属部门 ID（映射未给出时）"
    )
    objects: dict[str, ObjectSettings] = setting(
        {}, "Objects to work with; default: the usual ones of sales", "使用的对象；默认为常用销售对象"
    )
    page: int = setting(1000, "Records in one question", "每次查询的记录数", ge=2, le=3000)
    simple_code: bool = setting(True, "Ask with useSimpleCode", "查询时使用 useSimpleCode")


@dataclass(frozen=True)
class Shape:
    """One object. `codes`: field -> what an option may be called -> its code."""

    name: str
    label: str
    fields: tuple[Field, ...]
    codes: Mapping[str, Mapping[str, str]]
    zone: ZoneInfo

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def columns(self) -> str:
        """What a question selects."""
        return ", ".join(dict.fromkeys(["id", "updatedAt", *(f.name for f in self.fields)]))

    def record(self, row: Mapping[str, Any]) -> Record:
        """A row of an answer as a record."""
        values = {f.name: self.read(f, row.get(f.name)) for f in self.fields}
        at = row.get("updatedAt")
        changed = None if at is None else _EPOCH + timedelta(milliseconds=int(at))
        return Record(str(row["id"]), values, None if at is None else str(at), changed)

    def read(self, f: Field, raw: Any) -> Value:
        """A value of theirs: instants are milliseconds, ids numbers, options codes or labels."""
        if isinstance(raw, dict):
            raw = raw.get("id", raw.get("value"))
        if raw is None or raw in ("", []):
            return None
        if f.type in NUMBERS:
            return raw if isinstance(raw, Decimal) else Decimal(str(raw))
        if f.type in (T.INSTANT, T.DATE):
            at = _EPOCH + timedelta(milliseconds=int(raw))
            return at.astimezone(self.zone).date() if f.type is T.DATE else at
        if f.type is T.BOOLEAN:
            return raw if isinstance(raw, bool) else str(raw) in ("1", "true", "是")
        some = raw if isinstance(raw, list) else [raw]
        return ";".join(self.codes.get(f.name, {}).get(str(one), str(one)) for one in some)

    def pack(self, values: Values) -> dict[str, Any]:
        """Values as the API takes them. Raises Unsupported, Rejected."""
        fields = [writable("neocrm.", self.name, self.fields, name) for name in values]
        return {f.name: self._write(f, values[f.name]) for f in fields}

    def _write(self, f: Field, value: Value) -> Any:
        fitting("neocrm.", f, value)
        if value is None or f.type is T.BOOLEAN or f.type in NUMBERS:
            return value
        if f.type in (T.DATE, T.INSTANT):
            at = datetime.combine(value, time(), self.zone) if f.type is T.DATE else value
            return (at - _EPOCH) // timedelta(milliseconds=1)
        codes = self.codes.get(f.name)
        if codes is None:
            return int(value) if f.type is T.REFERENCE and value.isdecimal() else value
        if value not in codes.values():
            known = ", ".join(sorted(set(codes.values())))[:300]
            raise Rejected("neocrm.no_option", field=f.name, name=f.label, value=value, known=known)
        return int(value) if value.isdecimal() else value


class Neocrm(Connector):
    """A line to one tenant."""

    name = "neocrm"
    settings_type = NeocrmSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        own: NeocrmSettings = self.settings
        form: dict[str, str | SecretStr] = {"grant_type": "password", "client_id": own.client_id}
        form |= {"client_secret": own.client_secret, "username": own.username, "password": own.password}
        form |= {"redirect_uri": own.redirect_uri} if own.redirect_uri else {}
        self._api = Api(site, own.url, own.login_url, form)
        self._zone = site.zone
        self._shapes: dict[str, Shape] = {}

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Logs in, and looks at every object that the settings name."""
        for name in self.settings.objects or COMMON[:1]:
            self._load(name)

    def discover(self) -> Sequence[ObjectSchema]:
        """The objects of the settings, else the usual ones."""
        return [self._schema(self._load(name)) for name in self.settings.objects or COMMON]

    def _schema(self, shape: Shape) -> ObjectSchema:
        token = self._token(shape)
        abilities = Abilities(
            create="token" if token else "blind",
            update=True,
            delete=True,
            changes="cursor",
            conditional="values",
            batch=TOGETHER,
            page=self.settings.page,
            token_field=token or None,
        )
        return ObjectSchema(shape.name, shape.fields, shape.label, (), abilities)

    def _token(self, shape: Shape) -> str:
        return str(self.settings.token_field) if shape.field(self.settings.token_field) else ""

    def _load(self, name: str) -> Shape:
        try:
            told, _ = self._api.call("GET", f"xobjects/{name}/description")
        except (Missing, Unsupported) as error:
            if error.code not in ("neocrm.missing", "neocrm.misfit"):
                raise
            raise self._unknown(name) from error
        shape = shape_of(name, told or {}, self._zone)
        self._shapes[name] = shape
        return shape

    def _unknown(self, name: str) -> Unsupported:
        known = ", ".join(self.settings.objects or COMMON)
        return Unsupported("neocrm.unknown_object", connection=self.site.connection, object=name, known=known)

    def _shape(self, name: str) -> Shape:
        if name not in (self.settings.objects or COMMON):
            raise self._unknown(name)
        return self._shapes.get(name) or self._load(name)

    # -------------------------------------------------------------------- reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what `updatedAt` says has changed."""
        cursor = IdCursor.parse(since, self.site.connection, "neocrm.bad_cursor")
        return self._pages(self._shape(obj), cursor)

    def _pages(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        low: list[str] = []
        if cursor.at is not None:
            after = cursor.at - self.site.lateness
            low = [f"updatedAt >= {(after - _EPOCH) // timedelta(milliseconds=1)}"]
        page: int = self.settings.page

        def ask(on: str) -> tuple[list[Row], datetime]:
            return self._ask(shape, [*low, *([f"id > {on}"] if on else [])], page)

        for rows, after_them in cursor.walk(ask, page, "id"):
            yield Page([shape.record(row) for row in rows], after_them)

    def _ask(self, shape: Shape, where: Sequence[str], limit: int) -> tuple[list[Row], datetime]:
        text = f"select {shape.columns()} from {shape.name}"
        text += f" where {' and '.join(where)}" if where else ""
        form = {"xoql": f"{text} order by id limit {limit}"}
        form |= {"useSimpleCode": "true"} if self.settings.simple_code else {}
        told, at = self._api.call("POST", "query/xoql", form=form)
        return list((told or {}).get("records") or ()), at

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """Two hundred a call."""
        shape, found = self._shape(obj), list[Record]()
        wanted = [i for i in dict.fromkeys(ids) if i.isdecimal()]
        for start in range(0, len(wanted), MOST_IDS):
            part = wanted[start : start + MOST_IDS]
            rows, _ = self._ask(shape, [f"id in ({', '.join(part)})"], MOST_IDS)
            found += [shape.record(row) for row in rows]
        return found

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By a condition for texts, else everything is read and sifted."""
        shape = self._shape(obj)
        plain = all(isinstance(v, str) and n not in shape.codes for n, v in by.items())
        if not by or not plain or any(f is None or f.type is T.REFERENCE for f in map(shape.field, by)):
            return super().search(obj, by)
        rows, _ = self._ask(shape, [f"{name} = {_quoted(value)}" for name, value in by.items()], 20)
        return [r for r in map(shape.record, rows) if all(r.values.get(n) == v for n, v in by.items())]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One by one; what is to be changed is looked at together."""
        shape = self._shape(obj)
        create, update, delete = (partial(do, shape) for do in (self._create, self._update, self._delete))
        return each(writes, partial(self.fetch, obj), create, update, delete)

    def _create(self, shape: Shape, write: Write) -> Written:
        values, token = dict(write.values or {}), self._token(shape)
        if token and write.token:
            values[token] = write.token
        body = {**self._given(shape), **shape.pack(values)}
        try:
            told, _ = self._api.call("POST", f"xobjects/{shape.name}", {"data": body}, writes=True)
        except Rejected as error:
            mine = self.search(shape.name, {token: write.token}) if token and write.token else ()
            if error.code != "neocrm.taken" or not mine:
                raise
            return Written(mine[0].id)  # it is there already, under our own id: an answer was lost before
        if not (told or {}).get("id"):
            raise Unanswered("neocrm.fault", connection=self.site.connection, path="create", status=200)
        return Written(str(told["id"]))

    def _given(self, shape: Shape) -> dict[str, Any]:
        """What every new record must have."""
        own = self.settings.objects.get(shape.name)
        words = (own.entity_type if own else "", self.settings.owner, self.settings.department)
        pairs = zip(_MANDATORY, words, strict=True)
        return {name: int(w) if w.isdecimal() else w for name, w in pairs if w and shape.field(name)}

    def _update(self, shape: Shape, write: Write, record_id: str, now: Record | None) -> Written:
        where = {"connection": self.site.connection, "path": f"{shape.name} {record_id}", "said": "-", "words": "-"}
        if now is None:
            raise Missing("neocrm.missing", status=200, **where)
        if (name := moved(write.expect, now.values)) is not None:
            raise Stale("neocrm.stale", object=shape.name, id=record_id, field=name)
        values = dict(write.values or {})
        body = {n: v for n, v in shape.pack(values).items() if now.values.get(n) != values[n]}
        if body:
            self._api.call("PATCH", f"xobjects/{shape.name}/{record_id}", {"data": body}, writes=True)
        return Written(record_id)

    def _delete(self, shape: Shape, record_id: str) -> Written:
        self._api.call("DELETE", f"xobjects/{shape.name}/{record_id}", writes=True)
        return Written(record_id)


def shape_of(name: str, told: Mapping[str, Any], zone: ZoneInfo) -> Shape:
    """An object out of its description; fields go by `apiKey`, in older answers by `propertyname`."""
    fields, codes = list[Field](), dict[str, dict[str, str]]()
    for one in told.get("fields") or ():
        api, kind = str(one.get("apiKey") or one.get("propertyname") or ""), str(one.get("type") or "").lower()
        if kind not in _KINDS or api == "id":
            continue
        items = one.get("selectitem") or ()
        if items:
            codes[api] = {str(i["label"]): str(i["value"]) for i in items} | {
                str(i["value"]): str(i["value"]) for i in items
            }
        to = one.get("referTo") or {}
        able = api not in _SYSTEM and kind not in ("autonumber", "id")
        able = able and (bool(one.get("createable", True)) or bool(one.get("updateable", True)))
        fields.append(
            Field(
                api,
                _KINDS[kind],
                str(one.get("label") or api),
                writable=able,
                required=bool(one.get("required")) and able and api not in _MANDATORY,
                length=int(one["maxLength"]) if one.get("maxLength") and _KINDS[kind] is T.TEXT else None,
                options=tuple(str(i["value"]) for i in items) if kind == "select" and able else (),
                target=str(to.get("apiKey") or to.get("label")) if to else None,
            )
        )
    return Shape(name, str(told.get("label") or name), tuple(fields), codes, zone)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


CONNECTOR = Neocrm

__all__ = ["CONNECTOR", "Neocrm", "NeocrmSettings"]
