"""A tree of YAML against a pydantic model: the model's instance, or every error at its place with the right words.

Where the model wants a text and a person wrote `007`, `1.10` or `true`, the text as written is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hefu.core.documents import Flaw, Path, nearest
from hefu.store.tree import Tree, walk

_QUOTED = re.compile(r"'([^']*)'")
_RANGE = {"greater_than": ">", "greater_than_equal": "≥", "less_than": "<", "less_than_equal": "≤"}
_EXPECTED = {
    "string": "text",
    "bool": "true or false",
    "int": "whole number",
    "decimal": "number",
    "float": "number",
    "list": "list",
    "dict": "words with values",
    "model": "words with values",
    "mapping": "words with values",
    "date": "date",
    "datetime": "instant",
    "time": "duration",
    "timedelta": "duration",
}
_SAMPLES = {"bool": ("true", "false"), "time": ("30s", "10m", "2h", "1d"), "timedelta": ("30s", "10m", "2h", "1d")}


def fit(tree: Tree, model: type[BaseModel], kind: str, name: str, at: Path = ()) -> tuple[Any, Any, list[Flaw]]:
    """(the instance or None, the plain values with texts as written, flaws). `at` is put before every path."""
    plain = tree.plain()
    mended: set[Path] = set()
    while True:
        try:
            return model.model_validate(plain), plain, []
        except ValidationError as error:
            errors = error.errors(include_url=False)
        again = _mend(plain, tree, errors, mended)
        if not again:
            break
    flaws = _sift([_flaw(tree, model, error) for error in errors])
    return None, plain, [_placed(flaw, kind, name, at) for flaw in flaws]


def _placed(flaw: Flaw, kind: str, name: str, at: Path) -> Flaw:
    where = ".".join(map(str, (*at, *flaw.path))) or kind
    facts = {"where": where, **flaw.facts}
    path = (*at, *flaw.path)
    return Flaw(kind, name, path, flaw.code, flaw.word, flaw.known, flaw.on_key, flaw.severity, facts)


def _mend(plain: Any, tree: Tree, errors: Iterable[Any], mended: set[Path]) -> bool:
    """Put the text as written where a text is wanted. True if something could be put."""
    again = False
    for error in errors:
        path, leaf = walk(tree, error["loc"])
        wants_text = error["type"] == "string_type" and leaf.raw is not None and leaf.value is not None
        if not wants_text or isinstance(leaf.value, str) or path in mended or not path:
            continue
        inside = plain
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = leaf.raw
        mended.add(path)
        again = True
    return again


# ------------------------------------------------------------------ errors


def _flaw(tree: Tree, model: type[BaseModel], error: Any) -> Flaw:
    kind, loc = error["type"], tuple(error["loc"])
    path, leaf = walk(tree, loc)
    word = _word(leaf)
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        return Flaw("", "", path, "documents.unknown_word", str(loc[-1]), tuple(_words_at(model, path[:-1])), True)
    if kind == "missing":
        return Flaw("", "", path, "documents.missing_word", str(loc[-1]))
    if kind == "union_tag_not_found":
        return Flaw("", "", path, "documents.missing_word", context["discriminator"].strip("'"))
    if kind == "union_tag_invalid":
        inner = (*path, context["discriminator"].strip("'"))
        return Flaw("", "", inner, "documents.choice", context["tag"], _quoted(context["expected_tags"]))
    if loc and loc[-1] == "[key]":
        return _key(path, kind, context)
    if leaf.raw is not None and leaf.value is None and path:
        return Flaw("", "", path, "documents.empty", str(path[-1]))
    if kind in ("literal_error", "enum"):
        return Flaw("", "", path, "documents.choice", word, _quoted(context["expected"]))
    if kind == "string_pattern_mismatch":
        return Flaw("", "", path, "documents.name", word, (_clean(word),))
    if kind in _RANGE:
        limit = next(iter(context.values()), "")
        return Flaw("", "", path, "documents.range", word, (str(limit),), facts={"range": f"{_RANGE[kind]} {limit}"})
    return _mistyped(path, word, kind, error)


def _mistyped(path: Path, word: str, kind: str, error: Any) -> Flaw:
    stem = kind.split("_")[0]
    if stem in _EXPECTED and kind.rsplit("_", 1)[-1] in ("type", "parsing", "integer", "string", "size"):
        facts = {"expected": _EXPECTED[stem]}
        return Flaw("", "", path, "documents.type", word, _SAMPLES.get(stem, ()), facts=facts)
    reason = str(error["msg"]).removeprefix("Value error, ")
    return Flaw("", "", path, "documents.value", word, facts={"reason": reason})


def _key(path: Path, kind: str, context: Any) -> Flaw:
    word = str(path[-1]) if path else ""
    if kind in ("literal_error", "enum"):
        return Flaw("", "", path, "documents.unknown_word", word, _quoted(context["expected"]), True)
    return Flaw("", "", path, "documents.name", word, (_clean(word),), True)


def _word(leaf: Tree) -> str:
    if leaf.raw is not None:
        return leaf.raw
    inside = leaf.words if leaf.words is not None else None
    return "{" + ", ".join(inside) + "}" if inside is not None else "[...]"


def _quoted(expected: str) -> tuple[str, ...]:
    return tuple(_QUOTED.findall(expected))


def _clean(word: str) -> str:
    """A name close to the word that would be allowed."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "_", word).strip("_-")[:64]
    return clean if clean[:1].isalpha() else f"n_{clean}".rstrip("_")


def _sift(flaws: list[Flaw]) -> list[Flaw]:
    """One flaw per mistake: of a union's failed branches only the telling one, of a misspelt word only the slip."""
    kept = [f for f in flaws if not (_is_type(f) and any(_tells_more(other, f) for other in flaws))]
    merged: dict[Path, Flaw] = {}
    for flaw in (f for f in kept if f.code == "documents.type"):
        before = merged.get(flaw.path)
        told = {*str(before.facts["expected"]).split(" / ")} if before else set()
        facts = {"expected": " / ".join(sorted({*told, str(flaw.facts["expected"])}))}
        merged[flaw.path] = Flaw("", "", flaw.path, flaw.code, flaw.word, flaw.known, facts=facts)
    rest = [f for f in kept if f.code != "documents.type" and not _slipped(f, kept)]
    return [*{(f.path, f.code, f.word): f for f in rest}.values(), *merged.values()]


def _is_type(flaw: Flaw) -> bool:
    return _weight(flaw) < 2


def _weight(flaw: Flaw) -> int:
    """How much a flaw of one branch of a union tells: the wrong type least, for the branch was not meant."""
    if flaw.on_key:
        return 2
    return {"documents.type": 0, "documents.empty": 1, "documents.name": 1}.get(flaw.code, 2)


def _tells_more(other: Flaw, flaw: Flaw) -> bool:
    size = len(flaw.path)
    if other is flaw or other.path[:size] != flaw.path:
        return False
    return len(other.path) > size or _weight(other) > _weight(flaw)


def _slipped(flaw: Flaw, flaws: list[Flaw]) -> bool:
    """A missing word that is there, only misspelt."""
    return flaw.code == "documents.missing_word" and any(
        f.code == "documents.unknown_word" and f.path[:-1] == flaw.path and _alike(f.word, flaw.word, f.known)
        for f in flaws
    )


def _alike(word: str, right: str, known: Iterable[str]) -> bool:
    return nearest(word, known) == right and SequenceMatcher(None, word.casefold(), right.casefold()).ratio() > 0.6


# ------------------------------------------------------------------ what a model knows


def _words_at(model: type[BaseModel], path: Path) -> list[str]:
    """The words that the model (or models, in a union) at this path knows."""
    kinds: list[Any] = [model]
    for step in path:
        kinds = [below for kind in kinds for below in _below(kind, step)]
    found = [k for kind in kinds for k in _arms(kind) if isinstance(k, type) and issubclass(k, BaseModel)]
    return [f.alias or name for m in found for name, f in m.model_fields.items()]


def _arms(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _arms(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for arm in get_args(kind):
            yield from _arms(arm)
    else:
        yield kind


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    for arm in _arms(kind):
        origin, args = get_origin(arm), get_args(arm)
        if origin in (list, tuple) and isinstance(step, int):
            yield args[0]
        elif origin is dict and isinstance(step, str):
            yield args[1]
        elif isinstance(arm, type) and issubclass(arm, BaseModel):
            for name, field in arm.model_fields.items():
                if (field.alias or name) == step:
                    yield field.annotation
