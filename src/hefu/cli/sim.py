"""sim: the seeded simulator of the whole engine, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hefu.cli.session import FAILED, Json, Session, session
from hefu.core.errors import Unsupported

if TYPE_CHECKING:
    from hefu.sim.storm import Case, Outcome
    from hefu.sim.storm.many import Played, Report

Bug = Annotated[str, typer.Option(help="Plant this known bug / 植入该已知缺陷")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    sim = typer.Typer(help="Simulated storms that try to break the engine / 用模拟风暴检验引擎", no_args_is_help=True)
    sim.command("run")(run)
    sim.command("replay")(replay)
    sim.command("shrink")(shrink_)
    sim.command("bugs")(bugs)
    app.add_typer(sim, name="sim")


def run(
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds / 种子数量")] = 100,
    first: Annotated[int, typer.Option("--from", min=0, help="The first seed / 起始种子")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes / 进程数")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Folder for shrunk failures / 保存缩减后失败用例的目录")] = None,
    as_json: Json = False,
) -> None:
    """Play many seeds: people, faults and crashes at every step, then every invariant. / 运行多个种子并检查所有不变量。"""
    from hefu.sim.storm.many import play_many

    with session(as_json) as s:
        with s.progress("Playing", "正在模拟") as told:
            report = play_many(range(first, first + seeds), jobs, lambda r: told(f"{r.seeds}/{seeds}"))
        _tell(s, report)
        for played in report.failed[:3]:  # enough to work on, and each takes a while
            _keep(s, played, keep)
        s.code = FAILED if report.failed else s.code
        s.give(_summary(report))


def _summary(report: Report) -> dict[str, object]:
    failed = [{"seed": p.seed, "trace": p.trace, "wrong": p.wrong} for p in report.failed]
    return {
        "seeds": report.seeds, "faults": report.struck, "edits": report.edits, "steps": report.steps,
        "seeds_per_cpu_second": round(report.pace, 2), "kinds": dict(sorted(report.faults.items())), "failed": failed,
    }  # fmt: skip


def _tell(s: Session, report: Report) -> None:
    s.table((("fault", "故障"), ("times", "次数")), [(k, n) for k, n in sorted(report.faults.items()) if n])
    s.say(
        f"{report.seeds} seeds, {report.struck} faults, {report.edits} edits, {report.steps} steps of the hub, "
        f"{report.pace:.1f} seeds a second and core: {len(report.failed)} failed.",
        f"{report.seeds} 个种子，{report.struck} 次故障，{report.edits} 次编辑，{report.steps} 个步骤，"
        f"每核每秒 {report.pace:.1f} 个种子：{len(report.failed)} 个失败。",
        style="red" if report.failed else "green",
    )
    for played in report.failed[:20]:
        s.say(f"seed {played.seed}  trace {played.trace}", f"种子 {played.seed}  轨迹 {played.trace}", style="bold")
        for line in played.wrong[:3]:
            s.say(f"  {line}", f"  {line}")


def _keep(s: Session, played: Played, folder: Path | None) -> None:
    from hefu.sim.storm import draw
    from hefu.sim.storm.shrink import shrink

    case = shrink(draw(played.seed))
    path = (folder or Path()) / f"storm-{played.seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(case.text(), encoding="utf-8")
    s.say(f"shrunk to {len(case.events)} events: {path}", f"已缩减为 {len(case.events)} 个事件：{path}")


def replay(
    what: Annotated[str, typer.Argument(help="A seed, or a kept case / 种子或已保存的用例文件")],
    bug: Bug = "",
    as_json: Json = False,
) -> None:
    """Play one case twice, compare the traces, and say what is wrong. / 重放一个用例两次，比对轨迹并给出结论。"""
    from hefu.sim.storm import run_case
    from hefu.sim.storm.bugs import planted

    with session(as_json) as s:
        case, name = _case(what), _known(bug)
        with planted(name or case.bug):
            outcome, again = run_case(case), run_case(case)
        _judge(s, outcome, again)


def _judge(s: Session, outcome: Outcome, again: Outcome) -> None:
    same = outcome.trace == again.trace
    s.give({"trace": outcome.trace, "same_twice": same, "steps": outcome.steps, "faults": dict(outcome.faults),
            "wrong": outcome.wrong})  # fmt: skip
    s.say(f"trace {outcome.trace}, {outcome.steps} steps, {outcome.faults.total()} faults",
          f"轨迹 {outcome.trace}，{outcome.steps} 步，{outcome.faults.total()} 次故障")  # fmt: skip
    if not same:
        s.say("The second run took another course.", "第二次运行的轨迹不同。", style="red")
    for line in outcome.wrong:
        s.say(line, line, style="red")
    if outcome.good and same:
        s.say("Every invariant holds.", "所有不变量均成立。", style="green")
    else:
        s.code = FAILED


def shrink_(
    what: Annotated[str, typer.Argument(help="A seed, or a kept case / 种子或已保存的用例文件")],
    to: Annotated[Path, typer.Option(help="Where to write it / 输出文件")] = Path("storm.json"),
    bug: Bug = "",
    as_json: Json = False,
) -> None:
    """Take events out of a failing case until nothing more can go. / 缩减失败的用例直到无法再减。"""
    import dataclasses

    from hefu.sim.storm.bugs import planted
    from hefu.sim.storm.shrink import shrink

    with session(as_json) as s:
        case, name = _case(what), _known(bug)
        with planted(name or case.bug), s.progress("Shrinking", "正在缩减") as told:
            small = shrink(case, told=lambda events: told(str(events)))
        small = dataclasses.replace(small, bug=name or case.bug)
        if not small.note:
            s.say("It does not fail.", "该用例没有失败。")
        else:
            to.write_text(small.text(), encoding="utf-8")
            s.say(f"{len(small.events)} of {len(case.events)} events left: {to}\n{small.note}",
                  f"{len(case.events)} 个事件缩减为 {len(small.events)} 个：{to}\n{small.note}")  # fmt: skip
        s.give({"events": len(small.events), "of": len(case.events), "wrong": small.note, "file": str(to)})


def bugs(as_json: Json = False) -> None:
    """The known bugs that can be planted, and the seeds within which each must be found. / 可植入的已知缺陷及其预算。"""
    from hefu.sim.storm.bugs import BUGS

    with session(as_json) as s:
        s.table((("bug", "缺陷"), ("seeds", "种子预算"), ("what it does", "说明")),
                [(b.name, b.budget, b.says) for b in BUGS.values()])  # fmt: skip
        s.give([{"bug": b.name, "budget": b.budget, "says": b.says} for b in BUGS.values()])


def _case(what: str) -> Case:
    from hefu.sim.storm import Case, draw

    if what.isdigit():
        return draw(int(what))
    path = Path(what)
    try:
        return Case.load(path)
    except (OSError, ValueError) as error:
        raise Unsupported("sim.no_case", path=what, said=str(error)[:200]) from error


def _known(bug: str) -> str:
    from hefu.sim.storm.bugs import BUGS

    if bug and bug not in BUGS:
        raise Unsupported("sim.no_bug", name=bug, known=", ".join(BUGS))
    return bug
