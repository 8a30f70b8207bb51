"""apply: exactly what a plan says; without one, plan, agree and apply at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated

import typer

from hefu.app import open_app
from hefu.app.choosing import chosen
from hefu.app.drafts import publish
from hefu.cli.planning import Flows, Full, show_plan
from hefu.cli.session import DIFFERENT, FAILED, PERSON, Folder, Json, Session, Who, Yes, person, session
from hefu.cli.sync import tell_pause, waiting_for_person
from hefu.core.errors import HubError
from hefu.engine import applying, plans, worker
from hefu.engine.applying import Applied
from hefu.engine.hub import Hub
from hefu.engine.plans import Proposal
from hefu.store import issues, runs


def register(app: typer.Typer) -> None:
    """Hang the verb of this file onto the command line."""
    app.command("apply")(apply)


def apply(
    plan_id: Annotated[
        str | None,
        typer.Argument(
            help="An approved plan; without it: plan, agree and apply at once / 已批准的计划编号；不给则现做现批现执行"
        ),
    ] = None,
    flow: Flows = None,
    full: Full = False,
    yes: Yes = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Do what a plan says, record by record, flood limits set aside. / 按计划逐条执行（视为已批准，不受上限限制）。"""
    with session(as_json) as s, open_app(folder) as app:
        app.store.lock()
        hub = app.hub()
        if plan_id is not None:
            done = carry_out(s, publish(app, plan_id, person(by)), plan_id, person(by))
            s.give({"plan": plan_id, "state": done.plan.state, "tally": done.tally, "counts": dict(done.counts)})
            return
        ask = not yes and not as_json
        names, held = chosen(hub, flow), not (ask and app.store.postgresql)  # nobody else waits for a person's answer
        with ExitStack() as until_agreed:
            try:
                with s.watching(hub, "Reading both sides", "正在读取两边数据"):
                    offer = until_agreed.enter_context(plans.proposal(hub, names, person(by), full=full, held=held))
            except HubError as error:
                _stopped(s, hub, error)
                return
            if ask:
                show_plan(s, offer.seen, 10)
                if offer.made is None or not typer.confirm(s.t("Write this?", "确认写入？")):
                    return
            agree(s, hub, offer, person(by))
        s.give(dict(carry_on(s, hub, offer, names, flow, asked=ask)))


def _stopped(s: Session, hub: Hub, error: HubError) -> None:
    """A system could not be read: nothing is written, and what concerns it rests until its cause is gone."""
    name = error.facts.get("mapping")
    if worker.ours(error) or name not in hub.project.mappings:
        raise error
    worker.stop(hub, hub.project.mappings[str(name)].connection, str(name), error)
    s.fail(error)
    s.code = FAILED
    if not s.json:
        tell_pause(s, hub)


def agree(s: Session, hub: Hub, offer: Proposal, who: str) -> None:
    """Agree to a plan that was just made, unless somebody else must."""
    made = offer.made
    if made is None or not plans.needs_second(hub, made):
        offer.agree(who)
    else:
        s.code = PERSON
        s.say(
            f"Plan {made.id} writes {made.writes} records and needs a second person: 'hefu plan approve {made.id} --by NAME', then 'hefu apply {made.id}'.",
            f"计划 {made.id} 将写入 {made.writes} 条记录，须由另一人批准：hefu plan approve {made.id} --by 姓名，再运行 hefu apply {made.id}。",
        )


def carry_on(
    s: Session, hub: Hub, offer: Proposal, mappings: Sequence[str], flow: list[str] | None, *, asked: bool
) -> Counter[str]:
    """Apply a plan that was just agreed to, and do what follows from it; what was done."""
    if offer.by is None:
        return Counter({"waits_for_approval": 1})
    total: Counter[str] = Counter(offer.run.counts) if offer.run is not None else Counter()
    plan_id = None
    if offer.made is not None:
        plan_id = offer.made.id
        read: applying.Read = "again" if not offer.kept else "since" if asked else "now"
        total += Counter(carry_out(s, hub, plan_id, offer.by, read, ends=False).counts)
    else:
        _flows_go_on(hub, flow)
    with s.watching(hub, "Telling what follows", "正在写入后续变更"):
        after = applying.follow(hub, mappings, plan_id)
    if after.state != "done":
        s.code = FAILED
        tell_pause(s, hub)
    total += Counter(after.counts)
    tell_written(s, hub, total)
    return total


def carry_out(
    s: Session, hub: Hub, plan_id: str, who: str, read: applying.Read = "again", *, ends: bool = True
) -> Applied:
    """Apply an approved plan, and say what was not written and why."""
    with s.watching(hub, "Applying", "正在执行"):
        done = applying.apply(hub, plan_id, who, read)
    changed, refused = done.tally.get("changed", 0), done.tally.get("refused", 0)
    if changed:
        s.say(f"{changed} records were changed since and left alone: 'hefu plan show {plan_id} --state changed'.",
              f"{changed} 条记录在计划之后被修改，保持不变：hefu plan show {plan_id} --state changed。", style="yellow")  # fmt: skip
        s.code = DIFFERENT
    if refused:
        s.say(f"{refused} were refused by the systems: 'hefu deadletters list'.",
              f"{refused} 条被系统拒绝：hefu deadletters list。", style="yellow")  # fmt: skip
        s.code = PERSON
    if done.waiting:
        s.say(f"{done.waiting} are not finished: run 'hefu apply {plan_id}' again.",
              f"{done.waiting} 条尚未完成，请再次运行 hefu apply {plan_id}。", style="yellow")  # fmt: skip
        s.code = FAILED
        tell_pause(s, hub)
    if done.proof is not None:
        number = done.proof.id
        s.say(f"Erased; 'hefu privacy proof {number}' tells what became of it where.",
              f"已删除；hefu privacy proof {number} 说明各处的结果。")  # fmt: skip
        if not done.proof.complete:
            s.code = PERSON
            s.say("Some system still holds values of the person.", "仍有系统保留此人的取值。", style="yellow")
    if ends:
        tell_written(s, hub, Counter(done.counts))
    return done


def apply_now(s: Session, hub: Hub, flow: list[str] | None, *, full: bool) -> Counter[str]:
    """One unguarded cycle of each flow, with progress; what waits for a person sets the exit code."""
    total: Counter[str] = Counter()
    with s.watching(hub, "Applying", "正在执行"):
        _flows_go_on(hub, flow)
        for name in flow or hub.flows_in_order():
            done = worker.cycle(hub, hub.project.flows[name], full=full, guarded=False)
            total += done.counts
            if done.state != "done":
                s.code = FAILED
                tell_pause(s, hub)
    tell_written(s, hub, total)
    return total


def _flows_go_on(hub: Hub, flow: list[str] | None) -> None:
    """Who applies by hand has seen what there is to do: a flow that had stopped to ask goes on."""
    with hub.store.begin() as tx:
        for name in flow or hub.flows_in_order():
            runs.resume_scope(tx, f"flow:{name}")
            issues.close_issues(tx, "apply", "approved", kinds=("flood",), field=f"flow:{name}")


def tell_written(s: Session, hub: Hub, total: Counter[str]) -> None:
    """What was written in all; what waits for a person sets the exit code."""
    written = {k.split(".", 1)[1]: n for k, n in total.items() if k.startswith("delivered.")}
    s.say(
        f"Written: {written.get('created', 0)} created, {written.get('updated', 0)} updated, "
        f"{written.get('deleted', 0)} deleted, {written.get('steps', 0)} steps; refused {written.get('refused', 0)}.",
        f"已写入：新建 {written.get('created', 0)}，修改 {written.get('updated', 0)}，删除 {written.get('deleted', 0)}，"
        f"状态步骤 {written.get('steps', 0)}；被拒绝 {written.get('refused', 0)}。",
    )
    if s.code == 0 and waiting_for_person(hub):
        s.code = PERSON
        s.say(
            "Some records wait for a person: see 'hefu status'.",
            "有记录等待人工处理，请运行 hefu status。",
            style="yellow",
        )
