"""Proposals for a mapping: which field of a system is which of ours, by names, labels, types and the look of values.

Each proposal says why; a person decides. A field is proposed once: the best pairs are taken first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.core.columns import ABSENT, read_one
from hefu.core.identifiers import phone, uscc, uscc_valid
from hefu.core.mapcheck import fits
from hefu.core.project import Entity, EntityField
from hefu.core.records import Field, FieldType, Normals, ObjectSchema, Values
from hefu.core.synonyms import entity_words, folded, names_of, words
from hefu.core.transforms import KIND
from hefu.core.transforms.dates import notation
from hefu.core.values import NUMERIC, ODD, normaliser, plain_text, zone_of

LEAST = 0.45
"""Pairs of less confidence are not proposed."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field of ours against one of the system's. `confidence` 0 to 1; `reasons` are words such as "name", "label".

    `transform` is what the samples call for, as it stands in a mapping document.
    """

    field: str
    source: str
    confidence: float
    reasons: tuple[str, ...]
    transform: tuple[Any, ...] = ()
    direction: str = "both"


def suggest(
    schema: ObjectSchema, entity: Entity, samples: Sequence[Values] = (), others: Sequence[Normals] = ()
) -> list[Suggestion]:
    """Proposals in the order of the entity's fields.

    `samples`: records of this object. `others`: golden records (or those of another system, already mapped), whose
    values are looked for in the samples.
    """
    columns = {f.name: _texts(read_one(record, f.name) for record in samples) for f in schema.fields}
    known = {name: frozenset(_texts(golden.get(name, ABSENT) for golden in others)) for name in entity.fields}
    pairs = []
    for place, (name, ours) in enumerate(entity.fields.items()):
        for theirs in schema.fields:
            score, reasons = _score(entity.entity, name, ours, theirs, columns[theirs.name], known[name])
            if score >= LEAST:
                pairs.append((-score, place, theirs.name, name, tuple(reasons)))
    return _best(sorted(pairs), schema, entity, columns)


def _best(
    pairs: Sequence[tuple[float, int, str, str, tuple[str, ...]]],
    schema: ObjectSchema,
    entity: Entity,
    columns: Mapping[str, list[str]],
) -> list[Suggestion]:
    """One to one: the surest pair first; what it uses is no longer free."""
    taken: dict[str, Suggestion] = {}
    used: set[str] = set()
    for minus, _, source, name, reasons in pairs:
        if name in taken or source in used:
            continue
        used.add(source)
        theirs = schema.field(source)
        steps = _steps(entity.fields[name], columns[source]) if theirs and theirs.type in _LOOSE else ()
        direction = "both" if theirs is None or theirs.writable else "in"
        taken[name] = Suggestion(name, source, round(-minus, 2), reasons, steps, direction)
    return [taken[name] for name in entity.fields if name in taken]


_LOOSE = (FieldType.TEXT, FieldType.CODE)


# ------------------------------------------------------------------------- scores


def _score(
    entity: str, name: str, ours: EntityField, theirs: Field, values: list[str], known: frozenset[str]
) -> tuple[float, list[str]]:
    if not fits(KIND[theirs.type], KIND[ours.type]):
        return 0.0, []
    reasons: list[str] = []
    score = _by_name(entity, name, ours, theirs.name)
    if score:
        reasons.append("name")
    label = _by_name(entity, name, ours, theirs.label) if theirs.label else 0.0
    if label > score:
        score, reasons = label, ["label"]
    score, reasons = _by_values(name, ours, values, known, score, reasons)
    if score and theirs.type == ours.type and ours.type is not FieldType.TEXT:
        score, reasons = min(1.0, score + 0.03), [*reasons, "type"]
    return score, reasons


def _by_name(entity: str, name: str, ours: EntityField, theirs: str) -> float:
    """1 for our own name or title, 0.95 for a name that the field has in this entity, less for what is like it."""
    said = folded(
        theirs.rsplit(".", 1)[-1] if folded(theirs.rsplit(".", 1)[-1]) not in _TAILS else theirs.rsplit(".", 1)[0]
    )
    if not said:
        return 0.0
    own, anywhere = names_of(entity, name)
    titles = {folded(title) for title in ours.title.values()}
    bare = _without(said, entity_words(entity))
    if said == folded(name) or said in titles:
        return 1.0
    if said in own:
        return 0.95
    if bare == folded(name) or bare in titles:
        return 0.92
    if said in anywhere or bare in anywhere:
        return 0.85
    return _alike(words(theirs), said, {folded(name), *titles, *own, *anywhere})


_TAILS = {"id", "number", "fnumber", "fid", "name", "fname"}
"""What follows the dot of a reference (FCustId.FNumber): the name stands before it."""


def _without(said: str, extra: Iterable[str]) -> str:
    for word in sorted(extra, key=len, reverse=True):
        for bare in (said.removeprefix(word), said.removesuffix(word)):
            if bare and bare != said and (len(word) > 1):
                return bare
    return said


def _alike(parts: tuple[str, ...], said: str, names: set[str]) -> float:
    """A share of common words, or a longer name that ends in ours; at most 0.7."""
    best = 0.0
    for name in names:
        if len(name) < 2:
            continue
        chinese = not name.isascii()
        if chinese and len(said) > len(name) and said.endswith(name):
            best = max(best, 0.45 + 0.25 * len(name) / len(said))
        elif not chinese and len(name) > 3 and name in parts:
            best = max(best, 0.4 + 0.3 / len(parts))
    return best


def _by_values(
    name: str, ours: EntityField, values: list[str], known: frozenset[str], score: float, reasons: list[str]
) -> tuple[float, list[str]]:
    """Values that look right raise the confidence, values that cannot be of our type lower it."""
    if not values:
        return score, reasons
    look = _LOOKS.get(name)
    share = sum(map(look, values)) / len(values) if look else 0.0
    if look and share >= 0.8:
        least = 0.65 if name in _STRICT else 0.6
        score, reasons = max(score + (1 - score) * 0.5, least), [*reasons, "values"]
    elif look and share < 0.2 and name in _STRICT:
        score *= 0.5
    elif not look and score and not _readable(ours, values):
        score *= 0.4
    common = len(known.intersection(values)) / len(set(values)) if known else 0.0
    if common >= 0.3 and len(set(values)) > 2:
        score, reasons = max(score + (1 - score) * common * 0.6, 0.4 + 0.4 * common), [*reasons, "overlap"]
    return score, reasons


def _readable(ours: EntityField, values: list[str]) -> bool:
    """Can most values be read as our type, perhaps after the transform that would be proposed?"""
    if ours.type not in (*NUMERIC, FieldType.DATE, FieldType.INSTANT, FieldType.BOOLEAN):
        return True
    return _parses(ours, values) or bool(_steps(ours, values)) or ours.type is FieldType.BOOLEAN


_NUMERIC = re.compile(r"-?\d+\.\d+").fullmatch
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}").fullmatch
_CURRENCY = re.compile(r"[A-Z]{3}").fullmatch
_POSTAL = re.compile(r"\d{6}", re.ASCII).fullmatch
_URL = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:/\S*)?").fullmatch


def _mobile(value: str) -> bool:
    found = phone(value)
    return found is not None and re.fullmatch(r"\+861[3-9]\d{9}", found) is not None


_LOOKS: dict[str, Callable[[str], bool]] = {
    "credit_code": lambda value: uscc_valid(uscc(value)),
    "tax_number": lambda value: uscc_valid(uscc(value)),
    "email": lambda value: _EMAIL(value) is not None,
    "mobile": _mobile,
    "phone": lambda value: phone(value) is not None and sum(c.isdigit() for c in value) >= 7 and not _NUMERIC(value),
    "currency": lambda value: _CURRENCY(value) is not None,
    "postal_code": lambda value: _POSTAL(value) is not None,
    "website": lambda value: _URL(value) is not None and "@" not in value,
}
_STRICT = {"credit_code", "email", "mobile", "currency"}
"""Looks that nothing else has: a mobile is a telephone, not the other way round."""


# --------------------------------------------------------------------- transforms

_DATES = ("yyyy/M/d", "yyyy.M.d", "yyyyMMdd", "yyyy年M月d日", "d.M.yyyy", "M/d/yyyy")
_TIMES = ("yyyy/MM/dd HH:mm:ss", "yyyy/M/d H:mm:ss", "yyyy/M/d H:mm", "yyyy.MM.dd HH:mm:ss", "yyyyMMddHHmmss")


def _steps(ours: EntityField, values: list[str]) -> tuple[Any, ...]:
    """The transforms that the samples call for."""
    if not values or _parses(ours, values):
        return ("trim",) if any(value != value.strip() for value in values) else ()
    if ours.type in NUMERIC:
        return next((({"use": name},) for name in ("number", "money") if _all(values, name)), ())
    if ours.type is FieldType.DATE:
        return next((({"use": "date", "format": f},) for f in _DATES if _reads(values, f)), ())
    if ours.type is FieldType.INSTANT:
        return next((({"use": "instant", "format": f},) for f in _TIMES if _reads(values, f)), ())
    return ()


def _all(values: list[str], name: str) -> bool:
    from hefu.core.transforms import transform

    step = transform(name, {})
    try:
        return all(step.forward(value) is not None for value in values)
    except ODD:
        return False


def _reads(values: list[str], pattern: str) -> bool:
    try:
        return all(notation(pattern).read(value) is not None for value in values)
    except ODD:
        return False


def _parses(ours: EntityField, values: list[str]) -> bool:
    cell = normaliser(ours.type, zone_of("UTC"))[0]
    try:
        return all(cell(value) is not None for value in values)
    except ODD:
        return False


def _texts(values: Iterable[Any]) -> list[str]:
    """Up to 200 values as text, blanks and lists left out."""
    out: list[str] = []
    for value in values:
        if value is ABSENT or value is None or value == "" or isinstance(value, (list, dict)):
            continue
        try:
            out.append(plain_text(value))
        except ODD:
            continue
        if len(out) >= 200:
            break
    return out


__all__ = ["LEAST", "Suggestion", "suggest"]
