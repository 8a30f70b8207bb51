"""Ready entities for whom one deals with: company, customer, contact, address, employee, organisation."""

from __future__ import annotations

from hefu.core.model._words import OFF, active, code, currency, day, entity, instant, money, quantity, ref, remark, text
from hefu.core.project import EntityField


def _place() -> dict[str, EntityField]:
    return {
        "country": code("Country (ISO 3166)", "国家（ISO 3166）"),
        "province": text("Province or state", "省（州）", 60),
        "city": text("City", "市", 60),
        "district": text("District", "区县", 60),
        "street": text("Street address", "详细地址", 255, pii="contact"),
        "postal_code": code("Postal code", "邮政编码"),
    }


def _reach() -> dict[str, EntityField]:
    return {
        "phone": text("Telephone", "电话", 40, pii="contact"),
        "mobile": text("Mobile", "手机", 40, pii="contact"),
        "email": text("E-mail", "电子邮箱", 254, pii="contact"),
    }


def _legal() -> dict[str, EntityField]:
    return {
        "name": text("Name", "名称", required=True),
        "name_en": text("English name", "英文名称"),
        "short_name": text("Short name", "简称", 100),
        "credit_code": code("Unified social credit code", "统一社会信用代码"),
        "tax_number": code("Tax number", "纳税人识别号"),
        "legal_representative": text("Legal representative", "法定代表人", 60, pii="identity"),
    }


COMPANY = entity(
    "company",
    "Company",
    "企业",
    {
        **_legal(),
        "registered_address": text("Registered address", "注册地址"),
        "registered_capital": money("Registered capital", "注册资本"),
        "currency": currency(),
        "founded_on": day("Founded on", "成立日期"),
        "industry": code("Industry", "行业"),
        "status": code("Registration status", "登记状态", "active", "revoked", "deregistered"),
        "parent": ref("company", "Parent company", "上级企业"),
        "website": text("Website", "网址"),
        "remark": remark(),
        "active": active(),
    },
    ["credit_code"],
    ["name"],
    **OFF,
)

CUSTOMER = entity(
    "customer",
    "Customer",
    "客户",
    {
        "code": code("Customer code", "客户编码"),
        **_legal(),
        "company": ref("company", "Company", "所属企业"),
        "parent": ref("customer", "Parent customer", "上级客户"),
        "category": code("Category", "客户分类"),
        "level": code("Level", "客户等级"),
        "industry": code("Industry", "行业"),
        "source": code("Source", "客户来源"),
        "status": code("Status", "状态", "prospect", "active", "on_hold", "lost"),
        **_reach(),
        "fax": text("Fax", "传真", 40),
        "website": text("Website", "网址"),
        "address": text("Address", "地址", pii="contact"),
        **_place(),
        "contact_name": text("Main contact", "主要联系人", 60, pii="contact"),
        "owner": ref("employee", "Account owner", "负责人"),
        "organisation": ref("organisation", "Sales organisation", "销售组织"),
        "currency": currency(),
        "price_list": ref("price_list", "Price list", "价目表"),
        "payment_terms": code("Payment terms", "付款条件"),
        "payment_days": quantity("Payment days", "账期（天）", 0),
        "credit_limit": money("Credit limit", "信用额度", pii="financial"),
        "balance": money("Balance due", "应收余额", pii="financial"),
        "tax_rate": quantity("Tax rate (%)", "税率（%）"),
        "invoice_title": text("Invoice title", "发票抬头"),
        "bank_name": text("Bank", "开户银行", 120, pii="financial"),
        "bank_account": text("Bank account", "银行账号", 60, pii="financial"),
        "remark": remark(),
        "active": active(),
        "created_at": instant("Created at", "创建时间"),
    },
    ["credit_code"],
    ["code"],
    ["name"],
    **OFF,
)

CONTACT = entity(
    "contact",
    "Contact",
    "联系人",
    {
        "code": code("Contact code", "联系人编码"),
        "customer": ref("customer", "Customer", "客户", required=True),
        "name": text("Name", "姓名", 100, required=True, pii="contact"),
        "first_name": text("First name", "名", 60, pii="contact"),
        "last_name": text("Last name", "姓", 60, pii="contact"),
        "gender": code("Gender", "性别", "female", "male", "unknown", pii="identity"),
        "title": text("Job title", "职务", 100),
        "department": text("Department", "部门", 100),
        **_reach(),
        "wechat": text("WeChat", "微信", 60, pii="contact"),
        "birthday": day("Birthday", "生日", pii="identity"),
        "main": code("Role", "角色", "main", "billing", "delivery", "decision", "other"),
        "address": text("Address", "地址", pii="contact"),
        "remark": remark(),
        "active": active(),
    },
    ["code"],
    ["customer", "mobile"],
    ["customer", "name"],
    parent="customer",
    **OFF,
)

ADDRESS = entity(
    "address",
    "Address",
    "地址",
    {
        "code": code("Address code", "地址编码"),
        "customer": ref("customer", "Customer", "客户", required=True),
        "kind": code("Kind", "地址类型", "registered", "billing", "delivery", "other"),
        "receiver": text("Receiver", "收货人", 100, pii="contact"),
        "phone": text("Telephone", "电话", 40, pii="contact"),
        **_place(),
        "full": text("Full address", "完整地址", 500, pii="contact"),
        "remark": remark(),
        "active": active(),
    },
    ["code"],
    ["customer", "kind", "full"],
    parent="customer",
    **OFF,
)

EMPLOYEE = entity(
    "employee",
    "Employee",
    "员工",
    {
        "code": code("Employee number", "工号"),
        "name": text("Name", "姓名", 100, required=True, pii="identity"),
        "login": text("Login", "登录名", 100),
        **_reach(),
        "organisation": ref("organisation", "Organisation", "所属组织"),
        "department": text("Department", "部门", 100),
        "title": text("Job title", "职务", 100),
        "manager": ref("employee", "Manager", "直属上级"),
        "joined_on": day("Joined on", "入职日期"),
        "left_on": day("Left on", "离职日期"),
        "active": active(),
    },
    ["code"],
    ["email"],
    **OFF,
)

ORGANISATION = entity(
    "organisation",
    "Organisation",
    "组织",
    {
        "code": code("Organisation code", "组织编码"),
        "name": text("Name", "名称", required=True),
        "kind": code("Kind", "组织类型", "company", "plant", "sales", "purchasing", "department", "store"),
        "credit_code": code("Unified social credit code", "统一社会信用代码"),
        "parent": ref("organisation", "Parent organisation", "上级组织"),
        "manager": text("Manager", "负责人", 100),
        "currency": currency(),
        "address": text("Address", "地址"),
        "phone": text("Telephone", "电话", 40),
        "active": active(),
    },
    ["code"],
    ["name"],
    **OFF,
)

PARTIES = (COMPANY, CUSTOMER, CONTACT, ADDRESS, EMPLOYEE, ORGANISATION)
