"""The parameters of a call to the imitated Kingdee, as its services read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hefu.sandbox.kingdee.replies import BAD_WORD, Refused

Words = Mapping[str, Any]


def data_of(words: Words) -> Words:
    """The `data` of a call: an object, or a text that holds one."""
    return object_of(words.get("data"), "data")


def object_of(given: Any, name: str) -> Words:
    """A parameter that must be an object."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise Refused(BAD_WORD, f"参数{name}不是有效的JSON", name) from None
    if not isinstance(given, Mapping):
        raise Refused(BAD_WORD, f"参数{name}不能为空", name)
    return given
