"""Builds the console into the wheel: a wheel without it would serve no pages.

Skipped for an editable install (`make demo` builds it once by itself), where HEFU_SKIP_UI=1 says so, and where it is
already built. Needs Node 20.19 or newer with npm.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src/hefu/web/static/index.html")


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """`npm ci` and `npm run build` in frontend/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling."""
        root = Path(self.root)
        if version == "editable" or os.environ.get("HEFU_SKIP_UI") == "1" or (root / BUILT).exists():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("The console is built with npm (Node 20.19 or newer), which is not here.\n"
                             "Install it, or leave the console out with HEFU_SKIP_UI=1.")  # fmt: skip
        for arguments in (["ci", "--no-audit", "--no-fund", "--ignore-scripts"], ["run", "build"]):
            subprocess.run([npm, *arguments], cwd=root / "frontend", check=True)  # noqa: S603 - our own words
