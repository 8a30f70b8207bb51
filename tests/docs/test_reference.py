"""The reference says what the code says: pages are current, nothing is left out, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from docs.generate import commands, pages
from docs.models import parts
from docs.words import CONNECTORS, PARTS

from hefu import connectors
from hefu.cli.main import app
from hefu.core import errors as kinds
from hefu.core.documents import KINDS
from hefu.core.errors import HubError
from hefu.core.model import READY
from hefu.core.presets import PRESETS
from hefu.core.resources import RIGHTS
from hefu.core.transforms import CATALOGUE
from hefu.core.words import ERRORS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HOMES = ("reference", "zh/reference")
STALE = "the reference is not current: run 'make docs' and commit what it writes"


def page(home: str, name: str) -> str:
    return (DOCS / home / f"{name}.md").read_text(encoding="utf-8")


PAGES = pages()


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_generated_page_is_current(path: str) -> None:
    assert (DOCS / path).read_text(encoding="utf-8") == PAGES[path], STALE


@pytest.mark.parametrize("home", HOMES)
def test_every_connector_and_setting_is_there(home: str) -> None:
    text = page(home, "connectors")
    for name in connectors.names():
        assert f"## `{name}`" in text
        for model in parts(connectors.find(name).settings_type, set()):
            for word, info in model.model_fields.items():
                assert f"| `{info.alias or word}` |" in text, f"{name}: {model.__name__}.{word}"


@pytest.mark.parametrize("home", HOMES)
def test_every_word_of_the_documents_is_there(home: str) -> None:
    text = page(home, "documents")
    for kind in KINDS.values():
        for model in parts(kind, set()):
            for word, info in model.model_fields.items():
                assert f"| `{info.alias or word}` |" in text, f"{model.__name__}.{word}"


@pytest.mark.parametrize("home", HOMES)
def test_every_verb_and_parameter_is_there(home: str) -> None:
    text = page(home, "cli")
    for name, command in commands(typer.main.get_command(app)):
        section = text.partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        assert section, name
        assert section.strip().splitlines()[0].strip(), f"{name} has no words"
        for p in command.params:
            if p.name not in ("help", "install_completion", "show_completion"):
                assert f"`{p.opts[0] if p.param_type_name == 'option' else p.name}`" in section, f"{name}: {p.name}"


@pytest.mark.parametrize("home", HOMES)
def test_every_error_transform_and_entity_is_there(home: str) -> None:
    for code in ERRORS:
        assert f"| `{code}` |" in page(home, "errors")
    for name in CATALOGUE:
        assert f"## `{name}`\n" in page(home, "transforms")
    for name, entity in READY.items():
        section = page(home, "entities").partition(f"## `{name}` ")[2].partition("\n## ")[0]
        for field, doc in entity.fields.items():
            assert f"| `{field}` |" in section, f"{name}.{field}"
            assert all(f"| `{field}.{line}` |" in section for line in doc.lines)


@pytest.mark.parametrize("home", HOMES)
def test_every_right_and_ready_role_is_there(home: str) -> None:
    text = page(home, "rights")
    assert all(f"| `{right}` |" in text for right in RIGHTS)
    assert all(f"| `{role}` " in text for role in PRESETS)


def test_every_verb_speaks_both_languages() -> None:
    for name, command in commands(typer.main.get_command(app)):
        assert " / " in (command.help or ""), f"{name}: write its help as 'English / 中文'"


def test_every_part_of_the_settings_is_explained_in_chinese() -> None:
    assert set(CONNECTORS) >= set(connectors.names()), "say in docs/words.py what the connector is"
    needed = {m.__name__ for kind in KINDS.values() for m in parts(kind, set())}
    for name in connectors.names():
        needed |= {f"{name}.{m.__name__}" for m in parts(connectors.find(name).settings_type, set())}
    assert needed - set(PARTS) == set(), "say in docs/words.py, in Chinese, what these are"
    assert set(PARTS) - needed == set(), "docs/words.py speaks of parts that are gone"


# -------------------------------------------------------------- codes and their words


def texts_in_code() -> set[str]:
    """Every string that stands in the code, those that name what went wrong aside."""
    found: set[str] = set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        if "core/words" not in path.as_posix():
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def raised_codes() -> Iterator[tuple[str, str]]:
    """(code, where) of every error that is made with its code written out."""
    names = {n for n, k in vars(kinds).items() if isinstance(k, type) and issubclass(k, HubError)}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _called(node) in names:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def test_every_code_that_is_raised_has_words() -> None:
    missing = sorted(f"{code} ({where})" for code, where in raised_codes() if code not in ERRORS)
    assert missing == []


def test_all_words_are_used() -> None:
    texts = texts_in_code()
    rooms = {code.partition(".")[0] for code in ERRORS}
    begun = {t for t in texts if t.endswith((".", "_")) and t.partition(".")[0] in rooms}  # f"guard.{cause}"

    def used(code: str) -> bool:
        return code in texts or any(code.startswith(b) and code.removeprefix(b) in texts for b in begun)

    assert [code for code in ERRORS if not used(code)] == [], "words of codes that nothing raises"


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_words_say_what_and_what_next_in_both_languages(code: str) -> None:
    words = ERRORS[code]
    assert all(part.strip() for part in words), "a text is missing"
    assert re.search(r"[一-鿿]", words.zh + words.next_zh), "no Chinese in the Chinese text"
    assert facts_of(words.en) == facts_of(words.zh), "not the same facts"


def facts_of(text: str) -> set[str]:
    """The facts that a text names; a fact may have a Chinese twin."""
    return {name.removesuffix("_zh") for name in re.findall(r"{(\w+)}", text)}
