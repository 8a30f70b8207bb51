"""One call to a service, from its address to its answer; a part of a batch is such a call, too."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hefu.sandbox.frame import Fault, Ledger, parsed, struck
from hefu.sandbox.sap import address, edmx
from hefu.sandbox.sap.address import Target
from hefu.sandbox.sap.book import SET_SERVICE, USER, SapBook, complete
from hefu.sandbox.sap.model import EntityType, Service
from hefu.sandbox.sap.query import Options, options, wrong
from hefu.sandbox.sap.refusals import Refusal, bad, text_of, unsupported
from hefu.sandbox.sap.shape import Teller, arranged, etag, page2, page4, sorted_by_key
from hefu.sandbox.sap.wire import Row, body, kept, numbers, stamp


@dataclass
class Answer:
    """What goes back."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Call:
    """What came. path: below the service, as sent; headers in lower case. home: the service's address in links."""

    service: Service
    version: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    home: str

    @property
    def chinese(self) -> bool:
        """Whether messages are wanted in Chinese."""
        asked = self.query.get("sap-language") or self.headers.get("sap-language")
        return (asked or self.headers.get("accept-language", "EN")).upper().startswith("ZH")

    @property
    def wants_json(self) -> bool:
        """V2 answers with XML where nobody asks for JSON."""
        return self.version == 4 or "json" in self.headers.get("accept", "") + self.query.get("$format", "")

    @property
    def numbers_as_text(self) -> bool:
        """Whether V4 decimals travel as text."""
        words = self.headers.get("accept", "") + self.headers.get("content-type", "")
        return "ieee754compatible=true" in words.lower()


class Api:
    """All services over one book."""

    def __init__(self, book: SapBook, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults

    def serve(self, call: Call) -> Answer:
        """Answer one call; refusals become error bodies."""
        try:
            return self._serve(call)
        except Refusal as refusal:
            return self.refused(call, refusal)
        except RecursionError:
            return self.refused(call, bad("嵌套过深", "Nested too deeply"))

    def refused(self, call: Call, refusal: Refusal) -> Answer:
        """A refusal as this version tells it."""
        headers = {**refusal.headers}
        if refusal.code == "CSRF":
            return Answer(403, headers | {"content-type": "text/plain"}, refusal.says[1].encode())
        if call.version == 4:
            told: object = refusal.v4(call.chinese)
        elif call.wants_json and not struck(self.faults, "xml-error", call.path, call.method):
            told = refusal.v2(call.chinese, call.service.name, stamp(self.book.clock.now()))
        else:
            xml = refusal.v2_xml(call.chinese).encode()
            return Answer(refusal.status, headers | {"content-type": "application/xml;charset=utf-8"}, xml)
        return Answer(refusal.status, headers | {"content-type": "application/json;charset=utf-8"}, text_of(told))

    def _serve(self, call: Call) -> Answer:
        segments = address.split(call.path)
        if not segments:
            return self._root(call)
        if segments == ["$metadata"]:
            told = edmx.v2(call.service) if call.version == 2 else edmx.v4(call.service)
            return Answer(200, {"content-type": "application/xml;charset=utf-8"}, told)
        if locked := struck(self.faults, "locked", f"{call.service.path(call.version)}/{call.path}", call.method):
            del locked
            zh = "凭证当前正由用户 ZHANGMIN 处理"
            raise bad(zh, "The document is currently being processed by user ZHANGMIN", "", "V1/042")
        method = call.headers.get("x-http-method", call.method).upper() if call.method == "POST" else call.method
        target = address.find(self.book, call.service, segments, call.version)
        if target.function is not None:
            return self._function(call, target, method)
        if method in ("GET", "HEAD"):
            return self._read(call, target)
        if method == "POST":
            return self._create(call, target)
        if method in ("PATCH", "MERGE", "PUT"):
            return self._update(call, target, whole=method == "PUT")
        if method == "DELETE":
            return self._delete(call, target)
        raise Refusal(405, "/IWBEP/CM_MGW_RT/023", ("不支持该方法", f"Method {method[:20]} is not allowed"))

    def _root(self, call: Call) -> Answer:
        names = [e.called(call.version) for e in call.service.sets.values()]
        if call.version == 2:
            if not call.wants_json:
                sets = "".join(f'<collection href="{n}"/>' for n in names)
                told = f'<service xmlns="http://www.w3.org/2007/app"><workspace>{sets}</workspace></service>'
                return Answer(200, {"content-type": "application/atomsvc+xml"}, told.encode())
            return _json({"d": {"EntitySets": names}}, call)
        value = [{"name": n, "kind": "EntitySet", "url": n} for n in names]
        return _json({"@odata.context": f"{call.home}/$metadata", "value": value}, call)

    # ---------------------------------------------------------------- reading

    def _teller(self, call: Call) -> Teller:
        home = call.home
        if struck(self.faults, "proxy", call.service.path(call.version), call.method):
            home = "http://s4h.internal.example.com:44300" + call.service.path(call.version)
        return Teller(self.book, call.service, call.version, home, call.numbers_as_text)

    def _read(self, call: Call, target: Target) -> Answer:
        chosen = options(call.service, target.entity, call.query, call.version)
        if target.keys is not None or (target.nav is not None and not target.nav.many):
            return self._one(call, target, chosen)
        if target.rows is None:
            fixed = chosen.filter.fixed if chosen.filter else None
            found = arranged(target.entity, self.book.found(target.entity, fixed), chosen)
        else:
            found = arranged(target.entity, target.rows, chosen)
        if target.tail == "$count":
            return Answer(200, {"content-type": "text/plain"}, str(len(found)).encode())
        return self._page(call, target.entity, found, chosen)

    def _one(self, call: Call, target: Target, chosen: Options) -> Answer:
        row = address.one(self.book, target)
        if target.tail in target.entity.props:
            chosen.select = [target.tail]
        told = self._teller(call).one(target.entity, row, chosen)
        headers = {"etag": etag(target.entity, row)} if target.entity.etag else {}
        if headers and call.headers.get("if-none-match") == headers["etag"]:
            return Answer(304, headers)
        return self._told(call, target.entity, told, 200, headers)

    def _page(self, call: Call, entity: EntityType, found: list[Row], chosen: Options) -> Answer:
        """A page. The token counts rows, as Gateway's does: what moves meanwhile may be missed or come twice."""
        start, left = chosen.skip, chosen.top
        if "$skiptoken" in call.query:
            start, left = _untoken(call.query["$skiptoken"], call.version)
        size = self.book.page_size
        prefer = call.headers.get("prefer", "")
        if call.version == 4 and "maxpagesize=" in prefer:
            asked = prefer.split("maxpagesize=")[1].split(",")[0].split(";")[0].strip()
            size = min(size, int(asked)) if asked.isdecimal() and int(asked) > 0 else size
        stop = start + (size if left is None else min(size, left))
        teller, more = self._teller(call), ""
        rest = None if left is None else left - (stop - start)
        if stop < len(found) and (rest is None or rest > 0):
            words = {n: v for n, v in call.query.items() if n not in ("$skip", "$skiptoken", "$top")}
            words["$skiptoken"] = _token(stop, rest)
            more = f"{teller.home}/{call.path}?{_encoded(words)}"
        rows = teller.many(entity, found[start:stop], chosen)
        count = len(found) if chosen.count else None
        if call.version == 2:
            return self._sent(call, page2(rows, count, more))
        return _json(page4(rows, count, more, f"{teller.home}/$metadata#{entity.v4}"), call)

    def _sent(self, call: Call, told: dict[str, Any], status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
        if call.version == 2 and not call.wants_json:
            from hefu.sandbox.sap.atom import atom

            return Answer(status, {**headers, "content-type": "application/atom+xml;charset=utf-8"}, atom(told["d"]))
        return _json(told, call, status, headers)

    def _told(
        self, call: Call, entity: EntityType, told: dict[str, Any], status: int, headers: Mapping[str, str]
    ) -> Answer:
        if call.version == 2:
            return self._sent(call, {"d": told}, status, headers)
        context = f"{call.home}/$metadata#{entity.v4}/$entity"
        return _json({"@odata.context": context, **told}, call, status, headers)

    # ---------------------------------------------------------------- writing

    def _create(self, call: Call, target: Target) -> Answer:
        entity = target.entity
        if target.keys is not None or (target.nav is not None and not target.nav.many and target.rows):
            raise Refusal(405, "/IWBEP/CM_MGW_RT/023", ("不支持该方法", "POST is not allowed here"))
        if not entity.creatable:
            raise unsupported(f"{entity.called(call.version)}: CREATE")
        given = self._given(call, entity, new=True)
        if target.parent is not None:
            above, row = target.parent
            inherited = {k: row[k] for k in above.keys if k in entity.keys}
            inherited |= {
                k: row[k] for k in ("BusinessPartner", "SalesOrder", "Customer") if k in row and k in entity.props
            }
            given = inherited | {n: v for n, v in given.items() if n not in inherited}
        with self.book.change():
            made = self.book.create(entity, given, USER)
            complete(entity, made)
            root = SET_SERVICE[entity.name].lineage(entity)[0]
            key = str(made.get(root.keys[0]) or "")
            self.ledger.wrote("create", entity.name, ",".join(str(made[k]) for k in entity.keys) or key)
        headers = {"location": f"{call.home}/{self._teller(call).address(entity, made)}"}
        if entity.etag:
            headers["etag"] = etag(entity, made)
        if struck(self.faults, "warning", call.service.path(call.version), call.method):
            headers["sap-message"] = _warning(call.chinese)
        expand = {n: Options() for n in (v.name if call.version == 2 else v.v4 for v in entity.navs.values())}
        sent = {n for n in json.loads(call.body) if n in expand} if call.body else set()
        chosen = Options(expand={n: _whole(call, entity, n) for n in sent})
        told = self._teller(call).one(entity, made, chosen)
        return self._told(call, entity, told, 201, headers)

    def _given(self, call: Call, entity: EntityType, *, new: bool) -> Row:
        kind = call.headers.get("content-type", "")
        if "json" not in kind:
            raise Refusal(
                415, "/IWFND/CM_CONSUMER/415", ("内容类型不受支持", f"Content type '{kind[:60]}' is not supported")
            )
        try:
            given = parsed(call.body)
        except ValueError as problem:
            raise bad(f"JSON 无效：{problem}", f"Malformed JSON: {problem}", code="/IWBEP/CM_MGW_RT/026") from None
        if call.version == 2 and isinstance(given, dict) and set(given) == {"d"}:
            given = given["d"]
        told = body(call.service, entity, given, call.version, new=new, numbers_as_text=call.numbers_as_text)
        if shut := sorted(self.book.revoked & told.keys()):
            says = f"没有更改字段 {shut[0]} 的权限", f"You have no authorization to change field {shut[0]}"
            raise Refusal(403, "SY/530", says, shut[0])
        return told

    def _matched(self, call: Call, entity: EntityType, row: Row) -> None:
        """The version that the caller has must be the one that is. Raises Refusal 428 or 412."""
        if not entity.etag:
            return
        given = call.headers.get("if-match")
        if given is None:
            raise Refusal(428, "/IWBEP/CM_MGW_RT/100", ("缺少 If-Match", "A conditional header (If-Match) is required"))
        if given not in ("*", etag(entity, row)):
            raise Refusal(412, "/IWBEP/CM_MGW_RT/102", ("数据已被更改", "The resource was changed by another user"))

    def _update(self, call: Call, target: Target, *, whole: bool) -> Answer:
        entity = target.entity
        if not entity.updatable:
            raise unsupported(f"{entity.called(call.version)}: UPDATE")
        row = address.one(self.book, target)
        self._matched(call, entity, row)
        given = self._given(call, entity, new=False)
        if whole:
            empty: Row = {}
            complete(replace(entity, navs={}), empty)
            given = {n: v for n, v in empty.items() if entity.props[n].updatable} | given
        self.book.update(entity, _named(entity, row, target), given, USER)
        self.ledger.wrote("update", entity.name, ",".join(str(row[k]) for k in entity.keys))
        if call.version == 2:
            return Answer(204)
        now = address.one(self.book, target)
        headers = {"etag": etag(entity, now)} if entity.etag else {}
        if "return=minimal" in call.headers.get("prefer", ""):
            return Answer(204, headers)
        return self._told(call, entity, self._teller(call).one(entity, now, Options()), 200, headers)

    def _delete(self, call: Call, target: Target) -> Answer:
        entity = target.entity
        if not entity.deletable:
            raise unsupported(f"{entity.called(call.version)}: DELETE")
        row = address.one(self.book, target)
        self._matched(call, entity, row)
        with self.book.change():
            self.book.delete(entity, _named(entity, row, target), USER)
        self.ledger.wrote("delete", entity.name, ",".join(str(row[k]) for k in entity.keys))
        return Answer(204)

    # -------------------------------------------------------------- functions

    def _function(self, call: Call, target: Target, method: str) -> Answer:
        function, entity = target.function, target.entity
        assert function is not None
        if method != function.method:
            raise Refusal(405, "/IWBEP/CM_MGW_RT/023", ("不支持该方法", f"{function.name} wants {function.method}"))
        if function.collection:
            return self._collected(call, entity, function.name)
        if call.version == 2:
            given = {n: self._parameter(call, n, k) for n, k in function.parameters.items()}
            key = given[entity.keys[0]]
            target = Target(entity, {entity.keys[0]: address.key_value(entity.props[entity.keys[0]], f"'{key}'", 2)})
        else:
            given = {n: str(v) for n, v in (parsed(call.body) or {}).items()} if call.body.strip() else {}
        row = address.one(self.book, target)
        number = str(row[entity.keys[0]])
        if method == "GET":
            pdf = base64.b64encode(f"%PDF-1.4\n% {number}\n%%EOF\n".encode()).decode()
            told = {"BillingDocumentBinary": pdf}
            return _json({"d": {function.name: told}} if call.version == 2 else told, call)
        self._matched(call, entity, row)
        made = self.book.step(entity.name, function.name, number, given, USER, "api")
        self.ledger.wrote(function.name, entity.name, number)
        now = made or row
        headers = {"etag": etag(entity, now)} if entity.etag else {}
        return self._told(call, entity, self._teller(call).one(entity, now, Options()), 200, headers)

    def _parameter(self, call: Call, name: str, kind: str) -> str:
        text = call.query.get(name, "")
        if not text.endswith("'") or "'" not in text[:-1]:
            raise wrong(f"{name}={text}", 2)
        inner = text.partition("'")[2][:-1].replace("''", "'")
        return inner[:10] if kind == "date" else inner

    def _collected(self, call: Call, entity: EntityType, name: str) -> Answer:
        """Billing documents for the references that are named: all of them or none."""
        given = parsed(call.body)
        references = given.get("_Reference") if isinstance(given, dict) else None
        if not isinstance(references, list) or not references:
            raise bad("缺少 _Reference", "_Reference is missing", "_Reference")
        with self.book.change():
            made = [self.book.step(entity.name, name, str(kept_reference(r)), {}, USER, "api") for r in references]
        for doc in made:
            self.ledger.wrote(name, entity.name, str(doc and doc["BillingDocument"]))
        rows = sorted_by_key(entity, [doc for doc in made if doc])
        teller = self._teller(call)
        return _json(page4(teller.many(entity, rows, Options()), None, "", f"{call.home}/$metadata#{entity.v4}"), call)


def kept_reference(given: Any) -> str:
    """The number of a reference document. Raises Refusal."""
    prop = SET_SERVICE["A_OutbDeliveryHeader"].sets["A_OutbDeliveryHeader"].props["DeliveryDocument"]
    return str(kept(prop, given.get("SDDocument") if isinstance(given, dict) else given, 4))


def _named(entity: EntityType, row: Row, target: Target) -> dict[str, Any]:
    """The keys of a row, and those of the rows above it."""
    keys = {k: row[k] for k in entity.keys}
    if target.parent is not None:
        keys |= {k: target.parent[1][k] for k in target.parent[0].keys if k in target.parent[1]} | keys
    if "BusinessPartner" in row:
        keys["BusinessPartner"] = row["BusinessPartner"]
    return keys


def _whole(call: Call, entity: EntityType, name: str) -> Options:
    """Everything below a navigation, for the answer to a deep insert."""
    nav = entity.nav(name, call.version)
    assert nav is not None
    target = call.service.sets[nav.target]
    names = [n.name if call.version == 2 else n.v4 for n in target.navs.values() if n.stored]
    return Options(expand={n: _whole(call, target, n) for n in names})


def _warning(chinese: bool) -> str:
    says = "客户采购订单号已存在" if chinese else "Customer reference exists already"
    told = {"code": "V4/115", "message": says, "severity": "warning", "target": "", "details": []}
    return json.dumps(told, ensure_ascii=True)


def _json(told: Mapping[str, Any], call: Call, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    text = json.dumps(told, ensure_ascii=False)
    if call.version == 4:
        text = numbers(text)
    about = {"content-type": "application/json;charset=utf-8"}
    about["dataserviceversion" if call.version == 2 else "odata-version"] = "2.0" if call.version == 2 else "4.0"
    return Answer(status, {**headers, **about}, text.encode())


def _token(start: int, left: int | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, left]).encode()).decode().rstrip("=")


def _untoken(text: str, version: int) -> tuple[int, int | None]:
    try:
        start, left = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return max(int(start), 0), None if left is None else max(int(left), 0)
    except (ValueError, TypeError):
        raise wrong(f"$skiptoken={text}", version) from None


def _encoded(words: Mapping[str, str]) -> str:
    from urllib.parse import quote

    return "&".join(f"{n}={quote(v, safe=chr(39) + '(),:')}" for n, v in words.items())
