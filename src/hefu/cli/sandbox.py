"""sandbox: the vendors' systems imitated on this machine, to rehearse an integration on before the real ones are touched."""

from __future__ import annotations

import http.client
import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from hefu.cli.session import STOPPED, Json, session
from hefu.core.errors import HubError, Unsupported

Url = Annotated[str, typer.Argument(help="Address of a running sandbox / 正在运行的沙盒地址")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    verbs = typer.Typer(help="Imitated vendor systems to rehearse on / 用于演练的厂商系统沙盒", no_args_is_help=True)
    verbs.command("list")(list_)
    verbs.command("up")(up)
    verbs.command("fault")(fault)
    verbs.command("counters")(counters)
    app.add_typer(verbs, name="sandbox")


def list_(as_json: Json = False) -> None:
    """Which systems are imitated, and the kinds of fault each one can be given. / 列出沙盒及可注入的故障。"""
    from hefu.sandbox import catalog
    from hefu.sandbox.frame import FAULTS

    with session(as_json) as s:
        found = [catalog.entry(name) for name in catalog.names()]
        columns = (("name", "名称"), ("imitates", "模拟的系统"), ("port", "端口"), ("its own faults", "特有故障"))
        s.table(columns, [(e.name, s.t(*reversed(e.title)), e.port, ", ".join(e.faults or ())) for e in found])
        s.say(f"Faults of all: {', '.join(FAULTS)}", f"通用故障：{', '.join(FAULTS)}")
        s.give(
            [
                {"name": e.name, "title": e.title[1], "port": e.port, "faults": [*FAULTS, *(e.faults or ())]}
                for e in found
            ]
        )


def up(
    names: Annotated[list[str], typer.Argument(help="Which: see 'hefu sandbox list' / 沙盒名称，可多个")],
    folder: Annotated[Path, typer.Option("--folder", "-C", help="Where their data live / 数据目录")] = Path(".sandbox"),
    port: Annotated[list[str] | None, typer.Option(help="NAME=PORT; 0 takes any / 名称=端口，0 为任意")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Without the sample company / 不含示例公司")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw earlier data away / 丢弃已有数据")] = False,
    as_json: Json = False,
) -> None:
    """Start them on loopback until Ctrl-C; what they hold stays for the next time. / 在本机启动，Ctrl-C 结束，数据保留。"""
    from hefu.sandbox import catalog
    from hefu.sandbox.server import PortTaken, Server

    with session(as_json) as s, ExitStack() as running:
        ports = _ports(port or [])
        told = []
        for name in dict.fromkeys(names):
            found = catalog.entry(name)
            s.say(f"Starting {found.title[1]} …", f"正在启动{found.title[0]}……")
            sandbox = catalog.open_in(folder, name, empty=empty, fresh=fresh)
            try:
                server = Server(sandbox, ports.get(name, found.port)).start()
            except PortTaken as taken:
                sandbox.close()
                raise Unsupported("sandbox.port", name=name, said=taken) from taken
            running.callback(server.stop)
            reached = found.connection(server.url) if found.connection else None
            told.append({"name": name, "url": server.url, "connection": reached})
            s.say(f"[bold]{name}[/bold]  {server.url}", f"[bold]{name}[/bold]  {server.url}")
            if reached:
                s.say("  connections/*.yaml:", "  连接文档 connections/*.yaml：")
                s.say(*(_yaml({"connection": name, **reached}),) * 2)
        s.give(told)
        s.say("Ctrl-C ends them; their data stay.", "按 Ctrl-C 结束；数据会保留。")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            s.code = STOPPED if as_json else 0


def fault(
    url: Url,
    kind: Annotated[str, typer.Argument(help="See 'hefu sandbox list' / 故障类型")],
    times: Annotated[int, typer.Option(min=0, help="How many calls; 0: until taken away / 次数，0 为一直")] = 1,
    skip: Annotated[int, typer.Option(min=0, help="Good calls before it / 之前放行的次数")] = 0,
    path: Annotated[str, typer.Option(help="Only calls whose path begins so / 仅限此路径前缀")] = "",
    status: Annotated[int, typer.Option(help="HTTP status it answers / 返回的状态码")] = 500,
    seconds: Annotated[float, typer.Option(min=0, help="How long / 持续秒数")] = 0.0,
    as_json: Json = False,
) -> None:
    """Order trouble for the next calls of a running sandbox. / 让正在运行的沙盒在接下来的调用中出错。"""
    from hefu.sandbox.hands import Hands

    with session(as_json) as s:
        with _reach(url):
            Hands(url).fault(kind, times=times, skip=skip, path=path, status=status, seconds=seconds)
        s.say("Ordered.", "已设置。")
        s.give({"kind": kind, "times": times})


def counters(url: Url, as_json: Json = False) -> None:
    """How often a running sandbox was called, and what was written through its API. / 调用与写入计数。"""
    from hefu.sandbox.hands import Hands

    with session(as_json) as s:
        with _reach(url):
            told = Hands(url).counters()
        for title, name in ((("call", "调用"), "calls"), (("write", "写入"), "writes")):
            s.table((title, ("times", "次数")), sorted(told[name].items()))
        s.give(told)


@contextmanager
def _reach(url: str) -> Iterator[None]:
    """Calls to `/_control` of an address that a person gave."""
    from hefu.sandbox.hooks import is_loopback

    if not is_loopback(url):
        raise Unsupported("sandbox.refused", url=url, said="http://127.0.0.1:PORT")
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError, RuntimeError) as error:
        raise HubError("sandbox.refused", url=url, said=error) from error


def _ports(given: list[str]) -> dict[str, int]:
    made = {}
    for one in given:
        name, _, number = one.partition("=")
        if not number.isdecimal() or int(number) > 65535:
            raise Unsupported("sandbox.port_words", given=one)
        made[name] = int(number)
    return made


def _yaml(document: object) -> str:
    text = io.StringIO()
    YAML().dump(document, text)
    return "".join(f"    {line}\n" for line in text.getvalue().splitlines())
