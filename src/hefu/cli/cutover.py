"""cutover: a runbook rehearsed on the sandbox, carried out for real, and taken back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hefu.app import open_app
from hefu.app.rehearsal import sandboxed, take_due, working
from hefu.cli.session import PERSON, Folder, Json, Session, Who, person, session
from hefu.core import cutover as rules
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import tell
from hefu.engine import cutover
from hefu.engine.cutover import Mode, Standing, Verdict
from hefu.engine.hub import Hub
from hefu.store import cutovers
from hefu.store.cutovers import StepRow

Name = Annotated[str, typer.Argument(help="Name of the runbook / 方案名称")]
Rehearsal = Annotated[bool, typer.Option("--rehearsal", help="Of the rehearsal under way / 针对进行中的演练")]
Note = Annotated[str, typer.Option("--note", "-m", help="What is to be remembered, why / 说明或原因")]

STATES = {
    "running": "进行中", "go": "决定切换", "no_go": "决定不切换", "switching_back": "切回中",
    "switched_back": "已切回", "done": "已完成",
}  # fmt: skip
STEPS = {"waiting": "未开始", "running": "进行中", "passed": "通过", "failed": "未通过", "skipped": "跳过"}


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Move the company to the new system, and back / 系统切换与切回", no_args_is_help=True)
    group.command("rehearse")(rehearse)
    group.command("start")(start)
    group.command("step")(step)
    group.command("status")(status)
    group.command("go")(go)
    group.command("switch-back")(switch_back)
    app.add_typer(group, name="cutover")


def _mode(rehearsal: bool) -> Mode:
    return "rehearsal" if rehearsal else "real"


def rehearse(
    name: Name,
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign what people confirm, too / 人工确认的步骤一并签字")
    ] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Carry the runbook out on the sandbox, up to the decision or the first step that fails. / 在沙箱上演练，直到决定点或出错的步骤。"""
    with session(as_json) as s, open_app(folder) as app:
        book, who = app.hub(), person(by)
        doc = book.project.cutovers.get(name)
        if doc is not None:
            sandboxed(book.project, doc)
        try:
            cutover.start(book, name, "rehearsal", who)
        except Unsupported as error:
            if error.code != "cutover.under_way" or error.facts.get("name") != name:
                raise
        with working(app, "rehearsal") as (book, work):
            _all_due(s, book, work, "rehearsal", who, sign=sign)
        _show(s, book, "rehearsal")


def _all_due(s: Session, book: Hub, work: Hub, mode: Mode, who: str, *, sign: bool) -> None:
    for row in take_due(book, work, mode, who, sign=sign, around=lambda name: s.progress(name, name)):
        _say_step(s, row)


def start(name: Name, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Begin the cutover for real; the steps are taken one by one. / 正式开始切换，之后逐步执行。"""
    with session(as_json) as s, open_app(folder) as app:
        cutover.start(app.hub(), name, "real", person(by))
        _show(s, app.hub(), "real")


def step(
    name: Annotated[str, typer.Argument(help="Name of the step / 步骤名称")],
    done: Annotated[bool, typer.Option("--done", help="I confirm that it is done / 确认已完成")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="It went wrong (say why) / 未成功（须说明）")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Go on without it (say why) / 跳过（须说明）")] = False,
    note: Note = "",
    rehearsal: Rehearsal = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Take a step: the hub does and checks its part, a person signs the rest. / 执行一个步骤：系统执行并核实，其余由人签字。"""
    with session(as_json) as s, open_app(folder) as app:
        if done + failed + skip > 1:
            raise Unsupported("desk.choice", given="--done --failed --skip", known="--done, --failed, --skip")
        verdict: Verdict = "done" if done else "failed" if failed else "skip" if skip else "look"
        mode = _mode(rehearsal)
        with working(app, mode, name) as (book, work), s.progress(name, name):
            row = cutover.take(book, work, mode, name, person(by), verdict, note)
        s.give(_plain_step(s, row))
        _say_step(s, row)
        if row.state in ("failed", "running"):
            s.code = PERSON


def status(rehearsal: Rehearsal = False, as_json: Json = False, folder: Folder = None) -> None:
    """The steps, what is due, what is late, the score. / 步骤、待办、延误与得分。"""
    with session(as_json) as s, open_app(folder) as app:
        _show(s, app.hub(), _mode(rehearsal))


def go(
    no: Annotated[bool, typer.Option("--no", help="Decide not to go / 决定不切换")] = False,
    note: Note = "",
    rehearsal: Rehearsal = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Decide: go, or no-go with --no; against the score only with a reason. / 作出决定：切换，或用 --no 不切换；与得分相反须说明原因。"""
    with session(as_json) as s, open_app(folder) as app:
        book = app.hub()
        cutover.decide(book, _mode(rehearsal), person(by), go=not no, reason=note)
        _show(s, book, _mode(rehearsal))


def switch_back(
    note: Note = "",
    rehearsal: Rehearsal = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Go back: merge what was typed since, then take the steps back, the last first. / 切回：先合并期间的修改，再逆序撤回各步骤。"""
    with session(as_json) as s, open_app(folder) as app:
        mode, who = _mode(rehearsal), person(by)
        begun = cutover.standing(app.hub(), mode, ended=True)
        if begun.started.state != "switching_back":
            cutover.switch_back(app.hub(), mode, who, note)
        if cutover.standing(app.hub(), mode, ended=True).started.state in cutovers.OPEN:
            with working(app, mode) as (book, work):
                _all_due(s, book, work, mode, who, sign=False)
        _show(s, app.hub(), mode)


# ----------------------------------------------------------------------- showing


def _show(s: Session, book: Hub, mode: Mode) -> None:
    now = cutover.standing(book, mode, ended=True)
    s.give(_plain(s, now))
    title = now.doc.title.get("zh" if s.language == "zh" else "en") or now.doc.cutover
    state = now.started.state
    s.say(f"{title} ({mode}): {state}", f"{title}（{'演练' if mode == 'rehearsal' else '正式'}）：{STATES[state]}")
    plan = rules.schedule(now.doc)
    owners = {x.step: x.owner for x in now.doc.steps}
    heads = [
        ("step", "步骤"),
        ("owner", "负责人"),
        ("planned", "计划"),
        ("state", "状态"),
        ("by", "签字"),
        ("found", "结果"),
    ]
    rows = []
    for row in now.steps:
        begin = plan[row.name][0] if row.way == "there" else None
        planned = f"+{int(begin.total_seconds()) // 60} min" if begin is not None else "←"
        late = now.late.get(row.name)
        word = s.t(row.state, STEPS[row.state]) + (s.t(" LATE", " 延误") if late else "")
        rows.append((row.name, owners.get(row.name, ""), planned, word, row.signed_by or "", _found(s, row)))
    s.table(heads, rows)
    found = now.score
    s.say(
        f"Score {found.points} of 100, threshold {found.threshold}"
        + (f"; missing: {', '.join(found.missing)}" if found.missing else ""),
        f"得分 {found.points}（满分 100），阈值 {found.threshold}"
        + (f"；缺少：{'、'.join(found.missing)}" if found.missing else ""),
    )
    if now.due:
        s.say(f"Due: {', '.join(now.due)}", f"当前应执行：{'、'.join(now.due)}")
    elif state in ("running", "no_go"):
        s.say("The decision is due: hefu cutover go, or go --no", "应作出决定：hefu cutover go 或 go --no")
    if state in cutovers.OPEN:
        s.code = s.code or PERSON


def _say_step(s: Session, row: StepRow) -> None:
    style = {"passed": "green", "failed": "red"}.get(row.state, "yellow")
    told = _found(s, row)
    s.say(f"{row.name}: {row.state} {told}", f"{row.name}：{STEPS[row.state]} {told}", style=style)
    if row.state == "running":
        again = f"hefu cutover step {row.name} --done"
        s.say(f"  Somebody must sign: {again}", f"  须由人签字：{again}")


def _found(s: Session, row: StepRow) -> str:
    """What the check saw and what somebody said, in the user's language."""
    seen: dict[str, Any] = row.finding or {}
    what = ""
    if seen.get("code"):
        what, then = tell(HubError(seen["code"], **seen["facts"]), s.language)
        what = f"{what} {then}" if row.state == "failed" else what
    return " ".join(x for x in (what, seen.get("note", "")) if x)


def _plain_step(s: Session, row: StepRow) -> dict[str, Any]:
    return {
        "step": row.name, "way": row.way, "state": row.state, "signed_by": row.signed_by,
        "started_at": row.started_at, "ended_at": row.ended_at, "finding": row.finding, "told": _found(s, row),
    }  # fmt: skip


def _plain(s: Session, now: Standing) -> dict[str, Any]:
    started, found = now.started, now.score
    return {
        "cutover": started.name, "mode": started.mode, "state": started.state, "started_at": started.started_at,
        "started_by": started.started_by, "decided_by": started.decided_by, "decision": started.decision,
        "score": {"points": found.points, "threshold": found.threshold, "go": found.go, "missing": found.missing},
        "due": now.due, "late": {name: int(by.total_seconds()) for name, by in now.late.items()},
        "steps": [_plain_step(s, row) for row in now.steps],
    }  # fmt: skip
