"""A system over HTTP that misbehaves as told, and a project that joins it to a CSV file."""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hefu.core.env import Env

RECORDS = [{"id": str(n), "code": f"C{n}", "name": f"Client {n}"} for n in range(1, 4)]


class Shop:
    """A CRM with one object. `manner`: "good", "refuses", "html", "half" or "hangs"."""

    def __init__(self, *, tls: Path | None = None) -> None:
        self.manner = "good"
        self.asked = threading.Event()
        self.go = threading.Event()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.asked.set()
                if shop.manner == "hangs":
                    shop.go.wait(60)
                status, kind, body = shop.answer(self.headers.get("Authorization", ""))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body) + (500 if shop.manner == "half" else 0)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, given: str) -> tuple[int, str, bytes]:
        if self.manner == "refuses" or given != "Bearer right":
            return 401, "application/json", b'{"error": "invalid token"}'
        if self.manner == "html":
            return 200, "text/html", "<!DOCTYPE html><html><title>系统维护</title></html>".encode()
        return 200, "application/json", json.dumps({"data": RECORDS}).encode()

    def close(self) -> None:
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


def self_signed(folder: Path) -> Path:
    """A certificate that nobody vouches for, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = Env().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "self-signed.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def write_project(folder: Path, url: str, timeout: str = "20s") -> None:
    """crm (HTTP) -> erp (CSV)."""
    fields = "fields:\n  - {field: code, from: code}\n  - {field: name, from: name}\n"
    texts = {
        "connections/crm.yaml": f"""connection: crm
connector: rest
limits: {{timeout: {timeout}}}
settings:
  url: {url}
  auth: {{type: bearer, token: "${{env:CRM_TOKEN}}"}}
  objects:
    clients:
      id: id
      key: [code]
      read: {{url: clients, records: data}}
      fields: {{code: {{type: code}}, name: {{}}}}
""",
        "connections/erp.yaml": """connection: erp
connector: files
settings:
  location: data
  objects:
    clients: {file: erp.csv, key: [code], columns: {name: {length: 20}}}
""",
        "entities/client.yaml": "entity: client\nfields:\n  code: {type: code}\n  name: {type: text}\n"
        "match:\n  - [code]\n",
        "flows/clients.yaml": "flow: clients\nmappings: [crm_client, erp_client]\n",
        "mappings/crm_client.yaml": f"mapping: crm_client\nconnection: crm\nobject: clients\nentity: client\n{fields}",
        "mappings/erp_client.yaml": f"mapping: erp_client\nconnection: erp\nobject: clients\nentity: client\n"
        f"create: true\n{fields}",
        "data/erp.csv": "code,name\nC1,Client 1\n",
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
