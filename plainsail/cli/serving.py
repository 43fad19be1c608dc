"""The two kinds of web process: `web` is Django on a unix socket, `edge` owns the port and stands before it."""

import multiprocessing
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian._internal import load_target
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from plainsail.cli.lifeline import announce_ready, die_with_parent

BACKLOG = 1024
WEB_THREADS = 16
"""Requests that one web process works on at a time; each thread keeps a database connection for a while."""
PATIENCE = 20
"""Seconds that a process gets to finish its requests when it is asked to stop."""


class SocketInUse(Exception):
    """Another process listens there."""


class Server(MPServer):
    """granian, listening on a socket that we made: it stays when the server is replaced, so nobody is turned away."""

    def __init__(self, listener: socket.socket, **options: Any) -> None:
        super().__init__(**options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        self._sso = self._listener
        self._sfd = self._listener.fileno()
        self._shd = SocketHolder(self._sfd, self._listener.family == socket.AF_UNIX, BACKLOG)


def load(target: str) -> Callable[..., Any]:
    """Import the application in the serving process, and say that it is ready."""
    die_with_parent()
    application: Callable[..., Any] = load_target(target)
    announce_ready()
    return application


def serve_web(listener: socket.socket) -> None:
    """Serve Django until a signal says stop; requests under way are finished."""
    # The serving process shall inherit what is open here; later Pythons would start it from scratch.
    multiprocessing.set_start_method("fork", force=True)
    Server(
        listener,
        target="plainsail.wsgi:application",
        interface=Interfaces.WSGI,
        blocking_threads=WEB_THREADS,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=PATIENCE,
    ).serve(target_loader=load)


def listen_unix(path: Path) -> socket.socket:
    """Return a listening unix socket at `path`, which only this user can connect to. Raises SocketInUse."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()  # left behind by one that was killed
            else:
                raise SocketInUse(f"Another process serves {path}.")
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    return listener
