"""Several processes share one reconciliation: each opens the hub for itself and walks ranges of keys."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from hefu.app.house import App, Machine
from hefu.core.errors import HubError, Transient
from hefu.engine.reconcile import Part, Share, sift_part


def shared(machine: Machine, version: int, workers: int) -> Share:
    """Walks parts with that many processes, under one version of the project."""

    def share(parts: Sequence[Part]) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would share open connections
        with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
            try:
                for failed in pool.map(partial(_one, machine, version), parts):
                    if failed is not None:
                        raise Transient("reconcile.worker", said=failed)
            except BrokenProcessPool as error:
                raise Transient("reconcile.worker", said=str(error)) from error

    return share


def _one(machine: Machine, version: int, part: Part) -> str | None:
    """Walk one part in this process; what failed, in words that cross to the other process."""
    try:
        with App(machine) as app:
            sift_part(app.hub(app.project(version)), part)
    except HubError as error:
        return str(error)
    return None
