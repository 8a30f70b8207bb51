"""The Kingdee sandbox judged by the vendor's own SDK: its real calls, signed by its own code, against ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hefu.sandbox.kingdee import open_kingdee
from hefu.sandbox.server import Server
from kingdee_sandbox import CUSTOMER, Box, material, order_model, said, sdk

pytestmark = pytest.mark.judge("kingdee", "kingdee.cdp.webapi.sdk")


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    server = Server(open_kingdee(empty=True)).start()
    made = Box(server)
    material(made, "M1")
    yield made
    server.stop()


@pytest.fixture(autouse=True)
def _calm(box: Box) -> Iterator[None]:
    yield
    box.hands.reset()


@pytest.fixture
def client(box: Box) -> Any:
    return sdk(box)


def saved(client: Any, form: str, model: dict[str, Any], **options: Any) -> dict[str, Any]:
    result = said(client.Save(form, {"Model": model, **options}))["Result"]
    assert result["ResponseStatus"]["IsSuccess"] is True, result
    return dict(result)


def stepped(client: Any, form: str, number: str, *verbs: str) -> None:
    for verb in verbs:
        status = said(getattr(client, verb)(form, {"Numbers": [number]}))["Result"]["ResponseStatus"]
        assert status["IsSuccess"] is True, (verb, status)


def rows(client: Any, form: str, keys: str, where: str) -> Any:
    return said(client.ExecuteBillQuery({"FormId": form, "FieldKeys": keys, "FilterString": where}))


def test_the_data_centres_are_told_without_a_session(client: Any) -> None:
    assert said(client.GetDataCenters())[0]["Id"] == "64a0example"


def test_metadata_tell_keys_labels_and_references(client: Any) -> None:
    told = said(client.QueryBusinessInfo({"FormId": "SAL_SaleOrder"}))["Result"]["NeedReturnData"]
    fields = {f["Key"]: f for entry in told["Entrys"] for f in entry["Fields"]}
    assert fields["FCustId"]["LookUpObjectFormId"] == "BD_Customer"
    assert fields["FCustId"]["Name"] == [{"Key": 2052, "Value": "客户"}]
    assert fields["FQty"]["EntityKey"] == "FSaleOrderEntry"


def test_a_customer_and_an_order_through_their_life(client: Any, box: Box) -> None:
    saved(client, "BD_Customer", {**CUSTOMER, "FNumber": "S1", "FName": "示例机械有限公司"})
    stepped(client, "BD_Customer", "S1", "Submit", "Audit")
    made = saved(
        client,
        "SAL_SaleOrder",
        order_model("SO-1", "S1", ("M1", 3, 113)),
        NeedReturnFields=["FBillNo", "FBillAllAmount"],
    )
    assert made["NeedReturnData"] == [{"FBillNo": "SO-1", "FBillAllAmount": 339.0}]
    stepped(client, "SAL_SaleOrder", "SO-1", "Submit", "Audit", "UnAudit", "Submit", "CancelAssign", "Submit", "Audit")
    keys = (
        "FID,FBillNo,FCustId.FNumber,FDocumentStatus,FSaleOrderEntry_FSeq,FMaterialId.FNumber,FQty,FAmount,FTaxAmount"
    )
    assert rows(client, "SAL_SaleOrder", keys, "FBillNo = 'SO-1'") == [
        [made["Id"], "SO-1", "S1", "C", 1, "M1", 3.0, 300.0, 39.0]
    ]
    seen = said(client.View("SAL_SaleOrder", {"Number": "SO-1"}))["Result"]["Result"]
    assert (seen["BillNo"], seen["CustId"]["Number"], seen["SaleOrderEntry"][0]["Qty"]) == ("SO-1", "S1", 3.0)
    named = said(client.BillQuery({"FormId": "SAL_SaleOrder", "FieldKeys": "FBillNo,FCustId.FName"}))
    assert named == [{"FBillNo": "SO-1", "FCustId.FName": "示例机械有限公司"}]
    assert box.hands.counters()["writes"][f"create SAL_SaleOrder/{made['Id']}"] == 1


def test_from_order_to_cash_by_push(client: Any) -> None:
    saved(client, "BD_Customer", {**CUSTOMER, "FNumber": "S2", "FName": "链条客户"})
    stepped(client, "BD_Customer", "S2", "Submit", "Audit")
    saved(client, "SAL_SaleOrder", order_model("SO-2", "S2", ("M1", 10, "11.3")))
    stepped(client, "SAL_SaleOrder", "SO-2", "Submit", "Audit")
    source, number = "SAL_SaleOrder", "SO-2"
    for target in ("SAL_DELIVERYNOTICE", "SAL_OUTSTOCK", "AR_receivable", "IV_SALESIC"):
        asked = {"Numbers": [number], "TargetFormId": target, "IsEnableDefaultRule": "true"}
        result = said(client.Push(source, asked))["Result"]
        assert result["ResponseStatus"]["IsSuccess"] is True, result
        source, number = target, result["ResponseStatus"]["SuccessEntitys"][0]["Number"]
        stepped(client, source, number, "Submit", "Audit")
    due = rows(client, "AR_receivable", "FBillNo,FALLAMOUNTFOR", "FORDERNUMBER = 'SO-2'")[0]
    assert due[1] == 113.0
    paid = said(client.Push("AR_receivable", {"Numbers": [due[0]], "RuleId": "AR_recableToRecBill"}))["Result"]
    stepped(client, "AR_RECEIVEBILL", paid["Numbers"][0], "Submit", "Audit")
    done = "FDeliQty,FStockOutQty,FInvoiceQty,FCloseStatus,FMrpCloseStatus"
    assert rows(client, "SAL_SaleOrder", done, "FBillNo = 'SO-2'") == [[10.0, 10.0, 10.0, "B", "B"]]
    settled = "FWRITTENOFFSTATUS,FRELATEHADPAYAMOUNT,FNORECEIVEAMOUNT,FOPENSTATUS"
    assert rows(client, "AR_receivable", settled, f"FBillNo = '{due[0]}'") == [["C", 113.0, 0.0, "C"]]


def test_a_batch_with_one_bad_row_and_the_asynchronous_batch(client: Any) -> None:
    models = [
        {**CUSTOMER, "FNumber": "B1", "FName": "一"},
        {**CUSTOMER, "FNumber": "B2"},
        {**CUSTOMER, "FNumber": "B3", "FName": "三"},
    ]
    status = said(client.BatchSave("BD_Customer", {"Model": models, "BatchCount": 1}))["Result"]["ResponseStatus"]
    assert status["IsSuccess"] is True, "as the vendor's server, it calls a half success a success"
    assert [e["DIndex"] for e in status["SuccessEntitys"]] == [0, 2]
    assert [(e["DIndex"], e["FieldName"], e["Message"]) for e in status["Errors"]] == [
        (1, "FName", "字段[名称]是必录字段")
    ]
    late = said(client.BatchSaveQuery("BD_Customer", {"Model": [{**CUSTOMER, "FNumber": "B4", "FName": "四"}]}))
    assert late["Result"]["ResponseStatus"]["SuccessEntitys"][0]["Number"] == "B4"


def test_the_session_is_renewed_silently_for_signed_calls(client: Any, box: Box) -> None:
    rows(client, "BD_Currency", "FNumber", "")
    first = client.cookiesStore.SID
    assert first
    box.hands.fault("expire")
    assert rows(client, "BD_Currency", "FNumber", "") == [["PRE001"], ["PRE007"]]
    assert first != client.cookiesStore.SID


def test_a_wrong_secret_is_told_in_the_vendors_words(box: Box) -> None:
    wrong = sdk(box, app_secret="f" * 32)
    status = rows(wrong, "BD_Currency", "FNumber", "")[0][0]["Result"]["ResponseStatus"]
    assert (status["MsgCode"], status["Errors"][0]["Message"]) == (1, "会话信息已丢失，请重新登录")
    with pytest.raises(RuntimeError, match="账套"):
        rows(sdk(box, acct_id="nobody"), "BD_Currency", "FNumber", "")


def test_what_the_sdk_calls_errors_are_errors(client: Any, box: Box) -> None:
    box.hands.fault("response_error")
    with pytest.raises(RuntimeError, match="对象引用"):
        rows(client, "BD_Currency", "FNumber", "")
    box.hands.fault("gateway", status=502)
    with pytest.raises(RuntimeError, match="502"):
        rows(client, "BD_Currency", "FNumber", "")


def test_the_other_verbs_of_the_sdk(client: Any, box: Box) -> None:
    saved(client, "BD_Customer", {**CUSTOMER, "FNumber": "V1", "FName": "分配客户"})
    stepped(client, "BD_Customer", "V1", "Submit", "Audit")
    (pk,) = rows(client, "BD_Customer", "FCUSTID", "FNumber = 'V1'")[0]
    allocated = said(client.Allocate("BD_Customer", {"PkIds": str(pk), "TOrgIds": "100002"}))
    assert allocated["Result"]["ResponseStatus"]["IsSuccess"] is True
    assert rows(client, "BD_Customer", "FUseOrgId.FNumber", "FNumber = 'V1'") == [["100"], ["200"]]
    assert said(client.SwitchOrg({"OrgNumber": "200"}))["Result"]["ResponseStatus"]["IsSuccess"] is True
    assert rows(client, "BD_Customer", "FUseOrgId.FNumber", "FNumber = 'V1'") == [["200"]]
    assert said(client.SwitchOrg({"OrgNumber": "100"}))["Result"]["ResponseStatus"]["IsSuccess"] is True
    forbidden = said(client.ExcuteOperation("BD_Customer", "Forbid", {"Numbers": ["V1"]}))
    assert forbidden["Result"]["ResponseStatus"]["IsSuccess"] is True
    assert rows(client, "BD_Customer", "FForbidStatus", "FNumber = 'V1'") == [["B"]]
    draft = said(client.Draft("BD_Customer", {"Model": {**CUSTOMER, "FNumber": "V2"}}))["Result"]
    assert rows(client, "BD_Customer", "FDocumentStatus", f"FCUSTID = {draft['Id']}") == [["Z"]]
    assert said(client.Delete("BD_Customer", {"Numbers": ["V2"]}))["Result"]["ResponseStatus"]["IsSuccess"] is True
    assert rows(client, "BD_Customer", "FNumber", "FNumber = 'V2'") == []
    groups = said(client.QueryGroupInfo({"FormId": "BD_Customer"}))["Result"]["NeedReturnData"]
    assert [g["FNUMBER"] for g in groups] == ["01", "02"]
