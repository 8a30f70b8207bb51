"""Alerts: the rules, what they have found, the messages about it and whether they arrived, silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field

from hefu.app import telling
from hefu.core.alerts import Alerts, ChannelKind, On
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import spoken, tell
from hefu.insight.wording import worded
from hefu.store import notices as kept
from hefu.store.db import from_json
from hefu.store.listing import page
from hefu.store.tables import dispatch, notice
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource

router = resource("alerts")

MessageState = Literal["waiting", "sending", "sent", "failed"]


class Silence(BaseModel):
    """Until when nobody is told."""

    rule: str | None = Field(description="null: all rules")
    from_at: str
    until_at: str
    author: str
    reason: str


class Rule(BaseModel):
    """An alert rule; it is changed in its document."""

    rule: str = Field(examples=["conflicts"])
    on: On
    connections: list[str]
    flows: list[str]
    after_seconds: float = Field(description="How long it may last unsaid")
    at_least: int
    owner: str
    to: list[str]
    again_seconds: float | None
    told: int = Field(description="Causes that are so now and were told")
    silenced_until: str | None


class ChannelHead(BaseModel):
    """A way to reach people, without its address and secrets."""

    channel: str
    kind: ChannelKind
    language: Literal["zh", "en"]


class Rules(BaseModel):
    """All rules, channels and silences."""

    items: list[Rule]
    channels: list[ChannelHead]
    silences: list[Silence]


class Notice(BaseModel):
    """Something a rule found, as one owner hears of it."""

    id: str
    rule: str
    owner: str
    state: Literal["watching", "told", "over"]
    on: On
    text: str = Field(description="In the caller's language", examples=["3 conflict(s) wait for a decision (crm)"])
    about: str = Field(description="Since when, why, who sees to it")
    count: int
    link: str = Field(description="Path of the console", examples=["/conflicts?issue=0199"])
    opened_at: str
    told_at: str | None
    over_at: str | None


class Message(BaseModel):
    """What one recipient is told at once."""

    id: str
    recipient: str
    state: MessageState
    title: str
    notices: int
    attempt: int
    made_at: str
    due_at: str
    ended_at: str | None
    why: str | None = Field(description="Of the last attempt that was refused, in the caller's language")
    code: str | None


class Recipient(BaseModel):
    """Whom to write to."""

    recipient: Annotated[str, Field(min_length=1, max_length=254, description="A channel, or an e-mail address")]


class Tested(BaseModel):
    """Whether the message was taken; that it was not is an ordinary answer."""

    taken: bool
    code: str | None = None
    title: str | None = None
    detail: str | None = None


class Hush(BaseModel):
    """Tell nobody until then."""

    rule: Annotated[str | None, Field(max_length=64, description="null: all rules")] = None
    until: AwareDatetime
    reason: Annotated[str, Field(max_length=500)] = ""


class Ended(BaseModel):
    """Whether it was silenced."""

    was_silenced: bool


def _document(who: Caller) -> Alerts:
    return who.front.project().alerts or Alerts(alerts={})


@router.get("/alerts", openapi_extra=needs("alert.see"))
def list_rules(who: Who) -> Rules:
    """The rules, the channels, and what is silenced."""
    document = _document(who)
    with who.look() as tx:
        hushed, living = kept.hushed(tx), kept.living(tx)
    until = {row["rule"]: row["until_at"] for row in hushed}
    told = [(row["rule"], row["cause"]) for row in living if row["state"] == "told"]
    items = [
        Rule(
            rule=name, on=one.on, connections=one.connections, flows=one.flows, at_least=one.at_least, owner=one.owner,
            to=one.to, after_seconds=one.patience.total_seconds(),
            again_seconds=None if one.again is None else one.again.total_seconds(),
            told=len({cause for rule, cause in told if rule == name}),
            silenced_until=until.get(name) or until.get(None),
        )
        for name, one in document.alerts.items()
    ]  # fmt: skip
    channels = [ChannelHead(channel=n, kind=c.kind, language=c.language) for n, c in document.channels.items()]
    return Rules(items=items, channels=channels, silences=[_silence(row) for row in hushed])


def _silence(row: Mapping[str, Any]) -> Silence:
    return Silence(**{name: row[name] for name in Silence.model_fields})


@router.get("/notices", openapi_extra=needs("alert.see"))
def list_notices(
    who: Who,
    state: Annotated[list[Literal["watching", "told", "over"]] | None, Query(description="Only these")] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Notice]:
    """What rules have found, newest first."""
    cursors = Cursors(who.app.journal_key, "notices", {"state": state})
    where = [notice.c.state.in_(state)] if state else []
    with who.look() as tx:
        rows = page(tx, notice, where, after=cursors.open(cursor), limit=limit + 1)
    items, following = cursors.page(rows, limit, lambda r: r["id"], lambda r: _notice(who, r))
    return Page(items=items, next=following)


def _notice(who: Caller, row: Mapping[str, Any]) -> Notice:
    facts = from_json(row["facts"])
    [line] = worded([{"what": "raised", **facts}], who.language, "").lines
    own = {name: row[name] for name in ("id", "rule", "owner", "state", "opened_at", "told_at", "over_at")}
    return Notice(**own, on=facts["on"], text=line.text, about=line.about, count=facts["count"], link=facts["link"])


@router.get("/notice-messages", openapi_extra=needs("alert.see"))
def list_messages(
    who: Who,
    state: Annotated[list[MessageState] | None, Query(description="Only these")] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Message]:
    """Messages to people, newest first: whether they arrived, else why not and when they are sent again."""
    cursors = Cursors(who.app.journal_key, "notice-messages", {"state": state})
    where = [dispatch.c.state.in_(state)] if state else []
    with who.look() as tx:
        rows = page(tx, dispatch, where, after=cursors.open(cursor), limit=limit + 1)
    items, following = cursors.page(rows, limit, lambda r: r["id"], lambda r: _message(who, kept.unpacked(r)))
    return Page(items=items, next=following)


def _message(who: Caller, row: Mapping[str, Any]) -> Message:
    error = row["error"]
    why = None if error is None else spoken(error["code"], error["facts"], who.language)[0]
    names = ("id", "recipient", "state", "attempt", "made_at", "due_at", "ended_at")
    told = [one for one in row["told"] if "more" not in one]
    return Message(
        **{name: row[name] for name in names}, title=worded(row["told"], who.language, "").title, notices=len(told),
        why=why, code=None if error is None else error["code"],
    )  # fmt: skip


@router.post("/alert-tests", openapi_extra=needs("alert.test"))
def test(asked: Recipient, who: Who) -> Tested:
    """Send a test message now."""
    try:
        telling.test(who.app, _document(who), asked.recipient)
    except HubError as error:
        what, then = tell(error, who.language)
        return Tested(taken=False, code=error.code, title=what, detail=then)
    return Tested(taken=True)


@router.post("/silences", status_code=201, openapi_extra=needs("alert.silence"))
def silence(asked: Hush, who: Who) -> Rules:
    """Tell nobody of what a rule (or any) finds until then; what is still so is told then."""
    if asked.until <= who.app.env.now():
        raise Unsupported("web.past", given=asked.until.isoformat())
    telling.silence(who.app, _document(who), asked.rule, asked.until, who.name, asked.reason)
    return list_rules(who)


@router.delete("/silences/{rule}", openapi_extra=needs("alert.silence"))
def end_silence(rule: str, who: Who) -> Ended:
    """Tell again from now on; '*' ends what silences all rules."""
    return Ended(was_silenced=telling.unsilence(who.app, None if rule == telling.ALL else rule, who.name))
