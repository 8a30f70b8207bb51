"""load, run, worker, status: keeping systems in step."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hefu.app import App, open_app
from hefu.app.choosing import mapping_named
from hefu.cli.session import PERSON, Folder, Json, Session, session
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import spoken, tell
from hefu.engine.hub import Hub
from hefu.engine.load import load
from hefu.insight.standing import standing
from hefu.store import issues, runs


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    app.command("load")(load_)
    app.command("run")(run)
    app.command("serve")(serve)
    app.command("worker")(work)
    app.command("status")(status)


def waiting_for_person(hub: Hub) -> bool:
    """Whether any issue is open."""
    with hub.store.look() as tx:
        return bool(issues.count_issues(tx))


def tell_pause(s: Session, hub: Hub) -> None:
    """Say what is stopped and why."""
    with hub.store.look() as tx:
        stopped = runs.paused(tx)
    for scope, row in stopped.items():
        why, then = spoken(row["code"], row["facts"], s.language)
        s.say(f"Stopped: {scope}: {why}", f"已暂停：{scope}：{why}", style="yellow")
        if row["code"].startswith("guard."):
            s.say(f"  → {then}", f"  → {then}")


def load_(
    source: Annotated[str, typer.Argument(help="Mapping to read / 读取的映射")],
    target: Annotated[str, typer.Argument(help="Mapping to write / 写入的映射")],
    rejects: Annotated[Path | None, typer.Option(help="File for records left out (JSON lines) / 被拒记录文件")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """A plain one-way load: map, check, upsert; nothing is remembered. / 单向装载：映射、校验、写入，不做记录。"""
    with session(as_json) as s, open_app(folder) as app:
        hub = app.hub()
        for name in (source, target):
            mapping_named(hub.project, name)
        with ExitStack() as stack:
            stack.enter_context(s.watching(hub, "Loading", "正在装载"))
            out = stack.enter_context(rejects.open("wb")) if rejects else None

            def reject(record_id: str, error: HubError) -> None:
                if out is not None:
                    row = {"id": record_id, "code": error.code, "message": tell(error, s.language)[0]}
                    out.write(orjson.dumps(row) + b"\n")

            counts = load(hub, hub.side(source), hub.side(target), reject)
        s.give(dict(counts))
        s.say(f"Read {counts['read']}, written {counts['written']}, filtered {counts['filtered']}, rejected {counts['rejected']}.",
              f"读取 {counts['read']}，写入 {counts['written']}，过滤 {counts['filtered']}，拒绝 {counts['rejected']}。")  # fmt: skip
        if counts["rejected"]:
            s.code = PERSON


def run(
    listen: Annotated[str | None, typer.Option(help="host:port for webhooks / Webhook 监听地址")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Keep the flows in step until Ctrl-C: schedules, webhooks, retries. / 持续同步，直到按 Ctrl-C。"""
    with session(as_json) as s, open_app(folder) as app:
        resident(s, app, listen or app.machine.listen)


def resident(s: Session, app: App, listen: str | None, threads: int = 8) -> None:
    """Run the service (and take webhooks in, if `listen`) until a signal."""
    from hefu.app.service import Service  # the runtime costs a third of a second, which only residents need
    from hefu.web.hooks import program
    from hefu.web.server import Server

    stop, totals = threading.Event(), Counter[str]()

    def told(kind: str, key: str, counts: dict[str, int]) -> None:
        totals.update(counts)
        tell_work(s, kind, key, counts)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    service = Service(app, threads=threads, told=told)
    server = Server(program(service), listen) if listen else None  # an address that is none is told before any work
    service.start()
    try:
        if server is not None:
            server.start()
            s.say(
                f"Listening for webhooks on http://{listen}/hooks/<connection>",
                f"Webhook 地址：http://{listen}/hooks/<连接名>",
            )
        s.say("Keeping in step. Ctrl-C ends.", "正在保持同步，按 Ctrl-C 结束。")
        while not stop.wait(0.5):
            pass
    finally:
        if server is not None:
            server.stop()
        service.stop()
    s.say("Stopped cleanly; nothing was lost.", "已正常停止，没有丢失任何数据。")
    s.give({"stopped": True, "counts": {name: n for name, n in totals.items() if n}})


def serve(
    listen: Annotated[str | None, typer.Option(help="host:port (default: HEFU_LISTEN) / 监听地址")] = None,
    beside: Annotated[
        bool, typer.Option("--beside", help="The hub runs in another process / 系统由另一个进程运行")
    ] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Console and REST API with the hub: schedules, webhooks, retries, until Ctrl-C. / 启动控制台、API 与系统。"""
    with session(as_json) as s, open_app(folder) as app:
        keep_open(s, app, listen or app.machine.listen, beside=beside)
        s.give({"stopped": True})


def keep_open(s: Session, app: App, at: str, *, beside: bool = False, way_in: str = "") -> None:
    """Serve console, API and webhooks (and run the hub, unless it runs elsewhere) until a signal.

    `way_in`: the ticket that lets somebody into the console once.
    """
    from hefu.web.house import Serving  # FastAPI costs half a second, which only servers need

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    serving = Serving(app, at, beside=beside, told=lambda kind, key, counts: tell_work(s, kind, key, counts))
    serving.start()
    try:
        path = f"/ui/#/enter/{way_in}" if way_in else "/ui/"
        s.say(f"Console: http://{at}{path}", f"控制台：http://{at}{path}", style="bold green")
        s.say(f"API on http://{at}/api/v1, webhooks on http://{at}/hooks/<connection>",
              f"API 地址：http://{at}/api/v1；Webhook 地址：http://{at}/hooks/<连接名>")  # fmt: skip
        if not beside:
            s.say("Keeping in step. Ctrl-C ends.", "正在保持同步，按 Ctrl-C 结束。")
        while not stop.wait(0.5):
            pass
    finally:
        serving.stop()
    s.say("Stopped cleanly; nothing was lost.", "已正常停止，没有丢失任何数据。")


def tell_work(s: Session, kind: str, key: str, counts: dict[str, int]) -> None:
    """One line for a piece of work that did something."""
    told = {k.replace("delivered.", ""): n for k, n in counts.items()
            if n and (k.startswith("delivered.") or kind in ("hint", "drain"))
            and k.rsplit(".", 1)[-1] in ("created", "updated", "deleted", "steps", "refused", "unknown", "changed")}  # fmt: skip
    if told:
        now = datetime.now(UTC).astimezone().strftime("%H:%M:%S")  # noqa: TID251 - a clock for the eye only
        listed = ", ".join(f"{k} {n}" for k, n in told.items())
        s.say(f"{now} {kind} {key}: {listed}", f"{now} {kind} {key}：{listed}")


def work(
    as_json: Json = False,
    folder: Folder = None,
    threads: Annotated[int, typer.Option(help="Jobs at a time / 并行任务数")] = 8,
) -> None:
    """One more worker on a shared PostgreSQL store. / 在共享的 PostgreSQL 上再启动一个工作进程。"""
    with session(as_json) as s, open_app(folder) as app:
        if not app.store.postgresql:
            raise Unsupported("cli.worker_needs_postgresql", store=str(app.store.path))
        resident(s, app, None, threads)


def status(as_json: Json = False, folder: Folder = None) -> None:
    """How things stand: records, work due, what waits, what is stopped, last runs. / 当前状态一览。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            facts = standing(tx)
        s.give(facts)
        version = facts["project_version"] or s.t("none", "无")
        s.say(f"Project version {version}", f"项目版本 {version}")
        s.table([("mapping", "映射"), ("state", "状态"), ("records", "记录数")],
                [(m, state, n) for (m, state), n in sorted(_pairs(facts["links"]))])  # fmt: skip
        waits: Mapping[str, Mapping[str, int]] = {k: facts[k] for k in ("due", "issues", "writes")}
        for title, key in ((("Due", "待写入"), "due"), (("Waits for a person", "等待人工"), "issues"),
                           (("Writes so far", "累计写入"), "writes")):  # fmt: skip
            values = waits[key]
            if values:
                listed = ", ".join(f"{k} {n}" for k, n in sorted(values.items()))
                s.say(f"{title[0]}: {listed}", f"{title[1]}：{listed}")
        hub = Hub(app.store, app.env, app.project() if facts["project_version"] else _empty(), lambda _n: None)  # type: ignore[arg-type, return-value]
        tell_pause(s, hub)
        if facts["issues"] or facts["paused"]:
            s.code = PERSON


def _pairs(links: object) -> list[tuple[tuple[str, str], int]]:
    return [((m, state), n) for m, states in dict(links).items() for state, n in states.items()]  # type: ignore[call-overload]


def _empty() -> object:
    from hefu.core.project import Project

    return Project()
