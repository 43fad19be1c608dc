"""Small doings around server processes: start them as another user, see which ones live, keep files private."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from signal import SIGINT
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

from plainsail.cli.binaries import PostgresError, RunAs
from plainsail.cli.lifeline import IS_LINUX, tie_to_parent

HEAD = 30
"""Lines at the beginning of a dump's script in which settings stand."""
URL_OPTIONS = {
    "host": "PGHOST",
    "port": "PGPORT",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""What a connection URL may say behind its question mark, and the variable that says the same."""


def launch(command: list[str], *, user: RunAs | None, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a server that ends in order when we are gone; Ctrl-C in the terminal doesn't reach it."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=_environment(),
        cwd="/",
        process_group=0,
        # After the change of user: that would clear what is asked of the kernel here.
        preexec_fn=tie_to_parent(SIGINT),  # noqa: PLW1509 - it only calls the kernel
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=[] if user else None,
    )


def run(command: list[str], *, user: RunAs | None, stdin: str = "", extra: Mapping[str, str] | None = None) -> None:
    """Run a program to its end as `user`. Raises PostgresError with its output when it fails."""
    done = subprocess.run(
        command,
        input=stdin,
        text=True,
        capture_output=True,
        env=_environment() | dict(extra or {}),
        cwd="/",
        check=False,
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        raise PostgresError(f"{Path(command[0]).name} failed:\n{done.stderr.strip() or done.stdout.strip()}")


def pipe(first: list[str], second: list[str], *, without: bytes, extra: Mapping[str, str]) -> None:
    """Run `first | second`, but for one line in the head of what flows between. Raises PostgresError when either fails."""
    with tempfile.TemporaryFile() as said:
        giver = subprocess.Popen(first, stdout=subprocess.PIPE, stderr=said, env=_environment(), cwd="/")
        taker = subprocess.Popen(second, stdin=subprocess.PIPE, stderr=said, env=_environment() | dict(extra), cwd="/")
        assert giver.stdout is not None
        assert taker.stdin is not None
        with suppress(BrokenPipeError), giver.stdout, taker.stdin:
            taker.stdin.writelines(line for line in islice(giver.stdout, HEAD) if line != without)
            shutil.copyfileobj(giver.stdout, taker.stdin, 1024 * 1024)
        codes = giver.wait(), taker.wait()
        if any(codes):
            said.seek(0)
            name = Path(first[0] if not codes[1] else second[0]).name
            raise PostgresError(f"{name} failed:\n{said.read().decode(errors='replace').strip()}")


def living_in(folder: Path) -> list[int]:
    """Return PostgreSQL's processes whose working directory is `folder`, as that of all of them is the cluster."""
    if not IS_LINUX:
        return []
    return [pid for pid in _processes() if is_server_of(pid, folder)]


def is_server_of(pid: int, cluster: Path) -> bool:
    """Tell whether process `pid` lives and works in `cluster`; its number may have gone to some other process."""
    if IS_LINUX:
        return _cwd(pid) == str(cluster.resolve()) and _command(pid) == "postgres"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_orphan(pid: int) -> bool:
    """Tell whether nobody looks after `pid` any more."""
    listing = subprocess.run(["/bin/ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.strip() == "1"


def private_dir(path: Path, user: RunAs | None) -> None:
    """Make `path` a directory that only `user` (or we) can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    give(path, user)


def give(path: Path, user: RunAs | None) -> None:
    """Make a file or directory `user`'s own; ours if that is None."""
    if user is not None:
        os.chown(path, user.uid, user.gid)


def is_private_dir(path: Path, user: RunAs | None) -> bool:
    """Tell whether `path` is a directory, no link, that only `user` (or we) can enter."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    uid = os.geteuid() if user is None else user.uid
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not stat.S_IMODE(status.st_mode) & 0o077


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 600, whole or not at all."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def client_environment(url: str) -> dict[str, str]:
    """Return what PostgreSQL's programs read instead of arguments, which everyone on the machine could see."""
    parts = urlsplit(url)
    known = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    known |= {URL_OPTIONS[name]: value for name, value in parse_qsl(parts.query) if name in URL_OPTIONS}
    return {name: value for name, value in known.items() if value}


def _environment() -> dict[str, str]:
    """Return an environment without the PG… and locale variables of whoever called us."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = "/"
    return {"PATH": os.defpath, "HOME": home, "LC_ALL": "C"}


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def _cwd(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return None  # gone, or somebody else's
