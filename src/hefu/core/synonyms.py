"""What the fields of business objects are called: English, Chinese, pinyin initials, and the names that Salesforce,
SAP, 金蝶 (Kingdee), 用友 (Yonyou), Tryton and other systems use. Read by `suggest.py`; add a name where one is missing.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Our field, then its other names; a long list goes on in a further line of the same field.
# `entity.field` holds for that entity only.
_TABLE = """
code: 编码 编号 代码 bm bh number no num fnumber ccode vcode 助记码
number: 单号 单据编号 单据号 编号 djh billno fbillno docno vbeln belnr cdjbh order_no ordernumber
number: document_number
external_number: 外部单号 来源单号 第三方单号 external_id reference ref 源单号 xblnr
name: 名称 全称 mc fname title subject label 品名 name1
name_en: 英文名称 英文名 外文名称 english_name ename foreign_name ywmc
short_name: 简称 jc fshortname abbreviation alias sortl search_term
credit_code: 统一社会信用代码 信用代码 社会信用代码 uscc credit_no tyshxydm ccusregcode fsocialcrecode
credit_code: social_credit_code 税号 tax_id taxid vat cn_vat
tax_number: 纳税人识别号 纳税号 税务登记号 税号 nsrsbh ftaxregistercode tax_id taxid vat vat_number stceg vat_id
tax_number: sh
legal_representative: 法定代表人 法人 法人代表 frdb flegalperson legal_person
phone: 电话 公司电话 联系电话 固定电话 座机 dh tel telephone phone_number ftel telf1 cphone office_phone
mobile: 手机 手机号 手机号码 移动电话 sj sjh mobile_phone cellphone cell fmobile ccushand chandphone mobilephone
email: 邮箱 邮箱地址 电子邮箱 电子邮件 邮件 yx mail e_mail email_address femail smtp_addr
fax: 传真 cz ffax telfx fax_number
website: 网址 官网 网站 wz url homepage fwebsite web_site
address: 地址 详细地址 联系地址 通讯地址 dz faddress caddress billing_street full_address
street: 街道 街道地址 详细地址 street_address stras address_line address_line1 billing_street
postal_code: 邮编 邮政编码 yb zip zipcode postcode pstlz fzip billing_postal_code
country: 国家 国别 gj land1 fcountry country_code billing_country
province: 省 省份 sf state regio fprovincial billing_state province_state
city: 市 城市 cs ort01 fcity billing_city town
district: 区 区县 县 qx county
customer: 客户 客户编码 客户内码 kh fcustid fcustomerid kunnr ccuscode account account_id accountid party
customer: partner sold_to
company: 企业 公司 单位 gs company_id
contact: 联系人 lxr fcontactid contact_id contactid
contact_name: 联系人 主要联系人 联系人姓名 lxr contact_person fcontact
owner: 负责人 业务员 销售员 所有人 归属人 跟进人 fzr ywy owner_id ownerid salesperson salesman fsalerid
owner: fsellerid fseller cpersoncode user
employee: 员工 职员 yg employee_id
organisation: 组织 销售组织 使用组织 公司代码 zz forgid fsaleorgid fuseorgid vkorg bukrs organization org
organisation: company sales_org
category: 分类 类别 类型 fl lb category_id group fgroup type kdgrp matkl customer_type
level: 等级 级别 客户等级 客户级别 dj rank grade rating flevel tier
industry: 行业 所属行业 hy findustry brsch sector
source: 来源 客户来源 线索来源 ly lead_source leadsource
status: 状态 单据状态 zt state fdocumentstatus document_status
stage: 阶段 商机阶段 销售阶段 jd stage_name stagename fstage
currency: 币种 币别 货币 bz fcurrencyid ftradingcurrid fsettlecurrid waers currency_code currencyisocode
currency: cexch_name currency_iso_code
exchange_rate: 汇率 hl fexchangerate iexchrate kursf rate
price_list: 价目表 价格表 jmb fpricelistid pricebook pricebook2id price_book
payment_terms: 付款条件 收款条件 结算方式 fktj payment_term zterm frecconditionid terms
payment_days: 账期 账期天数 信用天数 zq credit_days
credit_limit: 信用额度 授信额度 xyed fcreditamount creditlimit icuscreline klimk credit_amount
balance: 余额 应收余额 ye receivable balance_due
tax_rate: 税率 slv ftaxrate itaxrate mwskz tax_percent vat_rate
invoice_title: 发票抬头 开票名称 fptt finvoicetitle billing_name
bank_name: 开户行 开户银行 khh fbankname bank ccusbank banka
bank_account: 银行账号 账号 yhzh fbankcode bankaccount ccusaccount bankn account_no
remark: 备注 说明 bz fnote fremark memo note notes comment comments description cmemo
description: 描述 说明 ms fdescription desc memo details
active: 启用 有效 是否启用 是否有效 qy is_active isactive enabled fforbidstatus valid
created_at: 创建时间 创建日期 建档时间 cjsj createtime create_date created created_date createddate fcreatedate
created_at: erdat created_on
updated_at: 更新时间 修改时间 gxsj modified updated write_date fmodifydate last_modified lastmodifieddate aedat
updated_at: dmodifydate modified_on
first_name: 名 firstname given_name namev
last_name: 姓 lastname surname family_name
contact.name: 姓名 xm full_name
employee.name: 姓名 xm full_name display_name
employee.code: 工号 员工编号 gh staff_no employee_number pernr
gender: 性别 xb sex
birthday: 生日 出生日期 sr date_of_birth birthdate gbdat
contact.title: 职务 职位 zw job_title position fpost
department: 部门 bm dept fdeptid cdepcode
wechat: 微信 微信号 wx weixin
customer.code: 客户编码 客户编号 客户代码 khbm khbh ccuscode kunnr account_number accountnumber customer_no
customer.code: customer_number cust_code
customer.name: 客户名称 客户全称 公司名称 单位名称 khmc ccusname account_name accountname company_name
customer.name: customer_name cust_name 客户
customer.short_name: 客户简称 khjc ccusabbname
customer.parent: 上级客户 parent_account parentid parent_id
product.code: 产品编码 物料编码 存货编码 商品编码 货号 料号 cpbm wlbm chbm matnr cinvcode product_code
product.code: productcode sku item_code material_code
product.name: 产品名称 物料名称 存货名称 商品名称 品名 cpmc wlmc maktx cinvname product_name item_name
specification: 规格 规格型号 型号 gg ggxh fspecification cinvstd spec model
barcode: 条码 条形码 tm ean ean11 gtin fbarcode upc
brand: 品牌 pp fbrand
unit: 单位 计量单位 基本单位 dw jldw fbaseunitid funitid meins ccomunitcode uom default_uom unit_of_measure
sales_unit: 销售单位 xsdw fsaleunitid vrkme sale_uom
list_price: 标准售价 售价 零售价 销售价 bzsj price unit_price unitprice fsaleprice iinvsprice list_price_amount
list_price: sales_price
cost_price: 成本价 成本 采购价 cb cbj cost standard_cost frefcost stprs
saleable: 可销售 salable is_salable kxs
price: 单价 含税单价 dj ftaxprice fprice unit_price unitprice iunitprice itaxunitprice netpr
discount: 折扣 折扣率 zk fdiscountrate discount_rate kl
quantity: 数量 sl qty fqty iquantity kwmeng amount_qty product_quantity
amount: 金额 价税合计 je fallamount fallamount_lc isum netwr total_amount line_total total_price totalprice
net_amount: 不含税金额 未税金额 famount imoney net_value
tax_amount: 税额 se ftaxamount itax mwsbp tax
net_total: 不含税金额合计 未税合计 untaxed_amount subtotal fbillamount
tax_total: 税额合计 税金合计 tax_amount fbilltaxamount
total: 价税合计 总金额 合计 订单金额 总额 zje total_amount grand_total fbillallamount amount_total
date: 日期 单据日期 业务日期 rq fdate order_date ddate audat bldat sale_date invoice_date
delivery_date: 交货日期 要货日期 交期 jhrq fdeliverydate dpredate edatu vdatu shipping_date requested_date
valid_from: 生效日期 开始日期 sxrq feffectivedate start_date from_date datab
valid_to: 失效日期 截止日期 结束日期 fexpirydate end_date to_date datbi
due_date: 到期日 到期日期 dqr fenddate maturity_date netdt
valid_until: 有效期至 有效期 yxq expiration_date expirationdate
expected_close: 预计成交日期 预计结单日期 预计签单日期 close_date closedate
opportunity.amount: 预计金额 商机金额 预计成交金额 expected_revenue
opportunity.name: 商机名称 商机 机会名称 sjmc opportunity_name deal_name
probability: 赢率 成交概率 可能性 yl win_rate
delivery_address: 收货地址 送货地址 交货地址 shdz freceiveaddress shipping_address ship_to
receiver: 收货人 shr consignee recipient ship_to_name
receiver_phone: 收货电话 收货人电话 shdh
line_no: 行号 序号 hh xh fseq irowno posnr seq sequence line item_no fentryid
product: 产品 物料 存货 商品 cp wl fmaterialid matnr cinvcode product_id product2id item item_code
lines: 明细 分录 订单明细 mx entries items details line_items fsaleorderentry fentity rows
warehouse: 仓库 ck fstockid cwhcode lgort warehouse_id
carrier: 承运商 物流公司 快递公司 wlgs shipping_company
tracking_number: 物流单号 快递单号 运单号 wldh kddh waybill tracking_no
tax_invoice_number: 发票号 发票号码 fph fapiao invoice_no
method: 收款方式 付款方式 支付方式 fkfs payment_method pay_type
transaction_number: 流水号 交易号 银行流水号 lsh transaction_id
payer: 付款方 付款人 付款单位 fkf
reason: 原因 yy cause
order: 订单 销售订单 order_id sale sales_order fsaleorderno
invoice: 发票 fp invoice_id
parent: 上级 父级 sj parent_id fparentid
"""

_ENTITY_WORDS = {
    "customer": "customer cust cus account acct client 客户 kh party partner",
    "company": "company enterprise 企业 公司",
    "contact": "contact 联系人 lxr person",
    "address": "address 地址",
    "employee": "employee emp staff user 员工 职员",
    "organisation": "organisation organization org 组织",
    "product": "product item material inv inventory goods sku 产品 物料 存货 商品",
    "unit": "unit uom 单位",
    "price_list": "pricelist price_list pricebook 价目表",
    "opportunity": "opportunity deal 商机 机会",
    "quotation": "quotation quote 报价单 报价",
    "sales_order": "order sales_order sale so 订单 销售订单",
    "delivery": "delivery shipment 发货单 发货 出库单",
    "invoice": "invoice bill 发票",
    "receipt": "receipt payment 收款单 收款",
    "credit_memo": "credit_memo creditmemo refund 红字发票",
}

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\x00-\x7f])(?=[A-Za-z])")
_BREAK = re.compile(r"[\s_\-.:/()（）\[\]【】]+")


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a field name: BillingStreet, billing_street and "Billing street" give the same."""
    name = name.removesuffix("__c").removesuffix("__r")
    return tuple(word.lower() for part in _BREAK.split(name) for word in _CAMEL.split(part) if word)


def folded(name: str) -> str:
    """A field name without its spelling: words put together."""
    return "".join(words(name))


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for line in _TABLE.strip().splitlines():
        concept, names = line.split(":", 1)
        table[concept] = table.get(concept, ()) + tuple(names.split())
    return table


@lru_cache(maxsize=4096)
def names_of(entity: str, field: str) -> tuple[frozenset[str], frozenset[str]]:
    """The folded names of a field: those meant for this entity, and those it has anywhere."""
    table = _table()
    own = frozenset(folded(name) for name in table.get(f"{entity}.{field}", ()))
    return own, frozenset(folded(name) for name in (field, *table.get(field, ())))


@lru_cache(maxsize=64)
def entity_words(entity: str) -> frozenset[str]:
    """Words that only say which object is meant, folded."""
    return frozenset(folded(word) for word in (entity, *_ENTITY_WORDS.get(entity, "").split()))


__all__ = ["entity_words", "folded", "names_of", "words"]
