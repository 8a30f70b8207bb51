"""The checklist before switching on: what is done, what is missing, each line computed from what is there."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from hefu.app.accounts import Accounts
from hefu.app.golive import Line, checklist
from hefu.core.resources import RESOURCES
from hefu.core.words import spoken
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource

router = resource("go-live")


class Missing(BaseModel):
    """What a line waits for."""

    name: str = Field(description="Of a connection, a mapping, or a right", examples=["plan.approve"])
    title: str = Field(description="Of a right, in words; else its name")


class ChecklistLine(BaseModel):
    """One line of the checklist."""

    name: Literal["connections", "rights", "mappings", "rehearsal", "plan", "backup", "alerts", "reconciliation"]
    done: bool
    said: str = Field(description="What was found")
    next: str = Field(description="What to do; empty once it is done")
    missing: list[Missing]
    at: str | None = Field(description="When it was found so")
    about: str | None = Field(description="Id of the plan or reconciliation that it speaks of")


class Checklist(BaseModel):
    """What is still missing before the hub may be switched on."""

    ready: bool
    done: int
    items: list[ChecklistLine]


@router.get("/go-live", openapi_extra=needs("cockpit.see"))
def go_live(who: Who) -> Checklist:
    """Every line as it is now: systems, duties, mappings, rehearsal, plan, backup, alerts, agreement."""
    hub = who.hub()
    lines = checklist(hub, Accounts(who.app, hub.project.roles))
    done = sum(line.done for line in lines)
    return Checklist(ready=done == len(lines), done=done, items=[_line(who, line) for line in lines])


def _line(who: Caller, line: Line) -> ChecklistLine:
    said, then = spoken(line.code, line.facts, who.language)
    missing = [Missing(name=name, title=_title(who, line, name)) for name in line.missing]
    return ChecklistLine(
        name=line.name, done=line.done, said=said, next="" if line.done else then, missing=missing, at=line.at,
        about=line.about,
    )  # fmt: skip


def _title(who: Caller, line: Line, name: str) -> str:
    if line.name != "rights":
        return name
    part, _, action = name.partition(".")
    found = RESOURCES[part]
    return f"{who.t(found.en, found.zh)}: {who.t(*found.actions[action])}"
