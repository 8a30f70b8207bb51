"""The command line: every verb in Chinese or English, `--json` everywhere, documented exit codes."""

from hefu.cli.main import main

__all__ = ["main"]
