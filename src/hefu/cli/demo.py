"""demo: two sandbox systems, linked, planned, applied and kept in step before the user's eyes."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hefu.app import App, open_app
from hefu.app.accounts import Accounts
from hefu.app.choosing import chosen
from hefu.cli.applying import agree, apply_now, carry_on
from hefu.cli.planning import show_plan
from hefu.cli.session import OK, Json, Session, session
from hefu.cli.sync import keep_open
from hefu.core.errors import Unsupported
from hefu.core.rights import local
from hefu.engine import plans
from hefu.store import issues, projects
from hefu.store.folder import read_folder

if TYPE_CHECKING:
    from hefu.sandbox.serve import Sandboxes
    from hefu.sim.demo_project import Pair


def register(app: typer.Typer) -> None:
    """Hang the verb of this file onto the command line."""
    app.command("demo")(demo)


def demo(
    pair: Annotated[
        str,
        typer.Option(help="CRM+ERP: jiandaoyun+kingdee, jiandaoyun+yonbip, salesforce+sap, sample / 演示的系统组合"),
    ] = "",
    folder: Annotated[Path | None, typer.Option("--folder", "-C", help="Where the demo lives / 演示目录")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over / 重新开始")] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop after the first agreement / 达成一致后即结束")] = False,
    listen: Annotated[
        str, typer.Option(help="host:port of console and webhooks / 控制台与 Webhook 地址")
    ] = "127.0.0.1:8480",
    as_json: Json = False,
) -> None:
    """Two sandbox systems kept in step on this machine: a CRM with 2,000 customers, an ERP with 1,600. / 本机演示。"""
    from hefu.sim.demo_project import PAIRS

    with session(as_json) as s:
        two = PAIRS.get(pair or next(iter(PAIRS)))
        if two is None:
            raise Unsupported("demo.pair", given=pair, known=", ".join(PAIRS))
        folder = folder or Path(".demo") / two.folder
        if fresh and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with _sandboxes(s, two, folder, fresh) as sandboxes:
            two.write(folder, sandboxes.crm_url, sandboxes.erp_url)
            two.ready(sandboxes.crm_url, sandboxes.erp_url)
            with open_app(folder, _environment(folder)) as app:
                total = _agree(s, app)
                _invite(s, sandboxes, folder)
                if once:
                    s.code = OK
                    s.give({"crm": sandboxes.crm_url, "erp": sandboxes.erp_url, "counts": dict(total)})
                    return
                hooks = {name: f"http://{listen}/hooks/{name}" for name in ("crm", "erp")}
                two.hooks(folder, sandboxes.crm_url, sandboxes.erp_url, hooks)
                keep_open(s, app, listen, way_in=_way_in(app))
                s.code = OK


def _environment(folder: Path) -> dict[str, str]:
    """The demo's hub lives in the demo's folder, whatever the machine's own hub is."""
    return {"HEFU_HOME": str((folder / ".hefu").resolve())}


def _sandboxes(s: Session, two: Pair, folder: Path, fresh: bool) -> Sandboxes:
    from hefu.sandbox.serve import Sandboxes
    from hefu.sandbox.server import PortTaken

    s.say("1. Starting two sandbox systems on this machine …", "1. 正在本机启动两个沙盒系统……", style="bold")
    try:
        found = Sandboxes.start(folder / "systems", *two.ports, fresh=fresh, systems=two.systems)
    except PortTaken:
        found = Sandboxes.start(folder / "systems", fresh=fresh, systems=two.systems)
    s.say(f"   {two.crm[1]} as CRM, {two.erp[1]} as ERP (imitations; no vendor is called)",
          f"   CRM 为{two.crm[0]}，ERP 为{two.erp[0]}（均为本机模拟，不连接任何厂商）")  # fmt: skip
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
    hub = app.hub()
    if first:
        s.say("2. Rehearsing: reading both sides, linking what is the same company, writing nothing …",
              "2. 预演：读取两边数据、关联相同的企业，不写入任何内容……", style="bold")  # fmt: skip
        names = chosen(hub, None)
        with ExitStack() as until_agreed:
            with s.watching(hub, "   reading", "   读取中"):
                offer = until_agreed.enter_context(plans.proposal(hub, names, "demo"))
            show_plan(s, offer.seen, 6)
            agree(s, hub, offer, "demo")
        s.say("3. Applying it …", "3. 执行……", style="bold")
        total = carry_on(s, hub, offer, names, None, asked=False)
        _needs_a_person(s, app)
        return total
    s.say("2. Catching up …", "2. 追平期间的变化……", style="bold")
    return apply_now(s, hub, None, full=False)


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


def _way_in(app: App) -> str:
    """A ticket by which who started the demo enters its console once, as its administrator."""
    accounts, by = Accounts(app), local("demo")
    if all(row["login"] != "demo" for row in accounts.every()):
        accounts.add(by, "demo", name="Demo 演示")
        accounts.grant(by, "demo", "admin")
    ticket, _ = accounts.link(by, "demo")
    return ticket


def _ourselves() -> str:
    """How the user can call us from this folder: `make demo` puts nothing on their path."""
    if shutil.which("hefu"):
        return "hefu"
    program = Path(sys.argv[0])
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


__all__ = ["demo", "register"]
