"""Listens: an ASGI program on one address, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn

from hefu.core.errors import Unsupported


class Server:
    """Serves a program on host:port until it is stopped."""

    def __init__(self, program: Any, listen: str) -> None:
        host, port = address(listen)
        config = uvicorn.Config(
            program, host=host, port=port, log_level="error", log_config=None, lifespan="off", access_log=False,
            server_header=False, date_header=False, timeout_graceful_shutdown=2, h11_max_incomplete_event_size=64 << 10,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=self.server.run, name="hefu-server", daemon=True)

    def start(self) -> None:
        """Listen. Raises Unsupported "web.port" when the address is taken."""
        config = self.server.config
        try:
            socket.create_server((config.host, config.port)).close()  # uvicorn itself only ends, without a word
        except OSError:
            raise Unsupported("web.port", address=f"{config.host}:{config.port}") from None
        self.thread.start()
        while not self.server.started:
            if not self.thread.is_alive():
                raise Unsupported("web.port", address=f"{self.server.config.host}:{self.server.config.port}")
            self.thread.join(0.02)

    def stop(self) -> None:
        """Stop listening."""
        self.server.should_exit = True
        if self.thread.is_alive():
            self.thread.join(timeout=5)


def address(listen: str) -> tuple[str, int]:
    """Host and port of "host:port", ":port" or "port". Raises Unsupported "web.port"."""
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise Unsupported("web.port", address=listen)
    return host.strip("[]") or "127.0.0.1", int(port)


__all__ = ["Server", "address"]
