"""`hefu serve`: the hub, its API and its webhooks in one process, on one store."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from bench import SELF, TEXTS, Api, systems

from hefu.app import App
from hefu.app.accounts import Accounts
from hefu.app.house import Machine
from hefu.core.env import Env
from hefu.core.errors import Unsupported
from hefu.core.resources import RIGHTS
from hefu.store import projects
from hefu.web.house import Serving


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_plan_is_applied_while_the_hub_keeps_everything_in_step(tmp_path: Path) -> None:
    env = Env()
    crm, erp = systems(env)
    (tmp_path / "project").mkdir()
    machine = Machine.here(tmp_path / "project", {"HEFU_HOME": str(tmp_path / "home")})
    listen = f"127.0.0.1:{free_port()}"
    with App(machine, env) as app:
        with app.store.begin() as tx:
            projects.save(tx, TEXTS, "bench", "first")
        accounts = Accounts(app)
        accounts.add(SELF, "root")
        accounts.grant(SELF, "root", "admin")
        api = Api(f"http://{listen}", accounts.make_token(SELF, "root", "t", sorted(RIGHTS), seconds=None)[1])
        serving = Serving(app, listen)
        serving.start()
        try:
            assert api.get("/readiness")["hub"] == "here"
            deadline = time.monotonic() + 60
            while api.get("/cockpit")["records"] < 24 or not api.get("/cockpit")["in_step"]:
                assert time.monotonic() < deadline, api.get("/cockpit")
                time.sleep(0.1)
            crm.edit("customer", "crm-3", {"name": "Third"}, organisation="10")
            job = api.job("/plans", {"reason": "while it runs"})
            assert (job["state"], job["result"]["writes"]) == ("done", 1), job
            plan = api.get(f"/plans/{job['result']['plan']}")
            api.post(f"/plans/{plan['id']}/approve", {"digest": plan["digest"]})
            done = api.job(f"/plans/{plan['id']}/apply")
            assert (done["state"], done["result"]["state"]) == ("done", "applied"), done
            assert erp.shelf("customer").find("10", "erp-3").values["name"] == "Third"
            assert api.ask("POST", "/hooks/none", b"{}").status == 404
            assert api.ask("POST", "/hooks/crm", b"{}").status == 400, "the memory connector knows no webhooks"
            with pytest.raises(Unsupported, match=r"web\.port"):
                Serving(app, listen, beside=True).start()
        finally:
            serving.stop()
