"""Saving: a Model in the vendor's shape becomes a record, with look-ups by number, required fields, sums and stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.kingdee import amounts, chain
from hefu.sandbox.kingdee.book import FORMS, Book, plain, rounded, rows_of
from hefu.sandbox.kingdee.forms import Field, Form, Part
from hefu.sandbox.kingdee.replies import BROKEN, NO_RECORD, NOT_VALID, Refused
from hefu.sandbox.shelf import Doc

LOCKED = "单据已审核，不允许修改"


@dataclass(frozen=True)
class Options:
    """What a Save was asked beside its Model."""

    only: frozenset[str] = frozenset()
    delete_rows: bool = True
    verify: bool = False
    validate: bool = True
    returned: tuple[str, ...] = ()
    locked_states: str = "BC"
    user: int = 0
    author: str = ""
    via: str = "api"
    prompts: frozenset[str] = frozenset()
    ignore_prompts: bool = True


@dataclass
class _Saving:
    book: Book
    form: Form
    options: Options
    org: int = 0
    problems: list[Refused] = field(default_factory=list)


def truth(value: Any, default: bool) -> bool:
    """A switch of the API: JSON boolean or its name in a text."""
    if value is None or value == "":
        return default
    return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "1")


def save(book: Book, form: Form, model: Any, options: Options) -> int:
    """Create or change one record; its internal id. Raises Refused."""
    if not isinstance(model, Mapping):
        raise Refused(BROKEN, "Model必须是JSON对象", "Model")
    if not form.write:
        raise Refused(BROKEN, f"{form.title}不支持保存操作")
    pk = _whole(model.get(form.pk) or model.get("FID") or 0)
    old = _old(book, form, pk, options)
    job = _Saving(book, form, options)
    doc = _blank(book, form) if old is None else dict(old)
    job.org = _organisation(job, model, doc)
    _single(job, model, doc)
    for part in form.parts:
        given = model.get(part.key)
        if not part.rows and isinstance(given, Mapping):
            _fields(job, part.fields, given, doc)
        elif part.rows and given is not None and _wanted(options, part):
            doc[part.key] = _rows(job, part, given, rows_of(doc, part.key), org_of=job.org)
    if form.id == "AR_receivable" and not rows_of(doc, "FEntityPlan"):
        plan = {f.at: f.default for f in form.entries["FEntityPlan"].fields}
        doc["FEntityPlan"] = [{**plan, "FEntryID": book.next_row(), "FSeq": 1}]
    amounts.settle(form, doc)
    _number(job, pk, doc)
    if options.validate:
        _required(job, doc)
    if job.problems:
        raise job.problems[0]
    chain.relink(book, form, old, doc, options)
    return _store(book, form, pk, doc, old, options)


def _old(book: Book, form: Form, pk: int, options: Options) -> Doc | None:
    if not pk:
        return None
    old = book.get(form.id, pk)
    if old is None:
        raise Refused(NO_RECORD, f"内码为{pk}的{form.title}不存在", form.pk)
    if form.life and str(old.get("FDocumentStatus")) in options.locked_states:
        state = old["FDocumentStatus"]
        raise Refused(NOT_VALID, LOCKED if state == "C" else "单据审核中，不允许修改", "FDocumentStatus")
    if old.get("FCancelStatus") == "B":
        raise Refused(NOT_VALID, "单据已作废，不允许修改", "FCancelStatus")
    return old


def _store(book: Book, form: Form, pk: int, doc: Doc, old: Doc | None, options: Options) -> int:
    now = book.now()
    if old is None:
        pk = book.next_id()
        doc |= {form.pk: pk, "FCreatorId": options.user, "FCreateDate": now}
        if "FMasterId" in form.single:
            doc["FMasterId"] = pk
    doc |= {"FModifierId": options.user, "FModifyDate": now}
    if form.life and (old is None or doc.get("FDocumentStatus") == "Z") and options.validate:
        doc["FDocumentStatus"] = "A"
    elif form.life and old is None:
        doc["FDocumentStatus"] = "Z"
    book.put(form, pk, doc, options.author, options.via)
    return pk


def _blank(book: Book, form: Form) -> Doc:
    doc: Doc = {f.at: f.default for f in form.single.values()}
    doc |= {key: [] for key in form.entries}
    for f in form.single.values():
        if f.kind == "ref":
            doc[f.at] = 0
    for key in ("FDate", "FDATE"):
        if key in doc:
            doc[key] = book.today()
    return doc


def _wanted(options: Options, part: Part) -> bool:
    return not options.only or part.key in options.only


def _organisation(job: _Saving, model: Mapping[str, Any], doc: Doc) -> int:
    """The organisation first: it decides which base data may be used."""
    for f in job.form.head:
        if f.at == job.form.org and f.key in model:
            return _reference(job, f, model[f.key], 0)
    found = doc.get(job.form.org) if job.form.org else 0
    return found if isinstance(found, int) else 0


def _single(job: _Saving, model: Mapping[str, Any], doc: Doc) -> None:
    fields = [f for f in job.form.head if not job.options.only or f.key in job.options.only or not doc.get(job.form.pk)]
    _fields(job, fields, model, doc)


def _fields(job: _Saving, fields: Iterable[Field], given: Mapping[str, Any], doc: Doc) -> None:
    for f in fields:
        if f.given and f.key in given:
            try:
                doc[f.at] = _value(job, f, given[f.key], job.org)
            except Refused as refused:
                job.problems.append(refused)


def _rows(job: _Saving, part: Part, given: Any, old: Iterable[Doc], org_of: int) -> list[Doc]:
    """The rows of an entry: those sent, and those not sent only where they were asked to stay."""
    if not isinstance(given, list) or not all(isinstance(row, Mapping) for row in given):
        raise Refused(BROKEN, f"{part.label}必须是数组", part.key)
    before = {row["FEntryID"]: row for row in old}
    made: dict[int, Doc] = {}
    for sent in given:
        row_id = _whole(sent.get(part.pk) or sent.get("FEntryID") or 0)
        if row_id and row_id not in before:
            raise Refused(NO_RECORD, f"{part.label}中内码为{row_id}的分录不存在", part.pk)
        row = dict(before.get(row_id) or {f.at: 0 if f.kind == "ref" else f.default for f in part.fields})
        row["FEntryID"] = row_id or job.book.next_row()
        for f in part.fields:
            if f.given and f.key in sent and (not row_id or not job.options.only or f.key in job.options.only):
                try:
                    row[f.at] = _value(job, f, sent[f.key], org_of)
                except Refused as refused:
                    job.problems.append(refused)
        if "FPrice" in sent and "FTaxPrice" not in sent:
            row["FTaxPrice"] = "0"
        link = sent.get(f"{part.key}_Link")
        if isinstance(link, list) and link and isinstance(link[0], Mapping):
            row["_link"] = _link(part, link[0])
        made[row["FEntryID"]] = row
    stay = {} if job.options.delete_rows else before
    ordered = [made.pop(row_id, row) for row_id, row in stay.items()] + list(made.values())
    return [{**row, "FSeq": n} for n, row in enumerate(ordered, 1)]


def _link(part: Part, given: Mapping[str, Any]) -> Doc:
    """A link that a Save carries itself instead of a push."""
    name = f"{part.key}_Link_"
    return {
        "rule": str(given.get(f"{name}FRuleId") or ""),
        "table": str(given.get(f"{name}FSTableName") or ""),
        "bill": _whole(given.get(f"{name}FSBillId") or 0),
        "row": _whole(given.get(f"{name}FSId") or 0),
    }


def _value(job: _Saving, f: Field, given: Any, org: int) -> Any:
    """A given value as it is kept. Raises Refused."""
    if f.kind == "ref":
        return _reference(job, f, given, org)
    if given is None:
        return f.default
    if f.kind in ("qty", "price", "money", "rate"):
        return plain(rounded(_decimal(f, given), f.kind))
    if f.kind == "int":
        return _whole(given)
    if f.kind == "bool":
        return truth(given, bool(f.default))
    if f.kind in ("date", "datetime"):
        return _moment(f, given)
    if isinstance(given, Mapping | list):
        raise Refused(NOT_VALID, f"字段[{f.label}]的值不正确", f.key)
    words = str(given)
    if f.kind == "combo" and words not in (f.options or {}):
        raise Refused(NOT_VALID, f"字段[{f.label}]的值“{words}”不在可选范围内", f.key)
    if f.size and len(words) > f.size:
        raise Refused(NOT_VALID, f"字段[{f.label}]的长度超过了最大长度{f.size}", f.key)
    return words


def _reference(job: _Saving, f: Field, given: Any, org: int) -> int:
    """Internal id of what a reference names, by number, id or name; unknown ones are blank unless verified."""
    words = {str(k).upper(): v for k, v in given.items()} if isinstance(given, Mapping) else {"FNUMBER": given}
    number = next((words[k] for k in ("FNUMBER", "FUSERID", "FSTAFFNUMBER") if words.get(k)), None)
    found, target = 0, FORMS[f.ref]
    if number is not None:
        found = job.book.known(f.ref, number, org if target.org else 0)
    elif words.get("FNAME"):
        name = str(words["FNAME"])
        found = next((pk for pk, doc in job.book.docs(f.ref).items() if doc.get("FName") == name), 0)
    elif words.get(target.pk.upper()) or words.get("ID"):
        found = _whole(words.get(target.pk.upper()) or words.get("ID") or 0)
        found = found if found in job.book.docs(f.ref) else 0
    elif not any(words.values()):
        return 0
    doc = job.book.docs(f.ref).get(found)
    if doc is None:
        if job.options.verify:
            raise Refused(NOT_VALID, f"字段[{f.label}]的值“{number or words}”在基础资料[{target.title}]中不存在", f.key)
        return 0
    if target.life and doc.get("FDocumentStatus") != "C":
        raise Refused(NOT_VALID, f"字段[{f.label}]引用的{target.title}“{number}”未审核", f.key)
    if doc.get("FForbidStatus") == "B":
        raise Refused(NOT_VALID, f"字段[{f.label}]引用的{target.title}“{number}”已禁用", f.key)
    return found


def _number(job: _Saving, pk: int, doc: Doc) -> None:
    """The number: given or from the series, unique in the organisation, fixed once it is used."""
    form, key = job.form, job.form.number
    if not doc.get(key):
        doc[key] = job.book.next_number(form)
    for other in job.book.numbered(form.id, doc[key]):
        if other != pk and (not form.base or job.book.docs(form.id)[other].get(form.org) == doc.get(form.org)):
            words = f"违反字段唯一性要求：编码唯一。[{doc[key]}]在当前系统中已经被使用。"
            job.problems.insert(0, Refused(NOT_VALID, words, key))
            return


def _required(job: _Saving, doc: Doc) -> None:
    if job.problems:
        return
    for f in job.form.single.values():
        if f.must and _missing(f, doc.get(f.at)):
            raise Refused(NOT_VALID, f"字段[{f.label}]是必录字段", f.key)
    for part in job.form.entries.values():
        for row in rows_of(doc, part.key):
            for f in part.fields:
                if f.must and _missing(f, row.get(f.at)):
                    words = f"{part.label}第{row['FSeq']}行，字段[{f.label}]是必录字段"
                    raise Refused(NOT_VALID, words, f.key)
    if not job.form.base and job.form.parts and not any(rows_of(doc, p) for p in list(job.form.entries)[:1]):
        first = next(iter(job.form.entries.values()))
        raise Refused(NOT_VALID, f"{first.label}不能为空", first.key)


def _missing(f: Field, value: Any) -> bool:
    if f.kind in ("qty", "price", "money", "rate"):
        return Decimal(value or "0") == 0
    return value in (None, "", 0)


def _whole(given: Any) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        raise Refused(BROKEN, f"输入字符串的格式不正确：{given}") from None


def _decimal(f: Field, given: Any) -> Decimal:
    try:
        value = Decimal(given) if isinstance(given, int | str | Decimal) and not isinstance(given, bool) else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or abs(value) >= Decimal(10) ** 13:
        raise Refused(NOT_VALID, f"字段[{f.label}]的值“{given}”不是有效的数值", f.key)
    return value


def _moment(f: Field, given: Any) -> str | None:
    if given == "":
        return None
    try:
        at = datetime.fromisoformat(str(given).strip()).replace(tzinfo=None)
    except ValueError:
        raise Refused(NOT_VALID, f"字段[{f.label}]的值“{given}”不是有效的日期", f.key) from None
    return f"{at:%Y-%m-%dT00:00:00}" if f.kind == "date" else at.isoformat(timespec="seconds")
