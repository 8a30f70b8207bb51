"""privacy: what is held about a person, its erasure with proof, how long histories are kept, what for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from hefu.app import open_app
from hefu.app.choosing import one_record
from hefu.app.privacy import held, lift, proof_of
from hefu.cli.applying import carry_out
from hefu.cli.planning import Reason
from hefu.cli.session import DIFFERENT, PERSON, Folder, Json, Session, Who, Yes, person, session
from hefu.core.errors import Unsupported
from hefu.core.rights import Rights, local
from hefu.engine import plans
from hefu.engine.erasing import Draft, plan_erasure
from hefu.insight.dossier import purposes, report
from hefu.store import erasures
from hefu.store.erasures import Proof
from hefu.store.retention import retain

Records = Annotated[
    list[str], typer.Argument(help="One-IDs, record ids or words that fit one record each / 统一编号、记录号或关键词")
]
Erasure = Annotated[str, typer.Argument(help="Number of the erasure / 删除编号")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Personal data / 个人信息", no_args_is_help=True)
    group.command("export")(export)
    group.command("erase")(erase)
    group.command("list")(listed)
    group.command("proof")(proof)
    group.command("lift")(let_in)
    group.command("purposes")(why)
    group.command("retain")(keep)
    app.add_typer(group, name="privacy")


def export(
    records: Records,
    file: Annotated[
        Path | None, typer.Option("--file", help="Write .json, .html or .xlsx instead / 写入 .json、.html 或 .xlsx")
    ] = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Everything that both systems and the hub hold about a person. / 导出两个系统和本系统持有的某人全部信息。"""
    with session(as_json) as s, open_app(folder) as app:
        if file is not None and file.suffix.lower() not in (".json", ".html", ".xlsx"):
            raise Unsupported("report.format", path=str(file))
        ids, hub = [one_record(app, what) for what in records], app.hub()
        everything = Rights(local(person(by)), {}).sight()
        found = held(hub, ids, person(by), lambda _tx: lambda _one: everything)
        if file is not None:
            file.write_bytes(_drawn(found, file.suffix.lower(), s.language))
            file.chmod(0o600)
            s.give({"file": str(file), "records": sum(len(one["records"]) for one in found["subject"])})
            s.say(f"Written to {file}; only you may read it.", f"已写入 {file}，仅您可读。", markup=False)
            return
        s.give(found)
        for sheet in report(found, s.language).sheets:
            if sheet.rows:
                s.table([(name, name) for name in sheet.columns], sheet.rows, sheet.title)


def _drawn(found: dict[str, object], kind: str, language: str) -> bytes:
    if kind == ".json":
        return orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2)
    made = report(found, language)
    if kind == ".html":
        from hefu.insight.report_page import page

        return page(made)
    from hefu.insight.report_book import book

    return book(made)


def erase(
    records: Records,
    how: Annotated[
        str, typer.Option("--how", help="blank (their fields) | delete (the records, where a system can)")
    ] = "blank",
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="Classes of personal data: contact, identity, financial, sensitive"),
    ] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--field", help="Further fields of the entity / 另外删除的字段")
    ] = None,
    reason: Reason = "",
    yes: Yes = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Plan to erase a person in both systems and the hub; --yes carries it out. / 编制删除某人的计划；加 --yes 立即执行。"""
    with session(as_json) as s, open_app(folder) as app:
        way: Literal["blank", "delete"]
        if how == "blank":
            way = "blank"
        elif how == "delete":
            way = "delete"
        else:
            raise Unsupported("desk.choice", given=how, known="blank, delete")
        ids, hub = [one_record(app, what) for what in records], app.hub()
        if yes:
            app.store.lock()
        with s.watching(hub, "Reading both sides", "正在读取两边数据"):
            draft = plan_erasure(hub, ids, person(by), reason, how=way, classes=classes or (), more=fields or ())
        _tell(s, draft)
        number = draft.plan.id
        answer: dict[str, object] = {
            "plan": number, "writes": draft.plan.writes,
            "left": [[e.connection, e.object, e.record_id, sorted(e.fields)] for e in draft.left],
            "elsewhere": [list(one) for one in draft.also],
        }  # fmt: skip
        if not yes:
            s.code = DIFFERENT
            s.say(f"Kept as plan {number}. 'hefu plan approve {number}', then 'hefu apply {number}' erases.",
                  f"已存为计划 {number}。运行 hefu plan approve {number} 批准，再运行 hefu apply {number} 删除。")  # fmt: skip
        elif plans.needs_second(hub, draft.plan):
            s.code = PERSON
            s.say(f"It needs a second person: 'hefu plan approve {number} --by NAME', then 'hefu apply {number}'.",
                  f"须由另一人批准：hefu plan approve {number} --by 姓名，再运行 hefu apply {number}。")  # fmt: skip
        else:
            plans.approve(hub, number, person(by))
            done = carry_out(s, hub, number, person(by))
            answer |= {"state": done.plan.state, "tally": done.tally, "erasure": done.proof and done.proof.id}
        s.give(answer)


def _tell(s: Session, draft: Draft) -> None:
    rows = [
        (e.kind, f"{e.connection}/{e.object}" if e.connection else s.t("agreed values", "统一值"), e.record_id or "",
         ", ".join(sorted(e.fields)) or s.t("the record", "整条记录"))
        for e in draft.entries if e.kind != "left"
    ]  # fmt: skip
    heads = [("does", "操作"), ("where", "位置"), ("record", "记录号"), ("fields", "字段")]
    s.table(heads, rows, s.t(f"{draft.plan.writes} records would be written", f"将写入 {draft.plan.writes} 条记录"))
    for e in draft.left:
        s.say(f"{e.connection}/{e.object} {e.record_id} keeps: {', '.join(sorted(e.fields))}. Blank it there by hand.",
              f"{e.connection}/{e.object} {e.record_id} 将保留：{'、'.join(sorted(e.fields))}，请在该系统手工清空。", style="yellow", markup=False)  # fmt: skip
    if draft.also:
        ids = " ".join(i for i, _ in draft.also[:20])
        s.say(f"{len(draft.also)} other records hold the same values: {ids}. If they are the same person's, erase them, too.",
              f"另有 {len(draft.also)} 条记录含相同取值：{ids}。若属同一人，请一并删除。", style="yellow", markup=False)  # fmt: skip


def tell_proof(s: Session, found: Proof) -> None:
    """What an erasure has done, in a few lines."""
    words = {"blanked": ("blanked", "已清空"), "deleted": ("deleted", "已删除"), "left": ("left", "保留"),
             "none": ("had nothing", "无内容")}  # fmt: skip
    rows = [
        (f"{one['connection']}/{one['object']}", one["record_id"] or "", s.t(*words[one["outcome"]]),
         ", ".join(one["fields"]))
        for one in found.systems
    ]  # fmt: skip
    heads = [("system", "系统"), ("record", "记录号"), ("outcome", "结果"), ("still holds", "仍保留")]
    s.table(
        heads,
        rows,
        s.t(f"Erasure {found.id}, {found.at[:16]}, by {found.by}", f"删除 {found.id}，{found.at[:16]}，{found.by}"),
    )


def listed(as_json: Json = False, folder: Folder = None) -> None:
    """Erasures, the newest first. / 列出删除记录。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            found = erasures.listed(tx, limit=10_000)
        s.give(
            [
                {name: getattr(one, name) for name in ("id", "at", "by", "reason", "subject", "complete")}
                for one in found
            ]
        )
        heads = [("erasure", "编号"), ("at", "时间"), ("by", "操作人"), ("records", "记录"), ("complete", "完整")]
        rows = [(one.id, one.at[:16], one.by, ", ".join(one.subject), s.t("yes", "是") if one.complete else s.t("no", "否"))
                for one in found]  # fmt: skip
        s.table(heads, rows)


def proof(erasure: Erasure, as_json: Json = False, folder: Folder = None) -> None:
    """The proof of an erasure: what, when, by whom, hashes; checked. / 查看并校验删除证明。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            found, whole = proof_of(tx, app.journal_key, erasure)
        if not whole:
            raise Unsupported("privacy.altered", id=erasure)
        s.give({name: getattr(found, name) for name in Proof.__slots__})
        tell_proof(s, found)
        fields = "; ".join(f"{entity}: {', '.join(names)}" for entity, names in found.fields.items())
        copies = ", ".join(f"{table} {n}" for table, n in found.copies.items()) or "-"
        s.say(f"Fields: {fields}", f"字段：{fields}", markup=False)
        s.say(f"Rows of the hub that were blanked: {copies}", f"本系统已清空的行：{copies}", markup=False)
        s.say(f"Seal: {found.mac}", f"封印：{found.mac}")


def let_in(
    erasure: Erasure,
    reason: Annotated[str, typer.Option("--reason", help="Why / 原因")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """What an erasure keeps out may come again: the person asked for it. / 解除屏蔽：本人要求重新建立。"""
    with session(as_json) as s, open_app(folder) as app:
        lifted = lift(app.hub(), erasure, person(by), reason)
        s.give({"lifted": lifted})
        s.say(f"{lifted} marks were lifted; the next complete comparison takes the records in.",
              f"已解除 {lifted} 个屏蔽标记；下次全量比对时采集。")  # fmt: skip


def why(as_json: Json = False, folder: Folder = None) -> None:
    """Which personal data goes where, and what for: the record of processing. / 处理活动记录：哪些个人信息、去向、目的。"""
    with session(as_json) as s, open_app(folder) as app:
        found = purposes(app.project())
        s.give(found)
        heads = [("flow", "流程"), ("kind", "类型"), ("systems", "系统"), ("fields", "字段"), ("purpose", "目的")]
        rows = [
            (one["flow"], one["entity"], ", ".join(one["systems"]),
             "; ".join(f"{pii}: {', '.join(names)}" for pii, names in one["fields"].items()),
             one["purpose"] or s.t("NOT SAID", "未说明"))
            for one in found
        ]  # fmt: skip
        s.table(heads, rows)
        if any(not one["purpose"] for one in found):
            s.code = PERSON
            s.say(
                "Say in each flow's 'purpose' what its personal data is for.",
                "请在各流程的 purpose 中说明处理目的。",
                style="yellow",
            )


def keep(by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Take out now what is older than privacy.yaml says it is kept. / 按 privacy.yaml 立即清理到期的历史记录。"""
    with session(as_json) as s, open_app(folder) as app:
        rules = app.project().privacy
        if rules is None:
            raise Unsupported("privacy.no_rule")
        counts = retain(app.store, app.journal_key, rules.privacy, person(by))
        s.give(dict(counts))
        said = ", ".join(f"{name} {n}" for name, n in sorted(counts.items())) or "0"
        s.say(f"Taken out: {said}", f"已清理：{said}")
