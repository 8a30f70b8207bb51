"""A connection's settings against its connector's: unknown words, wrong types, and secrets written in clear.

The channels of notices keep secrets, too; what is wrong with those is found here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel

from hefu.core.alerts import HIDDEN, Alerts
from hefu.core.documents import Flaw, Path, nearest
from hefu.core.project import Connection
from hefu.store.secrets import SOURCES, malformed, references
from hefu.store.shape import fit
from hefu.store.tree import Tree, walk

SettingsTypes = Mapping[str, type[BaseModel]]
"""Connector name -> the type of its settings."""

_URL_PASSWORD = re.compile(r"://[^/@:\s]*:([^@/\s]+)@")
_SECRET_WORD = re.compile(r"password|passwd|passphrase|secret|api_?key|access_?key|private_?key|token$", re.IGNORECASE)


def settle(name: str, tree: Tree, model: Connection | None, known: SettingsTypes | None) -> tuple[Any, list[Flaw]]:
    """The connection with its settings as their type wants them, and what is wrong with them.

    Without `known`, connector names and settings are not checked, save for secrets in clear.
    """
    flaws = []
    leaf = tree.child("connector")
    connector = leaf.raw if leaf is not None and leaf.raw is not None else ""
    kind = None if known is None else known.get(connector)  # to ask how many there are would load them all
    if known is not None and connector and kind is None:
        flaws.append(Flaw("connection", name, ("connector",), "documents.unknown_connector", connector, tuple(known)))
    inside = tree.child("settings") or Tree(tree.at, words={})
    if inside.words is not None:
        schema = kind.model_json_schema() if kind else {}
        hidden = list(dict.fromkeys(_hidden(inside, schema, schema.get("$defs", {}))))
        flaws += [*_in_clear(name, inside, hidden, sure=kind is not None), *_bad_references(name, inside)]
        if kind is not None:
            plain, more = _typed(name, inside, kind, hidden)
            flaws += more
            model = model.model_copy(update={"settings": plain}) if model is not None else None
    return model, flaws + (list(_zone(name, model)) if model is not None else [])


def _typed(name: str, inside: Tree, kind: type[BaseModel], hidden: list[Path]) -> tuple[Any, list[Flaw]]:
    """What the settings' type says. What a reference will bring is not known yet, so it is not blamed."""
    _, plain, flaws = fit(inside, kind, "connection", name, ("settings",))
    told = []
    for flaw in flaws:
        path = flaw.path[1:]
        at = walk(inside, path)[1].plain()
        unsure = flaw.code not in ("documents.unknown_word", "documents.missing_word")
        if not (unsure and references(at)):
            told.append(replace(flaw, word="***") if path in hidden and not flaw.on_key else flaw)
    return plain, told


def _hidden(tree: Tree, schema: Mapping[str, Any], defs: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """Where a value stands that the settings' type calls a secret."""
    if ref := schema.get("$ref"):
        schema = defs.get(ref.rsplit("/", 1)[-1], {})
    if schema.get("format") == "password" or schema.get("writeOnly"):
        yield path
        return
    for arm in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _hidden(tree, arm, defs, path)
    for at, below in enumerate(tree.items or ()):
        yield from _hidden(below, schema.get("items", {}), defs, (*path, at))
    more = schema.get("additionalProperties")
    for word, below in (tree.words or {}).items():
        inner = schema.get("properties", {}).get(word) or (more if isinstance(more, Mapping) else {})
        yield from _hidden(below, inner, defs, (*path, word))


def _in_clear(name: str, tree: Tree, hidden: list[Path], *, sure: bool) -> Iterator[Flaw]:
    """Secrets by type, passwords inside addresses; and where the type is not known, what is called like a secret."""
    for path, value in _leaves(tree):
        if not value.raw or value.value is None or references(value.raw):
            continue
        word = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        if path in hidden or ((found := _URL_PASSWORD.search(value.raw)) and not found[1].startswith(("$", "{"))):
            yield _clear(name, path)
        elif not sure and _SECRET_WORD.search(word) and isinstance(value.value, str):
            yield replace(_clear(name, path), severity="warning")


def _clear(name: str, path: Path) -> Flaw:
    word = ".".join(map(str, path))
    variable = re.sub(r"\W+", "_", f"{name}_{word}").upper()
    return Flaw("connection", name, ("settings", *path), "documents.clear_secret", word, (f"${{env:{variable}}}",))


def channels(tree: Tree, model: Alerts) -> Iterator[Flaw]:
    """What is wrong with the secrets of notice channels: written in clear, or a reference that is none."""
    inside = tree.child("channels")
    for name, channel in model.channels.items():
        for word in HIDDEN[channel.kind]:
            value = getattr(channel, word)
            if value and "${" not in value:
                variable = re.sub(r"\W+", "_", f"{name}_{word}").upper()
                yield Flaw("alerts", "alerts", ("channels", name, word), "documents.clear_secret", word,
                           (f"${{env:{variable}}}",))  # fmt: skip
    if inside is not None:
        yield from _bad_references("alerts", inside, "alerts", ("channels",))


def _bad_references(name: str, tree: Tree, kind: str = "connection", at: Path = ("settings",)) -> Iterator[Flaw]:
    for path, value in _leaves(tree):
        for word in malformed(value.raw or ""):
            source, _, rest = word[2:].rstrip("}").partition(":")
            source, rest = (nearest(source, SOURCES), rest) if rest else ("env", source)
            right = f"${{{source}:{rest.strip() or 'NAME'}}}"
            yield Flaw(kind, name, (*at, *path), "documents.reference", word, (right,))


def _leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    inside: list[tuple[str | int, Tree]] = [*(tree.words or {}).items(), *enumerate(tree.items or ())]
    for step, below in inside:
        yield from _leaves(below, (*path, step))
    if tree.raw is not None:
        yield path, tree


def _zone(name: str, model: Connection) -> Iterator[Flaw]:
    try:
        ZoneInfo(model.zone)
    except (KeyError, ValueError, OSError):
        known = tuple(sorted(available_timezones()))
        yield Flaw("connection", name, ("zone",), "documents.unknown_zone", model.zone, known, facts={"known": "-"})
