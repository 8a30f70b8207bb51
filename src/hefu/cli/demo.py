"""demo: two sandbox systems, linked, planned, applied and kept in step before the user's eyes."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hefu.app import App, open_app
from hefu.cli.planning import agree_and_apply, apply_now, show_plan
from hefu.cli.session import OK, Json, Session, session
from hefu.cli.sync import chosen, resident
from hefu.engine import plans
from hefu.store import issues, projects
from hefu.store.folder import read_folder

if TYPE_CHECKING:
    from hefu.sim.serve import Sandboxes


def register(app: typer.Typer) -> None:
    """Hang the verb of this file onto the command line."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Option("--folder", "-C", help="Where the demo lives / 演示目录")] = Path(".demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over / 重新开始")] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop after the first agreement / 达成一致后即结束")] = False,
    listen: Annotated[str, typer.Option(help="host:port for webhooks / Webhook 地址")] = "127.0.0.1:8480",
    as_json: Json = False,
) -> None:
    """Two sandbox systems kept in step on this machine: a CRM with 2,000 customers, an ERP with 1,600. / 本机演示。"""
    from hefu.sim import demo_project

    with session(as_json) as s:
        if fresh and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with _sandboxes(s, folder, fresh) as sandboxes:
            demo_project.write(folder, sandboxes.crm_url, sandboxes.erp_url)
            with open_app(folder, _environment(folder)) as app:
                total = _agree(s, app)
                _invite(s, sandboxes, folder)
                if once:
                    s.code = OK
                    s.give({"crm": sandboxes.crm_url, "erp": sandboxes.erp_url, "counts": dict(total)})
                    return
                hooks = {name: f"http://{listen}/hooks/{name}" for name in ("crm", "erp")}
                demo_project.subscribe(folder, sandboxes.crm_url, sandboxes.erp_url, hooks)
                resident(s, app, listen)
                s.code = OK


def _environment(folder: Path) -> dict[str, str]:
    """The demo's hub lives in the demo's folder, whatever the machine's own hub is."""
    return {"HEFU_HOME": str((folder / ".hefu").resolve())}


def _sandboxes(s: Session, folder: Path, fresh: bool) -> Sandboxes:
    from hefu.sim import demo_project
    from hefu.sim.serve import PortTaken, Sandboxes

    s.say("1. Starting two sandbox systems on this machine …", "1. 正在本机启动两个沙盒系统……", style="bold")
    try:
        found = Sandboxes.start(folder / "systems", demo_project.CRM_PORT, demo_project.ERP_PORT, fresh=fresh)
    except PortTaken:
        found = Sandboxes.start(folder / "systems", fresh=fresh)
    s.say(f"   CRM {found.crm_url}   2,000 customers as real ones are: duplicates, gaps, wrong codes",
          f"   CRM {found.crm_url}   2,000 家客户，有重复、缺失和错误编码，与现实一样")  # fmt: skip
    s.say(f"   ERP {found.erp_url}   1,600 customers, products, prices and a year of orders",
          f"   ERP {found.erp_url}   1,600 家客户、产品、价目表和一年的订单")  # fmt: skip
    return found


def _agree(s: Session, app: App) -> Counter[str]:
    """Import the project, link and plan and apply on the first start; later starts only catch up. What was done."""
    texts = read_folder(app.machine.folder)
    loaded = app.load(texts)
    loaded.require()
    with app.store.begin() as tx:
        first = projects.texts_of(tx) is None
        projects.save(tx, texts, "demo", "")
    app.store.lock()
    hub, made = app.hub(), None
    if first:
        s.say("2. Rehearsing: reading both sides, linking what is the same company, writing nothing …",
              "2. 预演：读取两边数据、关联相同的企业，不写入任何内容……", style="bold")  # fmt: skip
        with s.progress("   reading", "   读取中") as told:
            hub.told = lambda _verb, name, counts: told(f"{name} {counts['read'] or counts['prepared']}")
            seen, made = plans.make(hub, chosen(hub, None), "demo")
        show_plan(s, seen, 6)
    say = ("3. Applying it …", "3. 执行……") if first else ("2. Catching up …", "2. 追平期间的变化……")
    s.say(*say, style="bold")
    total = agree_and_apply(s, hub, made, "demo") if made is not None else apply_now(s, hub, None, full=False)
    if first:
        _needs_a_person(s, app)
    return total


def _needs_a_person(s: Session, app: App) -> None:
    with app.store.look() as tx:
        waiting = Counter(issues.count_issues(tx))
    if waiting:
        listed = ", ".join(f"{kind} {n}" for kind, n in waiting.most_common())
        s.say(
            f"   For a person to look at, nothing was guessed: {listed}", f"   以下留给人工判断，系统没有猜测：{listed}"
        )


def _invite(s: Session, sandboxes: Sandboxes, folder: Path) -> None:
    s.say("Both books fit. Try:", "两边账目已一致。可以试试：", style="bold green")
    s.say(f"   • open {sandboxes.crm_url} and {sandboxes.erp_url} in a browser, change a phone in one, watch the other",
          f"   • 在浏览器打开 {sandboxes.crm_url} 和 {sandboxes.erp_url}，在一边改电话，看另一边")  # fmt: skip
    for verb, en, zh in (
        ("status", "how things stand", "查看当前状态"),
        ("conflicts list", "what two sides changed differently", "查看冲突"),
        ("trace C00001", "one customer's whole life", "查看某客户的完整历程"),
    ):
        command = f"HEFU_HOME={folder}/.hefu {_ourselves()} {verb} -C {folder}"
        s.say(f"   • in a second terminal: {command}   ({en})", f"   • 另开终端：{command}   （{zh}）")


def _ourselves() -> str:
    """How the user can call us from this folder: `make demo` puts nothing on their path."""
    if shutil.which("hefu"):
        return "hefu"
    program = Path(sys.argv[0])
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


__all__ = ["demo", "register"]
