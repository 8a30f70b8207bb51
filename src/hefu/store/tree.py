"""YAML text as a tree that remembers where every word stands, for documents that people write and get wrong.

ruamel.yaml parses; what a plain word means is decided here by YAML 1.2 (`NO`, `on` and `y` are texts), numbers are
exact (never float), keys are texts as written, and depth, size and aliases are limited.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from hefu.core.documents import Finding, Path, nearest

MAX_CHARACTERS = 512 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 40

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_GLUED = re.compile(r"\s*(?:- )?([\w-]+:[^\s/:]\S*)\s*$")
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}
_TAGS |= {"tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"}  # '<<' and '=': words of YAML 1.1, texts here


class Mark(NamedTuple):
    """A place in a text; lines and columns from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Tree:
    """A value and where it stands. `raw` is a scalar's text as written; `keys` tells where each word stands."""

    at: Mark
    value: object = None
    raw: str | None = None
    words: dict[str, Tree] | None = None
    items: list[Tree] | None = None
    keys: dict[str, Mark] = field(default_factory=dict)

    def child(self, step: str | int) -> Tree | None:
        """What stands behind a word or at an index, or None."""
        if isinstance(step, str):
            return self.words.get(step) if self.words is not None else None
        return self.items[step] if self.items is not None and -1 < step < len(self.items) else None

    def plain(self) -> Any:
        """The values alone, new dicts and lists."""
        if self.words is not None:
            return {word: tree.plain() for word, tree in self.words.items()}
        return [tree.plain() for tree in self.items] if self.items is not None else self.value


def walk(tree: Tree, path: Iterable[str | int]) -> tuple[Path, Tree]:
    """As far as the path leads; steps that the text does not have (a validator's own labels) are passed over."""
    taken: list[str | int] = []
    for step in path:
        below = tree.child(step)
        if below is not None:
            tree = below
            taken.append(step)
    return tuple(taken), tree


def scalar(text: str) -> str | int | Decimal | bool | None:
    """What a plain word means: YAML 1.2's core schema, save that numbers with leading zeros stay text."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text) if len(text) <= 400 else text
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return text


def parse(file: str, text: str) -> tuple[Tree | None, list[Finding]]:
    """The tree of one document, and all that is wrong with it as YAML. None if nothing could be made of it."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        return None, [Finding(file, 1, 1, "documents.too_large", facts={"limit": MAX_CHARACTERS})]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again is legal
            node = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        return None, [Finding(file, 1, 1, "documents.too_deep", facts={"limit": MAX_DEPTH})]
    except ReaderError as error:
        return None, [_unreadable(file, text, error)]
    except (YAMLError, ValueError) as error:
        return None, _syntax(file, text, error)
    if node is None:
        return None, [Finding(file, 1, 1, "documents.empty_document")]
    grower = _Grower(file)
    tree = grower.grow(node, ())
    return tree, grower.findings


class _Grower:
    """Turns ruamel's nodes into a tree; keeps count, so that aliases cannot blow it up."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.left = MAX_NODES

    def grow(self, node: Node, above: tuple[int, ...]) -> Tree:
        at = _mark(node.start_mark)
        self.left -= 1
        if id(node) in above or self.left < 0 or len(above) > MAX_DEPTH:
            return self._cut(node, at, above)
        if str(node.tag) not in _TAGS:
            self._find(at, "documents.tag", str(node.tag).replace("tag:yaml.org,2002:", "!!"))
        if isinstance(node, ScalarNode):
            return _leaf(node, at)
        above = (*above, id(node))
        if isinstance(node, MappingNode):
            return self._words(node, at, above)
        return Tree(at, items=[self.grow(item, above) for item in node.value])

    def _words(self, node: MappingNode, at: Mark, above: tuple[int, ...]) -> Tree:
        tree = Tree(at, words={})
        assert tree.words is not None
        for key, value in node.value:
            here = _mark(key.start_mark)
            if not isinstance(key, ScalarNode):
                self._find(here, "documents.key")
            elif key.value in tree.words:
                self._find(here, "documents.duplicate_key", key.value, first=tree.keys[key.value].line)
            else:
                tree.keys[key.value] = here
                tree.words[key.value] = self.grow(value, above)
        return tree

    def _cut(self, node: Node, at: Mark, above: tuple[int, ...]) -> Tree:
        if id(node) in above:
            self._find(at, "documents.alias_cycle", str(node.anchor or ""))
        elif self.left >= 0:
            self._find(at, "documents.too_deep", limit=MAX_DEPTH)
        elif self.left == -1:
            self._find(at, "documents.too_many", limit=MAX_NODES)
        return Tree(at)

    def _find(self, at: Mark, code: str, word: str = "", **facts: object) -> None:
        self.findings.append(Finding(self.file, *at, code, word, facts=facts))


def _leaf(node: ScalarNode, at: Mark) -> Tree:
    text: str = node.value
    quoted = bool(node.style) or str(node.tag).endswith(":str")
    return Tree(at, text if quoted else scalar(text), text)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


# ------------------------------------------------------------------ wrong YAML

_PROBLEMS = (  # what ruamel says -> our code, and whether the place is where the construct began
    ("could not find expected ':'", "documents.colon", True),
    ("mapping values are not allowed here", "documents.colon_here", False),
    ("found unexpected end of stream", "documents.quote", True),
    ("expected ',' or", "documents.bracket", True),
    ("expected <block end>", "documents.indent", False),
    ("cannot start any token", "documents.character", False),
    ("found undefined alias", "documents.alias", False),
    ("found another document", "documents.several", False),
)


def _unreadable(file: str, text: str, error: ReaderError) -> Finding:
    before = text[: error.position]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
    return Finding(file, line, column, "documents.control_character", f"U+{character:04X}")


def _syntax(file: str, text: str, error: Exception) -> list[Finding]:
    problem = str(getattr(error, "problem", None) or error)
    lines = text.split("\n")
    if "'\\t' that cannot start" in problem or "\\t" in problem:
        return _tabs(file, lines)
    mark = getattr(error, "problem_mark", None)
    code = "documents.syntax"
    for told, ours, began in _PROBLEMS:
        if told in problem:
            code = ours
            mark = (getattr(error, "context_mark", None) or mark) if began else mark
            break
    at = _mark(mark) if isinstance(error, MarkedYAMLError) and mark is not None else Mark(1, 1)
    glued = _GLUED.match(lines[at.line - 2]) if code == "documents.colon_here" and at.line > 1 else None
    if glued:  # 'a:1' is a text that runs on into the next line
        code, at = "documents.colon", Mark(at.line - 1, glued.start(1) + 1)
    word, right = _blame(code, text, lines, at)
    return [Finding(file, *at, code, word, right, facts={"problem": problem})]


def _tabs(file: str, lines: list[str]) -> list[Finding]:
    """Every line that is indented by a tab: fixing one at a time would be tedious."""
    found = []
    for number, line in enumerate(lines, 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            word = line.strip()
            found.append(Finding(file, number, indent.index("\t") + 1, "documents.tab", word, f"  {word}"))
    if not found:
        number = next((n for n, line in enumerate(lines, 1) if "\t" in line), 1)
        found = [Finding(file, number, lines[number - 1].find("\t") + 1, "documents.tab", lines[number - 1].strip())]
    return found


def _blame(code: str, text: str, lines: list[str], at: Mark) -> tuple[str, str]:
    """The wrong word, and the right one where there is one."""
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    rest = line[at.column - 1 :].strip()
    if code == "documents.alias":
        word = rest.split()[0].lstrip("*").rstrip(",]}") if rest else ""
        return word, nearest(word, re.findall(r"(?<!\S)&([^\s,\[\]{}]+)", text))
    if code == "documents.character":
        return rest, '"' + rest.replace('"', "'") + '"'
    if code == "documents.colon_here":
        key, _, value = line.strip().partition(": ")
        return line.strip(), f'{key}: "{value}"' if ": " in value else ""
    if code == "documents.colon":
        return rest, rest.replace(":", ": ", 1) if ":" in rest else f"{rest}:"
    return rest or line.strip(), ""
