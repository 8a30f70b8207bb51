"""Fxiaoke 纷享销客: accounts, contacts, opportunities, orders with their lines, custom objects.

It answers 200 to everything, takes one record a call and lists a hundred by id; what changed is asked by
`last_modified_time`. There are no versions: records are read before they are changed, and only what differs is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from hefu.connectors._expected import moved
from hefu.connectors._fxiaoke_api import Api, Login
from hefu.connectors._fxiaoke_shapes import CHANGED, LINE, Shape, milliseconds, shape_of
from hefu.connectors._id_walk import IdCursor, Row
from hefu.connectors._one_by_one import each
from hefu.core.connector import Connector, Settings, Site, setting
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unanswered, Unsupported
from hefu.core.records import REMOVED, Abilities, FieldType, ObjectSchema, Page, Record, Values, Write, Written

PAGE = 100
TOGETHER = 20
"""Writes that share one look before."""

COMMON = ["AccountObj", "ContactObj", "NewOpportunityObj", "ProductObj", "SalesOrderObj"]
DETAILS = {"SalesOrderObj": "SalesOrderProductObj"}
_COMPARED = (FieldType.TEXT, FieldType.CODE, FieldType.REFERENCE, FieldType.DECIMAL, FieldType.MONEY)


class ObjectSettings(BaseModel):
    """One object, where the usual does not fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detail: str | None = setting(
        None, "Object of its lines; empty: none. Default: SalesOrderProductObj of SalesOrderObj", "明细对象；为空则无"
    )
    token_field: str | None = setting(
        None,
        "Text field for the hub's own id, if another than the connection's",
        "保存本系统编号的文本字段（与连接不同时）",
    )


class FxiaokeSettings(Settings):
    """Where it is, and who we are."""

    url: str = setting(
        "https://open.fxiaoke.com",
        "Address of the open platform; other clouds have their own",
        "开放平台地址；其他云有各自的地址",
        pattern=r"^https?://[^?#]+$",
    )
    app: str = setting(
        "corp",
        "Kind of app: corp (self-built, corpAccessToken) or token (open app, token V2)",
        "应用类型：corp（自建应用，corpAccessToken）或 token（开放应用，Token V2）",
        pattern="^(corp|token)$",
    )
    app_id: str = setting(..., "App id", "应用 ID")
    app_secret: SecretStr = setting(..., "App secret", "应用密钥")
    permanent_code: SecretStr = setting(..., "Permanent code of the company", "企业永久授权码")
    user: str = setting(
        ...,
        "User to act as: FSUID_... or a mobile number (corp), the employee id (token). Its rights are the hub's rights",
        "代表的用户：FSUID_… 或手机号（corp），员工 ID（token）。其权限即本系统的权限",
    )
    token_field: str = setting(
        "field_hub_id__c",
        "Custom text field (unique) for the hub's own id",
        "保存本系统编号的自定义文本字段（唯一）",
    )
    objects: dict[str, ObjectSettings] = setting(
        {}, "Objects to work with; default: the usual ones of sales", "使用的对象；默认为常用销售对象"
    )
    start_approval: bool = setting(False, "Writes start the company's approvals", "写入时触发审批流程")
    start_workflow: bool = setting(True, "Writes start the company's workflows", "写入时触发工作流")


class Fxiaoke(Connector):
    """A line to one company."""

    name = "fxiaoke"
    settings_type = FxiaokeSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        own: FxiaokeSettings = self.settings
        self._api = Api(site, own.url, Login(own.app, own.app_id, own.app_secret, own.permanent_code, own.user))
        self._zone = site.zone
        self._shapes: dict[str, Shape] = {}

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Logs in, and looks at every object that the settings name."""
        names = list(self.settings.objects) or COMMON[:1]
        for name in names:
            self._describe(name)

    def discover(self) -> Sequence[ObjectSchema]:
        """The objects of the settings, else the usual ones."""
        return [self._schema(self._load(name)) for name in self.settings.objects or COMMON]

    def _schema(self, shape: Shape) -> ObjectSchema:
        token = self._token(shape)
        abilities = Abilities(
            create="token" if token else "blind",
            update=True,
            delete=True,
            changes="cursor+deletes",
            conditional="values",
            batch=TOGETHER,
            page=PAGE,
            lines="keyed" if shape.detail else "none",
            token_field=token or None,
        )
        return ObjectSchema(shape.name, shape.fields, shape.label, (), abilities)

    def _token(self, shape: Shape) -> str:
        own = self.settings.objects.get(shape.name)
        name = str(self.settings.token_field if own is None or own.token_field is None else own.token_field)
        return name if shape.field(name) else ""

    def _load(self, name: str) -> Shape:
        own = self.settings.objects.get(name)
        child = DETAILS.get(name, "") if own is None or own.detail is None else str(own.detail)
        detail = None
        if child:
            told = self._describe(child)
            masters = [n for n, f in told.get("fields", {}).items() if f.get("target_api_name") == name]
            kinds = told.get("fields", {})
            parent = next(
                (n for n in masters if kinds[n].get("type") == "master_detail"), masters[0] if masters else ""
            )
            detail = shape_of(child, told, self._zone, parent=parent) if parent else None
        shape = shape_of(name, self._describe(name), self._zone, detail)
        self._shapes[name] = shape
        return shape

    def _describe(self, name: str) -> Mapping[str, Any]:
        try:
            told = self._api.call("/cgi/crm/v2/object/describe", {"apiName": name})
        except (Missing, Unsupported) as error:
            if error.code not in ("fxiaoke.missing", "fxiaoke.misfit"):
                raise
            raise self._unknown(name) from error
        found: Mapping[str, Any] = (told.get("data") or {}).get("describe") or {}
        if not found.get("fields"):
            raise self._unknown(name)
        return found

    def _unknown(self, name: str) -> Unsupported:
        known = ", ".join(self.settings.objects or COMMON)
        return Unsupported("fxiaoke.unknown_object", connection=self.site.connection, object=name, known=known)

    def _shape(self, name: str) -> Shape:
        if name not in (self.settings.objects or COMMON):
            raise self._unknown(name)
        return self._shapes.get(name) or self._load(name)

    # -------------------------------------------------------------------- reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what `last_modified_time` says has changed, with what was made invalid."""
        cursor = IdCursor.parse(since, self.site.connection, "fxiaoke.bad_cursor")
        return self._pages(self._shape(obj), cursor)

    def _pages(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        low: list[Row] = []
        if cursor.at is not None:
            after = cursor.at - self.site.lateness
            low = [_filter(CHANGED, "GTE", milliseconds(after))]
        for rows, after_them in self._walk(shape, low, cursor):
            records = self._records(shape, [r for r in rows if _valid(r)])
            gone = [str(r["_id"]) for r in rows if not _valid(r)] if low else []
            if low and shape.detail is not None and len(rows) < PAGE:
                yield Page(records, None, gone)
                records, gone = self._by_lines(shape, shape.detail, low), []
            yield Page(records, after_them, gone)

    def _query(self, shape: Shape, filters: Sequence[Row]) -> tuple[list[Row], datetime]:
        """A hundred rows in the order of their ids. Their offsets end at 10,000, so ids are the way on."""
        info = {
            "offset": 0,
            "limit": PAGE,
            "filters": list(filters),
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": shape.columns(),
        }
        data = {"dataObjectApiName": shape.name, "find_explicit_total_num": False, "search_query_info": info}
        told, at = self._api.timed(_path(shape.name, "query"), {"data": data})
        return list((told.get("data") or {}).get("dataList") or ()), at

    def _walk(self, shape: Shape, filters: Sequence[Row], cursor: IdCursor) -> Iterator[tuple[list[Row], str]]:
        def ask(on: str) -> tuple[list[Row], datetime]:
            return self._query(shape, [*filters, *([_filter("_id", "GT", on)] if on else [])])

        return cursor.walk(ask, PAGE, "_id")

    def _all(self, shape: Shape, filters: Sequence[Row]) -> Iterator[Row]:
        return (row for rows, _ in self._walk(shape, filters, IdCursor(None)) for row in rows)

    def _records(self, shape: Shape, rows: Sequence[Row]) -> list[Record]:
        """Rows with their lines: one call more for a page."""
        lines: dict[str, list[Row]] = {}
        if shape.detail is not None and rows:
            ids = [str(r["_id"]) for r in rows]
            for line in self._all(shape.detail, [_filter(shape.detail.parent, "IN", *ids)]):
                if _valid(line):
                    lines.setdefault(str(line[shape.detail.parent]), []).append(line)
        return [shape.record(r, lines.get(str(r["_id"]), ())) for r in rows]

    def _by_lines(self, shape: Shape, detail: Shape, low: Sequence[Row]) -> list[Record]:
        """Documents of which a line changed: their own stamp need not tell."""
        ids = dict.fromkeys(str(r[detail.parent]) for r in self._all(detail, low) if r.get(detail.parent))
        return list(self.fetch(shape.name, list(ids)))

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """A hundred a call."""
        shape, found = self._shape(obj), list[Record]()
        wanted = [i for i in dict.fromkeys(ids) if i]
        for start in range(0, len(wanted), PAGE):
            rows, _ = self._query(shape, [_filter("_id", "IN", *wanted[start : start + PAGE])])
            found += self._records(shape, [r for r in rows if _valid(r)])
        return found

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By filters where the fields can be compared, else everything is read and sifted."""
        shape = self._shape(obj)
        fields = [shape.field(name) for name in by]
        if not by or any(f is None or f.type not in _COMPARED for f in fields) or None in by.values():
            return super().search(obj, by)
        rows, _ = self._query(shape, [_filter(name, "EQ", value) for name, value in by.items()])
        found = self._records(shape, [r for r in rows if _valid(r)])
        return [r for r in found if all(r.values.get(n) == v for n, v in by.items())][:20]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One by one: the API has no batches; but what is to be changed is looked at together."""
        shape = self._shape(obj)
        create, update, delete = (partial(do, shape) for do in (self._create, self._update, self._delete))
        return each(writes, partial(self.fetch, obj), create, update, delete)

    def _starts(self) -> dict[str, Any]:
        return {"triggerApprovalFlow": self.settings.start_approval, "triggerWorkFlow": self.settings.start_workflow}

    def _create(self, shape: Shape, write: Write) -> Written:
        values = dict(write.values or {})
        token = self._token(shape)
        if token and write.token:
            values[token] = write.token
        lines = values.pop("lines", None) if shape.detail is not None else None
        data: dict[str, Any] = {"object_data": {"dataObjectApiName": shape.name, **shape.pack(values)}}
        if lines and shape.detail is not None:
            packed = [shape.detail.pack({n: v for n, v in line.items() if n != LINE}) for line in lines]
            name = shape.detail.name
            data["details"] = {name: [{"dataObjectApiName": name, **line} for line in packed]}
        try:
            told = self._api.call(_path(shape.name, "create"), {"data": data, **self._starts()}, writes=True)
        except Rejected as error:
            mine = self.search(shape.name, {token: write.token}) if token and write.token else ()
            if error.code != "fxiaoke.taken" or not mine:
                raise
            return Written(mine[0].id)  # it is there already, under our own id: an answer was lost before
        made = told.get("dataId") or (told.get("data") or {}).get("dataId")
        if not made:
            raise Unanswered("fxiaoke.fault", connection=self.site.connection, path="create", status=200)
        return Written(str(made))

    def _update(self, shape: Shape, write: Write, record_id: str, now: Record | None) -> Written:
        if now is None:
            raise self._missing(shape, record_id)
        if (name := moved(write.expect, now.values)) is not None:
            raise Stale("fxiaoke.stale", object=shape.name, id=record_id, field=name)
        values = dict(write.values or {})
        lines = values.pop("lines", None) if shape.detail is not None else None
        body = shape.pack(values)
        body = {n: v for n, v in body.items() if now.values.get(n) != values[n]}
        edits = self._line_edits(shape, record_id, lines or (), now)
        owner = body.pop("owner", None)
        if body:
            self._put(shape.name, {"_id": record_id, **body})
        if owner:
            owned = {"dataObjectApiName": shape.name, "Data": [{"objectDataId": record_id, "ownerId": owner}]}
            self._api.call(_path(shape.name, "changeOwner"), {"data": owned}, writes=True)
        for verb, line in edits:
            self._line(shape, verb, line)
        return Written(record_id)

    def _put(self, name: str, row: Mapping[str, Any]) -> None:
        data = {"object_data": {"dataObjectApiName": name, **row}}
        self._api.call(_path(name, "update"), {"data": data, **self._starts()}, writes=True)

    def _line_edits(self, shape: Shape, record_id: str, lines: Sequence[Values], now: Record) -> list[tuple[str, Any]]:
        """What is to be done to the lines: checked whole before the first is touched."""
        detail, edits = shape.detail, list[tuple[str, Any]]()
        before = {line[LINE]: line for line in now.values.get("lines") or ()}
        for line in lines if detail is not None else ():
            assert detail is not None
            key, given = line.get(LINE), {n: v for n, v in line.items() if n not in (LINE, REMOVED)}
            if key is None:
                edits.append(("create", {**detail.pack(given), detail.parent: record_id}))
            elif key not in before:
                raise Rejected("fxiaoke.unknown_line", field="lines", object=shape.name, line=str(key))
            elif line.get(REMOVED):
                edits.append(("invalid", str(key)))
            else:
                news = {n: v for n, v in given.items() if before[key].get(n) != v}
                edits += [("update", {"_id": key, **detail.pack(news)})] if news else []
        return edits

    def _line(self, shape: Shape, verb: str, line: Any) -> None:
        name = shape.detail.name if shape.detail else ""
        if verb == "update":
            self._put(name, line)
        elif verb == "invalid":
            self._invalid(name, line)
        else:
            data = {"object_data": {"dataObjectApiName": name, **line}}
            self._api.call(_path(name, "create"), {"data": data, **self._starts()}, writes=True)

    def _delete(self, shape: Shape, record_id: str) -> Written:
        """They want a record made invalid before it is deleted; there it stops, for it can be taken back."""
        try:
            self._invalid(shape.name, record_id)
        except (Rejected, Missing) as error:
            if not self.fetch(shape.name, [record_id]):
                raise self._missing(shape, record_id) from error
            raise
        return Written(record_id)

    def _invalid(self, name: str, record_id: str) -> None:
        data = {"dataObjectApiName": name, "object_data_id": record_id}
        self._api.call(_path(name, "invalid"), {"data": data}, writes=True)

    def _missing(self, shape: Shape, record_id: str) -> Missing:
        facts = {"path": f"{shape.name} {record_id}", "said": "-", "words": "-"}
        return Missing("fxiaoke.missing", connection=self.site.connection, **facts)


def _path(name: str, verb: str) -> str:
    return f"/cgi/crm/custom/v2/data/{verb}" if name.endswith("__c") else f"/cgi/crm/v2/data/{verb}"


def _filter(name: str, operator: str, *values: Any) -> Row:
    return {"field_name": name, "field_values": list(values), "operator": operator}


def _valid(row: Row) -> bool:
    return row.get("life_status") != "invalid" and row.get("is_deleted") not in (True, 1, "1", "true")


CONNECTOR = Fxiaoke

__all__ = ["CONNECTOR", "Fxiaoke", "FxiaokeSettings"]
