"""The sample company as a Kingdee would hold it: audited base data, a year of orders with shipments, receivables,
invoices and receipts that hang together by links, and stock in one warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hefu.sandbox.kingdee import amounts, chain
from hefu.sandbox.kingdee.book import FORMS, Book, dec, plain
from hefu.sandbox.kingdee.seed_lists import ORG
from hefu.sandbox.sample import SELLERS, Sample

Row = Mapping[str, Any]
Doc = dict[str, Any]
_STATES = {"draft": "A", "submitted": "B", "void": "A"}


def fill(book: Book, sample: Sample) -> None:
    """All of the sample company."""
    _Filling(book, sample.erp).run()


class _Filling:
    def __init__(self, book: Book, tables: Mapping[str, Sequence[Row]]) -> None:
        self.book, self.tables = book, tables
        self.ids, self.rows = count(book.next_id()), count(book.next_row())
        self.customers: dict[str, int] = {}
        self.materials: dict[str, int] = {}
        self.sellers = {name: book.known("BD_Saler", f"{n:03d}_GW000055_1") for n, name in enumerate(SELLERS, 1)}
        self.cny = book.known("BD_Currency", "PRE001")
        self.bills: dict[str, dict[str, Doc]] = {form: {} for form in FORMS}
        self.shipped: dict[str, list[Doc]] = {}

    def run(self) -> None:
        """Everything in the order of its making, then the series of ids beyond it."""
        self._load("BD_MATERIAL", self._goods())
        self._load("BD_SAL_PriceList", self._prices())
        self._load("BD_Customer", self._buyers())
        for order in self.tables["sales_orders"]:
            self._order(order)
        for delivery in self.tables["deliveries"]:
            self._out(delivery)
        for invoice in self.tables["invoices"]:
            self._invoice(invoice)
        for receipt in self.tables["receipts"]:
            self._receipt(receipt)
        for form in ("SAL_SaleOrder", "SAL_OUTSTOCK", "AR_receivable", "IV_SALESIC", "AR_RECEIVEBILL"):
            self._load(form, iter(self.bills[form].values()))
        self._load("STK_Inventory", self._stock())
        self.book.leap("id", next(self.ids))
        self.book.leap("row", next(self.rows))

    def _load(self, form: str, docs: Iterator[Doc]) -> None:
        pk = FORMS[form].pk
        self.book.load(form, [(doc[pk], doc, _at(doc)) for doc in docs])

    def _doc(self, form: str, row: Row, values: Doc, state: str = "C") -> Doc:
        """A record with every field of its form, stamps from the sample's."""
        shape = FORMS[form]
        doc: Doc = {f.at: 0 if f.kind == "ref" else f.default for f in shape.single.values()}
        doc |= {key: [] for key in shape.entries}
        made, moved = _stamp(row["created_at"]), _stamp(row["modified_at"])
        doc |= {shape.pk: next(self.ids), "FDocumentStatus": state, "FCreateDate": made, "FModifyDate": moved}
        if state == "C":
            doc["FApproveDate"] = moved
        return {**doc, **values}

    def _row(self, form: str, part: str, n: int, values: Doc) -> Doc:
        fields = FORMS[form].entries[part].fields
        row: Doc = {f.at: 0 if f.kind == "ref" else f.default for f in fields}
        return {**row, "FEntryID": next(self.rows), "FSeq": n, **values}

    # ---------------------------------------------------------------- base data

    def _goods(self) -> Iterator[Doc]:
        group = self.book.known("BD_MATERIALGROUP", "01")
        tax = self.book.known("BD_TaxRate", "SL02_SYS")
        for row in self.tables["products"]:
            unit = self.book.known("BD_Unit", row["unit"])
            values = {
                "FNumber": row["code"],
                "FName": row["name"],
                "FSpecification": row["spec"],
                "FMaterialGroup": group,
                "FCreateOrgId": ORG,
                "FUseOrgId": ORG,
                "FForbidStatus": "A" if row["status"] == "enabled" else "B",
                "FErpClsID": "1",
                "FTaxRateId": tax,
                **dict.fromkeys(("FBaseUnitId", "FStoreUnitID", "FSaleUnitId", "FSalePriceUnitId"), unit),
            }
            doc = self._doc("BD_MATERIAL", row, values)
            doc["FMasterId"] = self.materials[row["code"]] = doc["FMATERIALID"]
            yield doc

    def _prices(self) -> Iterator[Doc]:
        units = {row["code"]: self.book.known("BD_Unit", row["unit"]) for row in self.tables["products"]}
        for row in self.tables["price_lists"]:
            lines = [
                self._row(
                    "BD_SAL_PriceList",
                    "FEntity",
                    n,
                    {
                        "FMaterialId": self.materials[line["product_code"]],
                        "FUnitID": units[line["product_code"]],
                        "FPrice": line["price"],
                        "FFromQty": line["min_qty"],
                    },
                )
                for n, line in enumerate(row["lines"], 1)
            ]
            values = {"FNumber": row["code"], "FName": row["name"], "FCurrencyId": self.cny, "FEntity": lines}
            values |= {"FCreateOrgId": ORG, "FUseOrgId": ORG, "FEffectiveDate": "2024-01-01T00:00:00"}
            yield self._doc("BD_SAL_PriceList", row, values)

    def _buyers(self) -> Iterator[Doc]:
        group, tax = self.book.known("BD_CustomerGroup", "01"), self.book.known("BD_TaxRate", "SL02_SYS")
        way = self.book.known("BD_SETTLETYPE", "JSFS04_SYS")
        for row in self.tables["customers"]:
            parts = dict.fromkeys((row["province"], row["city"], row["district"], row["address"]))
            place = "".join(parts)
            values = {
                "FNumber": row["code"],
                "FName": row["name"],
                "FShortName": row["short_name"],
                "FSOCIALCRECODE": row["credit_code"],
                "FTAXREGISTERCODE": row["credit_code"],
                "FINVOICETITLE": row["name"],
                "FTEL": row["phone"],
                "FADDRESS": place,
                "FZIP": row["postcode"],
                "FGroup": group,
                "FTRADINGCURRID": self.cny,
                "FSETTLETYPEID": way,
                "FRECCONDITIONID": self.book.known("BD_RecCondition", f"SKTJ{row['payment_days']:02d}_SYS"),
                "FTaxRate": tax,
                "FSELLER": self.sellers[row["salesman"]],
                "FCreateOrgId": ORG,
                "FUseOrgId": ORG,
                "FForbidStatus": "A" if row["status"] == "enabled" else "B",
                "FISCREDITCHECK": Decimal(row["credit_limit"]) > 0,
            }
            if row["contact_name"]:
                told = {"FNUMBER1": "DZ01", "FNAME1": "总部", "FADDRESS1": place, "FRECEIVER": row["contact_name"]}
                told |= {"FMOBILE": row["phone"], "FIsDefaultConsignee": True}
                values["FT_BD_CUSTCONTACT"] = [self._row("BD_Customer", "FT_BD_CUSTCONTACT", 1, told)]
            doc = self._doc("BD_Customer", row, values)
            doc["FMasterId"] = self.customers[row["code"]] = doc["FCUSTID"]
            yield doc

    # ---------------------------------------------------------------- bills

    def _line(self, line: Row, material: str, unit: str) -> Doc:
        taxed = Decimal(line["price"]) * (100 + Decimal(line["tax_rate"])) / 100
        return {
            material: self.materials[line["product_code"]],
            unit: self.book.known("BD_Unit", line["unit"]),
            "FPrice": line["price"],
            "FTaxPrice": plain(taxed),
            "FEntryTaxRate": line["tax_rate"],
            "FTAXRATE": line["tax_rate"],
            "_no": line["line_no"],
        }

    def _order(self, row: Row) -> None:
        lines = []
        for n, line in enumerate(row["lines"], 1):
            values = self._line(line, "FMaterialId", "FUnitID")
            values |= {
                "FQty": line["quantity"],
                "FStockOutQty": line["shipped_qty"],
                "FInvoiceQty": line["invoiced_qty"],
            }
            values |= {"FDeliveryDate": f"{row['delivery_date']}T00:00:00", "FStockOrgId": ORG, "FSettleOrgIds": ORG}
            values["FMrpCloseStatus"] = "B" if line["shipped_qty"] == line["quantity"] else "A"
            lines.append(self._row("SAL_SaleOrder", "FSaleOrderEntry", n, values))
        values = {
            "FBillNo": row["order_no"],
            "FBillTypeID": self.book.known("BOS_BillType", "XSDD01_SYS"),
            "FDate": f"{row['order_date']}T00:00:00",
            "FSaleOrgId": ORG,
            "FCustId": self.customers[row["customer_code"]],
            "FSalerId": self.sellers[row["salesman"]],
            "FSettleCurrId": self.cny,
            "FExchangeRate": "1",
            "F_HUB_EXTID": "",
            "FCancelStatus": "B" if row["status"] == "void" else "A",
            "FCloseStatus": "B" if all(line["FMrpCloseStatus"] == "B" for line in lines) else "A",
            "FSaleOrderEntry": lines,
        }
        doc = self._doc("SAL_SaleOrder", row, values, _STATES.get(row["status"], "C"))
        self._keep("SAL_SaleOrder", row["order_no"], doc)

    def _out(self, row: Row) -> None:
        order = self.bills["SAL_SaleOrder"][row["order_no"]]
        by_no = {line["_no"]: line for line in order["FSaleOrderEntry"]}
        lines = []
        for n, line in enumerate(row["lines"], 1):
            values = self._line(line, "FMaterialID", "FUnitID")
            values |= {"FMustQty": line["quantity"], "FRealQty": line["quantity"], "FStockID": self._store()}
            values |= {"FSrcType": "SAL_SaleOrder", "FSrcBillNo": row["order_no"], "FSoorDerno": row["order_no"]}
            values["_link"] = _linked("SaleOrder-OutStock", order, by_no[line["line_no"]], line["quantity"])
            lines.append(self._row("SAL_OUTSTOCK", "FEntity", n, values))
        values = {
            "FBillNo": row["number"],
            "FDate": f"{row['date']}T00:00:00",
            "FSaleOrgId": ORG,
            "FStockOrgId": ORG,
            "FCustomerID": self.customers[row["customer_code"]],
            "FSalesManID": order["FSalerId"],
            "FSettleCurrID": self.cny,
            "FSettleOrgID": ORG,
            "FEntity": lines,
        }
        doc = self._doc("SAL_OUTSTOCK", row, values)
        self._keep("SAL_OUTSTOCK", row["number"], doc)
        self.shipped.setdefault(row["order_no"], []).append(doc)

    def _invoice(self, row: Row) -> None:
        """One receivable of what was shipped that day, and the tax invoice of the receivable."""
        out = next(d for d in self.shipped[row["order_no"]] if not any(dec(r.get("_joined")) for r in d["FEntity"]))
        due = self._receivable(row, out)
        lines = []
        for n, line in enumerate(due["FEntityDetail"], 1):
            names = {"FMATERIALID": "FMATERIALID", "FPRICEUNITID": "FPRICEUNITID", "FPRICEQTY": "FPriceQty"}
            names |= {"FPrice": "FPrice", "FTaxPrice": "FTaxPrice", "FTAXRATE": "FEntryTaxRate"}
            values = {key: line[source] for key, source in names.items()}
            values |= {"FSRCBILLTYPEID": "AR_receivable", "FSRCBILLNO": due["FBillNo"], "FSRCROWID": line["FEntryID"]}
            values |= {"FORDERBILLNO": row["order_no"]}
            values["_link"] = _linked("IV_ReceivableToSalesIC_Entry", due, line, line["FPriceQty"])
            line["FIVQTY"] = line["FPriceQty"]
            lines.append(self._row("IV_SALESIC", "FSALESICENTRY", n, values))
        values = {
            "FBillNo": row["number"],
            "FINVOICENO": row["number"].replace("-", "").replace("IV", ""),
            "FDATE": f"{row['date']}T00:00:00",
            "FINVOICEDATE": f"{row['date']}T00:00:00",
            "FCUSTOMERID": due["FCUSTOMERID"],
            "FCURRENCYID": self.cny,
            "FSETTLEORGID": ORG,
            "FSALESICENTRY": lines,
        }
        self._keep("IV_SALESIC", row["number"], self._doc("IV_SALESIC", row, values))
        chain.settled("AR_receivable", due)

    def _receivable(self, row: Row, out: Doc) -> Doc:
        lines = []
        for n, line in enumerate(out["FEntity"], 1):
            values = {
                "FMATERIALID": line["FMaterialID"],
                "FPRICEUNITID": line["FUnitID"],
                "FPriceQty": line["FRealQty"],
            }
            values |= {key: line[key] for key in ("FPrice", "FTaxPrice", "FEntryTaxRate")}
            values |= {"FSOURCETYPE": "SAL_OUTSTOCK", "FSourceBillNo": out["FBillNo"], "FSRCROWID": line["FEntryID"]}
            values |= {"FORDERNUMBER": row["order_no"]}
            values["_link"] = _linked("AR_OutStockToReceivableMap", out, line, line["FRealQty"])
            line["FARJoinQty"] = line["FRealQty"]
            lines.append(self._row("AR_receivable", "FEntityDetail", n, values))
        end = f"{row['due_date']}T00:00:00"
        values = {
            "FBillNo": row["number"].replace("IV", "AR"),
            "FDATE": f"{row['date']}T00:00:00",
            "FENDDATE_H": end,
            "FCUSTOMERID": out["FCustomerID"],
            "FCURRENCYID": self.cny,
            "FSETTLEORGID": ORG,
            "FPAYORGID": ORG,
            "FSALEORGID": ORG,
            "FSALEERID": out["FSalesManID"],
            "FEntityDetail": lines,
            "FEntityPlan": [self._row("AR_receivable", "FEntityPlan", 1, {"FENDDATE": end})],
        }
        doc = self._doc("AR_receivable", row, values)
        self._keep("AR_receivable", row["number"], doc)
        return doc

    def _receipt(self, row: Row) -> None:
        due = self.bills["AR_receivable"][row["invoice_no"]]
        plan = due["FEntityPlan"][0]
        open_ = dec(plan["FPAYAMOUNTFOR"]) - dec(plan.get("_joined"))
        amount = min(Decimal(row["amount"]), open_)
        source = {
            "FSRCBILLTYPEID": "AR_receivable",
            "FSRCBILLNO": due["FBillNo"],
            "FSRCBILLID": plan["FEntryID"],
            "FSRCROWID": due["FID"],
            "FAFTTAXTOTALAMOUNT": plan["FPAYAMOUNTFOR"],
            "FPLANRECAMOUNT": plain(amount),
            "FREALRECAMOUNT": plain(amount),
            "FORDERBILLNO": due["FEntityDetail"][0]["FORDERNUMBER"],
            "_link": _linked("AR_recableToRecBill", due, plan, plain(amount)),
        }
        paid = {
            "FSETTLETYPEID": self.book.known("BD_SETTLETYPE", "JSFS04_SYS"),
            "FPURPOSEID": self.book.known("CN_RECPAYPURPOSE", "SFKYT01_SYS"),
            "FRECTOTALAMOUNTFOR": row["amount"],
            "FRECAMOUNTFOR_E": row["amount"],
        }
        values = {
            "FBillNo": row["number"],
            "FBillTypeID": self.book.known("BOS_BillType", "SKDLX01_SYS"),
            "FDATE": f"{row['date']}T00:00:00",
            "FCONTACTUNITTYPE": "BD_Customer",
            "FPAYUNITTYPE": "BD_Customer",
            "FCONTACTUNIT": due["FCUSTOMERID"],
            "FPAYUNIT": due["FCUSTOMERID"],
            "FCURRENCYID": self.cny,
            "FPAYORGID": ORG,
            "FSETTLEORGID": ORG,
            "FRECEIVEBILLENTRY": [self._row("AR_RECEIVEBILL", "FRECEIVEBILLENTRY", 1, paid)],
            "FRECEIVEBILLSRCENTRY": [self._row("AR_RECEIVEBILL", "FRECEIVEBILLSRCENTRY", 1, source)],
        }
        plan["FRELATEHADPAYAMOUNT_P"] = plain(dec(plan["FRELATEHADPAYAMOUNT_P"]) + amount)
        self._keep("AR_RECEIVEBILL", row["number"], self._doc("AR_RECEIVEBILL", row, values))
        chain.settled("AR_receivable", due)

    def _keep(self, form: str, number: str, doc: Doc) -> None:
        amounts.settle(FORMS[form], doc)
        self.bills[form][number] = doc

    def _store(self) -> int:
        return self.book.known("BD_Stock", "CK001")

    def _stock(self) -> Iterator[Doc]:
        for n, row in enumerate(self.tables["products"]):
            quantity = str(1000 + n * 37 % 4000)
            values = {
                "FMaterialId": self.materials[row["code"]],
                "FStockId": self._store(),
                "FStockOrgId": ORG,
                "FBaseUnitId": self.book.known("BD_Unit", row["unit"]),
                **dict.fromkeys(("FQty", "FBaseQty", "FAVBQty"), quantity),
                "FUpdateTime": _stamp(row["modified_at"]),
            }
            yield self._doc("STK_Inventory", row, values)


def _linked(rule: str, source: Doc, row: Doc, quantity: str) -> Doc:
    """The link to a source row, counted there."""
    row["_joined"] = plain(dec(row.get("_joined")) + dec(quantity))
    return {"rule": rule, "table": chain.BY_ID[rule].table, "bill": source["FID"], "row": row["FEntryID"]}


def _stamp(text: str) -> str:
    return text.replace(" ", "T").removesuffix(".000")


def _at(doc: Doc) -> datetime:
    return datetime.fromisoformat(doc["FModifyDate"]).replace(tzinfo=UTC) - timedelta(hours=8)
