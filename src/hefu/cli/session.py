"""What every verb shares: language, output as text or JSON, errors in plain words, exit codes.

Exit codes: 0 done; 1 failed; 2 wrong usage or documents; 3 differences found; 4 something waits for a person;
130 stopped by Ctrl-C before the end.
"""

from __future__ import annotations

import getpass
import locale
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from hefu.core.errors import HubError, Unsupported
from hefu.core.words import tell
from hefu.engine.hub import Counts, Hub

OK, FAILED, USAGE, DIFFERENT, PERSON, STOPPED = 0, 1, 2, 3, 4, 130

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output / 机器可读输出")]
Folder = Annotated[Path | None, typer.Option("--folder", "-C", help="Project folder (default: here) / 项目目录")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree in advance, do not ask / 事先同意，不再询问")]
Who = Annotated[str | None, typer.Option("--by", help="Who decides (default: you) / 操作人")]


def language(environ: Mapping[str, str] | None = None) -> str:
    """ "zh" or "en", by HEFU_LANGUAGE or the locale."""
    env = os.environ if environ is None else environ
    given = env.get("HEFU_LANGUAGE") or env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    if not given:
        given = locale.getlocale()[0] or ""
    return "zh" if given.lower().startswith("zh") or given.lower().startswith("chinese") else "en"


class Session:
    """One run of a verb: says things in the user's language, or collects one JSON document."""

    def __init__(self, as_json: bool) -> None:
        self.json = as_json
        self.language = language()
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)
        self.code = OK

    def t(self, en: str, zh: str) -> str:
        """The text in the user's language."""
        return zh if self.language == "zh" else en

    def say(self, en: str, zh: str, **style: Any) -> None:
        """A line for a person; silent under --json."""
        if not self.json:
            self.out.print(self.t(en, zh), **style)

    def give(self, value: object, **lists: Iterable[object]) -> None:
        """The JSON answer; silent otherwise. `lists`: further names of it, written one item after the other."""
        if not self.json:
            return
        said = _json(value)
        for name, items in lists.items():
            sys.stdout.write(f'{said.removesuffix("}").rstrip()},\n  "{name}": [')
            for at, item in enumerate(items):
                sys.stdout.write(f"{',' if at else ''}\n{_json(item)}")
            said = "\n  ]\n}"
        sys.stdout.write(said + "\n")

    def table(self, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]], title: str = "") -> None:
        """A table for a person; silent under --json."""
        if self.json:
            return
        # What stands first is what a person copies into the next command: never cut short, never broken.
        heads = [Column(self.t(*c), overflow="fold", no_wrap=at == 0) for at, c in enumerate(columns)]
        made = Table(*heads, title=title or None, title_justify="left", header_style="bold")
        for row in rows:
            made.add_row(*[escape("" if cell is None else str(cell)) for cell in row])
        self.out.print(made)

    def fail(self, error: HubError) -> None:
        """An error in plain words: what, where, what next."""
        what, then = tell(error, self.language)
        self.code = exit_code(error)
        if self.json:
            facts = {k: str(v) for k, v in error.facts.items()}
            self.give({"error": error.code, "facts": facts, "message": what, "next": then, "exit_code": self.code})
            return
        self.err.print(f"[red]✗[/red] {escape(what)}")
        if then:
            self.err.print(f"  → {escape(then)}")

    @contextmanager
    def progress(self, en: str, zh: str) -> Iterator[Callable[[str], None]]:
        """A moving line while work goes on; call it with what is being done."""
        if self.json or not self.out.is_terminal:
            yield lambda _text: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(pulse_style="cyan"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(self.t(en, zh), total=None)
            yield lambda text: bar.update(task, description=f"{self.t(en, zh)} {text}")

    @contextmanager
    def watching(self, hub: Hub, en: str, zh: str) -> Iterator[None]:
        """The moving line tells what the hub is doing, to which mapping, and how many records it has got through."""
        with self.progress(en, zh) as tell_line:
            hub.told = lambda verb, name, counts: tell_line(f"{verb} {name} {_done(counts):,}")
            yield


def _done(counts: Counts) -> int:
    """Each verb counts what it does; the nearest to done is what a person waits for."""
    return counts["written"] or counts["read"] or counts["created"] + counts["updated"] or counts["prepared"]


def _json(value: object) -> str:
    shape = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS  # rows of the store have names that are not plain str
    return orjson.dumps(value, default=_plain, option=shape).decode()


def _plain(value: object) -> object:
    """What JSON does not know by itself: a named tuple is a list, a set is a sorted one, the rest is text."""
    if isinstance(value, tuple):
        return list(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def exit_code(error: HubError) -> int:
    """2 where documents, settings or usage are wrong; 1 for whatever a system or the machine did."""
    return USAGE if isinstance(error, Unsupported) else FAILED


@contextmanager
def session(as_json: bool) -> Iterator[Session]:
    """Run a verb: HubErrors become words and exit codes; Ctrl-C ends quietly."""
    made = Session(as_json)
    try:
        yield made
    except HubError as error:
        made.fail(error)
    except KeyboardInterrupt:
        made.code = STOPPED
        made.say("Stopped; what was not finished is found again.", "已停止；未完成的工作下次会继续。")
        made.give({"stopped": True, "exit_code": STOPPED})
    except BrokenPipeError:
        made.code = OK
    except OSError as error:  # what the machine refuses: a folder that may not be written, a full disk
        place = error.filename if isinstance(error.filename, str) else "-"
        made.fail(HubError("cli.machine", path=place, said=error.strerror or str(error)))
    if made.code:
        raise typer.Exit(made.code)


def person(given: str | None) -> str:
    """Who decides: as named, else the login name of this machine."""
    return given or getpass.getuser()
