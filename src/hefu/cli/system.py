"""discover and connector list|test|asyncapi: what a system offers, and whether a connector keeps its promises."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Annotated

import typer

from hefu import connectors
from hefu.app import App, open_app
from hefu.app.systems import known_object, schema_json
from hefu.cli.session import FAILED, Folder, Json, Session, session
from hefu.core.errors import Unsupported
from hefu.core.project import Project
from hefu.core.records import ObjectSchema
from hefu.store.folder import read_folder


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    app.command("discover")(discover)
    group = typer.Typer(help="Kinds of system / 连接器", no_args_is_help=True)
    group.command("list")(list_)
    group.command("test")(test)
    group.command("asyncapi")(asyncapi)
    app.add_typer(group, name="connector")


def working_project(app: App) -> Project:
    """The folder's documents where there are any, else the hub's newest version."""
    try:
        return app.load(read_folder(app.machine.folder)).require()
    except Unsupported as error:
        if error.code in ("documents.no_files", "documents.no_folder"):
            return app.project()
        raise


def discover(
    connection: Annotated[str, typer.Argument(help="Connection / 连接")],
    obj: Annotated[str | None, typer.Argument(metavar="[OBJECT]", help="Only this object / 仅该对象")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Objects and fields of a system, with types and what may be done. / 列出系统的对象、字段、类型与能力。"""
    with session(as_json) as s, open_app(folder) as app:
        (found,) = app.env.ahead(line.discover() for line in [app.connect(working_project(app), connection)])
        shown = [x for x in found if obj is None or x.name == obj]
        if obj is not None:
            known_object({x.name: x for x in found}, connection, obj)
        s.give([schema_json(x) for x in shown])
        for schema in shown:
            _show_schema(s, schema, obj is not None or len(shown) <= 3)


def _show_schema(s: Session, x: ObjectSchema, in_full: bool) -> None:
    can = x.abilities
    s.say(
        f"{x.name} {x.label}: {len(x.fields)} fields; create {can.create}, update {can.update}, delete {can.delete}, "
        f"changes {can.changes}, batch {can.batch}",
        f"{x.name} {x.label}：{len(x.fields)} 个字段；新建 {can.create}，修改 {can.update}，删除 {can.delete}，"
        f"变更 {can.changes}，批量 {can.batch}",
        style="bold",
    )
    if in_full:
        heads = [("field", "字段"), ("type", "类型"), ("label", "名称"), ("writable", "可写"), ("required", "必填")]
        s.table(
            heads,
            [(f.name, f.type.value, f.label, "✓" if f.writable else "", "✓" if f.required else "") for f in x.fields],
        )


def list_(as_json: Json = False) -> None:
    """The connectors installed here. / 已安装的连接器。"""
    with session(as_json) as s:
        rows = []
        for name in connectors.names():
            try:
                kind = connectors.find(name)
                rows.append((name, (kind.__doc__ or "").strip().splitlines()[0]))
            except Unsupported as error:
                rows.append((name, f"- ({error.facts.get('needs')})"))
        s.give([{"name": n, "about": d} for n, d in rows])
        s.table([("connector", "连接器"), ("about", "说明")], rows)


def asyncapi(
    connection: Annotated[str, typer.Argument(help="Connection / 连接")],
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """What a connection publishes to its message broker, as AsyncAPI 3.0. / 以 AsyncAPI 3.0 描述连接发布的事件。"""
    with session(as_json) as s, open_app(folder) as app:
        line = app.connect(working_project(app), connection)
        told = getattr(line, "asyncapi", None)
        if told is None:
            raise Unsupported("broker.none", connection=connection)
        document = told()
        s.give(document)
        text = json.dumps(document, ensure_ascii=False, indent=2)
        s.say(text, text, markup=False)


def test(
    connection: Annotated[str, typer.Argument(help="Connection / 连接")],
    obj: Annotated[str, typer.Argument(metavar="OBJECT", help="Object / 对象")],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="It is a sandbox: also write / 沙箱环境，可写入")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Run the conformance suite against a configured connection (read-only unless --sandbox). / 运行连接器一致性测试。"""
    from hefu.sim import conformance

    with session(as_json) as s, open_app(folder) as app, ExitStack() as more:
        project = working_project(app)
        line = app.connect(project, connection)
        known_object({x.name: x for x in line.discover()}, connection, obj)

        def reopen() -> object:
            """A second line beside the first, as after a restart."""
            return more.enter_context(open_app(folder)).connect(project, connection)

        rig = conformance.live_rig(line, obj, sandbox=sandbox, reopen=reopen)
        with s.progress("Testing", "正在测试"):
            results = list(conformance.run(rig))
        sheet = conformance.capability_sheet(results)
        s.give({"results": [{"check": r.check.name, "ability": r.check.ability, "state": r.state, "note": r.note}
                            for r in results], "sheet": sheet})  # fmt: skip
        heads = [("check", "检查项"), ("ability", "能力"), ("result", "结果"), ("note", "说明")]
        s.table(heads, [(r.check.name, r.check.ability, r.state, r.note) for r in results])
        failed = [r for r in results if r.state == "failed"]
        s.say(f"{len(results)} checks, {len(failed)} failed.", f"共 {len(results)} 项，{len(failed)} 项未通过。")
        s.code = FAILED if failed else 0
