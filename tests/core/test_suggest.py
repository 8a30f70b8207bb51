"""Proposals for a mapping find the fields of well-known systems and the look of values."""

from __future__ import annotations

from typing import Any

import pytest

from hefu.core.identifiers import uscc_check
from hefu.core.model import ready
from hefu.core.records import Field, ObjectSchema
from hefu.core.records import FieldType as T
from hefu.core.suggest import Suggestion, suggest


def proposed(entity: str, names: str, samples: Any = (), others: Any = ()) -> dict[str, str]:
    schema = ObjectSchema("x", tuple(Field(name) for name in names.split()))
    return {found.field: found.source for found in suggest(schema, ready(entity), samples, others)}


@pytest.mark.parametrize(
    ("entity", "names", "expected"),
    [
        (
            "customer",
            "客户ID 客户编码 客户名称 英文名称 税号 电话 邮箱 地址 等级 信用额度 负责人",
            """code=客户编码 name=客户名称 name_en=英文名称 credit_code=税号 phone=电话 email=邮箱 address=地址
            level=等级 credit_limit=信用额度 owner=负责人""",
        ),
        (
            "customer",
            "Id Name AccountNumber BillingCity BillingPostalCode Phone Website OwnerId ParentId Tax_ID__c",
            """name=Name code=AccountNumber city=BillingCity postal_code=BillingPostalCode phone=Phone website=Website
            owner=OwnerId parent=ParentId credit_code=Tax_ID__c""",
        ),
        (
            "customer",
            "KUNNR NAME1 LAND1 ORT01 PSTLZ STRAS TELF1 STCEG",
            "code=KUNNR name=NAME1 country=LAND1 city=ORT01 postal_code=PSTLZ street=STRAS phone=TELF1 credit_code=",
        ),
        (
            "customer",
            "FNumber FName FShortName FSOCIALCRECODE FTEL",
            "code=FNumber name=FName short_name=FShortName credit_code=FSOCIALCRECODE phone=FTEL",
        ),
        ("customer", "cCusCode cCusName cCusAbbName", "code=cCusCode name=cCusName short_name=cCusAbbName"),
        ("customer", "khbm khmc dh dz lxr", "code=khbm name=khmc phone=dh address=dz contact_name=lxr"),
        ("product", "code name default_uom list_price", "code=code name=name unit=default_uom list_price=list_price"),
        ("product", "MATNR MAKTX MEINS", "code=MATNR name=MAKTX unit=MEINS"),
        (
            "sales_order",
            "FBillNo FDate FCustId.FNumber FDocumentStatus",
            "number=FBillNo date=FDate customer=FCustId.FNumber status=FDocumentStatus",
        ),
    ],
)
def test_names_of_known_systems(entity: str, names: str, expected: str) -> None:
    found = proposed(entity, names)
    for pair in expected.split():
        field, _, source = pair.partition("=")
        assert found.get(field, "") == source


def test_labels_count_where_names_say_nothing() -> None:
    schema = ObjectSchema("x", (Field("f001", label="客户名称"), Field("f002", label="Telephone"), Field("f003")))
    found = {s.field: (s.source, s.reasons) for s in suggest(schema, ready("customer"))}
    assert found["name"] == ("f001", ("label",))
    assert found["phone"] == ("f002", ("label",))
    assert "f003" not in {source for source, _ in found.values()}


def test_values_count_where_names_say_nothing() -> None:
    code = "91350100M000100Y4"
    samples = [
        {"a": code + uscc_check(code), "b": f"1380013800{n}", "c": f"x{n}@example.cn", "d": f"K{n}"} for n in range(5)
    ]
    others = [{"code": f"K{n}"} for n in range(6)]
    assert proposed("customer", "a b c d", samples, others) == {
        "credit_code": "a",
        "mobile": "b",
        "email": "c",
        "code": "d",
    }


def test_values_count_against_a_name_that_misleads() -> None:
    def surest(value: str) -> Suggestion:
        schema = ObjectSchema("x", (Field("email"),))
        return suggest(schema, ready("customer"), [{"email": value}])[0]

    assert surest("a@b.cn").confidence > 0.9
    assert surest("a@b.cn").confidence > surest("none").confidence


def test_types_that_cannot_meet_are_not_proposed() -> None:
    schema = ObjectSchema("x", (Field("name", T.LINES), Field("date", T.BOOLEAN), Field("total", T.MONEY)))
    found = {s.field: s.source for s in suggest(schema, ready("sales_order"))}
    assert "date" not in found
    assert found["total"] == "total"


def test_one_field_is_proposed_once() -> None:
    found = proposed("sales_order", "total amount total_amount 金额 net_amount untaxed_amount")
    assert len(set(found.values())) == len(found)


def test_samples_call_for_transforms() -> None:
    samples = [{"额度": "1,234.50", "成立日期": "2026/1/31", "名称": " 华鑫 ", "创建时间": "2026/01/31 08:00:00"}] * 3
    schema = ObjectSchema("x", tuple(Field(name) for name in samples[0]))
    company = {s.field: s.transform for s in suggest(schema, ready("company"), samples)}
    assert company["founded_on"] == ({"use": "date", "format": "yyyy/M/d"},)
    assert company["name"] == ("trim",)
    schema = ObjectSchema("x", (Field("信用额度"), Field("创建时间")))
    customer = suggest(schema, ready("customer"), [{"信用额度": "1,234.50", "创建时间": "2026/01/31 08:00:00"}])
    assert {s.field: s.transform for s in customer} == {
        "credit_limit": ({"use": "number"},),
        "created_at": ({"use": "instant", "format": "yyyy/MM/dd HH:mm:ss"},),
    }


def test_read_only_fields_are_proposed_inwards() -> None:
    schema = ObjectSchema("x", (Field("name", writable=False), Field("code")))
    assert {s.field: s.direction for s in suggest(schema, ready("customer"))} == {"name": "in", "code": "both"}
