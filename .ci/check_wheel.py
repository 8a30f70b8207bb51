"""The wheel holds what a user needs, and nothing of ours: package data in, tests and secrets out."""

import sys
import zipfile

MUST = (
    "hefu/cli/main.py",
    "hefu/store/migrations/env.py",
    "hefu/store/migrations/versions/0001_the_tables_of_the_first_version.py",
    "hefu/core/schemas/mapping.json",
    "hefu/sim/demo_project/jiandaoyun_kingdee/connections/crm.yaml",
    "hefu/web/static/index.html",
)
MOST_CONSOLE = 3_000_000
MUST_NOT = ("tests/", "benchmarks/", ".git", "journal.key", "hub.sqlite", "__pycache__")


def main(path: str) -> int:
    """0 when the wheel is right, else 1 with what is wrong."""
    with zipfile.ZipFile(path) as wheel:
        names, sizes = wheel.namelist(), wheel.infolist()
        text = wheel.read(next(n for n in names if n.endswith("METADATA"))).decode()
    wrong = [f"missing {name}" for name in MUST if name not in names]
    wrong += [f"should not be in it: {name}" for name in names if any(part in name for part in MUST_NOT)]
    console = [info for info in sizes if info.filename.startswith("hefu/web/static/")]
    wrong += ["no script of the console"] if not any(info.filename.endswith(".js") for info in console) else []
    wrong += [f"should not be in it: {info.filename}" for info in console if info.filename.endswith(".map")]
    packed = sum(info.compress_size for info in console)
    wrong += [f"the console takes {packed} bytes, at most {MOST_CONSOLE}"] if packed > MOST_CONSOLE else []
    if "License-Expression: Apache-2.0" not in text:
        wrong.append("the licence is not declared")
    print(f"{path}: {len(names)} files", *wrong, sep="\n  ")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
