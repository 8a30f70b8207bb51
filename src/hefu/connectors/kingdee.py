"""Kingdee Cloud Galaxy 金蝶云星空: customers to receipts over the K3Cloud WebAPI.

What a form holds is learnt from the tenant's own metadata, for field keys differ from one tenant to the next. Changes
come by modification and approval time; documents are made from one another by push, as in Kingdee's own screens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hefu.connectors._kingdee_errors import Where, error_of, outcome_of, status_of
from hefu.connectors._kingdee_forms import FORMS, Form
from hefu.connectors._kingdee_read import Cursor, Reader
from hefu.connectors._kingdee_schema import Bound, Meta, bind
from hefu.connectors._kingdee_session import CENTRES, Session
from hefu.connectors._kingdee_session import FORMS as SERVICE
from hefu.connectors._kingdee_settings import KingdeeSettings
from hefu.connectors._kingdee_steps import Steps
from hefu.connectors._kingdee_values import literal
from hefu.connectors._kingdee_write import Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written


class Kingdee(Connector):
    """A line to one data centre of a Kingdee site."""

    name = "kingdee"
    settings_type = KingdeeSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        s: KingdeeSettings = self.settings
        self.session = Session(site, s)
        more = {
            name: Form(
                name,
                name,
                tuple(f.fields),
                tuple(f.fields),
                key=f.key,
                primary=f.primary,
                lines=f.lines,
                bill=f.key == "FBillNo",
                organisation="FSaleOrgId" if f.key == "FBillNo" else "FUseOrgId",
                every=not f.fields,
            )
            for name, f in s.forms.items()
        }
        self.forms: Mapping[str, Form] = {**FORMS, **more}
        self._bound: dict[str, Bound | None] = {}
        self.reader = Reader(self.session, site, self._find)
        self.steps = Steps(self.session, site, self.reader, self._find)
        self.writer = Writer(self.session, site, self.reader, self.steps)

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """The data centre is there, the log-in is right, the organisation exists."""
        s: KingdeeSettings = self.settings
        known = self._centres()
        if known and s.account not in known:
            told = ", ".join(f"{i} ({n})" for i, n in known.items())[:300]
            raise Unsupported("kingdee.no_account", connection=self.site.connection, account=s.account, known=told)
        where = f"FNumber = {literal(s.organisation, self.reader.zone)}" if s.organisation else ""
        rows = self.reader.query("ORG_Organizations", ["FNumber"], where, "", 1).data
        if s.organisation and not rows:
            raise Unsupported(
                "kingdee.organisation", connection=self.site.connection, organisation=s.organisation, said="-"
            )

    def _centres(self) -> dict[str, str]:
        """Data centres by id, where the site tells them; many hide the list."""
        try:
            told = self.session.ask(CENTRES, {}, anonymous=True).data
        except Unsupported as error:
            if error.code == "kingdee.redirect":
                raise
            return {}
        rows = told if isinstance(told, list) else []
        return {
            str(r["Id"]): str(r.get("Name") or r.get("Number")) for r in rows if isinstance(r, dict) and r.get("Id")
        }

    def health(self) -> Mapping[str, str]:
        """How far the site's clock is from ours."""
        return {"clock_ahead_seconds": str(round(self.session.ahead))}

    def discover(self) -> Sequence[ObjectSchema]:
        """The ready forms that this tenant has, then those named in the settings."""
        self._bound = {}  # what was known may have changed since
        found = (self._find(name) for name in self.forms)
        return [bound.schema for bound in found if bound is not None]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """By internal id, within the window of what has changed."""
        return self.reader.pages(self._object(obj), Cursor.parse(since))

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """In one query for 300 ids."""
        return self.reader.fetch(self._object(obj), ids)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By fields of the head; at most 20 records, compared exactly where the site's own comparison is not."""
        bound = self._object(obj)
        where = " and ".join(self.reader.where(bound, name, value) for name, value in by.items())
        found = self.reader.every(bound, where) if where else []
        return [r for r in found if all(r.values.get(n) == v for n, v in by.items())][:20]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """Creates and updates of the same fields go out in one batch each, deletes by twenty."""
        bound = self._object(obj)
        if not bound.form.kept:
            raise Unsupported("connector.read_only", connection=self.site.connection, object=obj)
        most = bound.schema.abilities.batch
        if len(writes) > most:
            raise Unsupported("kingdee.batch", form=obj, most=most, got=len(writes))
        return self.writer.write(bound, writes)

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """A status step or a push."""
        bound = self._object(obj)
        record = self.steps.take(bound, action, record_id, args)
        return Written.of(record)

    # ---------------------------------------------------------------------- forms

    def _object(self, obj: str) -> Bound:
        bound = self._find(obj) if obj in self.forms else None
        if bound is None:
            known = ", ".join(self.forms)
            raise Unsupported("kingdee.unknown_object", connection=self.site.connection, object=obj, known=known)
        return bound

    def _find(self, name: str) -> Bound | None:
        """The form as this tenant has it, asked once; None where it has no such form."""
        if name not in self._bound:
            self._bound[name] = self._learn(name)
        return self._bound[name]

    def _learn(self, name: str) -> Bound | None:
        data = {"data": {"FormId": name}}
        answer = self.session.ask(SERVICE + "QueryBusinessInfo", data, form=name).data
        status = status_of(answer)
        outcome = outcome_of(status) if status is not None else None
        if outcome is not None and not outcome.good:
            error = error_of(outcome.faults[0], Where(self.site.connection, name, "QueryBusinessInfo", False))
            if isinstance(error, Unsupported) and error.code in ("kingdee.unknown_form", "kingdee.refused"):
                return None
            raise error
        told = answer.get("Result", {}).get("NeedReturnData") if isinstance(answer, dict) else None
        if not isinstance(told, dict) or not told.get("Entrys"):
            return None
        return bind(self.forms[name], Meta.parse(told), self.settings, self.forms)


CONNECTOR = Kingdee

__all__ = ["CONNECTOR", "Cursor", "Kingdee", "KingdeeSettings"]
