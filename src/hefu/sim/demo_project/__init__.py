"""The demo's project: the documents that join the two sandboxes, put into a folder where the user may edit them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from hefu.sim.hands import Reply, call
from hefu.sim.systems import crm, erp

CRM_PORT, ERP_PORT = 8711, 8712
"""Ports that the documents name; `write` puts others in where these were taken."""

_URL = re.compile(r"http://127\.0\.0\.1:\d+(?=/api/)")


def documents() -> dict[str, str]:
    """Path inside the project ("connections/crm.yaml") -> text, as shipped."""
    found: dict[str, str] = {}
    for part in sorted(resources.files(__name__).iterdir(), key=lambda p: p.name):
        if part.is_dir():
            found |= {f"{part.name}/{f.name}": f.read_text("utf-8") for f in _yaml(part)}
    return found


def _yaml(folder: Traversable) -> list[Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)


def write(folder: Path, crm_url: str, erp_url: str) -> list[str]:
    """Put documents and secrets into the folder; the paths that were new or changed.

    What the user has edited stays; only the addresses of the sandboxes are brought up to date.
    """
    urls = {"connections/crm.yaml": crm_url, "connections/erp.yaml": erp_url}
    changed: list[str] = []
    for name, shipped in documents().items():
        path = folder / name
        before = path.read_text("utf-8") if path.exists() else None
        text = shipped if before is None else before
        text = _URL.sub(urls[name], text) if name in urls else text
        if text != before:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    _write_secrets(folder / "secrets")
    return changed


def _write_secrets(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = {
        "crm-token": crm.TOKEN,
        "erp-key": erp.API_KEY,
        "crm-webhook": secrets.token_urlsafe(24),
        "erp-webhook": secrets.token_urlsafe(24),
        ".gitignore": "*\n",
    }
    for name, text in made.items():
        path = folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(text, "utf-8")


def subscribe(folder: Path, crm_url: str, erp_url: str, hooks: Mapping[str, str]) -> None:
    """Have both sandboxes send their webhooks to `hooks` ({"crm": url, "erp": url}), signed with the folder's secrets.

    Repeating it replaces the subscription. Raises RuntimeError with the sandbox's words when it refuses.
    """
    wanted = {"url": hooks["crm"], "events": ["*"], "secret": _secret(folder, "crm-webhook")}
    _told(
        call("POST", f"{crm_url}/api/v2/webhooks", wanted, {"Authorization": f"Bearer {_secret(folder, 'crm-token')}"})
    )
    wanted = {"url": hooks["erp"], "secret": _secret(folder, "erp-webhook")}
    _told(call("POST", f"{erp_url}/api/erp/subscriptions", wanted, {"X-Api-Key": _secret(folder, "erp-key")}))


def _secret(folder: Path, name: str) -> str:
    return (folder / "secrets" / name).read_text("utf-8").strip()


def _told(reply: Reply) -> None:
    if reply.status >= 300:
        raise RuntimeError(f"the sandbox refused the webhook: {reply.status} {reply.body.decode(errors='replace')}")
