"""What the imitated Kingdee answers: the envelope of every verb, and its refusals with MsgCode and Chinese words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CONTEXT_LOST, NO_RIGHT, BROKEN, DATABASE, BAD_WORD, NO_FIELD = 1, 2, 4, 6, 8, 9
NO_RECORD, NOT_VALID, WRONG_STATE, NETWORK_CONTROL, THROTTLED = 10, 11, 12, 13, 14
LOST = "会话信息已丢失，请重新登录"


class Refused(Exception):
    """A refusal of one element: MsgCode, words, the field it is about."""

    def __init__(self, code: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


def done(
    entities: Sequence[Mapping[str, Any]], returned: Sequence[Any] = (), *, single: bool = False
) -> dict[str, Any]:
    """All went well. single: Id and Number stand beside the status, as after a Save."""
    status = {"IsSuccess": True, "Errors": [], "SuccessEntitys": list(entities), "SuccessMessages": [], "MsgCode": 0}
    result: dict[str, Any] = {"ResponseStatus": status}
    if single and entities:
        result |= {"Id": entities[0]["Id"], "Number": entities[0]["Number"]}
    return {"Result": {**result, "NeedReturnData": list(returned)}}


def mixed(
    entities: Sequence[Mapping[str, Any]],
    errors: Sequence[tuple[int, Refused]],
    returned: Sequence[Any] = (),
    *,
    lenient: bool = False,
) -> dict[str, Any]:
    """Several elements, of which some failed. lenient: called a success when any succeeded."""
    if not errors:
        return done(entities, returned)
    told = refusal(errors[0][1])
    status = told["Result"]["ResponseStatus"]
    status["Errors"] = [_error(index, refused) for index, refused in errors]
    status["SuccessEntitys"] = list(entities)
    if lenient and entities:
        status["IsSuccess"] = True
        status["ErrorCode"] = 0
    told["Result"]["NeedReturnData"] = list(returned)
    return told


def refusal(refused: Refused, index: int = 0) -> dict[str, Any]:
    """One element failed."""
    status = {
        "ErrorCode": 500,
        "IsSuccess": False,
        "Errors": [_error(index, refused)],
        "SuccessEntitys": [],
        "SuccessMessages": [],
        "MsgCode": refused.code,
    }
    return {"Result": {"ResponseStatus": status}}


def _error(index: int, refused: Refused) -> dict[str, Any]:
    return {"FieldName": refused.field or None, "Message": refused.message, "DIndex": index}
