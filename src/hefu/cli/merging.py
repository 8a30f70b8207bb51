"""merge, unmerge: two objects become one, or part again."""

from __future__ import annotations

from typing import Annotated

import typer

from hefu.app import open_app
from hefu.app.choosing import one_record
from hefu.cli.session import Folder, Json, Who, person, session
from hefu.engine import merging


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    app.command("merge")(merge)
    app.command("unmerge")(unmerge)


def merge(
    winner: Annotated[str, typer.Argument(help="The one that stays: a one-ID or record id / 保留的一方")],
    loser: Annotated[str, typer.Argument(help="The one that stands for it from now on / 被合并的一方")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Two objects are one: whatever refers to the loser means the winner. / 将两个对象合并为一个。"""
    with session(as_json) as s, open_app(folder) as app:
        ids = one_record(app, winner), one_record(app, loser)
        merging.merge(app.hub(), *ids, person(by))
        s.give({"winner": ids[0], "loser": ids[1]})
        s.say(
            f"{ids[1]} stands for {ids[0]} now; no record was deleted. 'hefu unmerge {ids[1]}' parts them again.",
            f"{ids[1]} 现并入 {ids[0]}，没有删除任何记录。运行 hefu unmerge {ids[1]} 可撤销合并。",
        )


def unmerge(
    loser: Annotated[str, typer.Argument(help="The one that was merged away / 被合并的一方")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Part two objects again; what came meanwhile stays with the winner. / 撤销合并；期间新增的内容留在胜出方。"""
    with session(as_json) as s, open_app(folder) as app:
        golden_id = one_record(app, loser)
        merging.unmerge(app.hub(), golden_id, person(by))
        s.give({"unmerged": golden_id})
        s.say(f"{golden_id} stands for itself again.", f"{golden_id} 已恢复为独立对象。")
