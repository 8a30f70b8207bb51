"""The pages hold together: links lead somewhere, both languages are complete, and what is printed works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from docs.generate import commands
from ruamel.yaml import YAML

from hefu.app.house import settings_types
from hefu.cli.main import app
from hefu.core.documents import FOLDERS, KINDS
from hefu.store.documents import load

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OWN = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
PAGES = [*(ROOT / name for name in OWN), *sorted(DOCS.rglob("*.md"))]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> list[str]:
    return [body for language, body in FENCE.findall(text_of(page)) if language in languages]


def anchors(page: Path) -> set[str]:
    """Names by which parts of a page are linked: written out, and those that are made of headings."""
    prose = FENCE.sub("", text_of(page))
    found = set(re.findall(r'<a id="([^"]+)"', prose))
    for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE):
        plain = re.sub(r"<[^>]*>|[^\w\- ]", "", heading).strip().lower()
        found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(page))):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, part = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (part and target.suffix == ".md" and part not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_page_is_there_in_both_languages() -> None:
    english = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md") if "zh" not in p.relative_to(DOCS).parts}
    chinese = {p.relative_to(DOCS / "zh").as_posix() for p in (DOCS / "zh").rglob("*.md")}
    assert english ^ chinese == set()


@pytest.mark.parametrize("page", [p for p in PAGES if "zh" in p.relative_to(ROOT).as_posix()], ids=str)
def test_a_chinese_page_is_chinese(page: Path) -> None:
    assert len(re.findall(r"[一-鿿]", text_of(page))) > 50


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_printed_verb_and_option_exists(page: Path) -> None:
    known = {name.removeprefix("hefu ").split()[0]: None for name, _ in commands(typer.main.get_command(app))}
    verbs = dict(commands(typer.main.get_command(app)))
    for line in "".join(blocks(page, "sh")).splitlines():
        said = line.split("#")[0].split()
        if "hefu" not in said[:1]:
            continue
        assert said[1] in known or said[1].startswith("-"), line
        name = next((n for n in (" ".join(said[:3]), " ".join(said[:2])) if n in verbs), None)
        assert name is not None, line
        options = {o for p in verbs[name].params for o in p.opts}
        for word in said[2:]:
            if word.startswith("-"):
                assert word in options, f"{line}: {word}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_make_target_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z]+)[ `]|^make ([a-z]+)", text_of(page), re.MULTILINE):
        name = target[0] or target[1]
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_documents_on_the_page_are_right(page: Path) -> None:
    """Each YAML block that is a whole document passes the check; fragments are read as YAML."""
    for body in blocks(page, "yaml"):
        value = YAML(typ="safe").load(body)
        kind = next(iter(value)) if isinstance(value, dict) else ""
        if kind not in KINDS:
            continue
        folder = {"entity": "entities"}.get(kind, f"{kind}s")
        file = f"{kind}.yaml" if kind not in FOLDERS else f"{folder}/{value[kind]}.yaml"
        loaded = load({file: body}, settings_types())
        names = ("connection", "entity", "mapping", "flow", "scope", "role", "place")
        lonely = tuple(f"documents.unknown_{name}" for name in names)
        assert [f.told()[0] for f in loaded.errors if f.code not in lonely] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_path_of_a_machine_is_named(page: Path) -> None:
    assert re.findall(r"/(?:home|Users|root|work|tmp)/\S*", text_of(page)) == []


def test_the_connector_on_the_page_passes_the_suite(tmp_path: Path) -> None:
    for language in ("", "zh/"):
        page = DOCS / f"{language}how-to/write-a-connector.md"
        code, test = blocks(page, "python")
        (tmp_path / "acme.py").write_text(code, encoding="utf-8")
        (tmp_path / "test_acme.py").write_text(test, encoding="utf-8")
        if language:
            assert blocks(page, "python") == blocks(DOCS / "how-to/write-a-connector.md", "python")
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_acme.py"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "25 passed" in done.stdout
