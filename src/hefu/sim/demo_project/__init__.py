"""The demo's projects: the documents that join two sandboxes, put into a folder where the user may edit them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from hefu.sandbox.crm import api as crm
from hefu.sandbox.erp import api as erp
from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.jiandaoyun.api import API_KEY
from hefu.sandbox.jiandaoyun.forms import FORMS
from hefu.sandbox.kingdee import login as kingdee
from hefu.sandbox.salesforce import oauth as salesforce
from hefu.sandbox.sap import gate as sap
from hefu.sandbox.yonbip import api as yonbip

_URL = re.compile(r"http://127\.0\.0\.1:\d+(?=/)")


@dataclass(frozen=True)
class Pair:
    """Two systems and the project that joins them.

    systems: the CRM's and the ERP's name in the sandboxes' catalogue. ports: what the documents name; others are put in
    where these were taken. secrets: file -> what the sandbox knows; "" is made up. hooks: has the sandboxes send their
    webhooks to the hub, given (folder, the CRM's address, the ERP's, the hub's own by connection). ready: readies the
    sandboxes before the first call, given (the CRM's address, the ERP's).
    """

    name: str
    crm: tuple[str, str]
    erp: tuple[str, str]
    systems: tuple[str, str]
    ports: tuple[int, int]
    secrets: Mapping[str, str]
    hooks: Callable[[Path, str, str, Mapping[str, str]], None]
    ready: Callable[[str, str], None] = lambda _crm_url, _erp_url: None

    @property
    def folder(self) -> str:
        """Where its documents stand beside this file."""
        return self.name.replace("+", "_")

    def documents(self) -> dict[str, str]:
        """Path inside the project ("connections/crm.yaml") -> text, as shipped."""
        found: dict[str, str] = {}
        for part in sorted((resources.files(__name__) / self.folder).iterdir(), key=lambda p: p.name):
            if part.is_dir():
                found |= {f"{part.name}/{f.name}": f.read_text("utf-8") for f in _yaml(part)}
        return found

    def write(self, folder: Path, crm_url: str, erp_url: str) -> list[str]:
        """Put documents and secrets into the folder; the paths that were new or changed.

        What the user has edited stays; only the addresses of the sandboxes are brought up to date.
        """
        urls = {"connections/crm.yaml": crm_url, "connections/erp.yaml": erp_url}
        changed: list[str] = []
        for name, shipped in self.documents().items():
            path = folder / name
            before = path.read_text("utf-8") if path.exists() else None
            text = shipped if before is None else before
            text = _URL.sub(urls[name], text) if name in urls else text
            if text != before:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                changed.append(name)
        self._write_secrets(folder / "secrets")
        return changed

    def _write_secrets(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in {**self.secrets, ".gitignore": "*\n"}.items():
            path = folder / name
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(text or secrets.token_urlsafe(24), "utf-8")


def _yaml(folder: Traversable) -> list[Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)


def _sample_hooks(folder: Path, crm_url: str, erp_url: str, hooks: Mapping[str, str]) -> None:
    """Repeating it replaces the subscription. Raises RuntimeError with the sandbox's words when it refuses."""
    wanted = {"url": hooks["crm"], "events": ["*"], "secret": _secret(folder, "crm-webhook")}
    token = {"Authorization": f"Bearer {_secret(folder, 'crm-token')}"}
    _told(call("POST", f"{crm_url}/api/v2/webhooks", wanted, token))
    wanted = {"url": hooks["erp"], "secret": _secret(folder, "erp-webhook")}
    _told(call("POST", f"{erp_url}/api/erp/subscriptions", wanted, {"X-Api-Key": _secret(folder, "erp-key")}))


def _jiandaoyun_hooks(folder: Path, crm_url: str, _erp_url: str, hooks: Mapping[str, str]) -> None:
    """As somebody would set the data push of each form in its designer; Kingdee has none to set."""
    hands = Hands(crm_url)
    for form in FORMS:
        push = {"url": hooks["crm"], "secret": _secret(folder, "crm-webhook")}
        hands.edit("form", form.entry_id, {"hook": push})


def _no_hooks(_folder: Path, _crm_url: str, _erp_url: str, _hooks: Mapping[str, str]) -> None:
    """Neither of the two sends webhooks that the hub could take: both are asked every few seconds."""


def _yonbip_hooks(folder: Path, crm_url: str, erp_url: str, hooks: Mapping[str, str]) -> None:
    """As somebody would set the callback in the application's console; it is checked with a message at once."""
    _jiandaoyun_hooks(folder, crm_url, erp_url, hooks)
    Hands(erp_url).settings(callback=hooks["erp"])


def _uncounted(_crm_url: str, erp_url: str) -> None:
    """A demo does not wait for quotas by the minute."""
    Hands(erp_url).settings(limited=False)


def _secret(folder: Path, name: str) -> str:
    return (folder / "secrets" / name).read_text("utf-8").strip()


def _told(reply: Reply) -> None:
    if reply.status >= 300:
        raise RuntimeError(f"the sandbox refused the webhook: {reply.status} {reply.body.decode(errors='replace')}")


SAMPLE = Pair(
    "sample",
    ("示例 CRM", "Sample CRM"),
    ("示例 ERP", "Sample ERP"),
    ("crm", "erp"),
    (8711, 8712),
    {"crm-token": crm.TOKEN, "erp-key": erp.API_KEY, "crm-webhook": "", "erp-webhook": ""},
    _sample_hooks,
)
JIANDAOYUN_KINGDEE = Pair(
    "jiandaoyun+kingdee",
    ("简道云", "Jiandaoyun"),
    ("金蝶云星空", "Kingdee Cloud Galaxy"),
    ("jiandaoyun", "kingdee"),
    (8721, 8725),
    {"crm-key": API_KEY, "crm-webhook": "", "erp-secret": kingdee.APP_SECRET},
    _jiandaoyun_hooks,
)
JIANDAOYUN_YONBIP = Pair(
    "jiandaoyun+yonbip",
    ("简道云", "Jiandaoyun"),
    ("用友 YonBIP", "Yonyou YonBIP"),
    ("jiandaoyun", "yonbip"),
    (8721, 8726),
    {"crm-key": API_KEY, "crm-webhook": "", "erp-secret": yonbip.APP_SECRET},
    _yonbip_hooks,
    _uncounted,
)
SALESFORCE_SAP = Pair(
    "salesforce+sap",
    ("Salesforce", "Salesforce"),
    ("SAP S/4HANA", "SAP S/4HANA"),
    ("salesforce", "sap"),
    (8722, 8731),
    {"crm-secret": salesforce.CLIENT_SECRET, "erp-password": sap.PASSWORD},
    _no_hooks,
)
PAIRS: Mapping[str, Pair] = {
    pair.name: pair for pair in (JIANDAOYUN_KINGDEE, JIANDAOYUN_YONBIP, SALESFORCE_SAP, SAMPLE)
}
"""What `hefu demo --pair` takes; the first is the default."""
