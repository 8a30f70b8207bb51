"""What the tenant holds: records by object, their life from review to the bin, orders with their products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from hefu.sandbox.frame import Clock
from hefu.sandbox.fxiaoke.find import Row, Search, sort_key
from hefu.sandbox.fxiaoke.schema import (
    DETAIL,
    DUPLICATE,
    FORBIDDEN,
    INDEXED,
    INVALID,
    LOCKED,
    NO_DATA,
    OBJECTS,
    REFERENCE,
    Field,
    Object,
    Refused,
)
from hefu.sandbox.fxiaoke.values import millis, taken
from hefu.sandbox.shelf import Kept, Shelf

STAFF = {
    "1000": ("集成账号", "19900009000"),
    "1001": ("陈思琪", "19900009001"),
    "1002": ("刘洋", "19900009002"),
    "1003": ("王婷", "19900009003"),
    "1004": ("赵建国", "19900009004"),
    "1005": ("周浩然", "19900009005"),
    "1006": ("孙雪梅", "19900009006"),
    "1007": ("张敏", "19900009007"),
}
"""Employee id -> (name, mobile)."""
ADMIN = ("1000", "1007")
CHUNK = 500
BUSY = ("under_review", "in_change")


class Hand(NamedTuple):
    """Who acts, and which way. `approval`: whether saving may start one."""

    user: str
    via: str = "api"
    approval: bool = True

    @property
    def sight(self) -> str:
        """Whose eyes decide what is seen; a person at the screen is not hindered here."""
        return self.user if self.via == "api" else ADMIN[0]


class Book:
    """Records by object. `duplicates`: refuse a second account of one name. `approvals`: orders are reviewed."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.shelf = Shelf(path, clock, {"record": INDEXED})
        self.clock = self.shelf.clock
        self.duplicates = False
        self.approvals = True
        self.off: set[tuple[str, str]] = set()
        self._last = int(self.shelf.meta("begun") or 0)

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    def object(self, name: str) -> Object:
        """An object as it is drawn now: without what was disabled. Raises Refused."""
        found = OBJECTS.get(name)
        if found is None or (name, "") in self.off:
            raise Refused(INVALID, f"对象 {name} 不存在或已禁用")
        return replace(found, fields=tuple(f for f in found.fields if (name, f.name) not in self.off))

    # ---------------------------------------------------------------- reading

    def get(self, obj: Object, data_id: str, user: str) -> Kept:
        """A record that the user may see. Raises Refused."""
        kept = self.shelf.kept(obj.name, data_id)
        if kept is None or kept.deleted:
            raise Refused(NO_DATA, "数据不存在或已删除")
        if not sees(user, kept):
            raise Refused(FORBIDDEN, "没有数据权限")
        return kept

    def find(self, obj: Object, search: Search, user: str, *, counted: bool) -> tuple[int, list[Kept]]:
        """How many records match (when that is asked), and one page; newest change first where no order is asked."""
        candidates = self._candidates(obj, search, user, counted)
        rows = [(k, self.row(obj, k)) for k in candidates if sees(user, k)]
        found = [(k, row) for k, row in rows if search.test(row)]
        if not search.order:
            found.sort(key=lambda pair: pair[1]["last_modified_time"], reverse=True)
        for field, up in reversed(search.order):
            found.sort(key=lambda pair, f=field: sort_key(f, pair[1]), reverse=not up)  # type: ignore[misc]
        return len(found), [k for k, _ in found[search.offset : search.offset + search.limit]]

    def _candidates(self, obj: Object, search: Search, user: str, counted: bool) -> Iterator[Kept]:
        """What an index leaves of all records; in the order of ids no more than the page needs."""
        known = self.shelf.kept(obj.name, search.after) if search.after else None
        seq = known.seq if known else 0
        by_id = not counted and [field.name for field, up in search.order if up] == ["_id"]
        left = search.offset + search.limit
        while True:
            chunk = self.shelf.rows(obj.name, by=dict(search.same), since=search.since, after=(seq,), limit=CHUNK)
            for kept in chunk:
                if by_id and left <= 0:
                    return
                if by_id and sees(user, kept) and search.test(self.row(obj, kept)):
                    left -= 1
                yield kept
            if len(chunk) < CHUNK:
                return
            seq = chunk[-1].seq

    def row(self, obj: Object, kept: Kept, columns: Sequence[str] = ()) -> Row:
        """As answers show a record; references bring the name they point at."""
        doc = kept.doc
        row: Row = {"_id": kept.id}
        for field in obj.fields:
            row[field.name] = doc.get(field.name)
        row |= {"last_modified_time": millis(kept.modified), "object_describe_api_name": obj.name}
        return {name: row[name] for name in ("_id", *columns)} if columns else row

    def named(self, obj: Object, row: Row) -> Row:
        """With `{field}__r` for every reference in it."""
        for field in obj.fields:
            if field.target and row.get(field.name):
                other = self.shelf.kept(field.target, row[field.name])
                row[f"{field.name}__r"] = other.doc.get("name") if other else None
        return row

    # ---------------------------------------------------------------- writing

    def create(
        self, obj: Object, given: Mapping[str, Any], hand: Hand, details: Mapping[str, Any] | None = None
    ) -> str:
        """A new record, an order with its products; its id. Raises Refused."""
        with self.shelf.change():
            doc = self._values(obj, given, None)
            doc.setdefault("owner", [hand.user])
            doc.setdefault("record_type", "default__c")
            if obj.field("name") is not None and doc.get("name") is None and (obj.approval or obj.master):
                doc["name"] = f"{self.clock.now():%Y%m%d}-{self.shelf.number(f'{obj.name}.name'):06d}"
            missing = [f.label for f in obj.fields if f.required and not f.readonly and doc.get(f.name) in (None, [])]
            if missing:
                raise Refused(INVALID, f"参数错误: 必填字段[{'、'.join(missing)}]不能为空")
            for field in obj.fields:
                if field.type == "auto_number":
                    doc[field.name] = f"KH{self.shelf.number(f'{obj.name}.{field.name}'):06d}"
            reviewed = obj.approval and self.approvals and hand.approval
            doc |= {"life_status": "under_review" if reviewed else "normal", "lock_status": "0"}
            doc |= {"create_time": millis(self.clock.now()), "created_by": [hand.user], "last_modified_by": [hand.user]}
            doc.setdefault("data_own_department", ["1000"])
            data_id = self.new_id()
            self._put(obj, data_id, doc, hand)
            for name, rows in (details or {}).items():
                self._details(obj, name, rows, data_id, hand)
            self._sum(obj, data_id, doc, hand)
            return data_id

    def _details(self, obj: Object, name: str, rows: Any, data_id: str, hand: Hand) -> None:
        below = DETAIL.get(obj.name)
        if below is None or below.name != name or not isinstance(rows, list):
            raise Refused(INVALID, f"参数错误: {name} 不是 {obj.name} 的从对象")
        for row in rows:
            self.create(below, {**row, REFERENCE[name]: data_id}, hand)

    def update(self, obj: Object, data_id: str, given: Mapping[str, Any], hand: Hand) -> str:
        """Change the named fields. Raises Refused."""
        with self.shelf.change():
            kept = self.get(obj, data_id, hand.sight)
            self._free(kept)
            if "owner" in given and hand.via == "api":
                raise Refused(INVALID, "参数错误: 负责人不能通过更新接口修改，请使用更换负责人接口")
            doc = kept.doc | self._values(obj, given, kept) | {"last_modified_by": [hand.user]}
            if obj.approval and self.approvals and hand.approval:
                doc["life_status"] = "in_change"
            self._put(obj, data_id, doc, hand)
            self._sum(obj, data_id, doc, hand)
            return data_id

    def mark(self, obj: Object, data_id: str, values: Mapping[str, Any], hand: Hand) -> str:
        """A step in the record's life, without looking at its fields."""
        kept = self.get(obj, data_id, hand.sight)
        self._put(obj, data_id, kept.doc | dict(values) | {"last_modified_by": [hand.user]}, hand)
        return data_id

    def invalidate(self, obj: Object, data_id: str, hand: Hand) -> str:
        """Out of use, still there. Raises Refused."""
        kept = self.get(obj, data_id, hand.sight)
        self._free(kept)
        self.mark(obj, data_id, {"life_status": "invalid"}, hand)
        self._sum(obj, data_id, kept.doc, hand)
        return data_id

    def delete(self, obj: Object, data_id: str, hand: Hand) -> str:
        """Gone for every call; only for what is invalid. Raises Refused."""
        with self.shelf.change():
            kept = self.get(obj, data_id, hand.sight)
            if kept.doc["life_status"] != "invalid":
                raise Refused(INVALID, "只能删除已作废的数据")
            below = DETAIL.get(obj.name)
            if below is not None:
                for row in self.shelf.rows(below.name, by={REFERENCE[below.name]: data_id}):
                    self.shelf.remove(below.name, row.id, name_of(hand.user), hand.via)
            self.shelf.remove(obj.name, data_id, name_of(hand.user), hand.via)
            return data_id

    # --------------------------------------------------------------- the inside

    def _free(self, kept: Kept) -> None:
        if kept.doc.get("lock_status") == "1":
            raise Refused(LOCKED, "数据已锁定，不能编辑")
        if kept.doc["life_status"] in BUSY:
            raise Refused(LOCKED, "数据正在审批中，不能编辑")
        if kept.doc["life_status"] == "invalid":
            raise Refused(INVALID, "数据已作废，不能编辑")

    def _values(self, obj: Object, given: Mapping[str, Any], old: Kept | None) -> dict[str, Any]:
        doc: dict[str, Any] = {}
        for name, value in given.items():
            if name in ("_id", "dataObjectApiName", "object_describe_api_name"):
                continue
            field = obj.field(name)
            if field is None:
                raise Refused(INVALID, f"参数错误: 对象 {obj.name} 不存在字段 {name}")
            if field.readonly:
                continue
            doc[name] = taken(field, value)
            if field.target and doc[name] is not None:
                self._points(field, doc[name])
            if old is not None and field.required and doc[name] in (None, []):
                raise Refused(INVALID, f"参数错误: 必填字段[{field.label}]不能为空")
        self._unique(obj, doc, old)
        return doc

    def _points(self, field: Field, data_id: str) -> None:
        kept = self.shelf.kept(field.target, data_id)
        if kept is None or kept.deleted:
            raise Refused(INVALID, f"参数错误: 字段[{field.label}]关联的数据不存在")

    def _unique(self, obj: Object, doc: Mapping[str, Any], old: Kept | None) -> None:
        names = [f.name for f in obj.fields if f.unique]
        if self.duplicates and obj.name == "AccountObj":
            names.append("name")
        for name in names:
            if doc.get(name) is None:
                continue
            if any(old is None or k.id != old.id for k in self.shelf.rows(obj.name, by={name: doc[name]}, limit=2)):
                field = obj.field(name)
                label = field.label if field else name
                raise Refused(DUPLICATE, f"数据重复: [{label}]的值[{doc[name]}]已存在")

    def _sum(self, obj: Object, data_id: str, doc: Mapping[str, Any], hand: Hand) -> None:
        """A product's subtotal, and the order's amount over them."""
        if obj.master:
            amount = Decimal(doc.get("quantity") or 0) * Decimal(doc.get("sales_price") or 0)
            kept = self.shelf.kept(obj.name, data_id)
            if kept is not None and kept.doc.get("subtotal") != f"{amount:.2f}":
                self._put(obj, data_id, kept.doc | {"subtotal": f"{amount:.2f}"}, hand)
            self._sum(OBJECTS[obj.master], doc[REFERENCE[obj.name]], {}, hand)
        elif obj.name in DETAIL:
            below = DETAIL[obj.name]
            rows = self.shelf.rows(below.name, by={REFERENCE[below.name]: data_id})
            live = [Decimal(r.doc.get("subtotal") or 0) for r in rows if r.doc["life_status"] != "invalid"]
            kept = self.shelf.kept(obj.name, data_id)
            total = f"{sum(live, Decimal(0)):.2f}"
            if kept is not None and kept.doc.get("order_amount") != total:
                self._put(obj, data_id, kept.doc | {"order_amount": total}, hand)

    def _put(self, obj: Object, data_id: str, doc: Mapping[str, Any], hand: Hand) -> None:
        self.shelf.put(obj.name, data_id, doc, name_of(hand.user), hand.via)

    def begin(self, seconds: int) -> None:
        """Ids start after this second: those of the sample do not come from the clock of this machine."""
        self._last = max(self._last, seconds)
        self.shelf.meta("begun", str(seconds))

    def new_id(self) -> str:
        """The next id; ids ascend."""
        self._last = max(self._last, int(self.clock.now().timestamp()))
        return f"{self._last:08x}f5000001c2{self.shelf.number('id'):06x}"

    # ------------------------------------------------------------- from inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """A person at the screen: approvals do not stop one here.

        {"$approve": true} ends a review, {"$lock": true} or false, {"$invalid": true}; no values: invalid, then
        deleted. Object "describe" with the object as id: {"disable": [fields]} or {"enable": [fields]}, "" for itself.
        """
        if obj == "describe":
            self.off |= {(str(record_id), f) for f in (values or {}).get("disable", ())}
            self.off -= {(str(record_id), f) for f in (values or {}).get("enable", ())}
            return str(record_id)
        found = self.object(obj)
        user = next((i for i, (name, _) in STAFF.items() if name == author), "1007")
        hand = Hand(user, "person", approval=False)
        given = dict(values or {})
        details = given.pop("details", None)
        if record_id is None:
            return self.create(found, given, hand, details)
        if values is None:
            self.mark(found, record_id, {"life_status": "invalid"}, hand)
            return self.delete(found, record_id, hand)
        if "$approve" in given:
            return self.mark(found, record_id, {"life_status": "normal"}, hand)
        if "$lock" in given:
            return self.mark(found, record_id, {"lock_status": "1" if given["$lock"] else "0"}, hand)
        if "$invalid" in given:
            return self.invalidate(found, record_id, hand)
        return self.update(found, record_id, given, hand)

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as answers show it."""
        kept = self.shelf.kept(obj, record_id)
        return None if kept is None or kept.deleted or obj not in OBJECTS else self.row(OBJECTS[obj], kept)

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first."""
        return self.shelf.changes(limit)


def sees(user: str, kept: Kept) -> bool:
    """Administrators see everything, others what they own."""
    return user in ADMIN or user in kept.doc.get("owner", ())


def name_of(user: str) -> str:
    """Who that is."""
    return STAFF.get(user, (user, ""))[0]
