"""What a named transform is: typed parameters, one step forward (system to us), and perhaps one step back."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from hefu.core.records import FieldType, Normal
from hefu.core.values import Column

Kind = Literal["text", "number", "date", "instant", "boolean", "lines", "any"]
Back = Literal["exact", "same", "no"]
"""How a step is written back: by its exact inverse; as we hold it (reading that again changes nothing); not at all."""

KIND: dict[FieldType, Kind] = {
    FieldType.TEXT: "text",
    FieldType.CODE: "text",
    FieldType.REFERENCE: "text",
    FieldType.DECIMAL: "number",
    FieldType.MONEY: "number",
    FieldType.DATE: "date",
    FieldType.INSTANT: "instant",
    FieldType.BOOLEAN: "boolean",
    FieldType.LINES: "lines",
}


class Sample(NamedTuple):
    """An example that is a test and documentation: parameters, value in, value out (or the code of the error)."""

    params: dict[str, Any]
    given: Any
    gives: Any
    error: str | None = None


class Step(BaseModel):
    """Base of all transforms. Values are in normal form; a blank (None) never arrives unless `sees_blank`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: ClassVar[str]
    takes: ClassVar[Kind] = "text"
    gives: ClassVar[Kind] = "text"
    sees_blank: ClassVar[bool] = False
    en: ClassVar[str]
    zh: ClassVar[str]
    samples: ClassVar[tuple[Sample, ...]] = ()

    def bind(self, zone: str) -> Self:
        """This step in a connection whose times without a zone are in `zone`."""
        return self

    def sources(self) -> tuple[str, ...]:
        """Paths of further fields of the record that `forward` is handed after the value."""
        return ()

    def way_back(self) -> Back:
        """How this step, with its parameters, is written back."""
        return "same"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        """From the system to us. Raises Rejected."""
        raise NotImplementedError

    def forward_column(self) -> Column | None:
        """`forward` over a whole column of text, where that is faster; it may raise to be done value by value."""
        return None

    def back(self, value: Normal) -> Normal:
        """From us to the system. Raises Rejected."""
        return value

    def back_column(self) -> Column | None:
        """`back` over a whole column, where that is faster; it may raise to be done value by value."""
        return None


CATALOGUE: dict[str, type[Step]] = {}
S = TypeVar("S", bound=type[Step])


def listed(step: S) -> S:
    """Enter a transform into the catalogue under its name."""
    CATALOGUE[step.name] = step
    return step
