"""One hub behind its API for all tests of a module: two systems in memory, people with accounts, a real server."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hefu.app import App
from hefu.app.accounts import Accounts
from hefu.app.house import Machine
from hefu.app.jobs import Jobs
from hefu.app.work import KINDS, WRITING
from hefu.connectors.memory import Manners, MemorySystem
from hefu.core.env import Env
from hefu.core.records import Field, FieldType
from hefu.core.resources import RIGHTS
from hefu.core.rights import Scope, local
from hefu.engine.worker import cycle
from hefu.store import projects
from hefu.web.api import make
from hefu.web.front import Front
from loopback import serving

SELF = local("bench")

TEXTS = {
    "entities/customer.yaml": """\
entity: customer
fields:
  code: {type: code, title: {en: Code, zh: 编码}}
  name: {type: text}
  phone: {type: text, pii: contact}
  terms: {type: text, pii: financial}
  department: {type: text}
match: [[code]]
on_delete: ask
""",
    "flows/customers.yaml": """\
flow: customers
mappings: [crm_customer, erp_customer]
schedule: 1h
guard: {records: 1000, share: 1, deletes: 20, canary: 0}
approval: {four_eyes: 50}
""",
    "roles/clerk.yaml": """\
role: clerk
may:
  record: [see]
  issue: [see, decide]
  run: [see]
  plan: [see]
  reconciliation: [see]
  cockpit: [see]
  flow: [see]
  mapping: [see, preview]
see: {customer: seen, contact: masked, financial: hidden}
within: {organisations: ['10']}
""",
}
FIELDS = ("code", "name", "phone", "terms", "department")
for _name in ("crm", "erp"):
    TEXTS[f"connections/{_name}.yaml"] = (
        f"connection: {_name}\nconnector: memory\nclock_tolerance: 2m\nsettings: {{system: {_name}, user: hub}}\n"
    )
    _maps = "".join(f"  - {{field: {n}, from: {n}}}\n" for n in FIELDS)
    TEXTS[f"mappings/{_name}_customer.yaml"] = (
        f"mapping: {_name}_customer\nconnection: {_name}\nobject: customer\nentity: customer\ncreate: true\n"
        f"fields:\n{_maps}"
        "examples:\n  - {title: plain, record: {code: X1, name: X}, golden: {code: X1, name: X}}\n"
    )

CANARY = "13912345678"
"""A phone number that who sees phones masked must never get."""


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of a problem."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        found: str = self.json["code"]
        return found


@dataclass
class Api:
    """Somebody who asks; by token, or by what `headers` say."""

    base: str
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any):
        where = urlsplit(self.base)
        line = http.client.HTTPConnection(where.hostname, where.port, timeout=120)
        sent = {**self.headers, **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        asked = path if path.startswith("/hooks") else f"/api/v1{path}"
        if query:
            asked += "?" + urlencode({k.rstrip("_"): v for k, v in query.items()}, doseq=True)
        try:
            line.request(method, asked, raw, sent)
            got = line.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            line.close()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = self.ask("GET", path, **query)
        assert answer.status == status, (path, answer.status, answer.body[:600])
        return answer.json

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        answer = self.ask("POST", path, {} if body is None else body, headers)
        assert answer.status == status, (path, answer.status, answer.body[:600])
        return answer.json if answer.body else None

    def job(self, path: str, body: Any = None) -> Any:
        """Ask for long work and wait for its end."""
        made = self.post(path, body, 202)
        deadline = time.monotonic() + 60
        while True:
            found = self.get(f"/jobs/{made['id']}")
            if found["state"] in ("done", "failed"):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.02)


@dataclass
class Bench:
    """The hub, its two systems, and everybody's way in."""

    app: App
    front: Front
    base: str
    crm: MemorySystem
    erp: MemorySystem
    root: Api

    def round(self) -> None:
        """One cycle of the flow, as the resident hub does it."""
        hub = self.app.hub()
        cycle(hub, hub.project.flows["customers"])
        self.app.hang_up()

    def account(self, login: str, role: str, scope: Scope | None = None, **more: Any) -> Api:
        """Somebody with this role, who asks by a token of all rights."""
        accounts = Accounts(self.app)
        accounts.add(SELF, login, **more)
        accounts.grant(SELF, login, role, scope=scope or Scope())
        _, token = accounts.make_token(SELF, login, "test", sorted(RIGHTS), seconds=None)
        return Api(self.base, token)

    def golden(self, code: str) -> str:
        """The one ID of the customer with this code."""
        return self.root.get("/records", q=code)["items"][0]["id"]


def authenticator(secret: str) -> str:
    """What an authenticator with this secret shows now."""
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()


def _refuses(values: Mapping[str, Any], *_: Any) -> None:
    from hefu.core.errors import Rejected

    if str(values.get("name", "")).startswith("bad"):
        raise Rejected("memory.rule", field="name", said="no bad names")


def systems(env: Env) -> tuple[MemorySystem, MemorySystem]:
    """A CRM and an ERP with ten customers each, eight of which are the same."""
    made = []
    for name in ("crm", "erp"):
        system = MemorySystem(name, env.now)
        fields = [Field("code", FieldType.CODE), *(Field(n, FieldType.TEXT) for n in FIELDS[1:])]
        system.define("customer", fields, Manners(create="key"), key=("code",))
        made.append(system)
    for number in range(10):
        for system, shift in zip(made, (0, 2), strict=True):
            at = number + shift
            values = {
                "code": f"C{at:03d}", "name": f"Customer {at}", "phone": CANARY if at == 3 else f"1380000{at:04d}",
                "terms": "30 days", "department": "north" if at % 2 else "south",
            }  # fmt: skip
            system.create("customer", values, organisation="10" if at < 6 else "20", record_id=f"{system.name}-{at}")
    return made[0], made[1]


@contextmanager
def bench(folder: Path, url: str = "") -> Iterator[Bench]:
    """A hub on these systems, in step, with its API on loopback."""
    env = Env()
    crm, erp = systems(env)
    project = folder / "project"
    project.mkdir(parents=True)
    environ = {"HEFU_HOME": str(folder / "home"), **({"HEFU_STORE": url} if url else {})}
    machine = Machine.here(project, environ)
    with App(machine, env) as app:
        app.load(TEXTS).require()
        with app.store.begin() as tx:
            projects.save(tx, TEXTS, "bench", "first")
        with App(machine, env) as own:
            jobs = Jobs(machine, own.store, env, KINDS, WRITING)
            front = Front(own, jobs)
            jobs.start()
            with serving(make(front)) as base:
                made = Bench(app, front, base, crm, erp, Api(base))
                made.root.token = made.account("root", "admin").token
                made.round()
                yield made
                front.close()


__all__ = ["CANARY", "FIELDS", "TEXTS", "Answer", "Api", "Bench", "authenticator", "bench"]
