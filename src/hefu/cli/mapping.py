"""map suggest|test|list: mappings proposed from names and values, and their examples run as tests."""

from __future__ import annotations

from typing import Annotated

import typer

from hefu.app import App, open_app
from hefu.app.choosing import mapping_named
from hefu.app.mappers import proposal_json, proposals, tested
from hefu.cli.session import FAILED, Folder, Json, session
from hefu.core.project import Project
from hefu.core.words import tell
from hefu.store.folder import read_folder


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Mappings between an object and an entity / 字段映射", no_args_is_help=True)
    group.command("suggest")(propose)
    group.command("test")(test)
    app.add_typer(group, name="map")


def documents(app: App) -> Project:
    """The project as it stands in the folder: what is being worked on."""
    return app.load(read_folder(app.machine.folder)).require()


def propose(
    connection: Annotated[str, typer.Argument(help="Connection / 连接")],
    obj: Annotated[str, typer.Argument(metavar="OBJECT", help="Object / 对象")],
    entity: Annotated[str, typer.Argument(help="Entity / 实体")],
    samples: Annotated[int, typer.Option(help="Records to look at / 采样记录数")] = 200,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Propose field pairs with confidence and reasons. / 建议字段映射，附置信度与理由。"""
    with session(as_json) as s, open_app(folder) as app:
        project = documents(app)
        hub = app.hub(project)
        with s.progress("Looking at records", "正在采样"):
            found = proposals(hub, connection, obj, entity, samples)
        s.give([proposal_json(x) for x in found])
        s.table(
            [("entity field", "实体字段"), ("system field", "系统字段"), ("confidence", "置信度"), ("because", "理由")],
            [(x.field, x.source, f"{x.confidence:.0%}", ", ".join(x.reasons)) for x in found],
        )


def test(
    name: Annotated[str | None, typer.Argument(help="Mapping (default: all) / 映射（默认全部）")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Run the examples that stand beside the mappings. / 运行映射中的示例测试。"""
    with session(as_json) as s, open_app(folder) as app:
        project = documents(app)
        if name is not None:
            mapping_named(project, name)
        hub, report = app.hub(project), []
        for mapping, outcome in tested(hub, [name] if name else sorted(project.mappings)):
            report.append({"mapping": mapping, "example": outcome.title, "passed": outcome.passed})
            mark = "✓" if outcome.passed else "✗"
            s.say(f"{mark} {mapping}: {outcome.title}", f"{mark} {mapping}：{outcome.title}", markup=False)
            for d in outcome.differences:
                s.say(f"    {d.way} {d.field}: expected {d.expected!r}, got {d.got!r}",
                      f"    {d.way} {d.field}：期望 {d.expected!r}，实际 {d.got!r}", markup=False)  # fmt: skip
            if outcome.error is not None:
                s.say(f"    {tell(outcome.error)[0]}", f"    {tell(outcome.error, 'zh')[0]}", markup=False)
        s.give(report)
        failed = sum(1 for r in report if not r["passed"])
        s.say(f"{len(report)} examples, {failed} failed", f"共 {len(report)} 个示例，{failed} 个未通过")
        s.code = FAILED if failed else 0
