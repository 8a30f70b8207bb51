"""Checks of looking: access, discovery, full and incremental reads, fetch and search."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from hefu.core.connector import Connector
from hefu.core.errors import Denied, HubError, Transient, Unsupported
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Value
from hefu.sim.rig import NotCalledFor, Rig, check, expect

WORDS = {
    "create": ("no", "key", "token", "upsert", "blind"),
    "changes": ("full", "cursor", "cursor+deletes"),
    "conditional": ("no", "version", "values"),
    "lines": ("none", "whole", "keyed"),
}
_SECRET = ("password", "secret", "token", "api_key", "private_key")


def feeds(abilities: Abilities) -> bool:
    """Whether it can tell what changed."""
    return abilities.changes != "full"


def searches(abilities: Abilities) -> bool:
    """Whether a create can be found again."""
    return abilities.create in ("key", "token", "upsert")


def error_of(connector: Connector) -> HubError | None:
    """What `check` complains of."""
    try:
        connector.check()
    except HubError as error:
        return error
    return None


# ----------------------------------------------------------------------- access


@check("access", "地址、凭证和权限正确")
def access_is_granted(rig: Rig) -> None:
    """Address, credentials and rights are right"""
    rig.connector.check()


@check("access", "密码错误时报告为拒绝访问", hands=["wrong_secret"])
def wrong_secret_is_denied(rig: Rig) -> None:
    """A wrong secret is told as Denied, without the secret"""
    connector = rig.wrong_secret()  # type: ignore[misc]
    error = error_of(connector)
    expect(isinstance(error, Denied), f"a wrong secret gave {error!r}, not Denied")
    for name, secret in secrets_of(connector.settings):
        expect(secret not in f"{error!s}{error!r}", f"the error repeats the secret '{name}'")


@check("access", "系统不可达时报告为可重试", hands=["unreachable"])
def unreachable_is_transient(rig: Rig) -> None:
    """A system that does not answer is told as Transient"""
    error = error_of(rig.unreachable())  # type: ignore[misc]
    expect(isinstance(error, Transient), f"an unreachable system gave {error!r}, not Transient")


def secrets_of(settings: Any) -> list[tuple[str, str]]:
    """(name, value) of every secret setting that is filled."""
    values = ((n, getattr(settings, n)) for n in type(settings).model_fields)
    return [(n, v.get_secret_value()) for n, v in values if hasattr(v, "get_secret_value") and v.get_secret_value()]


@check("access", "设置有中英文说明，密码标为机密")
def settings_are_described(rig: Rig) -> None:
    """Settings are described in both languages, and secrets are marked"""
    for name, setting in type(rig.connector.settings).model_fields.items():
        extra = setting.json_schema_extra
        expect(setting.description, f"setting {name} has no description")
        expect(isinstance(extra, dict) and extra.get("zh"), f"setting {name} has no Chinese description")
        if any(word in name for word in _SECRET) and not name.endswith(("_url", "_field", "_path", "_header")):
            expect("SecretStr" in str(setting.annotation), f"setting {name} looks like a secret but is no SecretStr")


# --------------------------------------------------------------------- discover


@check("discover", "结构发现结果稳定")
def discovery_is_stable(rig: Rig) -> None:
    """Discovery tells the same twice, every name once"""
    first, second = list(rig.connector.discover()), list(rig.reopened().discover())
    expect(first == second, "discover() gave two answers")
    expect(len({s.name for s in first}) == len(first), "an object occurs twice")
    for schema in first:
        names = [f.name for f in schema.fields]
        expect(len(set(names)) == len(names), f"{schema.name}: a field occurs twice")


@check("discover", "发现的字段类型和能力有效")
def discovery_is_typed(rig: Rig) -> None:
    """Fields have types, and the declared abilities make sense together"""
    for schema in rig.connector.discover():
        _sound(schema)


def _sound(schema: ObjectSchema) -> None:
    names, able, here = {f.name for f in schema.fields}, schema.abilities, f"{schema.name}: "
    expect(names, here + "no fields")
    for word, known in WORDS.items():
        expect(getattr(able, word) in known, here + f"{word} = {getattr(able, word)!r}, known are {known}")
    expect(set(schema.key) <= names, here + f"the key {schema.key} names unknown fields")
    expect(schema.key or able.create not in ("key", "upsert"), here + f"create = {able.create} without a key")
    expect(able.token_field in names or able.create != "token", here + "create = token without a token_field")
    expect(schema.state in names or not (able.actions or schema.locked), here + "actions without a state field")
    steps = {*able.back, *able.back.values()}
    expect(steps <= able.actions.keys(), here + f"back names unknown steps: {sorted(steps - able.actions.keys())}")
    expect(able.batch >= 1 and able.page >= 1 and able.lag >= 0, here + "batch, page or lag is out of range")
    if able.lines != "none":
        expect(any(f.type is FieldType.LINES for f in schema.fields), here + f"lines = {able.lines} without lines")
    for f in schema.fields:
        expect(isinstance(f.type, FieldType), here + f"{f.name} has the type {f.type!r}")
        expect(f.type is not FieldType.LINES or f.lines, here + f"the lines {f.name} have no fields")


# ------------------------------------------------------------------------- read


@check("read", "未知对象报告为配置错误")
def unknown_object_is_unsupported(rig: Rig) -> None:
    """An object that is not there is told as Unsupported"""
    try:
        for _ in rig.connector.read("no_such_object_8bd1"):
            break
    except Unsupported:
        return
    raise AssertionError("reading an unknown object did not raise Unsupported")


@check("read", "空对象读取为空", hands=["empty"])
def empty_object_is_empty(rig: Rig) -> None:
    """An object without records reads as nothing"""
    records = [r for page in rig.connector.read(rig.empty or "") for r in page.records]
    expect(not records, f"{len(records)} records in an empty object")


@check("page", "跨页读取每条记录恰好一次")
def every_record_once(rig: Rig) -> None:
    """A full read has every record once, across pages"""
    ids = set(rig.put(2 * min(rig.abilities.page, 200) + 1)) if rig.writes else set()
    reading = rig.read()
    missing = ids - set(reading.by_id)
    expect(not missing, f"{len(missing)} of {len(ids)} records were not read, e.g. {sorted(missing)[:3]}")
    twice = len(reading.records) - len(reading.by_id)
    expect(not twice, f"{twice} records were read twice although nothing changed")


@check("page", "每页不超过声明的大小")
def pages_keep_their_size(rig: Rig) -> None:
    """No page holds more than declared"""
    if rig.writes:
        rig.put(min(rig.abilities.page, 200) + 1)
    largest = max((len(page.records) for page in rig.pages()), default=0)
    expect(largest <= rig.abilities.page, f"a page of {largest}, declared are {rig.abilities.page}")


@check("read", "记录标识与业务键唯一")
def keys_are_unique(rig: Rig) -> None:
    """Ids are text, and the natural key is unique where it is filled"""
    if rig.writes:
        rig.put(3)
    reading = rig.read()
    expect(all(isinstance(r.id, str) and r.id for r in reading.records), "an id is empty or no text")
    if rig.schema.key and searches(rig.abilities) and rig.abilities.create != "token":
        keys = [(r.organisation, *(r.values.get(k) for k in rig.schema.key)) for r in reading.by_id.values()]
        full = [k for k in keys if None not in k[1:] and "" not in k[1:]]
        expect(len(set(full)) == len(full), f"the natural key {rig.schema.key} occurs twice")


@check("types", "读取的值符合声明的类型")
def values_are_typed(rig: Rig) -> None:
    """Values have the declared types, numbers are exact, instants have a zone"""
    if rig.writes:
        rig.put(2)
    schema = {f.name: f for f in rig.schema.fields}
    for record in rig.read().records:
        for name, value in record.values.items():
            expect(name in schema, f"the field {name} is read but not discovered")
            expect(_fits(schema[name], value), f"{name} ({schema[name].type}) reads as {value!r}")
        moment = record.modified_at
        expect(moment is None or moment.tzinfo is not None, "modified_at has no zone")


def _fits(f: Field, value: Value) -> bool:
    if value is None:
        return True
    kind = f.type
    if kind in (FieldType.DECIMAL, FieldType.MONEY):
        return isinstance(value, Decimal | int) and not isinstance(value, bool)
    if kind is FieldType.BOOLEAN:
        return isinstance(value, bool)
    if kind is FieldType.DATE:
        return isinstance(value, date) and not isinstance(value, datetime)
    if kind is FieldType.INSTANT:
        return isinstance(value, datetime) and value.tzinfo is not None
    if kind is FieldType.LINES:
        parts = {part.name: part for part in f.lines}
        return all(all(n in parts and _fits(parts[n], v) for n, v in line.items()) for line in value)
    return isinstance(value, str)


# ------------------------------------------------------------- changed since


@check("changes", "同一时间戳跨页不丢记录", when=feeds, hands=["burst"], writes=True)
def equal_stamps_survive_a_page_edge(rig: Rig) -> None:
    """Records with equal stamps across a page edge are all read"""
    rig.put(1)
    since = rig.start()
    ids = set(rig.burst(2 * min(rig.abilities.page, 200) + 1))  # type: ignore[misc]
    rig.lag()
    missing = ids - set(rig.read(since).by_id)
    expect(not missing, f"{len(missing)} of {len(ids)} records with equal stamps were missed")


@check("changes", "游标可从中途继续", when=feeds, writes=True)
def cursor_resumes(rig: Rig) -> None:
    """A read that was broken off after a page goes on from that page's cursor"""
    rig.put(1)
    since = rig.start()
    ids = set(rig.put(2 * min(rig.abilities.page, 200) + 1))
    for begin in (since, None):
        first = next(iter(rig.pages(begin)))
        seen = {r.id for r in first.records}
        rest = rig.read(first.cursor if first.cursor is not None else begin)
        missing = ids - seen - set(rest.by_id)
        expect(not missing, f"{len(missing)} of {len(ids)} records were lost after a break")


@check("changes", "重启后游标仍有效", when=feeds, hands=["reopen"], writes=True)
def cursor_survives_a_restart(rig: Rig) -> None:
    """A cursor is good for a new connector object"""
    rig.put(2)
    since = rig.start()
    ids = set(rig.put(2))
    missing = ids - set(rig.read(since, rig.reopened()).by_id)
    expect(not missing, f"after a restart {sorted(missing)} were missed")


@check("changes", "无变化时不再返回新内容", when=feeds)
def quiet_read_brings_nothing_new(rig: Rig) -> None:
    """A second read brings nothing that was not read before, and nothing at all after a while"""
    if rig.writes:
        rig.put(3)
    first = rig.read()
    if first.cursor is None:
        raise NotCalledFor("no cursor to start from (nothing to read, or too much)")
    if not rig.writes:
        expect(rig.read(first.cursor).cursor is not None, "an incremental read lost the cursor")
        return
    second = rig.read(first.cursor)
    news = [r.id for r in second.records if r.id not in first.by_id or r.values != first.by_id[r.id].values]
    expect(not news, f"a quiet system told of {news[:3]}")
    if rig.wait is not None:
        rig.pause(2 * rig.overlap + rig.abilities.lag + 1)
        third = rig.read(second.cursor)
        fourth = rig.read(third.cursor)
        expect(not fourth.records, f"a quiet system still told of {len(fourth.records)} records")


@check("changes", "人工修改可被读到", when=feeds, hands=["edit", "edited"], writes=True)
def edit_is_told(rig: Rig) -> None:
    """What a person edits is read from the cursor, with its new values"""
    ids = rig.put(3)
    since = rig.start()
    rig.edit(ids[1], rig.edited or {})  # type: ignore[misc]
    told = rig.read(since).by_id.get(ids[1])
    expect(told is not None, "the edited record was not told")
    _same(rig, told.values if told else {}, rig.edited or {})


@check("changes", "读取过程中的修改不会遗漏", when=feeds, hands=["edit", "edited"], writes=True)
def edit_while_reading_is_told(rig: Rig) -> None:
    """Records edited while pages are read are not missed, and no other is"""
    rig.put(1)
    since = rig.start()
    ids = rig.put(3 * min(rig.abilities.page, 100))
    latest, cursor = dict[str, Any](), None
    for number, page in enumerate(rig.pages(since)):
        latest |= {r.id: r.values for r in page.records}
        cursor = page.cursor
        if number == 0:
            for record_id in (ids[0], ids[len(ids) // 2], ids[-1]):
                rig.edit(record_id, rig.edited or {})  # type: ignore[misc]
    latest |= {r.id: r.values for r in rig.read(cursor).records}
    missing = set(ids) - set(latest)
    expect(not missing, f"{len(missing)} records were missed while others were edited")
    for record_id in (ids[0], ids[len(ids) // 2], ids[-1]):
        _same(rig, latest[record_id], rig.edited or {})


def _same(rig: Rig, values: Any, wanted: Any) -> None:
    for name, value in rig.stored(wanted).items():
        expect(equal(values.get(name), value), f"{name} reads {values.get(name)!r}, was set to {value!r}")


def equal(found: Value, sent: Value) -> bool:
    """Equal and exact: a float never is, though Python calls 12.5 equal to Decimal("12.5")."""
    return not isinstance(found, float) and bool(found == sent)


@check("changes", "迟到的提交会被读到", when=feeds, hands=["late"], writes=True)
def late_commit_is_told(rig: Rig) -> None:
    """A commit that appears behind its stamp is read"""
    rig.put(2)
    since = rig.read(rig.start()).cursor
    late = rig.late()  # type: ignore[misc]
    rig.lag()
    expect(late in rig.read(since).by_id, "a late commit was missed")


@check("changes", "删除会通知", when=lambda a: a.changes == "cursor+deletes", hands=["remove"], writes=True)
def delete_is_told(rig: Rig) -> None:
    """What a person deletes is told as gone"""
    ids = rig.put(3)
    since = rig.start()
    rig.remove(ids[1])  # type: ignore[misc]
    reading = rig.read(since)
    expect(ids[1] in reading.gone, "a deleted record was not told as gone")
    expect(ids[0] not in reading.gone and ids[2] not in reading.gone, "a living record was told as gone")


@check("changes", "无效游标报告为配置错误", when=feeds)
def foreign_cursor_is_refused(rig: Rig) -> None:
    """A cursor that is none of ours is told as Unsupported"""
    try:
        rig.read("not a cursor of ours")
    except Unsupported:
        return
    raise AssertionError("a foreign cursor was taken")


# -------------------------------------------------------------- fetch and search


@check("read", "被合并记录的标识指向保留的记录", hands=["merge"], writes=True)
def merged_id_leads_on(rig: Rig) -> None:
    """The id of a record that was merged away gives the one that it was merged into, which names it as an alias"""
    winner, loser = rig.put(2)
    rig.merge(winner, loser)  # type: ignore[misc]
    rig.lag()
    found = list(rig.connector.fetch(rig.object, [loser]))
    expect([r.id for r in found] == [winner], f"fetching {loser} gave {[r.id for r in found]}, not {winner}")
    expect(loser in found[0].aliases, f"{winner} does not name {loser} among its aliases")
    both = list(rig.connector.fetch(rig.object, [winner, loser]))
    expect([r.id for r in both] == [winner], f"fetching both gave {[r.id for r in both]}, not {winner} once")
    expect(loser not in rig.read().by_id, "a read still shows the record that was merged away")


@check("read", "按标识读取与全量读取一致")
def fetch_agrees_with_read(rig: Rig) -> None:
    """Records fetched by id are those that are read; unknown ids are left out"""
    if rig.writes:
        rig.put(3)
    reading = rig.read()
    ids = list(reading.by_id)[:3]
    known = ids[0] if ids else "1"
    unknown = known[:-1] + ("0" if known[-1] != "0" else "1")
    while unknown in reading.by_id:
        unknown += "0"
    found = {r.id: r for r in rig.connector.fetch(rig.object, [*ids, unknown])}
    expect(set(found) - {unknown} == set(ids), f"fetched {sorted(found)}, asked for {sorted(ids)}")
    if rig.writes:
        expect(unknown not in found, "an unknown id was found")
        for record_id in ids:
            expect(found[record_id].values == reading.by_id[record_id].values, f"{record_id} differs from read")
    expect(not list(rig.connector.fetch(rig.object, [])), "fetching nothing found something")


@check("read", "按列读取与逐条读取一致")
def columns_agree_with_records(rig: Rig) -> None:
    """Reading by columns tells the same records as reading by pages"""
    rows = (
        (i, row) for part in rig.connector.columns(rig.object) for i, row in zip(part.ids, part.rows(), strict=True)
    )
    known = rig.read()
    found = dict(islice(rows, None if rig.writes else len(known.records)))
    for record_id, values in found.items():
        record = known.by_id.get(record_id)
        expect(record or not rig.writes, f"the columns tell of {record_id}, which a read does not show")
        expect(
            record is None or dict(record.values) == values, f"{record_id} as columns: {values}, as a record: {record}"
        )
    expect(not rig.writes or len(found) == len(known.by_id), f"{len(found)} as columns, {len(known.by_id)} as records")


@check("create", "按业务键可查到记录", when=lambda a: a.create in ("key", "upsert"))
def search_finds_by_key(rig: Rig) -> None:
    """A record is found by its natural key, and nothing by an unknown one"""
    key = rig.schema.key
    if rig.writes:
        rig.put(3)
    filled = (r for r in rig.read().records if all(r.values.get(k) not in (None, "") for k in key))
    record = next(filled, None)
    if record is None:
        raise NotCalledFor("no record with a filled key")
    by = {k: record.values[k] for k in key}
    expect(record.id in {r.id for r in rig.connector.search(rig.object, by)}, f"{by} was not found")
    texts = [k for k in key if isinstance(by[k], str)]
    if texts:
        wrong = {**by, texts[-1]: f"{by[texts[-1]][:-1]}¿" if len(by[texts[-1]]) > 1 else "¿"}
        expect(not list(rig.connector.search(rig.object, wrong)), f"{wrong} was found")
