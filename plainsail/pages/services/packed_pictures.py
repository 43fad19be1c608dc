"""Pictures of the business's own that travel with pages: packed beside the file of pages, taken in like any upload.

`{id: {name, alt, focus_x, focus_y, crop, entry}}` says what they are; `entry` is the name of the bytes in the archive.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.kernel import zips
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

FOLDER = "pictures/"
ENTRY = re.compile(r"pictures/[0-9a-f]{64}")
PAGES = "pages.json"
"""The entry of an archive that holds the pages."""
MOST_PICTURES = 1000
MOST_UNPACKED = 400_000_000
"""Bytes of all pictures of an archive."""


class BadArchive(Refusal):
    """An archive that can't be read, or holds more than is taken."""

    code = "bad_archive"
    message = _("This archive can’t be read, or holds more than 400 MB of pictures.")
    status = 422

    def __init__(self) -> None:
        super().__init__(field="file")


def said_of(ids: Iterable[UUID]) -> dict[str, dict[str, Any]]:
    """What is written of each of these pictures that exists."""
    return {
        str(file.id): {
            "name": file.name,
            "alt": file.alt,
            "focus_x": file.focus_x,
            "focus_y": file.focus_y,
            "crop": file.crop,
            "entry": f"{FOLDER}{file.sha256}",
        }
        for file in _rows(ids)
    }


def archive(pages: bytes, ids: Iterable[UUID]) -> bytes:
    """Pages and the pictures on them as one ZIP, the same for the same. Memory: all of it."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        target.writestr(_entry(PAGES), pages, compress_type=zipfile.ZIP_DEFLATED)
        for file in _rows(ids):
            target.writestr(_entry(f"{FOLDER}{file.sha256}"), library.handed_on(file))
    return packed.getvalue()


def is_archive(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


class Unpacked:
    """An archive that was brought: its pages, and its pictures one by one. Raises BadArchive."""

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
            sizes = {info.filename: info.file_size for info in self._zip.infolist()}
        except (zipfile.BadZipFile, ValueError) as error:
            raise BadArchive from error
        self._names = {name for name in sizes if ENTRY.fullmatch(name)}
        # What an entry says of its size is checked while it is read.
        if len(self._names) > MOST_PICTURES or sum(sizes[name] for name in self._names) > MOST_UNPACKED:
            raise BadArchive
        self.pages = self._read(PAGES, most=20_000_000)

    def picture(self, entry: object) -> bytes:
        """The bytes of a picture; none where there is no such entry, or it is larger than any upload."""
        if not isinstance(entry, str) or entry not in self._names:
            return b""
        return self._read(entry, most=library.MOST_BYTES)

    def _read(self, name: str, *, most: int) -> bytes:
        try:
            with self._zip.open(name) as opened:
                content = opened.read(most + 1)
        except (*zips.BROKEN, KeyError) as error:
            raise BadArchive from error
        if len(content) > most:
            raise BadArchive
        return content


def take_in(
    workspace: Workspace, said: object, unpacked: Unpacked, *, by: User | None, at: datetime
) -> tuple[dict[str, UUID], list[str]]:
    """Upload what an archive brought: old id to new, and what was left out, in words. Each is checked as an upload is."""
    made: dict[str, UUID] = {}
    left_out: list[str] = []
    for old, one in list(said.items())[:MOST_PICTURES] if isinstance(said, Mapping) else ():
        if not isinstance(one, Mapping) or not (content := unpacked.picture(one.get("entry"))):
            continue
        name = one["name"] if isinstance(one.get("name"), str) else ""
        try:
            file = library.upload(workspace, content, name=name, by=by, at=at)
            _describe(file, one)
        except Refusal as refusal:
            left_out.append(f"{name[:80]}: {refusal}")
            continue
        if file.is_picture:
            made[str(old)] = file.id
    return made, left_out


def _describe(file: File, said: Mapping[str, Any]) -> None:
    """What is said of a picture, where nothing is said of it here yet."""
    if file.alt or file.crop or not file.is_picture:
        return
    words = said.get("alt")
    focus = [said.get(name) for name in ("focus_x", "focus_y")]
    across, down = [each if type(each) is int else 50 for each in focus]
    library.describe(file, name=file.name, alt=words if isinstance(words, str) else "", focus_x=across, focus_y=down)
    part = said.get("crop")
    if isinstance(part, Mapping) and all(type(part.get(name)) is int for name in ("x", "y", "width", "height")):
        library.crop(file, {name: part[name] for name in ("x", "y", "width", "height")})


def _rows(ids: Iterable[UUID]) -> list[File]:
    return list(File.objects.filter(id__in=set(ids)).pictures().order_by("sha256"))


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
