"""Sockets that a server listens on, made apart from the server so that they outlive it."""

import os
import socket
import tempfile
from pathlib import Path

from plainsail.cli.errors import Refused

BACKLOG = 1024
LONGEST_PATH = 107
"""Bytes; the system refuses longer names of unix sockets."""


class SocketInUse(Refused):
    """Another process listens there."""


def short_path(path: Path) -> Path:
    """Return `path`, or one in a private temporary directory if it is too long for a unix socket."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="plainsail-")) / path.name


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
