"""Which encoding a text file has, and where it breaks.

The guess is made on a sample; the reader decodes the whole file strictly, so a wrong guess ends in an error with line
and position and never in garbled text.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from charset_normalizer import from_bytes

from hefu.core.errors import Rejected, Unsupported

SAMPLE = 1 << 18
"""Bytes that a guess looks at."""


class Encoding(NamedTuple):
    """A codec and the byte order mark that stands before the text (b"" for none)."""

    codec: str
    bom: bytes = b""

    @property
    def wide(self) -> bool:
        """Whether plain letters take more than one byte, so that bytes cannot be searched for them."""
        return self.codec.startswith(("utf-16", "utf-32"))

    @property
    def label(self) -> str:
        """As written in the settings."""
        return f"{self.codec}-bom" if self.bom and not self.wide else self.codec


_MARKS = (
    Encoding("utf-8", codecs.BOM_UTF8),
    Encoding("utf-32-le", codecs.BOM_UTF32_LE),  # begins like UTF-16's mark, so it is asked first
    Encoding("utf-32-be", codecs.BOM_UTF32_BE),
    Encoding("utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("utf-16-be", codecs.BOM_UTF16_BE),
    Encoding("gb18030", b"\x84\x31\x95\x33"),
)
UTF8 = Encoding("utf-8")

# The lead bytes of GB 2312 level 1 (the 3,755 usual characters) and of its punctuation and full-width forms.
_USUAL = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1\xa3][\xa1-\xfe]")


def named(name: str) -> Encoding:
    """The encoding of that name, as people write it ("UTF-8-BOM", "utf8", "GBK"). Raises Unsupported."""
    wanted = name.strip().lower().replace("_", "-")
    with_mark = wanted.endswith(("-bom", "-sig"))
    try:
        codec = codecs.lookup(wanted[:-4] if with_mark else wanted).name
        "".encode(codec)
    except LookupError as error:
        raise Unsupported("files.unknown_encoding", encoding=name) from error
    if codec in ("utf-16", "utf-32"):
        codec, with_mark = f"{codec}-le", True
    mark = next((m.bom for m in _MARKS if m.codec == codec), b"") if with_mark else b""
    return Encoding(codec, mark)


def of_head(head: bytes, declared: str | None, where: str) -> Encoding:
    """The encoding of a file that begins with these bytes: by its mark, else as declared, else by a guess.

    Raises Unsupported where nothing is declared and no guess is sure.
    """
    marked = next((m for m in _MARKS if head.startswith(m.bom)), None)
    if marked:
        return marked
    if declared is not None:
        return named(declared)._replace(bom=b"")
    found = guess(head)
    if found is None:
        best = from_bytes(head[: 1 << 16]).best()
        raise Unsupported("files.encoding_unsure", file=where, maybe=best.encoding if best else "?")
    return found


def guess(sample: bytes) -> Encoding | None:
    """UTF-16 by its zero bytes, UTF-8 and GB18030 by decoding; None for all that only statistics could tell.

    One wrong byte does not change the guess: the reader shall find and name it.
    """
    wide = _wide(sample)
    if wide:
        return Encoding(wide)
    if _decodes(sample, "utf-8") or _nearly(sample, "utf-8"):
        return None if _by_chance(sample) else UTF8
    if _chinese(sample) and (_decodes(sample, "gb18030") or _nearly(sample, "gb18030")):
        return Encoding("gb18030")
    return None


def _by_chance(sample: bytes) -> bool:
    """Whether so few different characters decode as UTF-8, all to letters such as Cyrillic, that they may be Chinese.

    一 in GB18030 is also a letter in UTF-8; for more than a few characters that does not happen.
    """
    odd = {c for c in sample.decode("utf-8", errors="ignore") if not c.isascii()}
    return 0 < len(odd) < 8 and all("\u0100" <= c <= "\u07ff" for c in odd) and _chinese(sample)


def _nearly(sample: bytes, codec: str) -> bool:
    """Whether nearly all of the text that is not plain letters decodes."""
    text = sample.decode(codec, errors="replace")
    wrong = text.count("\ufffd")
    return sum(not c.isascii() for c in text) - wrong > 20 * wrong


def _wide(sample: bytes) -> str:
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    some = len(sample) // 20
    if odd > some and even <= odd // 20:
        return "utf-16-le" if _decodes(sample, "utf-16-le") else ""
    if even > some and odd <= even // 20:
        return "utf-16-be" if _decodes(sample, "utf-16-be") else ""
    return ""


def _decodes(sample: bytes, codec: str) -> bool:
    """Whether the sample decodes, save that its last character may be cut."""
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _chinese(sample: bytes) -> bool:
    """Whether, read as GB18030, most characters are usual ones; other encodings give rare ones at random."""
    text = "".join(c for c in sample.decode("gb18030", errors="ignore") if not c.isascii())
    pairs = len(text.encode("gbk", errors="ignore")) // 2
    return pairs > 0 and len(_USUAL.findall(text.encode("gb2312", errors="ignore"))) >= 0.7 * pairs


def regress(path: Path, broken: Encoding) -> Encoding | None:
    """A better guess from around the place where `broken` fails, if all before it was plain ASCII; else None.

    A long file may begin with thousands of plain rows before the first Chinese name shows what it is.
    """
    with path.open("rb") as file:
        at = len(broken.bom)
        file.seek(at)
        while (block := file.read(SAMPLE)) and block.isascii():
            at += len(block)
        first = next((i for i, byte in enumerate(block) if byte > 127), 0) if block else 0
        file.seek(at + first)
        other = guess(file.read(SAMPLE))
        if other is None:
            return None
        try:
            codecs.getincrementaldecoder(broken.codec)("strict").decode(block[first:])
        except UnicodeDecodeError:
            return other if other.codec != broken.codec else None
    return None


def broken_at(path: Path, encoding: Encoding, where: str) -> Rejected:
    """The error that names line, position in the line, byte and place in the file of the first wrong byte."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    line, column, at = 1, 1, len(encoding.bom)
    with path.open("rb") as file:
        file.seek(at)
        while True:
            block = file.read(1 << 16)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                text = error.object[: error.start].decode(encoding.codec)
                line, column = _advance(text, line, column)
                byte = error.object[error.start : error.start + 1].hex()
                offset = at - held + error.start
                return Rejected(
                    "files.wrong_byte",
                    file=where,
                    encoding=encoding.label,
                    line=line,
                    position=column,
                    byte=f"0x{byte}",
                    offset=offset,
                )
            if not block:
                return Rejected("files.moving", file=where)
            line, column = _advance(text, line, column)
            at += len(block)


def _advance(text: str, line: int, column: int) -> tuple[int, int]:
    breaks = text.count("\n")
    return (line + breaks, len(text) - text.rfind("\n")) if breaks else (line, column + len(text))


__all__ = ["SAMPLE", "UTF8", "Encoding", "broken_at", "guess", "named", "of_head", "regress"]
