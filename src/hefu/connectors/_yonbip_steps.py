"""Status steps of YonBIP's documents, and the invoice that is made from an outbound bill.

Each begins with a look: a step that was taken before its answer was lost is not taken twice. After a lost answer there
is one more look; what it cannot tell stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.connectors._yonbip_api import Api
from hefu.connectors._yonbip_errors import Refusal, Where, of_words
from hefu.connectors._yonbip_objects import INVOICE, LINES, MERCHANT, ORDER, SALESOUT, Shape
from hefu.connectors._yonbip_read import Reader, condition
from hefu.connectors._yonbip_settings import YonbipSettings
from hefu.connectors._yonbip_values import local
from hefu.connectors._yonbip_write import key_of
from hefu.core.connector import Site
from hefu.core.errors import HubError, Missing, Rejected, Unanswered, Unsupported
from hefu.core.records import Record, Values

_VERBS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "submit": ("batchsubmit", ("APPROVING", "DELIVERGOODS")),
    "audit": ("batchaudit", ("DELIVERGOODS",)),
    "unaudit": ("batchunaudit", ("CONFIRMORDER",)),
    "close": ("close", ("CLOSEDORDER",)),
    "open": ("open", ("DELIVERGOODS", "DELIVERY_PART", "DELIVERY_TAKE_PART", "TAKEDELIVERY")),
}
"""Step of an order -> its service, and the states that show that it was taken."""

_EFI: Mapping[str, tuple[str, ...]] = {"submit": ("1", "2"), "unsubmit": ("0",)}
_STOP = "/yonbip/digitalModel/merchant/stop"
_INVOICE = "/yonbip/sd/vouchersaleinvoice/saveForSalesOut"
_NEEDED = ("transactionTypeId", "invoiceAsynTaxMark", "isNotSendTax", "modifyInvoiceType")
_VOID = ("3", "4")
"""businessState of an invoice that was voided or reversed."""


class Steps:
    """Takes steps in one tenant."""

    def __init__(self, api: Api, site: Site, settings: YonbipSettings, reader: Reader) -> None:
        self._api, self._site, self._settings, self._reader = api, site, settings, reader

    def take(self, shape: Shape, action: str, record_id: str, args: Values) -> Record:
        """Take a step and tell the record as it then is. Raises Rejected where its state does not allow it."""
        legal = shape.steps.get(action)
        if legal is None:
            known = ", ".join(shape.steps) or "-"
            raise Unsupported("yonbip.no_action", object=shape.name, action=action, known=known)
        record = self._have(shape, record_id)
        state = str(record.values.get(shape.state) or "")
        if "*" not in legal and state not in legal:
            raise Rejected(
                "yonbip.illegal_step",
                field=shape.state,
                object=shape.name,
                action=action,
                state=state or "-",
                legal=", ".join(legal),
            )
        if shape.name == MERCHANT:
            return self._stop(shape, record)
        if shape.name == SALESOUT:
            return self._invoice(shape, record, args)
        if shape.name != ORDER:
            return self._moved(shape, record, action, f"{shape.path.rpartition('/')[0]}/{action}", _EFI[action])
        if action == "approve":
            return self._approve(shape, record)
        return self._order(shape, record, action)

    def _have(self, shape: Shape, record_id: str) -> Record:
        found = self._reader.fetch(shape, [record_id])
        if not found:
            where = Where(self._site.connection, shape.path, False)
            raise Missing("yonbip.missing", **where.facts(Refusal("-", record_id)))
        return found[0]

    def _approve(self, shape: Shape, record: Record) -> Record:
        """Submit and audit, from wherever the order stands."""
        if str(record.values.get(shape.state)) != "APPROVING":
            record = self._order(shape, record, "submit")
        return record if record.values.get(shape.state) == "DELIVERGOODS" else self._order(shape, record, "audit")

    def _order(self, shape: Shape, record: Record, action: str) -> Record:
        service, wanted = _VERBS[action]
        return self._moved(shape, record, action, f"/yonbip/sd/voucherorder/{service}", wanted, many=True)

    def _moved(
        self, shape: Shape, record: Record, action: str, path: str, wanted: tuple[str, ...], *, many: bool = False
    ) -> Record:
        """Ask for a step, then see whether it was taken: a batch hides its failures, and an answer may be lost."""
        one = {"id": record.id}
        error: HubError | None = None
        try:
            error = self._hidden(self._api.write(path, [one] if many else one), path)
        except (Unanswered, Rejected) as told:
            error = told
        now = self._have(shape, record.id)
        state = str(now.values.get(shape.state) or "")
        if state in wanted:
            return now
        raise error or Rejected(
            "yonbip.not_moved", field=shape.state, object=shape.name, action=action, state=state or "-"
        )

    def _hidden(self, told: Any, path: str) -> HubError | None:
        """The failure inside an answer that calls itself a success."""
        messages = told.get("messages") if isinstance(told, Mapping) else None
        if not messages:
            return None
        return of_words(Refusal("999", str(messages[0])), Where(self._site.connection, path, True))

    def _stop(self, shape: Shape, record: Record) -> Record:
        """No orders for this customer any more."""
        if record.values.get("stopStatus") is True:
            return record
        owner = record.values.get("createOrgCode") or self._settings.organisation
        one = {"merchantCode": record.values["code"], **({"orgCode": owner} if owner else {})}
        error: HubError | None = None
        try:
            error = self._hidden(self._api.write(_STOP, [one]), _STOP)
        except Unanswered as told:
            error = told
        now = self._have(shape, record.id)
        if error is not None and now.values.get("stopStatus") is not True:
            raise error
        return now

    def _invoice(self, shape: Shape, record: Record, args: Values) -> Record:
        """Make the invoice of an outbound bill; one that was made and is not void is taken for it.

        args: more values of the head (modifyInvoiceType ...), instead of the settings' defaults.
        """
        invoices = self._reader.shape(INVOICE)
        number = str(record.values["code"])
        found = self._reader.by(invoices, [condition("srcVoucherNo", "eq", number)])
        if any(str(r.values.get("businessState")) not in _VOID for r in found):
            return record
        head = {**self._settings.defaults.get(INVOICE, {}), **args}
        missing = [name for name in _NEEDED if name not in head]
        if missing:
            raise Unsupported("yonbip.needs_default", object=INVOICE, names=", ".join(missing))
        lines = [
            {
                "_status": "Insert",
                "makeRuleCode": "salesout_saleinvoicelist",
                "sourceid": record.id,
                "sourceautoid": line[shape.line_key],
                **{n: line[n] for n in ("qty", "oriTaxUnitPrice", "taxRate") if line.get(n) is not None},
            }
            for line in record.values.get(LINES) or ()
        ]
        day = f"{local(self._site.now(), self._reader.zone)[:10]} 00:00:00"
        data = {"_status": "Insert", "vouchdate": day, **head, self._settings.invoice_lines: lines}
        self._api.once(_INVOICE, data, key_of(self._site.connection, INVOICE, record.id, [r.id for r in found]))
        return self._have(shape, record.id)
