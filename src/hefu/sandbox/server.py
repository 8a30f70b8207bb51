"""Serves one sandbox on loopback, from a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
READY_SECONDS = 60.0


class PortTaken(RuntimeError):
    """The asked port is in use."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any free one. Raises PortTaken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError as problem:
        made.close()
        told = f"port {port} of {HOST} is in use: stop what listens there or ask for another port (0: any)"
        raise PortTaken(told) from problem
    made.listen(128)
    return made


class Prompt(uvicorn.Server):
    """A server that ends when it is told to; by itself uvicorn looks ten times a second, and waits once more."""

    _loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """End soon; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """As uvicorn's, which keeps the Date header."""
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        beat = 0
        while not await self.on_tick(beat):
            beat += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close at once when nothing is under way."""
        if self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


class Sandbox(Protocol):
    """What a vendor's package makes: something to serve.

    One with an attribute `tells_date` that is true sends the Date header itself, by its own clock.
    """

    @property
    def app(self) -> ASGIApp:
        """The API, the pages and `/_control`, inside a `Frame`."""
        ...

    def close(self) -> None:
        """Give back files and threads."""
        ...


class Server:
    """One sandbox served from a thread of its own."""

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        self.sandbox = sandbox
        self._socket = listen(port)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            sandbox.app,
            log_level="error",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
            date_header=not getattr(sandbox, "tells_date", False),
        )
        self._server = Prompt(config)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> Server:
        """Serve; returns when the first call would be answered."""
        self._thread.start()
        deadline = time.monotonic() + READY_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        if not self._server.started:
            raise RuntimeError("the sandbox did not start")
        return self

    def stop(self) -> None:
        """Answer what is under way for a second, then close."""
        self._server.stop()
        self._thread.join(timeout=10)
        self._socket.close()
        self.sandbox.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
