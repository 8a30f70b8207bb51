"""Ready entities of order to cash: opportunity, quotation, order, delivery, invoice, receipt, credit memo."""

from __future__ import annotations

from hefu.core.model._words import (
    code,
    currency,
    day,
    entity,
    instant,
    lines,
    money,
    quantity,
    ref,
    remark,
    text,
    yes_no,
)
from hefu.core.project import EntityField


def _head(number_en: str, number_zh: str, date_en: str, date_zh: str, *states: str) -> dict[str, EntityField]:
    return {
        "number": code(number_en, number_zh),
        "external_number": code("Number in the other system", "外部单号"),
        "customer": ref("customer", "Customer", "客户", required=True),
        "date": day(date_en, date_zh),
        "status": code("Status", "状态", *states),
        "owner": ref("employee", "Owner", "业务员"),
        "organisation": ref("organisation", "Organisation", "组织"),
        "currency": currency(),
        "exchange_rate": quantity("Exchange rate", "汇率", 8),
    }


def _totals() -> dict[str, EntityField]:
    return {
        "net_total": money("Total before tax", "不含税金额合计"),
        "tax_total": money("Tax total", "税额合计"),
        "total": money("Total with tax", "价税合计"),
    }


def _item(*, priced: bool = True) -> dict[str, EntityField]:
    """One line: a product in a quantity, and what it costs."""
    fields = {
        "line_no": code("Line number", "行号"),
        "product": ref("product", "Product", "产品"),
        "description": text("Description", "说明", 1000),
        "quantity": quantity("Quantity", "数量"),
        "unit": ref("unit", "Unit", "单位"),
    }
    if priced:
        fields |= {
            "price": money("Unit price", "单价", 6),
            "discount": quantity("Discount (%)", "折扣（%）"),
            "tax_rate": quantity("Tax rate (%)", "税率（%）"),
            "net_amount": money("Amount before tax", "不含税金额"),
            "tax_amount": money("Tax", "税额"),
            "amount": money("Amount with tax", "价税合计"),
        }
    return fields | {"remark": text("Remark", "行备注", 500)}


def _delivery_place() -> dict[str, EntityField]:
    return {
        "delivery_address": text("Delivery address", "收货地址", 500, pii="contact"),
        "receiver": text("Receiver", "收货人", 100, pii="contact"),
        "receiver_phone": text("Receiver's telephone", "收货电话", 40, pii="contact"),
    }


OPPORTUNITY = entity(
    "opportunity",
    "Opportunity",
    "商机",
    {
        "number": code("Opportunity number", "商机编号"),
        "name": text("Name", "商机名称", required=True),
        "customer": ref("customer", "Customer", "客户"),
        "contact": ref("contact", "Contact", "联系人"),
        "stage": code("Stage", "阶段", "qualification", "needs", "proposal", "negotiation", "won", "lost"),
        "probability": quantity("Probability (%)", "赢率（%）", 2),
        "amount": money("Expected amount", "预计金额"),
        "currency": currency(),
        "expected_close": day("Expected close", "预计成交日期"),
        "closed_on": day("Closed on", "实际成交日期"),
        "source": code("Source", "来源"),
        "loss_reason": text("Reason of loss", "输单原因"),
        "owner": ref("employee", "Owner", "负责人"),
        "organisation": ref("organisation", "Organisation", "组织"),
        "description": text("Description", "说明", 4000),
        "lines": lines("Products", "产品明细", _item()),
    },
    ["number"],
    ["customer", "name"],
    parent="customer",
)

QUOTATION = entity(
    "quotation",
    "Quotation",
    "报价单",
    {
        **_head(
            "Quotation number",
            "报价单号",
            "Quotation date",
            "报价日期",
            "draft",
            "sent",
            "accepted",
            "rejected",
            "expired",
        ),
        "opportunity": ref("opportunity", "Opportunity", "商机"),
        "contact": ref("contact", "Contact", "联系人"),
        "price_list": ref("price_list", "Price list", "价目表"),
        "valid_until": day("Valid until", "有效期至"),
        "payment_terms": code("Payment terms", "付款条件"),
        **_totals(),
        "remark": remark(),
        "lines": lines("Lines", "报价明细", _item()),
    },
    ["number"],
    ["external_number"],
    parent="customer",
)

SALES_ORDER = entity(
    "sales_order",
    "Sales order",
    "销售订单",
    {
        **_head(
            "Order number",
            "订单号",
            "Order date",
            "订单日期",
            "draft",
            "submitted",
            "approved",
            "processing",
            "shipped",
            "done",
            "cancelled",
        ),
        "opportunity": ref("opportunity", "Opportunity", "商机"),
        "quotation": ref("quotation", "Quotation", "报价单"),
        "contact": ref("contact", "Contact", "联系人"),
        "customer_reference": text("Customer's order number", "客户订单号", 100),
        "price_list": ref("price_list", "Price list", "价目表"),
        "payment_terms": code("Payment terms", "付款条件"),
        "delivery_date": day("Requested delivery date", "要求交货日期"),
        **_delivery_place(),
        "shipping_status": code("Shipping status", "发货状态", "none", "waiting", "partial", "shipped"),
        "invoice_status": code("Invoice status", "开票状态", "none", "pending", "partial", "invoiced"),
        "payment_status": code("Payment status", "收款状态", "none", "partial", "paid"),
        **_totals(),
        "remark": remark(),
        "approved_at": instant("Approved at", "审核时间"),
        "lines": lines(
            "Lines",
            "订单明细",
            _item()
            | {
                "quantity": quantity("Quantity", "数量", at_least="shipped_quantity"),
                "delivery_date": day("Requested delivery date", "要求交货日期"),
                "shipped_quantity": quantity("Quantity shipped", "已发数量"),
                "invoiced_quantity": quantity("Quantity invoiced", "已开票数量"),
                "closed": yes_no("Closed", "行关闭"),
            },
            keep_while="shipped_quantity",
        ),
    },
    ["number"],
    ["external_number"],
    parent="customer",
)

DELIVERY = entity(
    "delivery",
    "Delivery",
    "发货单",
    {
        **_head(
            "Delivery number",
            "发货单号",
            "Delivery date",
            "发货日期",
            "draft",
            "picked",
            "packed",
            "shipped",
            "done",
            "cancelled",
        ),
        "order": ref("sales_order", "Sales order", "销售订单"),
        "warehouse": code("Warehouse", "仓库"),
        "carrier": text("Carrier", "承运商", 100),
        "tracking_number": code("Tracking number", "物流单号"),
        **_delivery_place(),
        "shipped_at": instant("Shipped at", "发货时间"),
        "signed_at": instant("Signed for at", "签收时间"),
        "remark": remark(),
        "lines": lines(
            "Lines",
            "发货明细",
            _item(priced=False)
            | {
                "order_line": code("Order line", "订单行号"),
                "batch": code("Batch", "批号"),
                "serial_number": code("Serial number", "序列号"),
            },
        ),
    },
    ["number"],
    ["external_number"],
    parent="order",
)


def _invoice_line() -> dict[str, EntityField]:
    return _item() | {
        "order_line": code("Order line", "订单行号"),
        "tax_code": code("Tax classification code", "税收分类编码"),
    }


INVOICE = entity(
    "invoice",
    "Invoice",
    "发票",
    {
        **_head(
            "Invoice number",
            "发票号码",
            "Invoice date",
            "开票日期",
            "draft",
            "validated",
            "posted",
            "paid",
            "cancelled",
        ),
        "tax_invoice_number": code("Tax invoice number (fapiao)", "税务发票号码"),
        "kind": code("Kind", "发票类型", "special", "ordinary", "electronic", "other"),
        "order": ref("sales_order", "Sales order", "销售订单"),
        "title": text("Invoice title", "发票抬头"),
        "tax_number": code("Buyer's tax number", "购方税号"),
        "due_date": day("Due date", "到期日"),
        "payment_terms": code("Payment terms", "付款条件"),
        **_totals(),
        "paid": money("Amount paid", "已收金额"),
        "open": money("Amount open", "未收金额"),
        "remark": remark(),
        "lines": lines("Lines", "发票明细", _invoice_line()),
    },
    ["number"],
    ["external_number"],
    parent="order",
    on_delete="ignore",
)

RECEIPT = entity(
    "receipt",
    "Receipt",
    "收款单",
    {
        **_head("Receipt number", "收款单号", "Receipt date", "收款日期", "draft", "posted", "cancelled"),
        "amount": money("Amount", "金额"),
        "method": code(
            "Payment method", "收款方式", "bank", "cash", "cheque", "acceptance", "wechat", "alipay", "other"
        ),
        "bank_account": text("Bank account", "收款账户", 60, pii="financial"),
        "transaction_number": code("Bank transaction number", "银行流水号"),
        "payer": text("Payer", "付款方", 255),
        "remark": remark(),
        "lines": lines(
            "Allocations",
            "核销明细",
            {
                "line_no": code("Line number", "行号"),
                "invoice": ref("invoice", "Invoice", "发票"),
                "order": ref("sales_order", "Sales order", "销售订单"),
                "amount": money("Amount allocated", "核销金额"),
            },
        ),
    },
    ["number"],
    ["transaction_number"],
    parent="customer",
    on_delete="ignore",
)

CREDIT_MEMO = entity(
    "credit_memo",
    "Credit memo",
    "红字发票",
    {
        **_head(
            "Credit memo number",
            "红字发票号码",
            "Credit memo date",
            "开具日期",
            "draft",
            "posted",
            "settled",
            "cancelled",
        ),
        "invoice": ref("invoice", "Invoice credited", "对应蓝字发票"),
        "order": ref("sales_order", "Sales order", "销售订单"),
        "reason": text("Reason", "红冲原因"),
        **_totals(),
        "remark": remark(),
        "lines": lines("Lines", "红字明细", _invoice_line()),
    },
    ["number"],
    ["external_number"],
    parent="customer",
    on_delete="ignore",
)

DOCUMENTS = (OPPORTUNITY, QUOTATION, SALES_ORDER, DELIVERY, INVOICE, RECEIPT, CREDIT_MEMO)
