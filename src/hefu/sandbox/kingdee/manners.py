"""In what one installation of the imitated Kingdee differs from another, and whose call is being served."""

from __future__ import annotations

from dataclasses import dataclass

from hefu.sandbox.kingdee.login import Session

RENAMED = {"SAL_SaleOrder": {"FCustId": "FCustomerID"}, "BD_Customer": {"FTEL": "FPHONE"}}
"""What the fault "renamed" respells."""


@dataclass
class Manners:
    """How this installation behaves where installations differ; `/_control/settings` changes each."""

    limit: int = 2000
    edit_audited: bool = False
    audit_touches: bool = False
    array_ids: bool = False
    one_id: bool = False
    batch_success: bool = True
    own_numbers: bool = False
    polls: int = 1
    operation: str = "both"
    workflow: tuple[str, ...] = ()


@dataclass
class Caller:
    """Whose call it is."""

    session: Session
    user: int
    name: str
