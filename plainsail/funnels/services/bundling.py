"""A package with the pictures that it shows, as one file: a zip of `funnel.json` and `pictures/`. Share codes hand on the same.

The package then says `"pictures": [{"id", "file", "name", "alt", "focus_x", "focus_y", "crop"}]`. What is read comes from strangers:
how much a file may unpack to is known before anything of it is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.files.models import File
from plainsail.files.services import library, storing
from plainsail.funnels.models import Funnel
from plainsail.funnels.services import packing
from plainsail.funnels.services.packing import TOO_LARGE, BadPackage, Package
from plainsail.kernel import zips
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

PACKAGE, FOLDER = "funnel.json", "pictures/"
MAGIC = b"PK\x03\x04"
MOST_PICTURES = 200
MOST_BYTES = 64 * 1024 * 1024
"""Of the file, and of all that it unpacks to: pictures don't get smaller in a zip."""


class TooMuch(Refusal):
    """The funnel with its pictures is more than would be taken in anywhere."""

    code = "funnel_too_large"
    message = _("This funnel can’t be handed on: it shows more than 200 pictures, or more than 64 MB of them.")
    status = 422


class PictureLost(Refusal):
    """The library has a picture whose bytes are no longer on the disk."""

    code = "picture_lost"
    status = 422


class PictureMissing(BadPackage):
    """A picture that the package speaks of didn't come with it."""

    code = "picture_missing"
    message = _("A picture of this funnel is missing, so nothing was made. Ask for the funnel once more.")


@dataclass(frozen=True)
class Bundle:
    """A package, and the bytes of its pictures by the names that they have in it."""

    package: Package
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def bundle(funnel: Funnel) -> bytes:
    """The funnel with the pictures that its pages and mails show, without what cameras noted. Raises TooMuch, PictureLost.

    What is made here can be taken in: it keeps the bounds of `read`.
    """
    package, written = packing.pack(funnel), io.BytesIO()
    shown = sorted(_shown(package), key=lambda one: one.id)
    text = json.dumps(package | {"pictures": [_picture(picture) for picture in shown]}, indent=1, ensure_ascii=False)
    size = len(text.encode())
    if len(shown) > MOST_PICTURES or size > packing.MOST_BYTES:
        raise TooMuch
    if size + sum(picture.size for picture in shown) > MOST_BYTES:
        raise TooMuch
    with zipfile.ZipFile(written, "w") as archive:
        for picture in shown:
            archive.writestr(_place(picture), _bytes(picture))
        archive.writestr(PACKAGE, text, compress_type=zipfile.ZIP_DEFLATED)
    if written.tell() > MOST_BYTES:
        raise TooMuch
    return written.getvalue()


def _shown(package: Package) -> list[File]:
    ids = {UUID(found) for found in packing.UUIDS.findall(json.dumps([package["pages"], package["emails"]]))}
    return list(File.objects.filter(id__in=ids, kind=File.Kind.PICTURE))


def _bytes(picture: File) -> bytes:
    try:
        return library.handed_on(picture)
    except FileNotFoundError as error:
        words = _("The picture “%(name)s” is no longer on the disk. Put another one in its place first.")
        raise PictureLost(words % {"name": picture.name}) from error


def _place(picture: File) -> str:
    return f"{FOLDER}{picture.id.hex}"


def _picture(picture: File) -> dict[str, Any]:
    names = ("name", "alt", "focus_x", "focus_y", "crop")
    return {"id": str(picture.id), "file": _place(picture), **{name: getattr(picture, name) for name in names}}


def read(raw: bytes) -> Bundle:
    """A funnel's file, with pictures or, as earlier ones, without. Raises BadPackage."""
    if len(raw) > MOST_BYTES:
        raise BadPackage(TOO_LARGE)
    if not raw.startswith(MAGIC):
        return Bundle(packing.read(raw))
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PICTURES + 1 or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise BadPackage(TOO_LARGE)
            package = packing.read(archive.read(PACKAGE))
            named = {str(one["file"]) for one in package.get("pictures") or ()} & set(archive.namelist())
            return Bundle(package, {name: archive.read(name) for name in sorted(named)})
    except (*zips.BROKEN, KeyError, TypeError) as error:
        raise BadPackage from error


def unpack(workspace: Workspace, found: Bundle, *, by: User | None, at: datetime) -> Funnel:
    """A draft funnel from a file. Its pictures come into the library; one that is there already is used.

    Raises BadPackage, PictureMissing, and makes nothing then.
    """
    came: dict[str, File] = {}
    try:
        with transaction.atomic():
            for packed in found.package.get("pictures") or ():
                _take_in(workspace, packed, found.pictures, came, by=by, at=at)
            ids = {key: str(file.id) for key, file in came.items()}
            return packing.unpack(workspace, found.package, by=by, at=at, ids=ids)
    except BadPackage:
        _forget(came.values())
        raise


def _take_in(
    workspace: Workspace,
    packed: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    came: dict[str, File],
    *,
    by: User | None,
    at: datetime,
) -> None:
    try:
        key, place = str(UUID(packed["id"])), packed["file"]
        if place not in pictures:
            raise PictureMissing
        # Its name could end like that of something else; here it is a picture or nothing.
        came[key] = made = library.upload(workspace, pictures[place], name=key, by=by, at=at)
        if made.created_at == at:
            _describe(made, packed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadPackage from error
    except BadPackage:
        raise
    except Refusal as refusal:
        raise BadPackage(str(refusal)) from refusal


def _forget(came: Iterable[File]) -> None:
    """Take off the disk what lies there without a row, since the rows were rolled back."""
    by_id = {file.id: file for file in came}
    for file_id in by_id.keys() - set(File.objects.filter(id__in=by_id).values_list("id", flat=True)):
        storing.remove(by_id[file_id])


def _describe(made: File, packed: Mapping[str, Any]) -> None:
    """What is said of a picture comes along, unless the business had the picture: then its own words stay."""
    library.describe(
        made,
        name=str(packed["name"]),
        alt=str(packed["alt"]),
        focus_x=int(packed["focus_x"]),
        focus_y=int(packed["focus_y"]),
    )
    if packed.get("crop"):
        library.crop(made, {name: int(packed["crop"][name]) for name in ("x", "y", "width", "height")})
