"""What every type of a project document stands on: durations, shares, names, texts in two languages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(value: object) -> object:
    """'30s', '10m', '2h', '1d' or a number of seconds as a span; anything else as it is."""
    try:
        if isinstance(value, str) and value[:-1].isdigit() and value[-1] in _UNITS:
            return timedelta(seconds=int(value[:-1]) * _UNITS[value[-1]])
        if isinstance(value, int) and not isinstance(value, bool):
            return timedelta(seconds=value)
    except OverflowError as error:
        raise ValueError("longer than any calendar") from error
    return value


def _share(value: object) -> object:
    """'5%' as 0.05."""
    return str(Decimal(value[:-1]) / 100) if isinstance(value, str) and value.endswith("%") else value


Duration = Annotated[
    timedelta,
    BeforeValidator(duration, json_schema_input_type=Annotated[str | int, Field(examples=["30s", "10m", "2h", "1d"])]),
]
Share = Annotated[Decimal, BeforeValidator(_share, json_schema_input_type=str | float), Field(ge=0, le=1)]
Ratio = Annotated[Decimal, BeforeValidator(_share, json_schema_input_type=str | float), Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=64)]
Text2 = dict[Literal["en", "zh"], str]


class Document(BaseModel):
    """Base of all document parts: an unknown word is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
