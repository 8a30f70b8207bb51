"""`hefu` as a test runs it: verbs in this process, or as a process of its own where signals matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from hefu.cli.main import app

STANDALONE = ("connector list", "init", "key new", "role rights")
"""Verbs that know no project folder."""


@dataclass
class Cli:
    """Runs verbs on one project folder and looks at what they say and how they end."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    language: str = "en"

    def env(self) -> dict[str, str]:
        return {"HEFU_LANGUAGE": self.language, "COLUMNS": "240", **self.environ}

    def invoke(self, *words: str, given: str = "") -> Result:
        """The verb's result, whatever it is."""
        place = () if " ".join(words).startswith(STANDALONE) else ("-C", str(self.folder))
        return CliRunner().invoke(app, [*words, *place], env=self.env(), input=given, catch_exceptions=False)

    def run(self, *words: str, code: int = 0, given: str = "") -> str:
        """What the verb said, on both streams; fails when it ended otherwise."""
        done = self.invoke(*words, given=given)
        assert done.exit_code == code, f"{' '.join(words)} ended with {done.exit_code}:\n{done.output}"
        return done.output

    def json(self, *words: str, code: int = 0, given: str = "") -> Any:
        """The one JSON document that the verb gave, with nothing beside it."""
        done = self.invoke(*words, "--json", given=given)
        assert done.exit_code == code, f"{' '.join(words)} ended with {done.exit_code}:\n{done.output}"
        assert done.stderr == "", "nothing on the error stream under --json"
        return json.loads(done.stdout)

    def process(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """The verb as a process of its own."""
        command = [sys.executable, "-c", "from hefu.cli import main; main()", *words, "-C", str(self.folder)]
        env = {**os.environ, **self.env(), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
