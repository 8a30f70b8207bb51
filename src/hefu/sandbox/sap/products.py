"""What a product must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hefu.sandbox.sap.refusals import bad
from hefu.sandbox.sap.wire import Row

if TYPE_CHECKING:
    from hefu.sandbox.sap.book import SapBook


def settle(book: SapBook, doc: Row, old: Row | None, author: str) -> None:
    """Number (given, or the next), unit and descriptions. Raises Refusal."""
    if old is None:
        doc["Product"] = doc.get("Product") or f"TG{book.shelf.number('product'):04d}"
        doc["ProductType"] = doc.get("ProductType") or "FERT"
    if not doc.get("BaseUnit"):
        raise bad("请输入基本计量单位", "Enter a base unit of measure", "BaseUnit", "M3/010")
    for row in doc.get("to_Description") or ():
        row["Language"] = str(row.get("Language") or "").upper()
        if not row["Language"]:
            raise bad("请输入描述的语言", "Enter the language of the description", "Language", "M3/012")
    languages = [row["Language"] for row in doc.get("to_Description") or ()]
    if len(languages) != len(set(languages)):
        raise bad("同一语言的描述重复", "There are two descriptions in one language", "Language", "M3/013")
    for name in ("to_SalesDelivery", "to_ProductUnitsOfMeasure"):
        for row in doc.get(name) or ():
            row["BaseUnit"] = doc["BaseUnit"]
    book.touched(doc, old, author)
    doc["_title"] = text(doc, "ZH") or doc["Product"]


def text(doc: Row, language: str) -> str:
    """The description in that language, else in any."""
    rows = {r["Language"]: r["ProductDescription"] for r in doc.get("to_Description") or ()}
    return str(rows.get(language) or next(iter(rows.values()), ""))
