"""Bring database and static files up to the code, when the code has changed since the last time.

Whether it has is told by a fingerprint of file names, sizes and times, so that a start with nothing new takes no
time: the supervisor asks here and loads Django only in a process of its own.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import plainsail
from plainsail.cli import command
from plainsail.kernel.environment import Environment

PACKAGE = Path(plainsail.__file__).parent
# Without the copies of htmx that come with django-htmx: ours is pinned in vendor.json, and compressing them takes seconds.
COLLECT = ("collectstatic", "--noinput", "--verbosity=0", "--ignore=django_htmx")


def is_prepared(here: Environment) -> bool:
    """Tell whether `prepare` has been done for this code, this database and this data directory."""
    return _says(_prepared(here), fingerprint(here)) and _says(_collected(here), fingerprint_of_code())


def prepare(here: Environment) -> None:
    """Migrate as the owner role and collect the static files, in a process of its own. Raises CalledProcessError."""
    # Taken before: what changes meanwhile is then seen at the next start.
    seen, code = fingerprint(here), fingerprint_of_code()
    command.run("migrate", extra={"PLAINSAIL_OWNER": "1"})
    _write(_prepared(here), seen)
    _write(_collected(here), code)


def collect_static(here: Environment) -> None:
    """Collect the static files if need be, for a web process on a machine where nobody migrates."""
    code = fingerprint_of_code()
    if not _says(_collected(here), code):
        command.run("manage", *COLLECT)
        _write(_collected(here), code)


def forget(here: Environment) -> None:
    """Have the next start prepare again, whatever was seen before; for a database that was exchanged."""
    _prepared(here).unlink(missing_ok=True)
    demo_wanted(here.data_dir).unlink(missing_ok=True)


def demo_wanted(data_dir: Path) -> Path:
    """Where it is kept that the first start is to make a demo business: from making the database until it is there."""
    return data_dir / "run" / "demo-wanted"


def fingerprint(here: Environment) -> str:
    """Return a hash of the code as below, of which database it is, and of the domain of its sites."""
    return hashlib.sha256(f"{fingerprint_of_code()} {here.owner_database_url} {here.base_domain}".encode()).hexdigest()


def fingerprint_of_code() -> str:
    """Return a hash of migrations, static files, settings and installed packages. About 5 ms."""
    seen = hashlib.sha256()
    for line in _code():
        seen.update(line.encode())
    return seen.hexdigest()


def migrations() -> list[str]:
    """Return our migrations as `area/name`, by the files that are there."""
    return [f"{path.parts[-3]}/{path.stem}" for path in sorted(PACKAGE.glob("*/migrations/[0-9]*.py"))]


def _prepared(here: Environment) -> Path:
    return here.run_dir / "prepared"


def _collected(here: Environment) -> Path:
    return here.data_dir / "static" / ".collected"


def _says(mark: Path, seen: str) -> bool:
    try:
        return mark.read_text() == seen
    except FileNotFoundError:
        return False


def _write(mark: Path, seen: str) -> None:
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.write_text(seen)


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
