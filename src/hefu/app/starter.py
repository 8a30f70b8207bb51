"""Makes a new project folder: the worked example, or one for the user's own two CSV or Excel files."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hefu import connectors
from hefu.app.house import settings_types
from hefu.core.connector import Connector, Site
from hefu.core.documents import Flaw
from hefu.core.env import Env
from hefu.core.errors import HubError, Unsupported
from hefu.core.mapcheck import check_mapping
from hefu.core.mapping import compile_mapping
from hefu.core.model import ready
from hefu.core.project import Connection, Entity, FieldMap
from hefu.core.project import Mapping as MappingDocument
from hefu.core.records import Normals, ObjectSchema, Values
from hefu.core.suggest import Suggestion, suggest
from hefu.core.words import tell
from hefu.net import Egress
from hefu.store.starter import example, gitignore, init
from hefu.store.starter.tour import Side, documents

SAMPLES = 500
"""Rows that proposals are made from."""

ALIKE = 0.2
"""Share of key values that two tables must have in common to number their records alike."""

_TIDY = {"phone": "phone", "mobile": "phone", "fax": "phone", "credit_code": "uscc", "name": "trim"}

ZONE = "Asia/Shanghai"
_ID = re.compile(r"(^|[_\s])(id|no|code|number|key)$|编码|编号|代码|代号|单号|主键", re.IGNORECASE)


def make(folder: Path, left: Path | None = None, right: Path | None = None, entity: str = "customer") -> list[str]:
    """Make the folder and say which files, relative to it. With `left` and `right`, for these two tables.

    Your files are copied, never changed. Raises Unsupported when something is in the way or a table cannot be used.
    """
    kinds = settings_types()
    if left is None or right is None:
        return _names(folder, init(folder, example(), kinds))
    with tempfile.TemporaryDirectory() as scratch:
        files = _tour(Path(scratch), left, right, ready(entity))
        return _names(folder, init(folder, files, kinds))


def _names(folder: Path, made: Sequence[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in made]


def _tour(scratch: Path, left: Path, right: Path, entity: Entity) -> dict[str, bytes]:
    names = _connection_names(left, right)
    tables = [_look(scratch, path, name) for path, name in zip((left, right), names, strict=True)]
    first = _fit(tables[0], entity, ())
    second = _fit_beside(tables[1], entity, first[0], _goldens(tables[0], entity, first[0]))
    sides = _sides(tables, (first, second))
    texts = documents(*sides, entity)
    data = {f"data/{table.file}": (scratch / table.file).read_bytes() for table in tables}
    return {".gitignore": gitignore(), **data, **{name: text.encode() for name, text in texts.items()}}


def _connection_names(left: Path, right: Path) -> tuple[str, str]:
    made = []
    for path, other in ((left, "left"), (right, "right")):
        name = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower()[:40]
        made.append(name if name[:1].isalpha() else other)
    return (made[0], made[1]) if made[0] != made[1] else (f"{made[0]}_left", f"{made[1]}_right")


# ------------------------------------------------------------------ looking at a table


@dataclass(frozen=True)
class _Table:
    connection: str
    file: str
    schema: ObjectSchema
    samples: list[Values]
    unique: dict[str, set[str]]
    """Columns whose every cell is filled and different, with their values."""


def _look(scratch: Path, path: Path, connection: str) -> _Table:
    if not path.is_file():
        raise Unsupported("starter.no_file", path=str(path))
    file = f"{connection}{path.suffix.lower()}"
    shutil.copyfile(path, scratch / file)
    line = _open(scratch, file)
    try:
        (schema,) = line.discover()
        schema = replace(schema, fields=tuple(replace(field, writable=True) for field in schema.fields))
        samples, unique = _scan(schema, line)
    finally:
        line.close()
    if not samples:
        raise Unsupported("starter.empty", path=str(path))
    if not unique:
        raise Unsupported("starter.no_key", path=str(path), columns=", ".join(f.name for f in schema.fields))
    return _Table(connection, file, schema, samples, unique)


def _scan(schema: ObjectSchema, line: Connector) -> tuple[list[Values], dict[str, set[str]]]:
    """The first rows, and the columns that could be a key; in one pass, however long the file is."""
    samples: list[Values] = []
    unique: dict[str, set[str]] = {field.name: set() for field in schema.fields}
    for page in line.read("table"):
        for record in page.records:
            if len(samples) < SAMPLES:
                samples.append(record.values)
            for name in [*unique]:
                value = _plain(record.values.get(name))
                if not value or value in unique[name]:
                    del unique[name]
                else:
                    unique[name].add(value)
    return samples, unique


def _open(folder: Path, file: str) -> Connector:
    """The file as an inbox, which needs no key (that is what we are about to find out) and is only read."""
    kind = connectors.find("files")
    plain = {"location": str(folder), "objects": {"table": {"file": file, "mode": "inbox"}}}
    env, doc = Env(), Connection(connection="table", connector="files", settings=plain, zone=ZONE)
    site = Site(
        http=Egress.of(env, doc, plain, secrets=[]),
        now=env.now,
        sleep=env.sleep,
        connection=file,
        folder=str(folder),
        facts={"zone": ZONE},
    )
    return kind(kind.settings_type.model_validate(plain), site)


# ------------------------------------------------------------------ proposals

_Fit = tuple[list[Suggestion], dict[str, str]]


def _fit(table: _Table, entity: Entity, others: Sequence[Normals]) -> _Fit:
    """Proposals that work, and those that do not by column, with the reason."""
    plain = {one.source: one for one in suggest(table.schema, entity, table.samples, others)}
    found = [_tidied(one) for one in plain.values()]
    dropped: dict[str, str] = {}
    while found:
        flaws = check_mapping(_mapping(found, entity), entity, table.schema, zone=ZONE, samples=table.samples)
        wrong = {flaw.path[1]: flaw for flaw in flaws if flaw.severity == "error" and len(flaw.path) > 1}
        if not wrong:
            break
        kept = []
        for at, one in enumerate(found):
            if at not in wrong:
                kept.append(one)
            elif one != plain[one.source]:  # these values do not take the tidying
                kept.append(plain[one.source])
            else:
                dropped[one.source] = f"{one.field}? {_why(wrong[at])}"
        found = kept
    return found, dropped


def _fit_beside(table: _Table, entity: Entity, first: Sequence[Suggestion], others: Sequence[Normals]) -> _Fit:
    """As `_fit`, but fields that the first table has come first: one calls "mobile" what the other calls "phone"."""
    used = {one.field for one in first}
    alike, dropped = _fit(table, _only(entity, used), others)
    taken = {one.source for one in alike}
    columns = tuple(f for f in table.schema.fields if f.name not in taken)
    left = replace(table, schema=replace(table.schema, fields=columns))
    rest, more = _fit(left, _only(entity, entity.fields.keys() - {one.field for one in alike}), others)
    fitted = {one.source for one in rest}
    return [*alike, *rest], {column: why for column, why in {**dropped, **more}.items() if column not in fitted}


def _only(entity: Entity, names: Collection[str]) -> Entity:
    return entity.model_copy(update={"fields": {n: doc for n, doc in entity.fields.items() if n in names}})


def _tidied(one: Suggestion) -> Suggestion:
    """With a transform that makes different ways of writing the same thing equal."""
    step = _TIDY.get(one.field)
    return replace(one, transform=(step,)) if step and not one.transform else one


def _why(flaw: Flaw) -> str:
    return tell(HubError(flaw.code, word=flaw.word, nearest="-", **flaw.facts))[0]


def _mapping(found: Sequence[Suggestion], entity: Entity) -> MappingDocument:
    fields = [
        FieldMap.model_validate(
            {"field": s.field, "from": s.source, "direction": s.direction, "transform": list(s.transform)}
        )
        for s in found
    ]
    return MappingDocument(mapping="m", connection="c", object="table", entity=entity.entity, fields=fields)


def _goldens(table: _Table, entity: Entity, found: Sequence[Suggestion]) -> list[Normals]:
    """The first table's samples in our terms, so that equal values show which columns of the other mean the same."""
    compiled = compile_mapping(_mapping(found, entity), entity, table.schema, zone=ZONE)
    return [dict(one) for one in compiled.inward(table.samples) if isinstance(one, Mapping)]


# ------------------------------------------------------------------ the key


def _sides(tables: Sequence[_Table], fits: Sequence[_Fit]) -> tuple[Side, Side]:
    keys = [_key(table, fit[0]) for table, fit in zip(tables, fits, strict=True)]
    fields = [next((s.field for s in fit[0] if s.source == key), None) for fit, key in zip(fits, keys, strict=True)]
    values = [table.unique[key] for table, key in zip(tables, keys, strict=True)]
    alike = len(values[0] & values[1]) >= ALIKE * min(map(len, values))
    shared = alike and fields[0] is not None and fields[0] == fields[1]
    made = []
    for table, (found, dropped), key in zip(tables, fits, keys, strict=True):
        kept, why = list(found), dict(dropped)
        if not shared and any(s.source == key and s.field == "code" for s in found):
            kept = [s for s in found if s.source != key]
            why[key] = "each file has numbers of its own 两个文件各有编号"
        made.append(Side(table.connection, table.file, table.schema, key, kept, why, shared))
    return made[0], made[1]


def _key(table: _Table, found: Sequence[Suggestion]) -> str:
    """The column that identifies a row: one that is a code of ours, else one called so, else the first."""
    ours = {one.source: one.field for one in found}

    def rank(column: str) -> tuple[bool, bool, bool]:
        return ours.get(column) != "code", not _ID.search(column), ours.get(column) != "credit_code"

    return min(table.unique, key=rank)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


__all__ = ["make"]
