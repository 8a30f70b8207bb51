"""Push (下推): from the rows of an approved bill makes the next bill of the chain, as a Save with links would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hefu.sandbox.kingdee import chain, save, verbs
from hefu.sandbox.kingdee.book import Book, dec, plain, rows_of
from hefu.sandbox.kingdee.chain import Rule
from hefu.sandbox.kingdee.forms import Form
from hefu.sandbox.kingdee.replies import BAD_WORD, NOT_VALID, WRONG_STATE, Refused
from hefu.sandbox.shelf import Doc

Pairs = Mapping[str, str]
_CUSTOMER = {"SAL_SaleOrder": "FCustId", "SAL_DELIVERYNOTICE": "FCustomerID", "SAL_OUTSTOCK": "FCustomerID"}
_MATERIAL = {"SAL_SaleOrder": "FMaterialId", "SAL_DELIVERYNOTICE": "FMaterialID", "SAL_OUTSTOCK": "FMaterialID"}
_UNIT = {"AR_receivable": "FPRICEUNITID"}


def rule_for(form: Form, data: Mapping[str, Any]) -> Rule:
    """The rule that a Push asks for, by its id or as the default one to a target. Raises Refused."""
    wanted, target = str(data.get("RuleId") or ""), str(data.get("TargetFormId") or "")
    if wanted:
        found = chain.BY_ID.get(wanted)
    elif save.truth(data.get("IsEnableDefaultRule"), False) and target:
        found = next((r for r in chain.RULES if r.source == form.id and r.target.lower() == target.lower()), None)
    else:
        raise Refused(BAD_WORD, "参数RuleId不能为空", "RuleId")
    if found is None or found.source != form.id:
        raise Refused(NOT_VALID, f"没有找到{form.title}的转换规则“{wanted or target}”", "RuleId")
    return found


def push(book: Book, form: Form, pk: int, rule: Rule, data: Mapping[str, Any], hand: verbs.Hand) -> tuple[Form, int]:
    """One bill pushed: the target's form and internal id. Raises Refused."""
    doc = book.get(form.id, pk)
    if doc is None:
        raise Refused(NOT_VALID, f"内码为{pk}的{form.title}不存在", form.pk)
    if doc.get("FDocumentStatus") != "C":
        raise Refused(WRONG_STATE, f"{form.title}“{doc['FBillNo']}”未审核，不允许下推", "FDocumentStatus")
    only = {int(word) for word in str(data.get("EntryIds") or "").split(",") if word.strip().isdecimal()}
    rows = [
        (row, chain.left(rule, row))
        for row in rows_of(doc, rule.source_part)
        if (not only or row["FEntryID"] in only) and row.get("FMrpCloseStatus", "A") == "A"
    ]
    rows = [(row, amount) for row, amount in rows if amount > 0]
    if not rows:
        words = f"{form.title}“{doc['FBillNo']}”没有可下推的分录，关联数量已用完或已业务关闭"
        raise Refused(NOT_VALID, words, rule.source_qty)
    target = book.form(rule.target)
    model = _spelled(target, _model(book, rule, doc, rows))
    options = save.Options(user=hand.user, author=hand.author, via=hand.via, verify=True)
    return target, save.save(book, target, model, options)


def _spelled(target: Form, model: dict[str, Any]) -> dict[str, Any]:
    """The model in the spelling of this tenant."""
    names = {f.at: f.key for f in target.head}
    return {names.get(key, key): value for key, value in model.items()}


def _model(book: Book, rule: Rule, doc: Doc, rows: Sequence[tuple[Doc, Decimal]]) -> dict[str, Any]:
    if rule.target == "AR_RECEIVEBILL":
        return _receipt(rule, doc, rows)
    org = _org(doc)
    customer = _id(doc.get(_CUSTOMER.get(rule.source, "FCUSTOMERID")))
    if rule.target in ("SAL_DELIVERYNOTICE", "SAL_OUTSTOCK"):
        seller = doc.get("FSalerId") or doc.get("FSalesManID")
        head: dict[str, Any] = {"FSaleOrgId": org, "FStockOrgId": org, "FDeliveryOrgID": org, "FCustomerID": customer}
        head |= {"FSalesManID": _id(seller)}
        head |= {"SubHeadEntity": {"FSettleCurrID": _id(doc.get("FSettleCurrId")), "FSettleOrgID": org}}
    elif rule.target == "AR_receivable":
        head = {"FSETTLEORGID": org, "FPAYORGID": org, "FSALEORGID": org, "FCUSTOMERID": customer}
        head |= {"FCURRENCYID": _id(doc.get("FSettleCurrID")), "FSALEERID": _id(doc.get("FSalesManID"))}
        head |= {"FENDDATE_H": _due(book, doc)}
    else:
        head = {"FSETTLEORGID": org, "FCUSTOMERID": customer, "FCURRENCYID": _id(doc.get("FCURRENCYID"))}
    return {**head, rule.target_part: [_line(rule, doc, row, amount) for row, amount in rows]}


def _line(rule: Rule, doc: Doc, row: Doc, amount: Decimal) -> dict[str, Any]:
    material = row[_MATERIAL.get(rule.source, "FMATERIALID")]
    unit = row.get(_UNIT.get(rule.source, "FUnitID"))
    made: dict[str, Any] = {
        rule.target_qty: plain(amount),
        "FTaxPrice": row["FTaxPrice"],
        "FEntryTaxRate": row["FEntryTaxRate"],
        "FTAXRATE": row["FEntryTaxRate"],
        "FIsFree": bool(row.get("FIsFree")),
    }
    made |= {key: _id(material) for key in ("FMaterialID", "FMATERIALID")}
    made |= {key: _id(unit) for key in ("FUnitID", "FPRICEUNITID")}
    if rule.target == "SAL_OUTSTOCK":
        made |= {"FMustQty": plain(amount), "FStockID": _id(row.get("FStockID")) if row.get("FStockID") else STORE}
    return {**made, **_link(rule, doc, row)}


def _receipt(rule: Rule, doc: Doc, rows: Sequence[tuple[Doc, Decimal]]) -> dict[str, Any]:
    whole = plain(sum((amount for _, amount in rows), Decimal(0)))
    org, customer = _org(doc), _id(doc["FCUSTOMERID"])
    return {
        "FBillTypeID": {"FNUMBER": "SKDLX01_SYS"},
        "FCONTACTUNITTYPE": "BD_Customer",
        "FCONTACTUNIT": customer,
        "FPAYUNITTYPE": "BD_Customer",
        "FPAYUNIT": customer,
        "FCURRENCYID": _id(doc["FCURRENCYID"]),
        "FPAYORGID": org,
        "FSETTLEORGID": org,
        "FSALEORGID": org,
        "FRECEIVEBILLENTRY": [
            {
                "FSETTLETYPEID": {"FNumber": "JSFS04_SYS"},
                "FPURPOSEID": {"FNumber": "SFKYT01_SYS"},
                "FRECTOTALAMOUNTFOR": whole,
                "FRECAMOUNTFOR_E": whole,
            }
        ],
        rule.target_part: [
            {
                "FAFTTAXTOTALAMOUNT": row["FPAYAMOUNTFOR"],
                "FPLANRECAMOUNT": plain(amount),
                "FREALRECAMOUNT": plain(amount),
                **_link(rule, doc, row),
            }
            for row, amount in rows
        ],
    }


STORE = {"FNumber": "CK001"}


def _link(rule: Rule, doc: Doc, row: Doc) -> dict[str, Any]:
    name = f"{rule.target_part}_Link"
    words = {"FRuleId": rule.id, "FSTableName": rule.table, "FSBillId": doc["FID"], "FSId": row["FEntryID"]}
    return {name: [{f"{name}_{key}": value for key, value in words.items()}]}


def _id(pk: Any) -> dict[str, int]:
    return {"Id": pk or 0}


def _org(doc: Doc) -> dict[str, int]:
    return _id(doc.get("FSaleOrgId") or doc.get("FSETTLEORGID"))


def _due(book: Book, doc: Doc) -> str:
    """When a shipment is to be paid: by the terms of the customer."""
    customer = book.docs("BD_Customer").get(doc["FCustomerID"], {})
    terms = book.docs("BD_RecCondition").get(customer.get("FRECCONDITIONID") or 0, {})
    start = date.fromisoformat(str(doc.get("FDate") or book.today())[:10])
    return (start + timedelta(days=int(dec(terms.get("FDays"))))).isoformat()
