"""The two kinds of web process: `web` is Django on a unix socket, `edge` owns the port and stands before it."""

import importlib
import multiprocessing
import os
import secrets
import socket
from collections.abc import Callable
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer

from plainsail.cli.lifeline import announce_ready, die_with_parent
from plainsail.cli.sockets import BACKLOG

WEB_THREADS = 16
"""Requests that one web process works on at a time; each thread keeps a database connection for a while."""
PATIENCE = 15
"""Seconds that a process gets to finish its requests when it is asked to stop."""


class WebServer(MPServer):
    """granian, listening on a socket that was made before it: nobody is turned away when the server is replaced."""

    def __init__(self, listener: socket.socket, **options: Any) -> None:
        super().__init__(**options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        number, is_unix = self._listener.fileno(), self._listener.family == socket.AF_UNIX
        self._sso, self._sfd = self._listener, number  # type: ignore[assignment]  # granian's declarations say None
        self._shd = SocketHolder(number, is_unix, BACKLOG)  # type: ignore[assignment,call-arg]  # its stub lacks them


def serve_web(listener: socket.socket, *, application: str = "plainsail.wsgi:application") -> None:
    """Serve Django until a signal says stop; requests under way are finished."""
    _serve(
        WebServer(
            listener,
            target=application,
            interface=Interfaces.WSGI,
            blocking_threads=WEB_THREADS,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.error,
            workers_kill_timeout=PATIENCE,
        )
    )


def serve_edge(*, bind: str, port: int, workers: int) -> None:
    """Serve the edge on the port until a signal says stop; requests under way are finished."""
    # One for all its processes and for no longer than they live: with it, visits of a day are told apart.
    os.environ.setdefault("PLAINSAIL_DAY_SEED", secrets.token_hex(32))
    _serve(
        MPServer(
            target="plainsail.edge.server:app",
            address=bind,
            port=port,
            interface=Interfaces.RSGI,
            workers=workers,
            loop=Loops.uvloop,
            runtime_mode=RuntimeModes.st,
            http=HTTPModes.http1,
            websockets=False,
            backlog=2 * BACKLOG,
            log_level=LogLevels.error,
            workers_kill_timeout=PATIENCE,
            respawn_failed_workers=True,
        )
    )


def load(target: str) -> Callable[..., Any]:
    """Import the application in the serving process, and say that it is ready."""
    die_with_parent()
    # Not by granian's own loader: that puts the current folder first among the places where modules are looked for.
    module, _, name = target.partition(":")
    application: Callable[..., Any] = getattr(importlib.import_module(module), name)
    announce_ready()
    return application


def _serve(server: MPServer) -> None:
    # The serving process shall inherit what is open here; later Pythons would start it from scratch.
    multiprocessing.set_start_method("fork", force=True)
    server.serve(target_loader=load)
