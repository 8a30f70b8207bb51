"""Do the alert rules of a project fit? Channels are there, what narrows a rule exists, a channel has what it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from hefu.core.alerts import MEETS, NEEDED, Alert, Alerts, Channel, mail_channel
from hefu.core.documents import Flaw, Path
from hefu.core.project import Project

_OF_MAIL = ("host", "port", "security", "user", "password", "sender", "to")
_OF_ROBOTS = ("secret", "keyword")


def check_alerts(project: Project) -> Iterator[Flaw]:
    """All that does not fit."""
    document = project.alerts
    if document is None:
        return
    for name, channel in document.channels.items():
        yield from _channel(name, channel)
    for name, rule in document.alerts.items():
        yield from _rule(name, rule, document, project)


def _flaw(path: Path, code: str, word: str, known: Sequence[str] = (), *, on_key: bool = False) -> Flaw:
    return Flaw("alerts", "alerts", path, code, word, tuple(known), on_key, facts={"where": str(path[1])})


def _channel(name: str, channel: Channel) -> Iterator[Flaw]:
    here, stated = ("channels", name), channel.model_fields_set
    for word in NEEDED.get(channel.kind, ("url",)):
        if not getattr(channel, word):
            yield _flaw((*here, word), "documents.missing_word", word)
    foreign: tuple[str, ...] = ("url", *_OF_ROBOTS) if channel.kind == "email" else _OF_MAIL
    if channel.kind in ("webhook", "apprise"):
        foreign += ("keyword",)
    if channel.kind in ("wecom", "apprise"):
        foreign += ("secret",)
    known = [word for word in Channel.model_fields if word not in foreign]
    for word in foreign:
        if word in stated:
            yield _flaw((*here, word), "documents.unknown_word", word, known, on_key=True)


def _rule(name: str, rule: Alert, document: Alerts, project: Project) -> Iterator[Flaw]:
    here = ("alerts", name)
    for at, to in enumerate(rule.to):
        if "@" in to:
            if mail_channel(document) is None:
                yield replace(_flaw((*here, "to", at), "documents.no_mail", to), severity="warning")
        elif to not in document.channels:
            yield _flaw((*here, "to", at), "documents.unknown_channel", to, tuple(document.channels))
        elif document.channels[to].kind == "email" and not document.channels[to].to:
            yield _flaw((*here, "to", at), "documents.no_readers", to)
    groups: dict[str, Collection[str]] = {"connections": project.connections, "flows": project.flows}
    for word, among in groups.items():
        for at, used in enumerate(getattr(rule, word)):
            if word not in MEETS.get(rule.on, ""):
                yield _flaw((*here, word), "documents.narrows_nothing", word, on_key=True)
            elif used not in among:
                yield _flaw((*here, word, at), f"documents.unknown_{word.removesuffix('s')}", used, tuple(among))


__all__ = ["check_alerts"]
