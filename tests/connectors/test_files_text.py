"""Layouts, encodings, types, bounded memory: what a text file may look like, and that reading bends no value."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_files import open_files
from test_files_bad import put, read, refusal

from hefu.connectors import _file_rows
from hefu.connectors._file_columns import infer
from hefu.connectors._file_encoding import guess
from hefu.connectors._file_formula import escape, unescape
from hefu.connectors._file_layout import Ask
from hefu.connectors._file_survey import survey
from hefu.connectors._file_unique import Keys
from hefu.core.errors import Rejected
from hefu.core.records import FieldType, Write, Written

T = FieldType
TEXT = "code,name,price\nC1,上海华信科技有限公司,12.50\n007,北京“中科”,7.00\n"


def customers(folder, **more):
    return open_files(folder, customer={"file": "customers.csv", "key": ["code"], **more})


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk", "utf-32"]
)
def test_encodings_are_detected_and_kept(tmp_path, encoding):
    before = TEXT.encode(encoding)
    path = put(tmp_path, before)
    files = customers(tmp_path)
    assert [(r.id, r.values["name"]) for r in read(files)] == [("C1", "上海华信科技有限公司"), ("007", "北京“中科”")]
    files.write("customer", [Write("C1", {"name": "新名"})])
    assert path.read_bytes() == TEXT.replace("上海华信科技有限公司", "新名").encode(encoding)


def test_chinese_that_begins_far_behind_plain_rows(tmp_path):
    rows = "".join(f"C{n},plain name of a company,{n}.50\n" for n in range(20_000))
    put(tmp_path, (TEXT.splitlines()[0] + "\n" + rows + "C-1,上海华信科技有限公司,1.00\n").encode("gb18030"))
    assert read(customers(tmp_path))[-1].values["name"] == "上海华信科技有限公司"


@given(st.text("上海华信科技有限公司北京广州深圳制造贸易股份的一是不了人我在有他这中大来", min_size=4, max_size=60))
def test_usual_chinese_is_gb18030_and_not_latin(text):
    found = guess(text.encode("gb18030"))
    assert found is None or found.codec == "gb18030"
    assert found or len(set(text)) < 8
    assert guess(text.encode()).codec == "utf-8"


def test_what_may_be_either_is_asked(tmp_path):
    assert guess("一一".encode("gb18030")) is None
    assert guess("Привет, мир и все".encode()).codec == "utf-8"
    put(tmp_path, "code,name\nC1,一一\n".encode("gb18030"))
    assert refusal(lambda: read(customers(tmp_path))).code == "files.encoding_unsure"
    assert read(customers(tmp_path, encoding="gbk"))[0].values["name"] == "一一"


@pytest.mark.parametrize("text", ["Müller Söhne", "Café Zoé", "Señor Núñez", "Ålesund Øy"])
def test_latin_is_not_taken_for_chinese(text):
    assert guess(text.encode("latin-1")) is None


@pytest.mark.parametrize(
    ("data", "layout"),
    [
        ("code;name;price\nC1;a,b;1,50\n", {"columns": {"price": {"type": "decimal", "decimal": ","}}}),
        ("code\tname\tprice\nC1\ta,b\t1.50\n", {}),
        ("code|name|price\r\nC1|a,b|1.50\r\n", {}),
        ("sep=;\ncode;name;price\nC1;a,b;1.50\n", {}),
        ("'code','name','price'\n'C1','a,b','1.50'\n", {}),
        ('Customers of 2026\n\ncode,name,price\nC1,"a,b",1.50\n', {}),
        ('C1,"a,b",1.50\n', {"header": 0, "columns": {"code": {}, "name": {}, "price": {"type": "decimal"}}}),
        ('x,y,z\nmore\ncode,name,price\nC1,"a,b",1.50\n', {"header": 3}),
        ('code,name,price\rC1,"a,b",1.50\r', {}),
        ('code,name,price,\nC1,"a,b",1.50,\n', {}),
        ('code,name,price\nC1,"a,b",1.50,,\n', {}),
        ('code, name ,price\n\n\nC1,"a,b",1.50\n\n', {}),
    ],
)
def test_layouts_are_found(tmp_path, data, layout):
    path = put(tmp_path, data)
    files = customers(tmp_path, **layout)
    (record,) = read(files)
    assert (record.id, record.values["name"], record.values["price"]) == ("C1", "a,b", Decimal("1.50"))
    (done,) = files.write("customer", [Write(None, {"code": "C2", "name": 'c"d', "price": Decimal(2)})])
    assert isinstance(done, Written)
    assert path.read_bytes().startswith(data.rstrip("\n").encode())
    assert [(r.id, r.values["name"], r.values["price"]) for r in read(files)][1:] == [("C2", 'c"d', Decimal(2))]


def test_text_over_several_lines(tmp_path):
    put(tmp_path, 'code,note,z\nC1,"first\nsecond ""quoted""\r\nthird",1\nC2,"a\nb",2\n')
    first, second = read(customers(tmp_path))
    assert first.values["note"] == 'first\nsecond "quoted"\r\nthird'
    assert second.values["note"] == "a\nb"


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("price", ["12.50", "-3", "0.07"], T.DECIMAL),
        ("qty", ["5", "12", "0"], T.DECIMAL),
        ("name", ["007", "12"], T.TEXT),
        ("credit code", ["110101199003071234", "91310000607215"], T.TEXT),
        ("phone", ["13800000000", "13900000000"], T.TEXT),
        ("customer_no", ["1001", "1002"], T.TEXT),
        ("编号", ["1001"], T.TEXT),
        ("since", ["2026-01-31", "2024-02-29"], T.DATE),
        ("since", ["2026/1/5", "2026/12/31"], T.DATE),
        ("since", ["2026年1月5日"], T.DATE),
        ("since", ["2025-02-29"], T.TEXT),
        ("since", ["01/02/2026"], T.TEXT),
        ("met", ["2026-01-31 08:00", "2026-01-31T08:00:00.5Z"], T.INSTANT),
        ("active", ["是", "否", "是"], T.BOOLEAN),
        ("active", ["TRUE"], T.BOOLEAN),
        ("grade", ["N"], T.TEXT),
        ("mixed", ["1.5", "n/a"], T.TEXT),
        ("price", ["n/a", *(f"{n}.5" for n in range(19))], T.DECIMAL),
        ("price", ["007", *(f"{n}.5" for n in range(19))], T.TEXT),
        ("since", ["soon", *["2026/1/5"] * 19], T.DATE),
        ("sci", ["1e5"], T.TEXT),
        ("big", ["1234567890123456789.5"], T.DECIMAL),
        ("empty", [], T.TEXT),
    ],
)
def test_types_are_inferred_with_care(name, cells, kind):
    assert infer(name, cells) is kind


def test_values_are_written_as_the_column_writes_them(tmp_path):
    head = "code,price,since,met,active,note\n"
    path = put(tmp_path, head + 'C1,"1,234.50",2026年1月5日,2026-01-31 08:00:00,是,x\nC2,2.00,2026年1月6日,,否,y\n')
    files = customers(tmp_path, columns={"price": {"type": "money"}})
    first = read(files)[0].values
    assert first["price"] == Decimal("1234.50")
    assert first["since"] == date(2026, 1, 5)
    assert first["met"] == datetime(2026, 1, 31, 0, 0, tzinfo=UTC)
    new = {"since": date(2024, 2, 29), "met": datetime(2026, 3, 1, 16, 0, 30, tzinfo=UTC), "active": False}
    (done,) = files.write("customer", [Write("C1", {**new, "price": Decimal("1234.5")})])
    assert {n: done.values[n] for n in new} == new
    assert path.read_text().splitlines()[1] == 'C1,"1,234.50",2024年02月29日,2026-03-02 00:00:30,否,x'


def test_an_instant_that_a_local_clock_shows_twice_keeps_its_zone(tmp_path):
    put(tmp_path, "code,met\nC1,2026-01-31 08:00:00\n")
    files = customers(tmp_path, columns={"met": {"type": "instant"}})
    files = open_files(
        tmp_path,
        customer={"file": "customers.csv", "key": ["code"], "columns": {"met": {"type": "instant"}}},
        settings={"zone": "Europe/Berlin"},
    )
    for hour in (0, 1):
        moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        (done,) = files.write("customer", [Write("C1", {"met": moment})])
        assert done.values["met"] == moment
        assert read(files)[0].values["met"] == moment


@given(st.text(max_size=12))
def test_escaping_is_undone_exactly(text):
    assert unescape(escape(text)) == text
    assert escape(text)[:1] not in tuple("=@\t\r\n\0＝＋－＠")


@given(st.lists(st.text(max_size=3), max_size=200))
def test_keys_that_come_twice(keys):
    found = Keys()
    found.add(keys)
    assert found.twice() == {hash(k) for k in keys if keys.count(k) > 1}
    assert all(map(found.holds, keys))
    assert found.holds("abcd") is False


def test_keys_on_disk():
    found = Keys()
    for start in range(0, 300_000, 1000):
        found.add(range(start, start + 1000))
    found.add([5, 299_999])
    assert found.twice() == {5, 299_999}
    assert all(found.holds(n) for n in (0, 5, 123_456, 299_999))
    assert not any(found.holds(n) for n in (-7, 300_000, 2**60))


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_any_text_comes_back(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    columns = {"a": {"type": "text"}, "b": {"type": "text"}}
    files = customers(folder, create=True, columns=columns)
    writes = [Write(None, {"code": str(n), "a": a, "b": b}) for n, (a, b) in enumerate(rows)]
    assert all(isinstance(d, Written) for d in files.write("customer", writes))
    assert [(r.values["a"], r.values["b"]) for r in read(files)] == rows


def test_a_key_of_several_columns(tmp_path):
    put(tmp_path, "org,code,name\nA|B,1,x\nA,B|1,y\nA\\,1,z\n")
    files = open_files(tmp_path, customer={"file": "customers.csv", "key": ["org", "code"]})
    records = read(files)
    assert len({r.id for r in records}) == 3
    for record in records:
        found = files.search("customer", {"org": record.values["org"], "code": record.values["code"]})
        assert [r.id for r in found] == [record.id]
        (done,) = files.write("customer", [Write(record.id, {"name": "new"})])
        assert done.values["org"] == record.values["org"]
    (refused,) = files.write("customer", [Write(None, {"org": "A", "name": "n"})])
    assert isinstance(refused, Rejected)


def test_who_changed_it_and_when(tmp_path):
    path = put(tmp_path, "code,name,changed,by\nC1,a,2026-01-30 08:00:00,李雷\n")
    files = customers(tmp_path, modified="changed", author="by")
    (record,) = read(files)
    assert record.modified_at == datetime(2026, 1, 30, 0, 0, tzinfo=UTC)
    assert record.author == "李雷"
    (done,) = files.write("customer", [Write("C1", {"name": "b"})])
    assert done.modified_at == files.site.now()
    assert path.read_text().splitlines()[1] == "C1,b,2026-01-31 16:00:00,李雷"


def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for number in (33_500, 50_000):
        rows = (f"C{n * 7919 % 1000003},某某公司 {n},{n}.50,note\n" for n in range(number))
        put(tmp_path, "code,name,price,note\n" + "".join(rows))
        files = customers(tmp_path)
        tracemalloc.start()
        count = sum(len(page.records) for page in files.read("customer"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == number
    assert peaks[1] < 10_000_000
    assert peaks[1] < 1.2 * peaks[0]


def surveyed(path, text, end="\n"):
    path.write_text(end.join(text), encoding="utf-8", newline="")
    return survey(path, Ask(key=("code",), encoding="utf-8", delimiter=",", quote='"'), "file")


rows = st.lists(st.tuples(*[st.text('a",; é\u2028漢\x85', max_size=4)] * 3), min_size=1, max_size=30)


@given(rows, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.integers(1, 7), st.integers(1, 40))
def test_the_quick_way_through_a_file_finds_what_the_csv_module_finds(tmp_path_factory, texts, end, last, size, block):
    """A plain file is cut out of blocks of any size, by the string type alone."""
    cells = [(f"{n}{a}", b, c) for n, (a, b, c) in enumerate(texts)]
    lines = [",".join('"' + c.replace('"', '""') + '"' if {'"', ","} & {*c} else c for c in row) for row in cells]
    path = tmp_path_factory.mktemp("plain") / "x.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_file_rows, "_BLOCK", block)
        sheet, found, _ = surveyed(path, ["code,name,note", *lines] + [""] * last, end)
        quick = [row for chunk in sheet.chunks(found, size) for row in zip(*chunk.columns, strict=True)]
    careful = sheet.chunks(replace(found, plain=False), size)
    assert quick == [row for chunk in careful for row in zip(*chunk.columns, strict=True)] == cells
    assert found.plain == (end != "\r" or (len(lines) == 1 and not last))
