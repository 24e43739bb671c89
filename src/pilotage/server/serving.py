"""Runs an application: one process, loopback unless told otherwise, and an end that lets nobody wait."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from pilotage.server.parts import Parts

if TYPE_CHECKING:
    from litestar import Litestar

LOOPBACK = "127.0.0.1"
PORT = 8400
BACKLOG = 2048
GRACE_S = 5
# Threads that decode and measure hand the interpreter over five times sooner than by default, so that the event loop,
# on which a kill goes out, does not wait behind them.
SWITCH_S = 0.001


class AddressTaken(Exception):
    """The address cannot be listened on; the sentence says why and what to do."""


def serve(
    app: Litestar,
    *,
    host: str = LOOPBACK,
    port: int = PORT,
    access_log: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM); then streams end and requests are finished.

    `port` 0 takes a free one. `ready` is called with the server's URL once it takes requests. Raises `AddressTaken`
    before anything has begun.
    """
    sys.setswitchinterval(SWITCH_S)
    with contextlib.closing(_listening(host, port)) as listener:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=access_log,
            log_level="info" if access_log else "warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=75,
        )
        server = _Server(config, app.state.parts, listener, ready)
        with _taken_in(app.state.parts):
            server.run(sockets=[listener])


@contextlib.contextmanager
def _taken_in(parts: Parts) -> Iterator[None]:
    """Fold the record before anybody asks, and take it out of the sight of the garbage collector.

    Three hundred thousand facts make objects enough to stop every thread for most of a second at each full
    collection, and a kill may not wait for that.
    """
    parts.workspace.desk.refresh()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def url_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = f"{host} port {port} cannot be listened on ({error.strerror})"
        raise AddressTaken(f"{why}: stop what runs there, or choose another port.") from error
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Uvicorn waits for every response to end before it shuts down, and a stream never ends by itself."""

    def __init__(
        self, config: uvicorn.Config, parts: Parts, listener: socket.socket, ready: Callable[[str], None] | None
    ) -> None:
        super().__init__(config)
        self._parts = parts
        self._listener = listener
        self._ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the base's
        """Go down in order. Unlike the base, the signal is not raised again: the caller has a workspace to close."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self._ready is not None:
            await asyncio.to_thread(self._ready, url_of(self._listener))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first."""
        self._parts.hub.end_streams()
        self._parts.changes.end()
        await super().shutdown(sockets)
