"""The catalogue of named transforms: what 90 % of all mappings need, so that expressions stay rare.

Each is a class with typed parameters, a text in both languages and samples, which are tests and documentation.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from hefu.core.documents import nearest
from hefu.core.errors import Unsupported
from hefu.core.transforms import codes, dates, numbers, parties, text
from hefu.core.transforms._step import CATALOGUE, KIND, Back, Kind, Sample, Step


def transform(name: str, params: dict[str, Any]) -> Step:
    """The transform of that name with these parameters.

    Raises Unsupported; its facts `word`, `nearest` and `place` (of the parameter) name the wrong word.
    """
    known = CATALOGUE.get(name)
    if known is None:
        raise Unsupported("mapping.no_transform", word=name, nearest=nearest(name, CATALOGUE))
    try:
        return known.model_validate(params)
    except ValidationError as error:
        raise _parameter_error(known, error) from error


def _parameter_error(known: type[Step], error: ValidationError) -> Unsupported:
    first = error.errors()[0]
    place = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        near = nearest(place, known.model_fields)
        return Unsupported("mapping.no_parameter", transform=known.name, word=place, place=place, nearest=near or "-")
    return Unsupported(
        "mapping.parameter",
        transform=known.name,
        word=place or known.name,
        place=place,
        nearest="-",
        reason=first["msg"],
    )


__all__ = [
    "CATALOGUE",
    "KIND",
    "Back",
    "Kind",
    "Sample",
    "Step",
    "codes",
    "dates",
    "numbers",
    "parties",
    "text",
    "transform",
]
