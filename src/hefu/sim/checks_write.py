"""Checks of writing: create, patch, clear, delete, batches, conditions, lines and status steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hefu.core.errors import HubError, Missing, Rejected, Stale, Unsupported
from hefu.core.records import Abilities, Columns, Field, FieldType, Record, Values, Write, Written
from hefu.sim.checks_read import equal, searches
from hefu.sim.rig import NotCalledFor, Rig, check, expect

T = FieldType


def creates(abilities: Abilities) -> bool:
    """Whether records can be added."""
    return abilities.create != "no"


def updates(abilities: Abilities) -> bool:
    """Whether records can be added and changed."""
    return abilities.update and abilities.create != "no"


def compare(rig: Rig, found: Values, sent: Values) -> None:
    """Every field that was sent is as the system says it stores it; lines by the fields sent."""
    kinds = {f.name: f.type for f in rig.schema.fields}
    for name, value in rig.stored(sent).items():
        if kinds.get(name) is T.LINES:
            expect(len(found.get(name) or ()) == len(value), f"{name} has {len(found.get(name) or ())} lines")
            for line, want in zip(found.get(name) or (), value, strict=True):
                different = {n: line.get(n) for n, v in want.items() if not equal(line.get(n), v)}
                expect(not different, f"a line of {name} holds {different}, sent were {want}")
        else:
            expect(equal(found.get(name), value), f"{name} holds {found.get(name)!r}, sent was {value!r}")


def outcome(rig: Rig, write: Write) -> Written | HubError:
    """The outcome of one write, returned or raised."""
    try:
        return rig.write(write)[0]
    except HubError as error:
        return error


def patch(rig: Rig, record_id: str, values: Values) -> Written:
    """A patch that must succeed."""
    done = outcome(rig, Write(record_id, values))
    if isinstance(done, Written):
        return done
    raise AssertionError(f"a patch of {sorted(values)} was refused: {done}") from done


# ----------------------------------------------------------------------- create


@check("create", "新建的记录内容正确", when=creates, writes=True)
def create_stores_every_field(rig: Rig) -> None:
    """A created record holds what was sent"""
    values = rig.new()
    made = rig.create(values)
    expect(isinstance(made.id, str) and made.id, "a create gave no id")
    compare(rig, rig.have(made.id).values, values)


@check("create", "重复新建只产生一条记录", when=searches, writes=True)
def repeated_create_makes_one_record(rig: Rig) -> None:
    """Creating the same record again, as after a lost answer, leaves one record"""
    values, token = rig.new(), "hefu-conformance-token-1"
    first, how = rig.create(values, token), rig.abilities.create
    rig.lag()
    by = (
        {rig.abilities.token_field: token}
        if how == "token"
        else {k: rig.have(first.id).values[k] for k in rig.schema.key}
    )
    found = [r.id for r in rig.connector.search(rig.object, by)]  # type: ignore[arg-type]
    expect(found == [first.id], f"search by {by} found {found}, made was {first.id}")
    if how == "token":  # the engine looks before it repeats; nothing more is promised
        other = rig.connector.search(rig.object, {rig.abilities.token_field: "hefu-no-such-token"})  # type: ignore[dict-item]
        expect(not list(other), "an unknown token was found")
        return
    second = outcome(rig, Write(None, values, token=token))
    if how == "upsert":
        expect(isinstance(second, Written) and second.id == first.id, f"the second create gave {second}")
    else:
        same = second.id == first.id if isinstance(second, Written) else isinstance(second, Rejected)
        expect(same, f"the second create gave {second}")
    rig.lag()
    found = [r.id for r in rig.connector.search(rig.object, by)]  # type: ignore[arg-type]
    expect(found == [first.id], f"after a second create there are {found}")


@check("create", "按列批量写入时按业务键新建或修改", when=lambda a: a.create == "upsert", hands=["edited"], writes=True)
def upsert_in_bulk_creates_and_patches(rig: Rig) -> None:
    """Upserting by columns creates what is new and patches what is there"""
    lists = {f.name for f in rig.schema.fields if f.type is T.LINES}
    old, new = ({n: v for n, v in rig.new().items() if n not in lists} for _ in range(2))
    first = rig.create(old)
    changed = {**old, **{n: v for n, v in (rig.edited or {}).items() if n in old}}
    refused = rig.connector.upsert(rig.object, columns_of([changed, new]))
    expect(not refused, f"samples were refused: {refused}")
    rig.lag()
    compare(rig, rig.have(first.id).values, changed)
    expect([found.id for found in found_by_key(rig, old)] == [first.id], "an upsert made a second record of that key")
    found = found_by_key(rig, new)
    rig.made += [made.id for made in found]
    expect(len(found) == 1, f"the new record was found {len(found)} times")
    compare(rig, found[0].values, new)


@check("create", "按列批量写入时坏记录不影响其他记录", when=lambda a: a.create == "upsert" and a.batch > 1, writes=True)
def upsert_in_bulk_names_the_bad_record(rig: Rig) -> None:
    """Upserting by columns refuses a bad record at its place and writes the others"""
    wrong, good = bad(rig), rig.new()
    refused = rig.connector.upsert(rig.object, columns_of([{n: wrong.get(n) for n in good}, good]))
    expect([*refused] == [0] and isinstance(refused[0], Rejected), f"a bad record at place 0 gave {refused}")
    rig.lag()
    found = found_by_key(rig, good)
    rig.made += [made.id for made in found]
    expect(len(found) == 1, f"the good record beside it was found {len(found)} times")


def columns_of(rows: Sequence[dict[str, Any]]) -> Columns:
    """Rows of the same fields as columns."""
    return next(Columns.of(Record(str(at), row) for at, row in enumerate(rows)))


def found_by_key(rig: Rig, values: dict[str, Any]) -> list[Record]:
    """The records of that natural key."""
    return list(rig.connector.search(rig.object, {name: values[name] for name in rig.schema.key}))


@check("batch", "批量写入的结果与顺序一致", when=creates, writes=True)
def outcomes_keep_the_order(rig: Rig) -> None:
    """The outcomes of a batch are in the order of its writes"""
    sent = [rig.new() for _ in range(min(rig.abilities.batch, 7))]
    for values, made in zip(sent, rig.write(*(Write(None, v) for v in sent)), strict=True):
        expect(isinstance(made, Written), f"a sample was refused: {made}")
        compare(rig, rig.have(made.id).values if isinstance(made, Written) else {}, values)


@check("batch", "一条坏记录不影响整批", when=lambda a: creates(a) and a.batch > 2, writes=True)
def one_bad_record_does_not_spoil_a_batch(rig: Rig) -> None:
    """One bad record in a batch is Rejected, the others are written"""
    sent = [rig.new(), bad(rig), rig.new()]
    first, refused, last = rig.write(*(Write(None, v) for v in sent))
    expect(isinstance(refused, Rejected), f"the bad record gave {refused}, not Rejected")
    for made, values in ((first, sent[0]), (last, sent[2])):
        expect(isinstance(made, Written), f"a good record beside a bad one gave {made}")
        compare(rig, rig.have(made.id).values if isinstance(made, Written) else {}, values)


def bad(rig: Rig) -> dict[str, Any]:
    """A new record that the system refuses: the rig's, else one without a required field."""
    if rig.bad is not None:
        return {**rig.new(), **rig.bad}
    required = [f.name for f in rig.schema.fields if f.required and f.writable]
    if not required:
        raise NotCalledFor("the rig has no bad values, and no field is required")
    return {**rig.new(), required[0]: None}


# ------------------------------------------------------------------------ update


@check("update", "只修改指定字段", when=updates, hands=["edited"], writes=True)
def patch_touches_named_fields_only(rig: Rig) -> None:
    """A patch changes the named fields and no other"""
    made = rig.create()
    before = rig.have(made.id).values
    patch(rig, made.id, rig.edited or {})
    after = rig.have(made.id).values
    compare(rig, after, rig.edited or {})
    readonly = {f.name for f in rig.schema.fields if not f.writable}
    moved = {n for n in before if after.get(n) != before[n]} - set(rig.edited or {}) - readonly
    expect(not moved, f"other fields moved: {sorted(moved)}")


@check("update", "字段可以清空", when=updates, writes=True)
def field_can_be_cleared(rig: Rig) -> None:
    """None clears a field"""
    sample = rig.new()
    fields = [f for f in rig.writable("text", "decimal", "money", "date") if not f.required and sample.get(f.name)]
    if not fields:
        raise NotCalledFor("the sample fills no field that may be empty")
    made = rig.create(sample)
    patch(rig, made.id, {fields[0].name: None})
    left = rig.have(made.id).values.get(fields[0].name)
    expect(left in (None, ""), f"{fields[0].name} still holds {left!r}")


TEXTS = (
    "00700",
    "合符（上海）有限公司",
    "龘𠮷",
    "Ünïcödé ß",
    "😀👩‍👩‍👧",
    'O\'Hare "&" <b>%_;--\\',
    "a,b\tc",
    "null",
    "0",
    "=1+1",
)


@check("types", "文字原样保存", when=updates, writes=True)
def text_survives(rig: Rig) -> None:
    """Text comes back as sent: leading zeros, Chinese, emoji, quotes, long text"""
    fields = sorted(rig.writable("text"), key=lambda f: -(f.length or 10_000))
    fields = [f for f in fields if not f.options]
    if not fields:
        raise NotCalledFor("no writable text field")
    name, length = fields[0].name, fields[0].length or fields[0].bytes_length or 4000
    made = rig.create()
    for text in (*TEXTS, "符" * min(length // (3 if fields[0].bytes_length else 1), 4000)):
        if len(text) <= length:
            patch(rig, made.id, {name: text})
            compare(rig, rig.have(made.id).values, {name: text})


@check("types", "数字和日期精确无误", when=updates, writes=True)
def numbers_and_dates_are_exact(rig: Rig) -> None:
    """Decimals, dates, instants and booleans come back exactly"""
    fields = rig.writable("decimal", "money", "date", "instant", "boolean")
    if not fields:
        raise NotCalledFor("no writable number, date or boolean")
    made = rig.create()
    for f in fields:
        for value in exact(f):
            patch(rig, made.id, {f.name: value})
            compare(rig, rig.have(made.id).values, {f.name: value})


def exact(f: Field) -> list[Any]:
    """Values that a careless connector bends."""
    if f.type in (T.DECIMAL, T.MONEY):
        texts = ("0", "0.1", "0.07", "1234567.89", "-19.99", "100")
        return [Decimal(t) for t in texts if f.scale is None or -Decimal(t).as_tuple().exponent <= f.scale]  # type: ignore[operator]
    if f.type is T.DATE:
        return [date(2024, 2, 29), date(1999, 12, 31), date(2026, 3, 29)]
    if f.type is T.INSTANT:
        east = timezone(timedelta(hours=8))
        return [datetime(2024, 2, 29, 16, 5, 7, tzinfo=UTC), datetime(2026, 1, 1, 0, 30, tzinfo=east)]
    return [True, False]


@check("update", "修改不存在的记录报告为不存在", when=lambda a: updates(a) and a.delete, hands=["edited"], writes=True)
def update_of_a_gone_record_is_missing(rig: Rig) -> None:
    """Changing a record that is gone is told as Missing"""
    made = rig.create()
    expect(isinstance(outcome(rig, Write(made.id, None)), Written), "a delete was refused")
    if rig.get(made.id) is not None:
        raise NotCalledFor("a deleted record stays (soft delete)")
    told = outcome(rig, Write(made.id, rig.edited))
    expect(isinstance(told, Missing), f"changing a gone record gave {told}, not Missing")


@check("update", "未知字段被拒绝", when=updates, hands=["edited"], writes=True)
def unknown_field_is_refused(rig: Rig) -> None:
    """A field that is not there is refused, and the rest of that write is not carried out"""
    made = rig.create()
    before = rig.have(made.id).values
    told = outcome(rig, Write(made.id, {**(rig.edited or {}), "no_such_field_8bd1": "x"}))
    expect(isinstance(told, Unsupported | Rejected), f"an unknown field gave {told}")
    expect(rig.have(made.id).values == before, "a refused write changed the record")


@check("update", "不支持的写入被拒绝", when=lambda a: not a.update and a.create == "no", hands=["edited"])
def read_only_object_refuses(rig: Rig) -> None:
    """An object that cannot be written refuses writes as Unsupported"""
    record = next(iter(rig.read().records), None)
    told = outcome(rig, Write(record.id if record else "1", rig.edited))
    expect(isinstance(told, Unsupported), f"writing a read-only object gave {told}")


@check("returns", "写入应答与实际保存一致", when=lambda a: updates(a) and a.returns, hands=["edited"], writes=True)
def answer_tells_what_is_stored(rig: Rig) -> None:
    """The answer to a write carries the record as it is stored"""
    made = rig.create()
    for done in (made, patch(rig, made.id, rig.edited or {})):
        expect(done.values is not None, "the answer carries no values")
    now = rig.have(made.id)
    expect(done.values == now.values, "the answer differs from the record")
    expect(done.version == now.version, f"the answer says version {done.version}, the record {now.version}")


# -------------------------------------------------------------------- conditions


@check(
    "conditional",
    "过期的修改被拒绝",
    when=lambda a: updates(a) and a.conditional != "no",
    hands=["edited"],
    writes=True,
)
def stale_write_is_refused(rig: Rig) -> None:
    """A patch of a record that has changed since is told as Stale; one that is up to date goes through"""
    edited = dict(rig.edited or {})
    made = rig.create()
    old = rig.have(made.id)
    seen = {n: old.values.get(n) for n in edited}
    patch(rig, made.id, edited)
    told = outcome(rig, _conditional(rig, made.id, seen, old.version, seen))
    expect(isinstance(told, Stale), f"a stale patch gave {told}, not Stale")
    now = rig.have(made.id)
    compare(rig, now.values, edited)
    fresh = {n: now.values.get(n) for n in edited}
    done = outcome(rig, _conditional(rig, made.id, seen, now.version, fresh))
    expect(isinstance(done, Written), f"an up-to-date patch gave {done}")


def _conditional(rig: Rig, record_id: str, values: Values, version: str | None, expect_: Values) -> Write:
    if rig.abilities.conditional == "version":
        expect(version, "conditional = version, but records carry none")
        return Write(record_id, values, version=version)
    return Write(record_id, values, expect=expect_)


# ------------------------------------------------------------------------ delete


@check("delete", "删除生效", when=lambda a: creates(a) and a.delete, writes=True)
def delete_removes(rig: Rig) -> None:
    """A deleted record is gone, or marked by a boolean; the one beside it stays"""
    made, other = rig.create(), rig.create()
    before = rig.have(made.id).values
    told = outcome(rig, Write(made.id, None))
    expect(isinstance(told, Written), f"a delete gave {told}")
    left = rig.get(made.id)
    if left is not None:
        flags = [n for n, v in left.values.items() if isinstance(v, bool) and before.get(n) is not v]
        expect(flags, "the record is still there and not marked")
    else:
        again = outcome(rig, Write(made.id, None))
        expect(isinstance(again, Missing), f"deleting it again gave {again}, not Missing")
    rig.have(other.id)


# ------------------------------------------------------------------------- lines


def _lines(rig: Rig) -> tuple[Field, str, str, list[Values]]:
    """(field, line key, a text or number field of a line, lines of a sample)."""
    sample = rig.new()
    for f in rig.schema.fields:
        if f.type is T.LINES and len(sample.get(f.name) or ()) >= 2:
            key = next((part.name for part in f.lines if part.unique), None)
            free = [p.name for p in f.lines if p.writable and p.name != key and p.type in (T.TEXT, T.DECIMAL, T.MONEY)]
            if key and free:
                return f, key, free[0], sample[f.name]
    raise NotCalledFor("the sample has no list of two lines with a unique key and a free field")


def _other(value: Any) -> Any:
    return value + 1 if isinstance(value, Decimal | int) else f"{value or ''}x"[-10:]


@check("lines", "明细行可单独修改，未提及的行保留", when=lambda a: updates(a) and a.lines == "keyed", writes=True)
def keyed_lines_stay(rig: Rig) -> None:
    """A line that an update leaves out stays; a line that it names changes; a line without key is added"""
    f, key, free, _ = _lines(rig)
    made = rig.create()
    before = list(rig.have(made.id).values[f.name])
    keys = [line[key] for line in before]
    expect(len(set(keys)) == len(keys) and None not in keys, f"lines have no keys of their own: {keys}")
    patch(rig, made.id, {f.name: [{key: keys[0], free: _other(before[0].get(free))}]})
    now = {line[key]: line for line in rig.have(made.id).values[f.name]}
    expect(set(now) == set(keys), f"the lines were {keys}, now are {list(now)}")
    expect(now[keys[0]][free] == _other(before[0].get(free)), "the named line did not change")
    expect(all(now[line[key]] == line for line in before[1:]), "a line that was left out changed")
    fresh = {n: v for n, v in before[1].items() if n != key and _free(f, n)}
    if _free(f, key):
        fresh[key] = _other(keys[-1])
    patch(rig, made.id, {f.name: [fresh]})
    grown = rig.have(made.id).values[f.name]
    expect(len(grown) == len(keys) + 1, f"a new line made {len(grown)} of {len(keys)} lines")


def _free(f: Field, name: str) -> bool:
    return any(part.name == name and part.writable for part in f.lines)


@check("lines", "整体更新明细", when=lambda a: updates(a) and a.lines == "whole", writes=True)
def whole_lines_replace(rig: Rig) -> None:
    """An update's lines are the lines: those left out are gone, those named keep their keys"""
    f, key, free, _ = _lines(rig)
    made = rig.create()
    before = list(rig.have(made.id).values[f.name])
    kept = {n: v for n, v in before[0].items() if n == key or _free(f, n)}
    patch(rig, made.id, {f.name: [{**kept, free: _other(kept.get(free))}]})
    now = rig.have(made.id).values[f.name]
    expect(len(now) == 1, f"one line was sent, {len(now)} are there")
    expect(now[0][key] == before[0][key], "a line lost its key")
    expect(now[0][free] == _other(before[0].get(free)), "the line did not change")


# ----------------------------------------------------------------------- actions


@check("actions", "状态操作按声明执行", when=lambda a: creates(a) and bool(a.actions), writes=True)
def steps_obey_their_states(rig: Rig) -> None:
    """A status step runs where it is declared legal and is Rejected elsewhere; an unknown one is Unsupported"""
    made = rig.create()
    ran: set[str] = set()
    for _ in range(2 * len(rig.abilities.actions)):
        state = rig.have(made.id).values.get(rig.schema.state or "")
        _illegal(rig, made.id, str(state))
        step = next(
            (a for a, where in rig.abilities.actions.items() if a not in ran and (state in where or "*" in where)), None
        )
        if step is None:
            break
        rig.connector.call(rig.object, step, made.id, {})
        ran.add(step)
    expect(ran, "no step is legal in the state of a new record")
    expect(isinstance(_called(rig, "no_such_step", made.id), Unsupported), "an unknown step is not Unsupported")


def _illegal(rig: Rig, record_id: str, state: str) -> None:
    for step, where in rig.abilities.actions.items():
        if state not in where and "*" not in where:
            told = _called(rig, step, record_id)
            expect(isinstance(told, Rejected), f"{step} in the state {state} gave {told}, not Rejected")
    now = rig.have(record_id).values.get(rig.schema.state or "")
    expect(str(now) == state, f"a refused step moved the state from {state} to {now}")


def _called(rig: Rig, step: str, record_id: str) -> Written | HubError:
    try:
        return rig.connector.call(rig.object, step, record_id, {})
    except HubError as error:
        return error
