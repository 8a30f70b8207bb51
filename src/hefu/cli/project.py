"""init, check, project import|export|diff|versions: the documents and their versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hefu.app import App, open_app
from hefu.app.papers import against_systems, finding_json
from hefu.cli.session import DIFFERENT, FAILED, OK, USAGE, Folder, Json, Session, Who, person, session
from hefu.core.documents import Finding
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import tell
from hefu.store import journal, projects
from hefu.store.changes import diff
from hefu.store.documents import Loaded
from hefu.store.folder import read_folder, write_folder


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    app.command("init")(init)
    app.command("check")(check)
    group = typer.Typer(help="Versions of the project's documents / 项目文档版本", no_args_is_help=True)
    group.command("import")(import_)
    group.command("export")(export)
    group.command("diff")(compare)
    group.command("versions")(versions)
    app.add_typer(group, name="project")


def init(
    folder: Annotated[Path, typer.Argument(help="New or empty folder / 新目录或空目录")] = Path("hefu-project"),
    left: Annotated[Path | None, typer.Option(help="Your first CSV or Excel file / 第一个 CSV 或 Excel 文件")] = None,
    right: Annotated[Path | None, typer.Option(help="Your second file / 第二个文件")] = None,
    entity: Annotated[str, typer.Option(help="What the two files list / 两个文件的业务对象")] = "customer",
    as_json: Json = False,
) -> None:
    """Make a project folder: a worked example, or one for your own two files. / 新建项目目录（示例或基于您的两个文件）。"""
    from hefu.app import starter

    with session(as_json) as s:
        if folder.exists() and any(folder.iterdir()):
            raise Unsupported("cli.file_exists", path=str(folder))
        if (left is None) != (right is None):
            raise Unsupported("cli.two_files")
        made = starter.make(folder, left, right, entity)
        s.give({"folder": str(folder), "files": made})
        s.say(f"Made {folder} with {len(made)} files.", f"已创建 {folder}，共 {len(made)} 个文件。", style="green")
        for en, zh in (
            (f"cd {folder}", f"cd {folder}"),
            ("hefu check            # documents and connections", "hefu check            # 检查文档与连接"),
            ("hefu project import   # make it version 1", "hefu project import   # 导入为版本 1"),
            ("hefu plan             # what would be written", "hefu plan             # 将写入什么"),
            ("hefu apply            # write it", "hefu apply            # 执行写入"),
            ("hefu run              # keep both in step", "hefu run              # 持续同步"),
        ):
            s.say(f"  {en}", f"  {zh}")


def show_findings(s: Session, loaded: Loaded) -> bool:
    """Every finding with file, line and the nearest right word; says whether the documents can be used."""
    tell_findings(s, loaded.findings)
    return not loaded.errors


def tell_findings(s: Session, findings: list[Finding]) -> None:
    """Say each of them."""
    for finding in findings:
        what, then = finding.told(s.language)
        style = "red" if finding.severity == "error" else "yellow"
        if not s.json:
            s.err.print(what, style=style, markup=False)
            s.err.print(f"    → {then}", markup=False)


def check(
    documents_only: Annotated[
        bool, typer.Option("--documents", help="Do not try the connections / 不测试连接")
    ] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Check the documents, the connections, the rights and the mappings. / 检查文档、连接、权限与映射。"""
    with session(as_json) as s, open_app(folder) as app:
        loaded = app.load(read_folder(app.machine.folder))
        findings = list(loaded.findings)
        lines: dict[str, HubError | None] = {}
        if not loaded.errors and not documents_only:
            with s.progress("Trying the connections", "正在测试连接"):
                lines = app.check(loaded.project)
                reached = {n for n, e in lines.items() if e is None}
                findings += app.env.ahead(against_systems(app.hub(loaded.project), loaded, reached))
        wrong = [f for f in findings if f.severity == "error"]
        s.give(
            {
                "findings": [finding_json(f) for f in findings],
                "connections": {n: e and e.code for n, e in lines.items()},
            }
        )
        tell_findings(s, findings)
        for name, error in lines.items():
            if error is None:
                s.say(
                    f"✓ {name}: reached, credentials and rights are good",
                    f"✓ {name}：连接、凭据与权限正常",
                    style="green",
                )
            else:
                what, then = tell(error, s.language)
                s.say(f"✗ {name}: {what}\n    → {then}", f"✗ {name}：{what}\n    → {then}", style="red", markup=False)
        if not wrong:
            count = len(loaded.texts)
            s.say(f"✓ {count} documents are right", f"✓ {count} 个文档正确", style="green")
        s.code = USAGE if wrong else FAILED if any(lines.values()) else OK


def import_(
    note: Annotated[str, typer.Option("--note", "-m", help="Why / 说明")] = "",
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Make the folder's documents the hub's newest version. / 将目录中的文档导入为最新版本。"""
    with session(as_json) as s, open_app(folder) as app:
        texts = read_folder(app.machine.folder)
        loaded = app.load(texts)
        if not show_findings(s, loaded):
            s.give({"findings": [finding_json(f) for f in loaded.findings]})
            s.code = USAGE
            return
        with app.store.begin() as tx:
            version = projects.save(tx, texts, person(by), note)
            journal.record(tx, app.journal_key, person(by), "project.imported", str(version), {"note": note})
        s.give({"version": version})
        s.say(f"Version {version} is current.", f"当前版本：{version}。", style="green")


def export(
    to: Annotated[Path, typer.Argument(help="Folder to write into / 导出目录")],
    version: Annotated[int | None, typer.Option(help="Default: newest / 默认最新")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Write a version's documents as files, byte for byte. / 将某版本的文档原样导出。"""
    with session(as_json) as s, open_app(folder) as app:
        number, texts = _version(app, version)
        written = write_folder(to, texts)
        s.give({"version": number, "files": written})
        s.say(f"Version {number}: {len(written)} files in {to}.", f"版本 {number}：{len(written)} 个文件已写入 {to}。")


def _version(app: App, version: int | None) -> tuple[int, dict[str, str]]:
    with app.store.look() as tx:
        found = projects.texts_of(tx, version)
    if found is None:
        raise Unsupported("store.no_project", version=version or "newest")
    return found


def compare(
    old: Annotated[int | None, typer.Option("--from", help="Version (default: newest) / 版本")] = None,
    new: Annotated[
        int | None, typer.Option("--to", help="Version (default: the folder) / 版本（默认当前目录）")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Show the text difference / 显示文本差异")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """What differs between two versions, or a version and the folder. / 比较两个版本或版本与目录的差异。"""
    with session(as_json) as s, open_app(folder) as app:
        _, before = _version(app, old)
        after = _version(app, new)[1] if new is not None else read_folder(app.machine.folder)
        changes = diff(before, after)
        s.give(
            [{"kind": c.kind, "name": c.name, "state": c.state, "file": c.file, "fields": c.fields} for c in changes]
        )
        for change in changes:
            s.say(f"{change.state} {change.file}", f"{change.state} {change.file}", style="bold")
            for path, was, now in change.fields:
                s.say(f"    {path}: {was} → {now}", f"    {path}：{was} → {now}", markup=False)
            if text:
                s.say(change.text, change.text, markup=False)
        if changes:
            s.code = DIFFERENT
        else:
            s.say("No difference.", "没有差异。", style="green")


def versions(as_json: Json = False, folder: Folder = None) -> None:
    """All versions of the project. / 列出所有版本。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            rows = projects.versions(tx)
        s.give(rows)
        s.table(
            [("version", "版本"), ("imported", "导入时间"), ("by", "操作人"), ("note", "说明")],
            [(r["version"], r["imported_at"][:19], r["author"], r["note"]) for r in rows],
        )
