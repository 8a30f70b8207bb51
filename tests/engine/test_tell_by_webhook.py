"""A system that is only told, never read: every change reaches it once by id, though it fails in between."""

from __future__ import annotations

from pair import NAMES, Pair

from hefu.core.connector import Connector
from webhook_receiver import line_to, receiving


def test_every_change_is_told_under_one_id_though_the_receiver_fails() -> None:
    with receiving() as (receiver, url):
        hook = line_to(url)

        class Told(Pair):
            def connect(self, name: str) -> Connector:
                return hook if name == "erp" else super().connect(name)

        flat = [{"field": n, "from": n} for n in (*NAMES["crm"], "active")]
        pair = Told(maps={"erp": flat})
        made = pair.crm.create("customer", {"code": "C1", "name": "华东", "active": True})
        receiver.refusals += [500, 0]  # refused once, then taken but not answered: the same event comes again
        pair.settle()
        assert {kind for kind, _ in receiver.told()} == {"customer.created"}
        assert len(set(receiver.ids())) == 1
        for name in ("b", "华东"):
            pair.crm.edit("customer", made, {"name": name})
            pair.settle()
        assert [d["values"]["name"] for kind, d in receiver.told() if kind == "customer.updated"] == ["b", "华东"]
        assert len(set(receiver.ids())) == 3
