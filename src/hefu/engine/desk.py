"""A person's decisions: conflicts, dead letters, deletes, paused flows. Each is a golden version like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.core.errors import Unsupported
from hefu.core.merge import settle_lines
from hefu.core.records import Normal
from hefu.engine import bury, canary, guard
from hefu.engine.fold import Batch, _at, _forget, remember_keys
from hefu.engine.hub import Hub, Run, Side, line_keys
from hefu.store import golden as goldens
from hefu.store import intents, issues, journal, runs
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link, Moved
from hefu.store.issues import Issue

KEPT_APART = "hub.kept_apart"


def _issue(tx: Tx, issue_id: str, *kinds: str, also: str | None = None) -> Mapping[str, Any]:
    """The open issue of these kinds, or one that was settled by the decision `also`."""
    found = issues.get_issue(tx, issue_id)
    if found is None or found["kind"] not in kinds:
        raise Unsupported("desk.no_issue", id=issue_id, kinds=", ".join(kinds))
    if found["state"] != "open" and (also is None or found["decision"] != also):
        raise Unsupported("desk.closed", id=issue_id, by=found["closed_by"] or "?", at=found["closed_at"] or "?")
    return found


def settle_conflict(hub: Hub, issue_id: str, take: str, value: Normal, who: str) -> None:
    """Decide a conflict. `take`: "ours" (golden), "theirs" (the other system's) or "value".

    Every system that does not hold the decided value owes it from now on; the rejected one stays in the story.
    Raises Unsupported for an unknown, closed or other issue, or an unknown choice.
    """
    with hub.run("decide", issue_id) as run, hub.store.begin() as tx:
        found = _issue(tx, issue_id, "conflict")
        if take not in ("ours", "theirs", "value"):
            raise Unsupported("desk.choice", given=take, known="ours, theirs, value")
        path, theirs = found["field"], found["facts"]["theirs"]
        ours = _at(goldens.load_golden(tx, [found["golden_id"]])[found["golden_id"]].fields, path)
        chosen = {"ours": ours, "theirs": theirs, "value": value}[take]
        rejected = theirs if take == "ours" else ours
        _set(hub, tx, run, found["golden_id"], path, chosen, who, found["link_id"], rejected)
        issues.close_issues(tx, who, take, kinds=("conflict",), golden_ids=[found["golden_id"]], field=path)
        journal.record(tx, hub.journal_key, who, "conflict.decided", found["golden_id"], {"field": path, "take": take})


def _set(
    hub: Hub,
    tx: Tx,
    run: Run,
    golden_id: str,
    path: str,
    chosen: Normal,
    who: str,
    by_link: str | None = None,
    rejected: Normal = None,
) -> None:
    """Golden takes the chosen value; whichever system holds it by now took part in it, and is owed nothing.

    The story keeps the rejected value as the one before, so that undo brings it back.
    """
    golden = goldens.load_golden(tx, [golden_id])[golden_id]
    batch = Batch(hub, tx, run, golden={golden_id: golden}, priority=1)
    entity = hub.entity(golden.entity)
    keys = line_keys(entity)
    before = golden.fields
    was = rejected if by_link else _at(golden.fields, path)
    golden.disputed = [p for p in golden.disputed if p != path]
    golden.fields = settle_lines(golden.fields, path, chosen, keys)
    batch.touch(golden)
    remember_keys(batch, entity, golden, before)
    for link in goldens.links_of(tx, [golden_id]).get(golden_id, []):
        if path.partition("[")[0] in link.seen and _at(link.seen, path) == chosen:
            link.told = settle_lines(link.told, path, chosen, keys)
        elif link.id == by_link:  # its people may have typed something else since they were heard
            link.told = _forget(link.told, path, keys)
        link.due_at, link.attempt = tx.now(), 0
        link.waits = None if link.waits in ("person", "system") else link.waits
        batch.dirty_links[link.id] = link
    batch.moved.append(Moved(golden_id, "decided", None, who, None, None, {path: [was, chosen]}))
    batch.store()


def retry(hub: Hub, issue_id: str, who: str, values: Mapping[str, Normal] | None = None) -> None:
    """Let a refused write go again, with corrected golden values if given (everyone is then owed them)."""
    with hub.run("retry", issue_id) as run, hub.store.begin() as tx:
        found = _issue(tx, issue_id, "rejected", "unknown_outcome")
        for path, value in (values or {}).items():
            _set(hub, tx, run, found["golden_id"], path, value, who)
        link = goldens.load_links(tx, [found["link_id"]])[found["link_id"]]
        if found["kind"] == "unknown_outcome":  # a person looked and says: it is not there
            intent = intents.unsettled(tx, [link.id]).get(link.id)
            if intent is not None:
                intents.settle(tx, intent.id, "failed", {"code": "outcome.person", "facts": {"by": who}})
            link.state = "wanted" if link.record_id is None else link.state
        link.due_at, link.waits, link.attempt = tx.now(), None, 0
        goldens.save_links(tx, [link])
        issues.close_issues(tx, who, "retry", kinds=(found["kind"],), link_ids=[link.id], field=found["field"])
        journal.record(tx, hub.journal_key, who, "deadletter.retried", link.id, {"fields": sorted(values or {})})


def skip(hub: Hub, issue_id: str, reason: str, who: str) -> None:
    """Leave a refused write unwritten, with a reason; the next edit of the record is delivered as usual."""
    with hub.store.begin() as tx:
        found = _issue(
            tx, issue_id, "rejected", "duplicate", "deleted", "overruled", "loss", "unreadable", "unresolved"
        )
        issues.close_issues(tx, who, reason, kinds=(found["kind"],), field=found["field"], state="skipped",
                            golden_ids=[found["golden_id"]] if found["golden_id"] else (),
                            connection=found["connection"])  # fmt: skip
        journal.record(tx, hub.journal_key, who, "issue.skipped", issue_id, {"reason": reason})


def settle_delete(hub: Hub, issue_id: str, choice: str, who: str) -> None:
    """Decide about a record that is gone in one system, or that came back or was edited after its delete was passed on.

    "delete" or "deactivate" it everywhere else, "restore" it wherever it is gone, "keep" things as they are. Who said
    "keep" may decide otherwise as long as they are so.
    """
    with hub.run("decide", issue_id) as run, hub.store.begin() as tx:
        if choice not in ("delete", "deactivate", "restore", "keep"):
            raise Unsupported("desk.choice", given=choice, known="delete, deactivate, restore, keep")
        found = _issue(tx, issue_id, "deleted", "delete_edit", also=None if choice == "keep" else "keep")
        link = goldens.load_links(tx, [found["link_id"]])[found["link_id"]]
        golden = goldens.load_golden(tx, [link.golden_id])[link.golden_id]
        if found["state"] != "open" and not _still_as_kept(tx, found, link, golden):
            raise Unsupported("desk.closed", id=issue_id, by=found["closed_by"] or "?", at=found["closed_at"] or "?")
        batch = Batch(hub, tx, run, golden={golden.id: golden}, dirty_links={link.id: link})
        held = link.state == "detached"
        if choice == "delete":
            if golden.state == "live":
                bury.delete_golden(batch, link, golden)
        elif choice != "keep" and golden.state == "deleted":
            bury.revive(batch, golden)
            batch.moved.append(Moved(golden.id, "decided", None, who, None, None, {}))
        elif choice == "restore" and link.state == "tombstone" and not _stands_there(tx, link):
            bury.want_again(batch, link)
            batch.touch(golden)
        if choice == "deactivate":
            bury.deactivate(batch, hub.entity(golden.entity), link, golden)
        if held:
            link.waits = None
            if choice != "keep":
                link.state, link.due_at, link.attempt = "active", tx.now(), 0
        batch.store()
        issues.close_issues(tx, who, choice, kinds=("deleted", "delete_edit"), link_ids=[link.id])
        if held and choice == "keep" and found["facts"].get("code") != KEPT_APART:
            _say_kept_apart(tx, golden, link)
        journal.record(tx, hub.journal_key, who, "delete.decided", golden.id, {"choice": choice})


def _still_as_kept(tx: Tx, found: Mapping[str, Any], link: Link, golden: Golden) -> bool:
    """Whether a record is as somebody left it who said "keep" about its delete."""
    if found["kind"] == "deleted":
        return link.state == "tombstone" and golden.state == "live" and not _stands_there(tx, link)
    return link.state == "detached" and link.waits is None and golden.state == "deleted"


def _say_kept_apart(tx: Tx, golden: Golden, link: Link) -> None:
    """Several living records of a deleted object, each left alone by a person: nobody may take them for joined."""
    kept = [
        x for x in goldens.links_of(tx, [golden.id], lock=False).get(golden.id, ())
        if x.state == "detached" and x.waits is None and x.record_id is not None
    ]  # fmt: skip
    if golden.state == "deleted" and len({x.connection for x in kept}) > 1:
        where = ", ".join(sorted(f"{x.connection} {x.record_id}" for x in kept))
        facts = {"code": KEPT_APART, "facts": {"records": where}, "record_id": link.record_id, "object": link.object}
        issues.raise_issues(tx, [Issue("delete_edit", golden.entity, golden.id, link.id, link.connection, "", facts)])


def _stands_there(tx: Tx, link: Link) -> bool:
    """Whether another record of that system stands for the object by now."""
    others = goldens.links_of(tx, [link.golden_id], lock=False).get(link.golden_id, ())
    here = [x for x in others if x.id != link.id and (x.connection, x.object) == (link.connection, link.object)]
    return any(x.state != "tombstone" and x.organisation == link.organisation for x in here)


def resume(hub: Hub, scope: str, who: str, *, approve: bool = False) -> bool:
    """Let a paused flow, mapping, connection or delete handling go on; says whether it was paused.

    A flow that its guard stopped is measured anew; with `approve` it may do what it was stopped for.
    """
    if scope.startswith("deletes:"):
        return _resume_deletes(hub, scope, who)
    if approve and scope.startswith("flow:"):
        canary.approve(hub, _sides_of(hub, scope), who)
    with hub.store.begin() as tx:
        if approve:
            guard.agree(tx, scope)
        was = runs.resume_scope(tx, scope)
        issues.close_issues(tx, who, "resumed", kinds=("flood", "paused"), field=scope)
        journal.record(tx, hub.journal_key, who, "approved" if approve else "resumed", scope)
    hub.forget_schemas()
    return was


def _sides_of(hub: Hub, scope: str) -> list[Side]:
    flow = hub.project.flows.get(scope.partition(":")[2])
    return [hub.side(m) for m in hub.active_mappings() if flow is not None and m in flow.mappings]


def _resume_deletes(hub: Hub, scope: str, who: str) -> bool:
    """The approval holds for what is missing now; the pause ends with that work, so a crash leaves both."""
    with hub.store.begin() as tx:
        was = runs.was_paused(tx, scope)
        journal.record(tx, hub.journal_key, who, "resumed", scope)
    if was:
        with hub.run("bury", scope) as run:
            run.counts += bury.bury(hub, hub.side(scope.partition(":")[2]), run, approved=who)
    return was


def pause(hub: Hub, scope: str, who: str) -> None:
    """Stop a flow, a mapping or a connection until somebody resumes it. Raises Unsupported for an unknown scope."""
    kind, _, name = scope.partition(":")
    known: dict[str, Mapping[str, Any]] = {
        "flow": hub.project.flows,
        "mapping": hub.project.mappings,
        "connection": hub.project.connections,
    }
    if name not in known.get(kind, {}):
        everything = [f"{k}:{n}" for k, names in known.items() for n in names]
        raise Unsupported("desk.choice", given=scope, known=", ".join(everything))
    with hub.store.begin() as tx:
        runs.pause_scope(tx, scope, "pause.person", {"by": who})
        journal.record(tx, hub.journal_key, who, "paused", scope)
