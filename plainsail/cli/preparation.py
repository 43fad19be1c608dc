"""Bring database and static files up to the code, when the code has changed since the last time.

Whether it has is told by a fingerprint of file names, sizes and times, so that a start with nothing new takes no
time: the supervisor asks here and loads Django only in a process of its own.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import plainsail
from plainsail.kernel.environment import Environment

PACKAGE = Path(plainsail.__file__).parent


def is_prepared(here: Environment) -> bool:
    """Tell whether `prepare` has been done for this code, this database and this data directory."""
    try:
        return _mark(here).read_text() == fingerprint(here)
    except FileNotFoundError:
        return False


def prepare(here: Environment) -> None:
    """Migrate as the owner role and collect the static files, in a process of its own. Raises CalledProcessError."""
    # Taken before: what changes meanwhile is then seen at the next start.
    seen = fingerprint(here)
    environment = os.environ | {"PLAINSAIL_OWNER": "1"}
    subprocess.run(
        [sys.executable, "-m", "plainsail.cli", "migrate"], env=environment, check=True, stdin=subprocess.DEVNULL
    )
    mark = _mark(here)
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.write_text(seen)


def forget(here: Environment) -> None:
    """Have the next start prepare again, whatever was seen before; for a database that was exchanged."""
    _mark(here).unlink(missing_ok=True)


def fingerprint(here: Environment) -> str:
    """Return a hash of the migrations, static files, settings and installed packages, and of which database it is."""
    seen = hashlib.sha256(f"{here.owner_database_url}\n".encode())
    for line in _code():
        seen.update(line.encode())
    return seen.hexdigest()


def migrations() -> list[str]:
    """Return our migrations as `area/name`, by the files that are there."""
    return [f"{path.parts[-3]}/{path.stem}" for path in sorted(PACKAGE.glob("*/migrations/[0-9]*.py"))]


def _mark(here: Environment) -> Path:
    return here.run_dir / "prepared"


def _code() -> Iterator[str]:
    for folder in sorted(PACKAGE.iterdir()):
        for name in ("migrations", "static"):
            yield from _files(folder / name)
    yield from _files(PACKAGE / "settings")
    # Migrations and static files of others come with their versions, which stand in these folders' names.
    for path in sorted({Path(place) for place in sys.path if place.endswith("-packages")}):
        yield from sorted(f"{entry.name}\n" for entry in os.scandir(path) if entry.name.endswith(".dist-info"))


def _files(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            status = Path(place, name).stat()
            yield f"{place}/{name} {status.st_size} {status.st_mtime_ns}\n"
