"""Every way to get a document wrong is told with file, line, the wrong word and the nearest right one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, SecretStr

from hefu.core.connector import Settings
from hefu.core.documents import Finding
from hefu.core.errors import Unsupported
from hefu.core.resources import RIGHTS
from hefu.core.words import ERRORS, tell
from hefu.store.documents import Loaded, load, read_folder, write_folder

SHOP = Path(__file__).parent.parent / "projects" / "shop"


class Bearer(Settings):
    kind: Literal["bearer"]
    token: SecretStr


class Login(Settings):
    kind: Literal["login"]
    user: str
    password: SecretStr


class Web(Settings):
    url: str
    account: str = ""
    port: int = 443
    verify: bool = True
    auth: Annotated[Bearer | Login, Field(discriminator="kind")]
    headers: dict[str, SecretStr] = {}


CONNECTORS = {"web": Web, "files": Web}


def shop(**changes: str) -> dict[str, str]:
    """The example project with some documents replaced or added; `__` in a name stands for a slash."""
    texts = read_folder(SHOP)
    for name, text in changes.items():
        texts[name.replace("__", "/") + ".yaml"] = text
    return texts


def read(texts: dict[str, str]) -> Loaded:
    return load(texts, CONNECTORS)


def found(texts: dict[str, str]) -> list[tuple[str, int, str, str, str]]:
    return [(f.file, f.line, f.code.removeprefix("documents."), f.word, f.nearest) for f in read(texts).findings]


def swapped(file: str, old: str, new: str) -> dict[str, str]:
    texts = shop()
    assert texts[file].count(old) == 1, f"{old!r} occurs {texts[file].count(old)} times"
    return {**texts, file: texts[file].replace(old, new)}


def test_a_good_project_has_no_findings_and_says_what_it_means() -> None:
    loaded = read(shop())
    assert loaded.findings == []
    project = loaded.require()
    assert set(project.connections) == {"crm", "erp"}
    assert project.mappings["crm_customer"].fields[3].values == {"NO": "NO", "86": "CN", "049": "DE", "y": "SE"}
    assert project.entities["customer"].fields["country"].options == ["CN", "NO", "DE", "SE"]
    assert project.connections["crm"].settings["account"] == "0012"
    assert project.mappings["erp_customer"].examples[0].record["vat"] == "0091310000"
    assert project.connections["erp"].limits.reserve_urgent == __import__("decimal").Decimal("0.1")


CLERK = "roles/clerk.yaml"
CUSTOMER, CRM, ERP = "entities/customer.yaml", "connections/crm.yaml", "connections/erp.yaml"
CRM_CUSTOMER, CRM_ORDER, ORDER, FLOW = (
    "mappings/crm_customer.yaml",
    "mappings/crm_order.yaml",
    "entities/order.yaml",
    "flows/customers.yaml",
)

# file, old text, new text, line, code, wrong word, nearest right one
WRONG = [
    # unknown words
    (CRM, "connector: web", "conector: web", 3, "unknown_word", "conector", "connector"),
    (CRM, "calls_per_second: 5", "calls_per_seconds: 5", 12, "unknown_word", "calls_per_seconds", "calls_per_second"),
    (CRM, "{en: CRM, zh: 客户系统}", "{en: CRM, cn: 客户系统}", 4, "unknown_word", "cn", "en"),
    (CRM, "  account: 0012 ", "  acount: 0012 ", 7, "unknown_word", "acount", "account"),
    (CRM, "    kind: bearer", "    kind: baerer", 9, "choice", "baerer", "bearer"),
    (CUSTOMER, "length: 120", "lenght: 120", 4, "unknown_word", "lenght", "length"),
    (CUSTOMER, "match:", "matches:", 9, "unknown_word", "matches", "match"),
    (CRM_CUSTOMER, "    blank: ignore", "    blanc: ignore", 11, "unknown_word", "blanc", "blank"),
    (CRM_CUSTOMER, "from: title", "frm: title", 7, "unknown_word", "frm", "from"),
    (CRM_ORDER, "{field: quantity, from: qty}", "{field: quantity, form: qty}", 13, "unknown_word", "form", "from"),
    (FLOW, "share: 25%", "shares: 25%", 5, "unknown_word", "shares", "share"),
    (CLERK, "see:", "seee:", 5, "unknown_word", "seee", "see"),
    ("alerts.yaml", "after: 10m", "afer: 10m", 2, "unknown_word", "afer", "after"),
    # missing ones
    (CRM, "connector: web\n", "", 2, "missing_word", "connector", ""),
    (CRM_CUSTOMER, "object: accounts\n", "", 1, "missing_word", "object", ""),
    (CRM_CUSTOMER, "- {field: name, from: title}", "- {from: title}", 7, "missing_word", "field", ""),
    (CUSTOMER, "phone: {type: text, ", "phone: {", 6, "missing_word", "type", ""),
    (CRM, "    kind: bearer\n", "", 8, "missing_word", "kind", ""),
    (CRM, "  url: https://crm.example.com/api\n", "", 5, "missing_word", "url", ""),
    (ORDER, "{type: reference, entity: customer}", "{type: reference}", 6, "missing_word", "entity", ""),
    # wrong kinds of values
    (CRM, "concurrency: 2", "concurrency: two", 13, "type", "two", ""),
    (CRM, "concurrency: 2", "concurrency: 200", 13, "range", "200", "64"),
    (CRM, "timeout: 20s", "timeout: soon", 14, "type", "soon", "30s"),
    (CRM, "settings:\n  url", "settings:\n  port: https\n  url", 6, "type", "https", ""),
    (CUSTOMER, "active: {type: boolean", "active: {type: bool", 8, "choice", "bool", "boolean"),
    (CUSTOMER, "pii: contact", "pii: contacts", 6, "choice", "contacts", "contact"),
    (CUSTOMER, "on_delete: deactivate", "on_delete: deactivated", 12, "choice", "deactivated", "deactivate"),
    (CUSTOMER, "required: true", "required: treu", 4, "type", "treu", "true"),
    (CUSTOMER, "  phone: {", "  phone nr: {", 6, "name", "phone nr", "phone_nr"),
    (CUSTOMER, "on_delete: deactivate", "on_delete:", 12, "empty", "on_delete", ""),
    (ORDER, "scale: 2}", "scale: 20}", 8, "range", "20", "12"),
    (FLOW, "[crm_customer, erp_customer]", "crm_customer", 2, "type", "crm_customer", ""),
    (FLOW, "schedule: 30s", "schedule: every 30 s", 3, "schedule", "every 30 s", "30s"),
    (CRM_ORDER, "direction: in", "direction: inwards", 8, "choice", "inwards", "in"),
    # names that nothing has
    (CRM_CUSTOMER, "connection: crm", "connection: crn", 2, "unknown_connection", "crn", "crm"),
    (CRM_CUSTOMER, "entity: customer", "entity: custumer", 4, "unknown_entity", "custumer", "customer"),
    (CRM_CUSTOMER, "create: true", "reason: fone", 5, "unknown_field", "fone", "phone"),
    (CRM_CUSTOMER, "- field: phone", "- field: fone", 9, "unknown_field", "fone", "phone"),
    (CRM_ORDER, "{field: position,", "{field: positon,", 12, "unknown_field", "positon", "position"),
    (CRM_ORDER, "lookup: crm_customer", "lookup: crm_custmer", 7, "unknown_mapping", "crm_custmer", "crm_customer"),
    (CRM_ORDER, "lookup: crm_customer", "lookup: erp_customer", 7, "lookup", "erp_customer", "crm_customer"),
    (CRM_ORDER, "field: status", "field: number", 8, "field_twice", "number", ""),
    (FLOW, "er, erp_customer]", "er, epr_customer]", 2, "unknown_mapping", "epr_customer", "erp_customer"),
    (CUSTOMER, "required: true, owner: crm", "required: true, owner: CMR", 4, "unknown_connection", "CMR", "crm"),
    (ORDER, "- owner: erp", "- owner: rep", 13, "unknown_connection", "rep", "erp"),
    (ORDER, "parent: customer", "parent: custmer", 3, "unknown_field", "custmer", "customer"),
    (ORDER, "parent: customer", "parent: number", 3, "parent", "number", "customer"),
    (ORDER, "line_key: position", "line_key: pos", 17, "unknown_field", "pos", "position"),
    (ORDER, "scale: 3}", "scale: 3, at_least: positon}", 20, "unknown_field", "positon", "position"),
    (ORDER, "line_key: position", "keep_while: quantty", 17, "unknown_field", "quantty", "quantity"),
    (ORDER, "currency: currency", "currency: curency", 8, "unknown_field", "curency", "currency"),
    (ORDER, "entity: customer}", "entity: costumer}", 6, "unknown_entity", "costumer", "customer"),
    (CUSTOMER, "- [name]", "- [nane]", 11, "unknown_field", "nane", "name"),
    (CUSTOMER, "deactivate: {active: false}", "deactivate: {activ: false}", 13, "unknown_field", "activ", "active"),
    (CRM, "connector: web", "connector: wbe", 3, "unknown_connector", "wbe", "web"),
    (CRM, "zone: Asia/Shanghai", "zone: Asia/Shangai", 15, "unknown_zone", "Asia/Shangai", "Asia/Shanghai"),
    (CLERK, "customer.phone", "customer.fone", 8, "unknown_place", "customer.fone", "customer.phone"),
    (CLERK, "financial", "finance", 7, "unknown_place", "finance", "financial"),
    (CLERK, "masked", "mask", 7, "choice", "mask", "masked"),
    (CLERK, "record:", "records:", 4, "unknown_resource", "records", "record"),
    (CLERK, "record: [see]", "record: [sea]", 4, "unknown_action", "sea", "see"),
    (CLERK, "may:", "extends: [stewart]\nmay:", 3, "unknown_role", "stewart", "steward"),
    (CLERK, "may:", "apart: [auditer]\nmay:", 3, "unknown_role", "auditer", "auditor"),
    (CLERK, "may:", "edit: [contacts]\nmay:", 3, "unknown_place", "contacts", "contact"),
    ("alerts.yaml", "on: conflict", "on: conflicts", 2, "choice", "conflicts", "conflict"),
    # inside a mapping
    (CRM_CUSTOMER, "transform: [trim]", "transform: [trimm]", 8, "mapping.no_transform", "trimm", "trim"),
    (CRM_CUSTOMER, "[trim]", "[{use: cut, length: 3, size: 3}]", 8, "mapping.no_parameter", "size", "length"),
    (CRM_CUSTOMER, "create: true", "filter: nmae ==", 5, "mapping.expr", "", ""),
    (CRM_CUSTOMER, "create: true", "out_filter: nmae == 'x'", 5, "mapping.expr_unknown", "nmae", "name"),
    # secrets
    (CRM, "token: ${env:CRM_TOKEN}", "token: s3cret-123", 10, "clear_secret", "auth.token", "${env:CRM_AUTH_TOKEN}"),
    (CRM, "token: ${env:CRM_TOKEN}", "token: 12345", 10, "clear_secret", "auth.token", "${env:CRM_AUTH_TOKEN}"),
    (CRM, "${env:CRM_TOKEN}", "${evn:CRM_TOKEN}", 10, "reference", "${evn:CRM_TOKEN}", "${env:CRM_TOKEN}"),
    (CRM, "url: https://crm", "url: https://joe:pw@crm", 6, "clear_secret", "url", "${env:CRM_URL}"),
    (ERP, '"${file:/run/secrets/erp}"', "geheim", 6, "clear_secret", "auth.password", "${env:ERP_AUTH_PASSWORD}"),
    # YAML itself
    (CRM, "limits:\n", "limits:\n\ttimeout: 3s\n", 12, "tab", "timeout: 3s", "  timeout: 3s"),
    (CRM, "zone: Asia/Shanghai", "zone: Asia/Shanghai\nzone: UTC", 16, "duplicate_key", "zone", ""),
    (CRM, "connector: web", "connector:web", 3, "colon", "connector:web", "connector: web"),
    (CRM, "connector: web", "connector: 'web", 3, "quote", "'web", ""),
    (CRM, "zone: Asia/Shanghai", "zone: @home", 15, "character", "@home", '"@home"'),
    (CRM, "zone: Asia/Shanghai", "zone: a: b", 15, "colon_here", "zone: a: b", 'zone: "a: b"'),
    (CRM, "{en: CRM, zh: 客户系统}", "{en: CRM, zh: 客户系统", 4, "bracket", "{en: CRM, zh: 客户系统", ""),
    (CRM, "connector: web", "connector: &kind web\norganisation: *knd", 4, "alias", "knd", "kind"),
    (CRM, "connector: web", "connector: !!python/name:os.system web", 3, "tag", "!!python/name:os.system", ""),
    (CRM, "connector: web", "---\nconnector: web", 3, "several", "---", ""),
    (CRM, "zone: Asia/Shanghai", "zone: \x07", 15, "control_character", "U+0007", ""),
    (CRM, "limits:", "? [a, b]\n: 1\nlimits:", 11, "key", "", ""),
    (FLOW, "mappings: [crm_customer", "mappings: &m [*m, crm_customer", 2, "alias_cycle", "m", ""),
    # kinds, folders and file names
    (CRM, "connection: crm", "conection: crm", 2, "first_word", "conection", "connection"),
    (CRM, "connection: crm", "entity: crm", 2, "folder", "entity", "entities/crm.yaml"),
    (CRM, "connection: crm", "connection: sales_crm", 2, "file_name", "sales_crm", "connections/sales_crm.yaml"),
    (ERP, "connection: erp", "connection: crm", 1, "duplicate_name", "crm", "crm_2"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "line", "code", "word", "right"), WRONG)
def test_a_wrong_document(file: str, old: str, new: str, line: int, code: str, word: str, right: str) -> None:
    told = found(swapped(file, old, new))
    assert (file, line, code, word, right) in told
    assert len([f for f in told if f[0] == file]) <= 2, told  # one mistake is not told ten times


@pytest.mark.parametrize(("file", "old", "new", "line", "code", "word", "right"), WRONG)
def test_its_words_are_complete_in_both_languages(
    file: str, old: str, new: str, line: int, code: str, word: str, right: str
) -> None:
    for finding in read(swapped(file, old, new)).findings:
        for language in ("en", "zh"):
            what, then = finding.told(language)
            assert what.startswith(f"{finding.file}:{finding.line}:{finding.column}: ")
            assert "?" not in what.removesuffix("?").replace("? [", ""), what  # an unfilled placeholder
            assert "{" not in then.replace("${", "").replace(word, "").replace("{en", "")
            assert finding.word in what
            assert then


def test_one_mistake_makes_one_finding() -> None:
    """A broken connection must not be told again by every mapping that uses it."""
    assert [f[2] for f in found(swapped(CRM, "concurrency: 2", "concurrency: two"))] == ["type"]
    assert [f[2] for f in found(swapped(CUSTOMER, "length: 120", "lenght: 120"))] == ["unknown_word"]
    assert [f[2] for f in found(swapped(CRM, "connector: web", "connector: 'web"))] == ["quote"]
    assert [f[2] for f in found(swapped(CRM_CUSTOMER, "- field: phone", "- feld: phone"))] == ["unknown_word"]


def test_all_errors_of_all_files_at_once_in_order() -> None:
    texts = swapped(CRM, "concurrency: 2", "concurrency: two")
    texts[CUSTOMER] = texts[CUSTOMER].replace("length: 120", "lenght: -1").replace("pii: contact", "pii: kontakt")
    texts["flows/bad.yaml"] = "flow: bad\n\tmappings: []\n\tguard: {}\n"
    texts["mappings/bad.yaml"] = "mapping: 'bad\n"
    told = found(texts)
    assert [(f[0], f[1], f[2]) for f in told] == [
        (CRM, 13, "type"),
        (CUSTOMER, 4, "unknown_word"),
        (CUSTOMER, 6, "choice"),
        ("flows/bad.yaml", 2, "tab"),
        ("flows/bad.yaml", 3, "tab"),
        ("mappings/bad.yaml", 1, "quote"),
    ]


def test_a_secret_in_clear_is_never_repeated() -> None:
    for value in ("hunter2-canary", "12345678900", "[hunter2-canary]", "{x: hunter2-canary}"):
        texts = swapped(CRM, "token: ${env:CRM_TOKEN}", f"token: {value}")
        loaded = read(texts)
        assert loaded.errors
        said = [str(f) for f in loaded.findings] + [f.told()[0] for f in loaded.findings]
        assert not any("canary" in text or "12345678900" in text for text in said)


def test_a_secret_of_an_unknown_connector_is_at_least_warned_of() -> None:
    loaded = load(swapped(ERP, '"${file:/run/secrets/erp}"', "geheim"), None)
    assert [(f.code, f.severity) for f in loaded.findings] == [("documents.clear_secret", "warning")]


def test_references_may_stand_for_settings_of_any_type() -> None:
    assert read(swapped(CRM, "  account: 0012 ", "  verify: ${env:CRM_VERIFY} ")).findings == []


def test_an_owner_that_never_speaks_is_warned_of() -> None:
    loaded = read(swapped(CUSTOMER, "phone: {type: text", "phone: {type: text, owner: erp"))
    assert loaded.findings == []
    loaded = read(swapped(CUSTOMER, "credit_code: {type: code, owner: crm}", "credit_code: {type: code}"))
    assert loaded.findings == []
    loaded = read(swapped("mappings/erp_customer.yaml", "  - {field: active, from: active}\n", ""))
    assert [(f.code, f.word, f.severity) for f in loaded.findings] == [("documents.owner_silent", "erp", "warning")]
    assert loaded.require()


def test_entities_may_extend_ready_ones_and_each_other() -> None:
    texts = shop(
        entities__dealer="entity: dealer\nextends: customer\nfields: {region: {type: code}}\nmatch: [[region, name]]\n",
        entities__partner="entity: partner\nextends: company\nmatch: [[credit_code], [remark]]\n",
        mappings__m="mapping: m\nconnection: crm\nobject: o\nentity: dealer\nfields: [{field: region}]\n",
    )
    texts["entities/sale.yaml"] = (  # a refined field keeps what it does not state: entity, lines, currency
        "entity: sale\nextends: sales_order\nfields:\n  customer: {type: reference, required: true}\n"
        "  lines:\n    type: lines\n    keep_while: shipped_quantity\n    lines:\n"
        "      quantity: {type: decimal, at_least: shipped_quantity}\n"
    )
    assert read(texts).findings == []
    del texts["entities/sale.yaml"]
    texts["entities/a.yaml"] = "entity: a\nextends: b\n"
    texts["entities/b.yaml"] = "entity: b\nextends: a\nmatch: [[nothing_known]]\n"
    texts["entities/c.yaml"] = "entity: c\nextends: compny\n"
    assert found(texts) == [
        ("entities/a.yaml", 2, "extends_circle", "b", ""),
        ("entities/b.yaml", 2, "extends_circle", "a", ""),
        ("entities/c.yaml", 2, "unknown_entity", "compny", "company"),
    ]


# ------------------------------------------------------------------ YAML 1.2


def values(text: str) -> Any:
    from hefu.store.tree import parse

    tree, wrong = parse("x", text)
    assert wrong == []
    assert tree is not None
    return tree.plain()


@pytest.mark.parametrize(
    "word", ["NO", "no", "Yes", "on", "off", "Y", "n", "0012", "-007", "1_000", "12:30:00", "<<", "."]
)
def test_what_yaml_1_1_would_twist_stays_text(word: str) -> None:
    assert values(f"a: {word}\n") == {"a": word}


def test_numbers_are_exact() -> None:
    from decimal import Decimal

    read = values("[1, -2, 1.10, 0.1, 1e3, .5, 0x1F, 0o17, 123456789012345678901234567890]")
    assert read == [
        1,
        -2,
        Decimal("1.10"),
        Decimal("0.1"),
        Decimal(1000),
        Decimal("0.5"),
        31,
        15,
        123456789012345678901234567890,
    ]
    assert not any(isinstance(value, float) for value in read)
    assert [str(value) for value in read[2:4]] == ["1.10", "0.1"]


def test_a_directive_for_yaml_1_1_changes_nothing() -> None:
    assert values("%YAML 1.1\n---\na: NO\nb: 010\n") == {"a": "NO", "b": "010"}


def test_a_text_that_looks_like_a_number_is_taken_as_written() -> None:
    project = read(swapped(CRM_ORDER, "object: deals", "object: 0010")).require()
    assert project.mappings["crm_order"].object == "0010"
    project = read(swapped(CRM_ORDER, "object: deals", "object: 1.10")).require()
    assert project.mappings["crm_order"].object == "1.10"
    project = read(swapped(CRM_ORDER, "object: deals", "object: true")).require()
    assert project.mappings["crm_order"].object == "true"


# ------------------------------------------------------------------ attacks


def test_a_billion_laughs_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    loaded = load({"entities/a.yaml": "\n".join(lines)}, None)
    assert "documents.too_many" in {f.code for f in loaded.findings}


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "a: " + "{b: " * 500, "- " * 20_000, "a:\n" + "".join(" " * n + "a:\n" for n in range(1, 300))],
)
def test_deep_nesting_is_refused(text: str) -> None:
    codes = {f.code for f in load({"entities/a.yaml": text}, None).findings}
    assert "documents.too_deep" in codes or "documents.bracket" in codes


def test_a_huge_document_is_refused_before_it_is_parsed() -> None:
    codes = [f.code for f in load({"entities/a.yaml": "entity: a\n" + "# x\n" * 300_000}, None).findings]
    assert codes == ["documents.too_large"]


def test_a_number_of_ten_thousand_digits_stays_text() -> None:
    assert values(f"a: {'9' * 10_000}\n") == {"a": "9" * 10_000}


# ------------------------------------------------------------------ folders and encodings


def test_every_byte_comes_back(tmp_path: Path) -> None:
    for name, raw in {
        "connections/a.yaml": b"\xef\xbb\xbfconnection: a\r\nconnector: web # \xe5\xae\xa2\r\n",
        "mappings/b.yml": b"mapping: b",
        "alerts.yaml": b"\n\n# nothing yet   \n",
        "entities/gb.yaml": "entity: gb\ntitle: {zh: 客户}\n".encode("gb18030"),
    }.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(raw)
    texts = read_folder(tmp_path / "in")
    assert sorted(write_folder(tmp_path / "out", texts)) == sorted(texts)
    for name in texts:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "in" / name).read_bytes()
    assert write_folder(tmp_path / "out", texts) == []


def test_a_bom_does_no_harm() -> None:
    texts = shop()
    texts[CRM] = "\ufeff" + texts[CRM].replace("\n", "\r\n")
    assert read(texts).findings == []


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "GB18030"), ("utf-16", "UTF-16")])
def test_a_wrong_encoding_is_named(tmp_path: Path, encoding: str, name: str) -> None:
    write_folder(tmp_path, shop())
    (tmp_path / CRM).write_bytes((SHOP / CRM).read_text("utf-8").encode(encoding))
    (tmp_path / CUSTOMER).write_bytes((SHOP / CUSTOMER).read_text("utf-8").encode(encoding))
    told = found(read_folder(tmp_path))
    assert [(f[0], f[2], f[3], f[4]) for f in told] == [
        (CRM, "encoding", name, "UTF-8"),
        (CUSTOMER, "encoding", name, "UTF-8"),
    ]
    assert told[0][1] == 1


def test_data_and_hidden_folders_are_no_documents(tmp_path: Path) -> None:
    write_folder(tmp_path, shop())
    for other in ("data/x.yaml", ".hefu/schemas/y.yaml", "README.md"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_text("nothing: here")
    assert set(read_folder(tmp_path)) == set(shop())


def test_a_misspelt_folder_is_told(tmp_path: Path) -> None:
    texts = shop()
    texts["mapping/crm_order.yaml"] = texts.pop(CRM_ORDER)
    assert ("mapping/crm_order.yaml", 1, "folder", "mapping", "mappings/crm_order.yaml") in found(texts)


def test_no_folder_and_no_documents_are_told(tmp_path: Path) -> None:
    for folder, code in ((tmp_path / "none", "documents.no_folder"), (tmp_path, "documents.no_files")):
        with pytest.raises(Unsupported) as error:
            read_folder(folder)
        assert error.value.code == code
        assert str(folder) in tell(error.value)[0]


def test_writing_stays_inside_the_folder(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="outside"):
        write_folder(tmp_path / "project", {"../evil.yaml": "x"})
    assert not (tmp_path / "evil.yaml").exists()


def test_require_refuses_a_wrong_project_and_takes_a_warned_one() -> None:
    with pytest.raises(Unsupported) as error:
        read(swapped(CRM, "concurrency: 2", "concurrency: two")).require()
    assert error.value.facts["count"] == 1
    assert CRM in tell(error.value)[0]


def test_every_code_that_is_raised_has_words() -> None:
    import re

    import hefu.core.crosscheck
    import hefu.store.documents

    rooms = [Path(hefu.store.documents.__file__).parent, Path(hefu.core.crosscheck.__file__).parent]
    texts = [p.read_text("utf-8") for room in rooms for p in room.glob("*.py")]
    codes = {code for text in texts for code in re.findall(r'"((?:documents|secret)\.[a-z_]*[a-z])"', text)} - RIGHTS
    assert len(codes) > 50
    assert codes <= set(ERRORS), codes - set(ERRORS)


def test_a_later_check_can_name_places_in_the_files() -> None:
    from hefu.core.documents import Flaw

    flaw = Flaw(
        "mapping", "crm_customer", ("fields", 2, "from"), "documents.unknown_field", "contact.phone", ("contact.fone",)
    )
    told: Finding = read(shop()).finding(flaw)
    assert (told.file, told.line, told.column, told.nearest) == (CRM_CUSTOMER, 10, 11, "contact.fone")
