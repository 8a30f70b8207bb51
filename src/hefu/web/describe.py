"""The API's description as a file: `python -m hefu.web.describe` prints it; a test compares it with the kept one."""

from __future__ import annotations

import json
import sys

from hefu.web.api import make


def described() -> str:
    """OpenAPI 3.1 as JSON, the same for the same code."""
    return json.dumps(make(None).openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(described())
