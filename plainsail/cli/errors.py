"""What a command can't do, in words for whoever called it."""

import errno
import os
import pwd
from contextlib import suppress
from pathlib import Path


class Refused(Exception):
    """Expected: the message says why, and how to mend it. Commands print it and end with status 1."""


def worded(error: OSError) -> str | None:
    """Say what the file system refused and how to mend it; None for what isn't about files, which is a bug of ours."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full{_of(error)}. Make room, and try again: nothing half-written is kept."
    if not isinstance(error.filename, str | os.PathLike):
        return None
    path = Path(error.filename)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{_me()} may not use {path}{_owner(path)}. Run as somebody who may, or choose another PLAINSAIL_DATA."
    if error.errno == errno.EROFS:
        return f"{path} lies where nothing can be written. Choose another PLAINSAIL_DATA."
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}:
        return f"{path} is in the way: {error.strerror}."
    return f"{path}: {error.strerror}." if error.errno == errno.ENOENT else None


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _of(error: OSError) -> str:
    return f" ({error.filename})" if error.filename else ""


def _me() -> str:
    return user_name(os.geteuid())


def _owner(path: Path) -> str:
    """Whose it is, or whose the nearest folder above is that can be seen."""
    for place in (path, *path.parents):
        with suppress(OSError):
            owner = user_name(place.stat().st_uid)
            return f", which belongs to {owner}" if place == path else f" ({place} belongs to {owner})"
    return ""
