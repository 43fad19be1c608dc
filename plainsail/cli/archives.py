"""What a backup file is: one tar archive with the database's dump, the uploaded files, the key, and a list of them.

The list, `manifest.json`, is the last member: `{"plainsail", "made_at", "migrations": [area/name], "members": {name: sha256}}`.
An archive that ends before it is not complete.
"""

import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

import plainsail
from plainsail.cli import preparation
from plainsail.cli.errors import Refused
from plainsail.kernel.environment import Environment

MANIFEST = "manifest.json"
DUMP = "database.dump"
KEY = "secret_key"
FILES = "files"
CHUNK = 1024 * 1024


class BadArchive(Refused):
    """The file is not a backup of ours, or it is damaged."""


def backups_dir(here: Environment) -> Path:
    return here.data_dir / "backups"


def newest_backup(here: Environment) -> Path | None:
    """Return the last backup that was made into the data directory, by its time; None if there is none."""
    found = list(backups_dir(here).glob("plainsail-*.tar"))
    return max(found, key=lambda path: path.stat().st_mtime) if found else None


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a draft to write to; it becomes `target`, mode 600, only when everything is on disk."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield draft
        _sync(draft)
        draft.replace(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def pack(target: Path, *, dump: Path, key: str, files: Path, at: datetime) -> int:
    """Write an archive and return its size in bytes. Files that vanish meanwhile are left out: nothing refers to them."""
    hashes: dict[str, str] = {}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        _add_bytes(archive, KEY, key.encode(), at, hashes)
        _add_file(archive, DUMP, dump, hashes)
        for path in _files_in(files):
            with suppress(FileNotFoundError):
                _add_file(archive, f"{FILES}/{path.relative_to(files).as_posix()}", path, hashes)
        manifest = {
            "plainsail": plainsail.__version__,
            "made_at": at.isoformat(),
            "migrations": preparation.migrations(),
            "members": dict(hashes),
        }
        _add_bytes(archive, MANIFEST, json.dumps(manifest, indent=1).encode(), at, hashes)
    return target.stat().st_size


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack an archive into `folder`, compare every file with the manifest, and return that. Raises BadArchive."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(source, "r:") as archive:
            for member in archive:
                found[member.name] = _extract(archive, member, folder)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        expected = dict(manifest["members"])
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
        raise BadArchive(f"{source} is not a backup of Plainsail, or it is damaged ({error}).") from error
    del found[MANIFEST]
    if found != expected or not {DUMP, KEY} <= set(found):
        different = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise BadArchive(f"{source} is damaged: {', '.join(different[:5]) or 'its parts'} differ from what was saved.")
    return manifest


def is_newer(manifest: dict[str, Any]) -> bool:
    """Tell whether an archive comes from a Plainsail that this one doesn't know yet."""
    made, ours = _numbers(str(manifest["plainsail"])), _numbers(plainsail.__version__)
    # Between two releases, the migrations tell.
    return made > ours or (made == ours and not set(manifest.get("migrations", ())) <= set(preparation.migrations()))


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


class _Hashing:
    """A file that is hashed as it is read, so that the hash is of what went by, whatever happens to the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    """Write one member below `folder` and return its hash; nothing but plain files in their place is taken."""
    parts = PurePosixPath(member.name).parts
    is_ours = member.name in {MANIFEST, DUMP, KEY} or (len(parts) > 1 and parts[0] == FILES)
    content = archive.extractfile(member) if member.isfile() else None
    if content is None or not is_ours or ".." in parts or member.name.startswith("/"):
        raise ValueError(f"unexpected {member.name}")
    path = folder.joinpath(*parts)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashed = _Hashing(content)
    with path.open("xb") as file:
        shutil.copyfileobj(hashed, file, CHUNK)
    return hashed.digest.hexdigest()


def _files_in(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))


def _add_file(archive: tarfile.TarFile, name: str, path: Path, hashes: dict[str, str]) -> None:
    with path.open("rb") as file:
        # Without the names and numbers of this machine's users.
        member = tarfile.TarInfo(name)
        status = os.fstat(file.fileno())
        member.size, member.mode, member.mtime = status.st_size, 0o600, int(status.st_mtime)
        hashed = _Hashing(file)
        archive.addfile(member, hashed)
        hashes[name] = hashed.digest.hexdigest()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes, at: datetime, hashes: dict[str, str]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(at.timestamp())
    archive.addfile(member, BytesIO(content))
    hashes[name] = hashlib.sha256(content).hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
