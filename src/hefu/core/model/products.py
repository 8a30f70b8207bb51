"""Ready entities for what one sells: product, unit of measure, price list."""

from __future__ import annotations

from hefu.core.model._words import (
    OFF,
    active,
    code,
    currency,
    day,
    entity,
    lines,
    money,
    quantity,
    ref,
    remark,
    text,
    yes_no,
)

UNIT = entity(
    "unit",
    "Unit of measure",
    "计量单位",
    {
        "code": code("Unit code", "单位编码"),
        "name": text("Name", "名称", 60, required=True),
        "symbol": text("Symbol", "符号", 20),
        "kind": code("Dimension", "单位类别", "count", "weight", "length", "area", "volume", "time", "other"),
        "base": ref("unit", "Base unit", "基准单位"),
        "factor": quantity("Factor to the base unit", "换算系数", 12),
        "places": quantity("Decimal places", "小数位数", 0),
        "active": active(),
    },
    ["code"],
    ["name"],
    **OFF,
)

PRODUCT = entity(
    "product",
    "Product",
    "产品",
    {
        "code": code("Product code", "产品编码", required=True),
        "name": text("Name", "名称", required=True),
        "name_en": text("English name", "英文名称"),
        "specification": text("Specification", "规格型号"),
        "barcode": code("Barcode (GTIN)", "条形码"),
        "category": code("Category", "产品分类"),
        "brand": text("Brand", "品牌", 100),
        "kind": code("Kind", "产品类型", "goods", "service", "assembly", "consumable"),
        "unit": ref("unit", "Unit of measure", "计量单位"),
        "sales_unit": ref("unit", "Sales unit", "销售单位"),
        "list_price": money("List price", "标准售价", 6),
        "cost_price": money("Cost price", "成本价", 6, pii="financial"),
        "currency": currency(),
        "tax_rate": quantity("Tax rate (%)", "税率（%）"),
        "tax_code": code("Tax classification code", "税收分类编码"),
        "weight": quantity("Net weight (kg)", "净重（千克）"),
        "volume": quantity("Volume (m3)", "体积（立方米）"),
        "on_hand": quantity("Quantity on hand", "现存量"),
        "saleable": yes_no("May be sold", "可销售"),
        "description": text("Description", "说明", 4000),
        "remark": remark(),
        "active": active(),
    },
    ["code"],
    ["barcode"],
    **OFF,
)

PRICE_LIST = entity(
    "price_list",
    "Price list",
    "价目表",
    {
        "code": code("Price list code", "价目表编码"),
        "name": text("Name", "名称", required=True),
        "currency": currency(),
        "tax_included": yes_no("Prices include tax", "含税"),
        "valid_from": day("Valid from", "生效日期"),
        "valid_to": day("Valid to", "失效日期"),
        "organisation": ref("organisation", "Organisation", "组织"),
        "remark": remark(),
        "active": active(),
        "lines": lines(
            "Prices",
            "价格明细",
            {
                "line_no": code("Line number", "行号"),
                "product": ref("product", "Product", "产品"),
                "unit": ref("unit", "Unit", "单位"),
                "from_quantity": quantity("From quantity", "起订数量"),
                "price": money("Unit price", "单价", 6),
                "discount": quantity("Discount (%)", "折扣（%）"),
                "valid_from": day("Valid from", "生效日期"),
                "valid_to": day("Valid to", "失效日期"),
            },
        ),
    },
    ["code"],
    ["name"],
    **OFF,
)

PRODUCTS = (UNIT, PRODUCT, PRICE_LIST)
