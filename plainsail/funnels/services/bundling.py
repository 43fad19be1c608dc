"""A package with the pictures that it shows, as one file: a zip of `funnel.json` and `pictures/`.

The package then says `"pictures": [{"id", "file", "name", "alt", "focus_x", "focus_y", "crop"}]`. What is read comes from strangers:
how much a file may unpack to is known before anything of it is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from plainsail.accounts.models import User
from plainsail.files.models import File
from plainsail.files.services import library, storing
from plainsail.funnels.models import Funnel
from plainsail.funnels.services import packing
from plainsail.funnels.services.packing import BadPackage, Package
from plainsail.kernel import zips
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

PACKAGE, FOLDER = "funnel.json", "pictures/"
MAGIC = b"PK\x03\x04"
MOST_PICTURES = 200
MOST_BYTES = 64 * 1024 * 1024
"""Of the file, and of all that it unpacks to: pictures don't get smaller in a zip."""


@dataclass(frozen=True)
class Bundle:
    """A package, and the bytes of its pictures by the names that they have in it."""

    package: Package
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def bundle(funnel: Funnel) -> bytes:
    """The funnel with the pictures that its pages and mails show, as they were uploaded."""
    package, written = packing.pack(funnel), io.BytesIO()
    shown = sorted(_shown(package), key=lambda one: one.id)[:MOST_PICTURES]
    with zipfile.ZipFile(written, "w") as archive:
        for picture in shown:
            archive.writestr(_place(picture), storing.original(picture))
        said = package | {"pictures": [_picture(picture) for picture in shown]}
        text = json.dumps(said, indent=1, ensure_ascii=False)
        archive.writestr(PACKAGE, text, compress_type=zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _shown(package: Package) -> list[File]:
    ids = {UUID(found) for found in packing.UUIDS.findall(json.dumps([package["pages"], package["emails"]]))}
    return list(File.objects.filter(id__in=ids, kind=File.Kind.PICTURE))


def _place(picture: File) -> str:
    return f"{FOLDER}{picture.id.hex}"


def _picture(picture: File) -> dict[str, Any]:
    names = ("name", "alt", "focus_x", "focus_y", "crop")
    return {"id": str(picture.id), "file": _place(picture), **{name: getattr(picture, name) for name in names}}


def read(raw: bytes) -> Bundle:
    """A funnel's file, with pictures or, as earlier ones, without. Raises BadPackage."""
    if not raw.startswith(MAGIC):
        return Bundle(packing.read(raw))
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PICTURES + 1 or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise BadPackage
            package = packing.read(archive.read(PACKAGE))
            named = {str(one["file"]) for one in package.get("pictures") or ()}
            return Bundle(package, {name: archive.read(name) for name in sorted(named)})
    except (*zips.BROKEN, KeyError, TypeError) as error:
        raise BadPackage from error


@transaction.atomic
def unpack(workspace: Workspace, found: Bundle, *, by: User | None, at: datetime) -> Funnel:
    """A draft funnel from a file. Its pictures come into the library; one that is there already is used. Raises BadPackage."""
    ids: dict[str, str] = {}
    for packed in found.package.get("pictures") or ():
        try:
            key, content = str(UUID(packed["id"])), found.pictures[packed["file"]]
            made = library.upload(workspace, content, name=str(packed["name"]), by=by, at=at)
            if made.created_at == at:
                _describe(made, packed)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadPackage from error
        except Refusal as refusal:
            raise BadPackage(str(refusal)) from refusal
        ids[key] = str(made.id)
    return packing.unpack(workspace, found.package, by=by, at=at, ids=ids)


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
