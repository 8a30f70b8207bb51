"""The storms find what they are for: each planted bug, of a kind that other hubs shipped, fails some early seed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chaos import storm

from hefu.core.merge import merge
from hefu.core.records import Write
from hefu.engine import capture, deliver, fold, outcome


def last_write_wins(monkeypatch):
    """Whoever is read last is right."""

    def careless(seen, told, golden, theirs, system, rules):
        out = merge(seen, told, golden, theirs, system, rules)
        for clash in out.conflicts if out else ():
            out.golden[clash.field] = out.told[clash.field] = clash.theirs
            out.taken.append(clash.field)
        if out:
            out.conflicts.clear()
        return out

    monkeypatch.setattr(fold, "merge", careless)


def what_is_found_counts_as_sent(monkeypatch):
    """After a lost answer, whatever the record holds is taken for our own writing."""

    def careless(sent, found, fields):
        return {name: found.get(name, value) for name, value in sent.items()}

    for room in (capture, deliver, outcome):
        monkeypatch.setattr(room, "own_writing", careless)


def create_again_at_once(monkeypatch):
    """An unanswered create is simply made again."""
    real = deliver.failed

    def careless(batch, side, link, intent, error, debt):
        real(batch, side, link, intent, error, debt)
        if link.waits == "outcome" and intent.kind == "create":
            deliver.intents.settle(batch.tx, intent.id, "failed")
            link.waits, link.state, link.due_at = None, "wanted", batch.tx.now()

    monkeypatch.setattr(deliver, "failed", careless)


def writes_without_a_version(monkeypatch):
    """Updates go out unconditionally, without a look."""
    real = deliver._send

    def careless(hub, side, call):
        bare = [replace(job, write=_bare(job.write)) for job in call]
        return real(hub, side, bare)

    monkeypatch.setattr(deliver, "_send", careless)


def _bare(write: Write) -> Write:
    return write._replace(version=None, expect=None)


def an_echo_counts_as_an_edit(monkeypatch):
    """Only what was told is remembered, not what was seen: rewriting looks like an edit."""

    def careless(seen, told, golden, theirs, system, rules):
        return merge(told, told, golden, theirs, system, rules)

    monkeypatch.setattr(fold, "merge", careless)


BUGS = [
    last_write_wins,
    what_is_found_counts_as_sent,
    create_again_at_once,
    writes_without_a_version,
    an_echo_counts_as_an_edit,
]


@pytest.mark.parametrize("plant", BUGS)
def test_a_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        for seed in range(40):
            storm(seed)
