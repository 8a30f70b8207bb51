"""Many small storms: people edit between any two calls, calls fail, the hub dies, workers interleave; then peace.

Afterwards both systems agree, nothing that anybody typed is lost, nothing came back as an echo, no record is double.
A failing seed is printed; it is the same run every time: `storm(seed)`.
"""

from __future__ import annotations

import os

import pytest
from chaos import storm

SEEDS = int(os.environ.get("HEFU_SEEDS", "40"))


@pytest.mark.parametrize("block", range(10))
def test_seeds(block):
    for seed in range(block, SEEDS, 10):
        storm(seed)
