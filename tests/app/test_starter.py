"""`hefu init`: the worked example is right and does what its README says; a user's own two files become a project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xlsxwriter

from hefu.app.house import open_app, settings_types
from hefu.app.starter import make
from hefu.core.errors import Unsupported
from hefu.core.mapping import compile_mapping
from hefu.core.model import resolve
from hefu.core.words import tell
from hefu.store.documents import Loaded, load, read_folder
from hefu.store.schemas import hint
from hefu.store.starter import example, init

CHINESE = re.compile(r"[\u4e00-\u9fff]")

CRM = """customer_no,name,tax_id,phone,joined,note
C1,上海合符科技有限公司,91310000MA1K30AB1L,021-5555 0101,2024-01-05,a
C2,北京远山软件有限公司,91110108MA01C2D34H,010-6666 0202,2024-02-29,b
C3,Blue Harbour Ltd.,,+44 20 7946 0505,2025-11-30,a
"""
ERP = """编码,名称,统一社会信用代码,电话,停用
C1,上海合符科技有限公司,91310000MA1K30AB1L,+86 21 5555 0101,否
C2,北京远山软件有限公司,91110108MA01C2D34H,010-66660202,是
C9,成都锦江机械有限公司,91510100MA61R4T5U4,028-9999 0606,否
"""


def loaded(folder: Path) -> Loaded:
    return load(read_folder(folder), settings_types())


def two(tmp_path: Path, left: str = CRM, right: str = ERP) -> tuple[Path, Path]:
    (tmp_path / "crm.csv").write_text(left, "utf-8")
    (tmp_path / "erp.csv").write_bytes(right.encode("gb18030"))
    return tmp_path / "crm.csv", tmp_path / "erp.csv"


# ------------------------------------------------------------------ the example


def test_the_example_is_right_and_complete(tmp_path: Path) -> None:
    made = make(tmp_path / "project")
    assert {"README.md", "README.zh-CN.md", ".gitignore", "data/crm.csv", ".hefu/schemas/mapping.json"} <= set(made)
    result = loaded(tmp_path / "project")
    assert result.findings == []
    project = result.require()
    assert set(project.connections) == {"crm", "erp"}
    assert project.roles
    assert project.alerts
    assert all(CHINESE.search(text) for file, text in result.texts.items() if file != "alerts.yaml")


def test_the_example_points_editors_to_its_schemas(tmp_path: Path) -> None:
    make(tmp_path)
    for file, text in read_folder(tmp_path).items():
        first = text.split("\n")[0]
        kind = next(line for line in text.split("\n") if line and not line.startswith("#")).partition(":")[0]
        assert f"{first}\n" == hint(file, kind)
        assert (tmp_path / file).parent.joinpath(first.split("$schema=")[1]).resolve().is_file()


def test_the_examples_in_the_mappings_hold(tmp_path: Path) -> None:
    make(tmp_path)
    project = loaded(tmp_path).require()
    mapping = project.mappings["crm_customer"]
    entity = resolve(project.entities["customer"], project.entities)
    compiled = compile_mapping(mapping, entity, None, zone="Asia/Shanghai")
    assert mapping.examples
    for one in mapping.examples:
        assert compiled.inward([one.record]) == [one.golden]


def test_the_example_does_what_its_readme_says(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from hefu.cli.main import app

    def run(*words: str, code: int) -> str:
        done = CliRunner().invoke(app, [*words, "-C", str(tmp_path)], env={"HEFU_LANGUAGE": "en", "COLUMNS": "200"})
        assert done.exit_code == code, done.output
        return done.output

    make(tmp_path)
    run("check", code=0)
    run("project", "import", code=0)
    run("apply", "--yes", code=4)
    crm, erp = ((tmp_path / "data" / name).read_text("utf-8") for name in ("crm.csv", "erp.csv"))
    assert "C006,成都锦江机械有限公司" in crm
    assert "C005,Blue Harbour Trading Ltd." in erp
    assert "（集团）" not in erp
    assert ",north,net60,yes" in crm
    assert "phone" in run("conflicts", "list", code=4)


def test_nothing_in_the_way_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(Unsupported) as error:
        make(tmp_path)
    assert error.value.code == "starter.exists"
    assert "README.md" in tell(error.value)[0]
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unsupported) as error:
        init(tmp_path / "file", example())
    assert error.value.code == "starter.unwritable"


# ------------------------------------------------------------------ one's own two files


def test_two_files_become_a_project_that_joins_them(tmp_path: Path) -> None:
    make(tmp_path / "p", *two(tmp_path))
    result = loaded(tmp_path / "p")
    assert result.findings == []
    project = result.require()
    left, right = project.mappings["crm_customer"], project.mappings["erp_customer"]
    assert {(f.field, f.source) for f in left.fields} >= {("code", "customer_no"), ("name", "name"), ("phone", "phone")}
    ours = {("code", "编码"), ("name", "名称"), ("credit_code", "统一社会信用代码")}
    assert {(f.field, f.source) for f in right.fields} >= ours
    assert left.create
    assert right.create
    assert project.entities["customer"].match == [["credit_code"], ["code"], ["name"]]
    assert project.connections["erp"].settings["objects"]["customer"]["key"] == ["编码"]
    text = result.texts["mappings/crm_customer.yaml"]
    assert re.search(r"field: name, from: name.*# 100% name", text)
    assert "from: joined" in text  # what is not mapped is named
    with open_app(tmp_path / "p", {}) as app:
        assert app.check(project) == {"crm": None, "erp": None}


def test_the_users_files_are_copied_not_touched(tmp_path: Path) -> None:
    left, right = two(tmp_path)
    before = left.read_bytes(), right.read_bytes()
    make(tmp_path / "p", left, right)
    assert (left.read_bytes(), right.read_bytes()) == before
    assert (tmp_path / "p" / "data" / "erp.csv").read_bytes() == before[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm.csv", "erp.csv", "p"]


def test_excel_files_and_chinese_names(tmp_path: Path) -> None:
    left, _ = two(tmp_path)
    book = xlsxwriter.Workbook(str(tmp_path / "客户 表.xlsx"))
    sheet = book.add_worksheet()
    for at, row in enumerate(ERP.strip().split("\n")):
        sheet.write_row(at, 0, row.split(","))
    book.close()
    made = make(tmp_path / "p", left, tmp_path / "客户 表.xlsx")
    assert "connections/right.yaml" in made
    assert "data/right.xlsx" in made
    result = loaded(tmp_path / "p")
    assert result.errors == []
    assert {f.field for f in result.project.mappings["right_customer"].fields} >= {"code", "name", "phone"}


def test_files_of_the_same_name_get_different_connections(tmp_path: Path) -> None:
    left, right = two(tmp_path)
    (tmp_path / "other").mkdir()
    made = make(tmp_path / "p", left, right.rename(tmp_path / "other" / "crm.csv"))
    assert {"connections/crm_left.yaml", "connections/crm_right.yaml"} <= set(made)
    assert loaded(tmp_path / "p").errors == []


def test_numbers_of_their_own_are_not_mixed_up(tmp_path: Path) -> None:
    """Two systems that number independently: the codes mean nothing to the other, and no record can be added."""
    other = ERP.replace("\nC1,", "\n10001,").replace("\nC2,", "\n10002,").replace("\nC9,", "\n10009,")
    make(tmp_path / "p", *two(tmp_path, right=other))
    result = loaded(tmp_path / "p")
    assert result.errors == []
    for mapping in result.project.mappings.values():
        assert "code" not in {f.field for f in mapping.fields}
        assert not mapping.create
    assert ["code"] not in result.project.entities["customer"].match
    assert "numbers of its own" in result.texts["mappings/erp_customer.yaml"]


def test_files_without_a_common_key_say_so(tmp_path: Path) -> None:
    left = "row,phone\n1,021-55550101\n2,010-66660202\n"
    right = "row,电话,城市\na,021-55550101,上海\nb,010-66660202,北京\n"
    make(tmp_path / "p", *two(tmp_path, left, right))
    result = loaded(tmp_path / "p")
    assert result.errors == []
    assert "add" in result.texts["entities/customer.yaml"]
    assert "'match'" in result.texts["entities/customer.yaml"]


@pytest.mark.parametrize(
    ("left", "code"),
    [("a,b\n1,x\n1,y\n,x\n", "starter.no_key"), ("customer_no,name\n", "starter.empty")],
)
def test_files_that_cannot_be_used_are_told_and_nothing_is_made(tmp_path: Path, left: str, code: str) -> None:
    with pytest.raises(Unsupported) as error:
        make(tmp_path / "p", *two(tmp_path, left))
    assert error.value.code == code
    assert "crm.csv" in tell(error.value)[0]
    assert not (tmp_path / "p").exists()


def test_a_missing_file_and_an_unknown_entity_are_told(tmp_path: Path) -> None:
    left, _ = two(tmp_path)
    with pytest.raises(Unsupported) as error:
        make(tmp_path / "p", left, tmp_path / "none.csv")
    assert error.value.code == "starter.no_file"
    with pytest.raises(Unsupported) as error:
        make(tmp_path / "p", *two(tmp_path), entity="custmer")
    assert error.value.facts["nearest"] == "customer"


def test_products_too(tmp_path: Path) -> None:
    left = "sku,name,unit,price\nP1,Bolt M8,pcs,1.20\nP2,Nut M8,pcs,0.40\n"
    right = "物料编码,物料名称,计量单位\nP1,Bolt M8,pcs\nP3,Washer,pcs\n"
    make(tmp_path / "p", *two(tmp_path, left, right), entity="product")
    result = loaded(tmp_path / "p")
    assert result.errors == []
    assert {f.field for f in result.project.mappings["erp_product"].fields} >= {"code", "name"}
