"""Works out all figures once, after a project came to want others: over what is known already, in small parts."""

from __future__ import annotations

from sqlalchemy import select

from hefu.engine import figures
from hefu.engine.hub import Hub, Run
from hefu.store import facts
from hefu.store import golden as goldens
from hefu.store.tables import golden as golden_table

BATCH = 500


def recount(hub: Hub) -> None:
    """Nothing happens while the figures are those of the last time. A crash in between begins anew."""
    if hub.recounted:
        return
    book = hub.figures
    with hub.store.look() as tx:
        if (facts.get_fact(tx, figures.FACT) or "") == book.fingerprint:
            hub.recounted = True
            return
    with hub.run("figures", "all") as run:
        for pointing, entities in ((True, book.pointers), (False, book.figures)):
            for entity in sorted(entities):
                _all_of(hub, run, entity, pointing=pointing)
    with hub.store.begin() as tx:
        facts.set_fact(tx, figures.FACT, book.fingerprint)
    hub.recounted = not hub.rehearsing  # a rehearsal is undone, and this with it


def _all_of(hub: Hub, run: Run, entity: str, *, pointing: bool) -> None:
    after = ""
    while True:
        with hub.store.begin() as tx:
            where = (golden_table.c.entity == entity, golden_table.c.id > after)
            found = select(golden_table.c.id).where(*where).order_by(golden_table.c.id).limit(BATCH)
            ids = list(tx.run(found).scalars())
            if not ids:
                return
            if pointing:
                figures.point(tx, hub.figures, goldens.load_golden(tx, ids, lock=False).values())
            else:
                figures.work_out(tx, hub.figures, figures.Ran(run.id, run.version), ids)
            after = ids[-1]
