"""What people mean by a name: flows, mappings, one record, a moment. The same words mean the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hefu.app.house import App
from hefu.core.errors import Unsupported
from hefu.core.project import Project
from hefu.engine.hub import Hub
from hefu.insight.trace import find_records

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def chosen(hub: Hub, names: Sequence[str] | None) -> list[str]:
    """The mappings of the named flows, or of all that are enabled.

    Raises Unsupported "cli.no_flow" for a name that is unknown, "cli.flow_off" for one that is not enabled.
    """
    known = hub.project.flows
    for name in names or ():
        if name not in known:
            raise Unsupported("cli.no_flow", name=name, known=", ".join(sorted(known)) or "-")
        if not known[name].enabled:
            raise Unsupported("cli.flow_off", name=name)
    listed = [m for f in (names or known) for m in known[f].mappings]
    return [m for m in hub.active_mappings() if m in listed]


def mapping_named(project: Project, name: str) -> str:
    """The name, if the project has this mapping. Raises Unsupported "cli.no_mapping"."""
    if name not in project.mappings:
        raise Unsupported("cli.no_mapping", name=name, known=", ".join(sorted(project.mappings)) or "-")
    return name


def one_record(app: App, what: str) -> str:
    """The golden id of the one record that fits these words. Raises Unsupported "cli.not_one"."""
    with app.store.look() as tx:
        found = find_records(tx, what)
    if len(found) != 1:
        raise Unsupported("cli.not_one", what=what, count=len(found))
    return found[0]


def moment(app: App, given: str) -> datetime:
    """An instant from ISO 8601, or "2h" before now. A day begins at its midnight.

    Where no zone is named it is that of the project's systems; where they are in several, this machine's, as then the
    person who types is the only one to ask. Raises Unsupported "cli.moment".
    """
    try:
        if given[:-1].isdigit() and given[-1:] in _UNITS:
            return app.env.now() - timedelta(**{_UNITS[given[-1]]: int(given[:-1])})
        at = datetime.fromisoformat(given)
        if at.tzinfo is not None:
            at.astimezone(UTC)
            return at
        zones = {one.zone for one in app.project().connections.values()}
        zoned = at.replace(tzinfo=ZoneInfo(zones.pop())) if len(zones) == 1 else at.astimezone()
        zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unsupported("cli.moment", given=given) from None
    return zoned


__all__ = ["chosen", "mapping_named", "moment", "one_record"]
