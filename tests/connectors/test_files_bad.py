"""Whatever is wrong with a file: a clear message, nothing lost, the file byte for byte as before."""

from __future__ import annotations

import os
import subprocess
import threading
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from test_files import open_files, rows_of

from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unsupported
from hefu.core.records import Write, Written
from hefu.core.words import tell

HEAD = "code,name,price\n"
GOOD = "C1,上海华信,12.50\nC2,北京中科,7.00\nC3,广州南方,0.10\n"


def customers(folder: Path, **more):
    return open_files(folder, customer={"file": "customers.csv", "key": ["code"], **more})


def put(folder: Path, data: str | bytes, name: str = "customers.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(files, obj="customer"):
    return [r for page in files.read(obj) for r in page.records]


def refusal(work) -> HubError:
    with pytest.raises(HubError) as caught:
        work()
    error = caught.value
    for language in ("en", "zh"):
        what, then = tell(error, language)
        assert what
        assert then
        assert "?" not in what, what
    return error


def nothing_is_written(folder: Path, path: Path, files, obj="customer") -> HubError:
    """Neither read nor write goes through, and no byte moves."""
    before = path.read_bytes()
    error = refusal(lambda: read(files, obj))
    refusal(lambda: files.write(obj, [Write(None, {"code": "C9", "name": "x"}), Write("C1", None)]))
    assert path.read_bytes() == before
    assert [p.name for p in folder.glob(".hefu/*draft*")] == []
    return error


# ------------------------------------------------------------------ the whole file


def test_half_a_file_that_ends_in_a_quotation(tmp_path):
    path = put(tmp_path, HEAD + GOOD + 'C4,"深圳,1.00\nC5,x,2\nC6,y,3\n')
    error = nothing_is_written(tmp_path, path, customers(tmp_path))
    assert (error.code, error.facts["line"]) == ("files.cut_quote", 5)


def test_half_a_file_that_ends_in_a_row(tmp_path):
    path = put(tmp_path, HEAD + GOOD + "C4,深")
    error = nothing_is_written(tmp_path, path, customers(tmp_path))
    assert (error.code, error.facts["row"]) == ("files.cut_row", 5)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("END,3\n", None),
        ("", "files.no_trailer"),
        ("END,2\n", "files.wrong_count"),
        ("END,3", None),
        ("END,3\n\n\n", None),
    ],
)
def test_a_trailer_tells_the_whole_from_the_half(tmp_path, end, code):
    path = put(tmp_path, HEAD + GOOD + end)
    files = customers(tmp_path, complete={"trailer": "END", "trailer_count": 2})
    if code:
        assert nothing_is_written(tmp_path, path, files).code == code
        return
    assert [r.id for r in read(files)] == ["C1", "C2", "C3"]
    files.write("customer", [Write(None, {"code": "C4", "name": "新", "price": Decimal(1)}), Write("C1", None)])
    files.write("customer", [Write(None, {"code": "C5", "name": "二", "price": Decimal(2)})])
    lines = path.read_text().rstrip().splitlines()
    assert lines[1].startswith("C2,")
    assert (lines[-2], lines[-1]) == ("C5,二,2", "END,4")


def test_a_last_row_without_a_line_break_may_be_refused(tmp_path):
    put(tmp_path, HEAD + GOOD.rstrip("\n"))
    assert len(read(customers(tmp_path))) == 3
    error = refusal(lambda: read(customers(tmp_path, complete={"final_newline": True})))
    assert error.code == "files.cut_row"


def test_a_wrong_byte_far_into_the_file(tmp_path):
    rows = "".join(f"C{n},上海第{n}公司,{n}.50\n" for n in range(60_000))
    whole = (HEAD + rows).encode()
    at = whole.index(b"C54321,") + len("C54321,上".encode())
    path = put(tmp_path, whole[:at] + b"\xff" + whole[at:])
    error = nothing_is_written(tmp_path, path, customers(tmp_path))
    assert error.code == "files.wrong_byte"
    assert error.facts == {
        "file": str(path),
        "encoding": "utf-8",
        "line": 54323,
        "position": 9,
        "byte": "0xff",
        "offset": at,
    }


def test_a_wrong_encoding_that_is_declared(tmp_path):
    path = put(tmp_path, (HEAD + GOOD).encode("gb18030"))
    error = nothing_is_written(tmp_path, path, customers(tmp_path, encoding="utf-8"))
    assert (error.code, error.facts["line"]) == ("files.wrong_byte", 2)


def test_an_encoding_that_cannot_be_told(tmp_path):
    put(tmp_path, (HEAD + "C1,Müller Söhne,1\n").encode("cp1252"))
    assert refusal(lambda: read(customers(tmp_path))).code == "files.encoding_unsure"
    assert read(customers(tmp_path, encoding="cp1252"))[0].values["name"] == "Müller Söhne"


@pytest.mark.parametrize(
    ("data", "code", "kind"),
    [
        ("", "files.empty", Rejected),
        ("\n\n", "files.empty", Rejected),
        ("code,name,name\nC1,a,b\n", "files.header_twice", Rejected),
        ("id,name\nC1,a\n", "files.no_key_column", Unsupported),
    ],
)
def test_a_header_that_is_none(tmp_path, data, code, kind):
    put(tmp_path, data)
    error = refusal(lambda: read(customers(tmp_path)))
    assert error.code == code
    assert isinstance(error, kind)


def test_a_file_that_is_not_there_is_no_empty_table(tmp_path):
    error = refusal(lambda: read(customers(tmp_path)))
    assert error.code == "files.absent"
    assert isinstance(error, Transient)


# -------------------------------------------------------------------------- rows


BAD_ROWS = [
    ("C4,a,1,too,many\n", "files.too_many_columns"),
    ("C4,a\n", "files.too_few_columns"),
    ("C4,a\x07b,1\n", "files.control"),
    ("C4,a\x00b,1\n", "files.control"),
    (",a,1\n", "files.no_key"),
    ("C4,a,one\n", "files.bad_cell"),
    ("C4,a,1.2.3\n", "files.bad_cell"),
    ("C4,a,NaN\n", "files.bad_cell"),
    ('C4,"a"b,1\n', "files.wrong_quote"),
]


@pytest.mark.parametrize(("row", "code"), BAD_ROWS)
def test_a_bad_row_is_set_aside_and_the_others_flow(tmp_path, row, code):
    path = put(tmp_path, HEAD + GOOD + row + "C5,e,5.00\n")
    before = path.read_bytes()
    files = customers(tmp_path, columns={"price": {"type": "money"}})
    assert [r.id for r in read(files)] == ["C1", "C2", "C3", "C5"]
    head, rejected = rows_of(tmp_path / "rejects" / "customers.rejects.csv")
    assert head == ["code", "name", "price", "_row", "_reason", "_reason_zh", "_more"]
    assert rejected[3] == "5"
    assert rejected[4]
    assert rejected[5].startswith("第 5 行")
    assert "1, see" in next(iter(files.health().values()))
    assert path.read_bytes() == before
    words = tell(Rejected(code, row=5, columns=0, expected=3, column="", sign="", position=0, value="", type=""))[0]
    assert rejected[4][:5] == words[:5]


@pytest.mark.parametrize("cell", ["one", "007", "1e5"])
def test_a_type_that_the_first_rows_made_up_is_named(tmp_path, cell):
    """What only later rows show to be a code is not read as a number."""
    rows = "".join(f"C{n},name,{n}.50\n" for n in range(2500))
    put(tmp_path, HEAD + rows + f"D1,a,{cell}\n")
    assert len(read(customers(tmp_path))) == 2500
    reason = rows_of(tmp_path / "rejects" / "customers.rejects.csv")[1][4]
    assert f"Row 2502, column price: '{cell}' is no decimal" in reason
    assert "declare the column's type" in reason
    assert len(read(customers(tmp_path, columns={"price": {"type": "text"}}))) == 2501


def test_a_bad_row_stays_as_it_is_when_others_are_written(tmp_path):
    bad = "".join(row for row, _ in BAD_ROWS)
    path = put(tmp_path, HEAD + GOOD + bad + 'C5 , e ,"5.00"\n')
    files = customers(tmp_path, columns={"price": {"type": "money"}})
    done = files.write("customer", [Write("C2", {"price": Decimal(8)}), Write(None, {"code": "C6", "name": "新"})])
    assert all(isinstance(d, Written) for d in done)
    assert (
        path.read_text() == HEAD + GOOD.replace("C2,北京中科,7.00", "C2,北京中科,8") + bad + 'C5 , e ,"5.00"\nC6,新,\n'
    )


def test_duplicate_keys_are_not_decided_by_chance(tmp_path):
    path = put(tmp_path, HEAD + GOOD + "C2,别名,1.00\n")
    before = path.read_bytes()
    files = customers(tmp_path)
    assert [r.id for r in read(files)] == ["C1", "C3"]
    rejected = rows_of(tmp_path / "rejects" / "customers.rejects.csv")[1:]
    assert [(r[0], r[3]) for r in rejected] == [("C2", "3"), ("C2", "5")]
    (outcome,) = files.write("customer", [Write("C2", {"price": Decimal(3)})])
    assert isinstance(outcome, Rejected)
    (outcome,) = files.write("customer", [Write(None, {"code": "C2", "name": "third"})])
    assert isinstance(outcome, Rejected)
    assert path.read_bytes() == before


def test_a_record_in_a_bad_row_does_not_count_as_deleted(tmp_path):
    put(tmp_path, HEAD + GOOD + "C4,a,one\n")
    files = customers(tmp_path, columns={"price": {"type": "money"}})
    assert files.fetch("customer", ["C7"]) == []
    error = refusal(lambda: files.fetch("customer", ["C1", "C4"]))
    assert (error.code, error.facts["row"]) == ("files.maybe_there", 5)
    for row in ("C4,a,1,too,many\n", "C4\n", '"C4","a"b,1\n', "C4,a\x07,1\n"):
        put(tmp_path, HEAD + GOOD + row)
        assert refusal(lambda: files.fetch("customer", ["C1", "C4"])).code == "files.maybe_there"
        assert files.fetch("customer", ["C", "4", "C8"]) == [], "no other record is in doubt"
    assert files.search("customer", {"code": "C4"}) == []
    (outcome,) = files.write("customer", [Write(None, {"code": "C4", "name": "twice"})])
    assert isinstance(outcome, Rejected)


def test_rejects_disappear_when_the_rows_are_corrected(tmp_path):
    put(tmp_path, HEAD + GOOD + "C4,a\n")
    files = customers(tmp_path)
    read(files)
    put(tmp_path, HEAD + GOOD + "C4,a,1\n")
    assert len(read(files)) == 4
    assert not (tmp_path / "rejects" / "customers.rejects.csv").exists()
    assert files.health() == {}


def test_rejects_cannot_run_in_a_spreadsheet(tmp_path):
    put(tmp_path, HEAD + GOOD + '"=HYPERLINK(""x"")",a\n')
    read(customers(tmp_path))
    assert rows_of(tmp_path / "rejects" / "customers.rejects.csv")[1][0] == '\'=HYPERLINK("x")'


# ------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": "a\x07b"}, "files.control_out"),
        ({"name": "x" * 41}, "files.too_long"),
        ({"short": "上海上海上"}, "files.too_long_bytes"),
        ({"price": Decimal("1.005")}, "files.too_precise"),
        ({"price": "a lot"}, "files.bad_value"),
        ({"price": Decimal("NaN")}, "files.bad_value"),
        ({"name": "emoji 😀"}, "files.unencodable"),
        ({"name": None}, "files.blank"),
        ({"code": "C9"}, "files.key_change"),
        ({"level": "Z"}, "files.not_an_option"),
        ({"fixed": "new"}, "files.not_writable"),
        ({"no_such": "x"}, "files.no_column"),
    ],
)
def test_a_value_that_the_file_cannot_take(tmp_path, values, code):
    head, row = "code,name,price,short,level,fixed\n", "C1,上海,1.00,a,A,f\n"
    path = put(tmp_path, (head + row).encode("gbk"))
    columns = {
        "name": {"length": 40, "required": True},
        "price": {"type": "money", "scale": 2},
        "short": {"bytes_length": 8},
        "level": {"options": ["A", "B"]},
        "fixed": {"writable": False},
    }
    files = customers(tmp_path, columns=columns, encoding="gbk")
    good, refused = files.write("customer", [Write(None, {"code": "C2", "name": "北京"}), Write("C1", values)])
    assert isinstance(good, Written)
    assert isinstance(refused, HubError)
    assert refused.code == code
    assert tell(refused, "zh")[0]
    if isinstance(refused, Rejected):
        assert refused.field == next(iter(values))
    assert path.read_bytes() == (head + row + "C2,北京,,,,\n").encode("gbk")


def test_a_record_larger_than_a_cell_takes(tmp_path):
    files = open_files(tmp_path, customer={"file": "c.xlsx", "key": ["code"], "create": True, "columns": {"note": {}}})
    files.write("customer", [Write(None, {"code": "C1", "note": "x" * 32_767})])
    before = (tmp_path / "c.xlsx").read_bytes()
    (refused,) = files.write("customer", [Write(None, {"code": "C2", "note": "x" * 32_768})])
    assert isinstance(refused, Rejected)
    assert refused.code == "files.too_long"
    assert (tmp_path / "c.xlsx").read_bytes() == before


def test_formulas_become_text_and_come_back(tmp_path):
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path)
    texts = [
        "=1+1",
        "+CMD|' /C calc'!A0",
        "-2+3+cmd",
        "@SUM(A1)",
        "\t=1",
        "＝1+1",
        "'=1",
        "''=1",
        "'quoted'",
        "+86 138 0000",
        "-5",
        "-",
    ]
    for text in texts:
        (done,) = files.write("customer", [Write("C1", {"name": text})])
        assert done.values["name"] == text
        assert files.fetch("customer", ["C1"])[0].values["name"] == text
        cell = rows_of(path)[1][1]
        assert cell[0] not in "=@\t＝", cell
        assert cell in (text, "'" + text)


# ----------------------------------------------------------------- disk and rights


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB; root only."""
    if os.geteuid() != 0:
        pytest.skip("run as root to mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("allow mounting a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_full_disk_leaves_the_file_as_it_was(small_disk, suffix):
    columns = {"name": {}, "note": {}}
    files = open_files(
        small_disk, customer={"file": f"c.{suffix}", "key": ["code"], "create": True, "columns": columns}
    )
    files.write("customer", [Write(None, {"code": "C1", "name": "first"})])
    path = small_disk / f"c.{suffix}"
    before = path.read_bytes()
    large = [Write(None, {"code": f"D{n}", "note": os.urandom(150).hex()}) for n in range(1500)]
    error = refusal(lambda: files.write("customer", large))
    assert error.code == "files.disk_full"
    assert isinstance(error, Transient)
    assert path.read_bytes() == before
    assert [p.name for p in (small_disk / ".hefu").iterdir()] == [f"c.{suffix}.lock"]
    assert [r.id for r in files.fetch("customer", ["C1"])] == ["C1"]


def test_a_folder_without_rights(tmp_path):
    if os.geteuid() == 0:
        files = open_files(
            Path("/proc"), customer={"file": "c.csv", "key": ["code"], "create": True, "columns": {"a": {}}}
        )
        error = refusal(lambda: files.write("customer", [Write(None, {"code": "1"})]))
        assert error.code in ("files.absent", "files.denied")
        return
    put(tmp_path, HEAD + GOOD)
    tmp_path.chmod(0o555)
    try:
        error = refusal(lambda: customers(tmp_path).write("customer", [Write("C1", None)]))
    finally:
        tmp_path.chmod(0o755)
    assert isinstance(error, Denied)


# ------------------------------------------------------------ others at the same time


def test_another_program_that_changes_the_file_loses_nothing(tmp_path, monkeypatch):
    """The other program saves between our reading and our writing: both changes are in the file."""
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path)
    original, times = files.place.replace, []

    def meanwhile(name, draft, seen, keep=0):
        if not times and name == "customers.csv":
            times.append(1)
            other = path.with_suffix(".new")
            other.write_text(path.read_text().replace("广州南方", "广州北方"))
            other.replace(path)
        original(name, draft, seen, keep)

    monkeypatch.setattr(files.place, "replace", meanwhile)
    done = files.write(
        "customer",
        [
            Write("C1", {"price": Decimal(1)}, expect={"price": Decimal("12.50")}),
            Write("C3", {"name": "x"}, expect={"name": "广州南方"}),
        ],
    )
    assert isinstance(done[0], Written)
    assert isinstance(done[1], Stale)
    assert path.read_text() == "code,name,price\nC1,上海华信,1\nC2,北京中科,7.00\nC3,广州北方,0.10\n"
    assert (tmp_path / ".hefu" / "customers.csv.1").read_text().count("广州北方") == 1


def test_a_file_that_never_rests_is_told(tmp_path, monkeypatch):
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path)
    original = files.place.replace

    def meanwhile(name, draft, seen, keep=0):
        path.write_text(path.read_text() + f"C{path.stat().st_size},n,1\n")
        original(name, draft, seen, keep)

    monkeypatch.setattr(files.place, "replace", meanwhile)
    error = refusal(lambda: files.write("customer", [Write("C1", {"price": Decimal(1)})]))
    assert error.code == "files.busy"
    assert isinstance(error, Transient)
    assert "C1,上海华信,12.50" in path.read_text()


def test_a_file_written_in_place_while_we_read(tmp_path):
    rows = "".join(f"C{n},name {n},{n}.00\n" for n in range(4000))
    path = put(tmp_path, HEAD + rows)
    pages = customers(tmp_path).read("customer")
    next(pages)
    path.write_text(HEAD + rows.replace("name", "nom "))
    error = refusal(lambda: list(pages))
    assert error.code == "files.moving"


def test_workers_take_turns(tmp_path):
    path = put(tmp_path, HEAD + GOOD)

    def work(number):
        files = customers(tmp_path)
        for n in range(5):
            (done,) = files.write("customer", [Write(None, {"code": f"W{number}-{n}", "name": "x"})])
            assert isinstance(done, Written)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(rows_of(path)) == 1 + 3 + 20


def test_a_table_must_rest_before_it_is_read(tmp_path):
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path, complete={"stable_seconds": 10})
    now = files.site.now()
    os.utime(path, (now.timestamp() - 5, now.timestamp() - 5))
    error = refusal(lambda: read(files))
    assert (error.code, error.after) == ("files.unsettled", 10)
    os.utime(path, (now.timestamp() - 11, now.timestamp() - 11))
    assert len(read(files)) == 3


def test_former_generations_are_kept(tmp_path):
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path, keep=2)
    texts = [path.read_text()]
    for n in range(3):
        files.write("customer", [Write("C1", {"price": Decimal(n)})])
        texts.append(path.read_text())
    kept = tmp_path / ".hefu"
    assert [(kept / f"customers.csv.{n}").read_text() for n in (1, 2)] == [texts[2], texts[1]]
    assert not (kept / "customers.csv.3").exists()


def test_rights_of_the_file_stay(tmp_path):
    path = put(tmp_path, HEAD + GOOD)
    path.chmod(0o640)
    customers(tmp_path).write("customer", [Write("C1", None)])
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_unchanged_file_costs_one_look(tmp_path, monkeypatch):
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path)
    old = files.site.now() - timedelta(minutes=1)
    os.utime(path, (old.timestamp(), old.timestamp()))
    cursor = [page.cursor for page in files.read("customer")][-1]
    looks = []
    stat = files.place.stat
    monkeypatch.setattr(files.place, "stat", lambda name: looks.append(name) or stat(name))
    monkeypatch.setattr(files.place, "snapshot", lambda name: pytest.fail("it was opened"))
    assert [p.records for p in files.read("customer", cursor)] == [[]]
    assert looks == ["customers.csv"]


def test_an_edit_with_equal_size_and_time_is_seen(tmp_path):
    """A file system whose clock is coarse: the stamp of a young file proves nothing."""
    path = put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path)
    stamp = files.site.now().timestamp()
    os.utime(path, (stamp, stamp))
    cursor = [page.cursor for page in files.read("customer")][-1]
    path.write_text(HEAD + GOOD.replace("12.50", "12.60"))
    os.utime(path, (stamp, stamp))
    assert [r.id for p in files.read("customer", cursor) for r in p.records] == ["C1", "C2", "C3"]


def test_gone_records(tmp_path):
    put(tmp_path, HEAD + GOOD)
    files = customers(tmp_path)
    done = files.write("customer", [Write("C1", None), Write("C1", {"name": "x"}), Write("C8", {"name": "x"})])
    assert [type(d) for d in done] == [Written, Missing, Missing]
    assert isinstance(files.site.now(), datetime)
