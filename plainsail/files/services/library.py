"""The library of a business: taking files in, describing them, what others show of them, letting unused ones go."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.files.models import File
from plainsail.files.services import imaging, rendering, storing, stripping
from plainsail.files.sockets import KEPT_ASIDE, USES, Use
from plainsail.kernel import allowances
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace

MOST_BYTES = 20_000_000
QUOTA = 5_000_000_000
"""Bytes that a business may have on disk, renditions included."""
DOWNLOADS = {
    "pdf": "application/pdf",
    "zip": "application/zip",
    "epub": "application/epub+zip",
    "mp3": "audio/mpeg",
    "txt": "text/plain",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
"""What may be offered for download, by the end of its name; a browser saves it and never runs it."""
BEGINNINGS: Mapping[str, bytes] = {
    "pdf": b"%PDF-",
    "zip": b"PK",
    "epub": b"PK",
    "docx": b"PK",
    "xlsx": b"PK",
    "pptx": b"PK",
}


class TooLarge(Refusal):
    """The file has more bytes than are taken."""

    code = "file_too_large"
    message = gettext_lazy("This file is larger than 20 MB.")
    status = 422


class Full(Refusal):
    """The business has no room left."""

    code = "quota_reached"
    message = gettext_lazy(
        "There is no room left. Delete files that are not used, or ask whoever runs this installation."
    )
    status = 422


class WrongKind(Refusal):
    """The file is no picture, and nothing that may be downloaded either."""

    code = "wrong_kind"
    status = 422


class InUse(Refusal):
    """The file is shown somewhere; the message says where."""

    code = "file_in_use"


class BadCrop(Refusal):
    """The part chosen isn't inside the picture, or too small."""

    code = "bad_crop"
    message = gettext_lazy("That part is not inside the picture.")
    status = 422


@dataclass(frozen=True, kw_only=True)
class PictureCard:
    """A picture as pages and mails show it. `url` is what everything understands; `sources` are (media type, srcset), best first."""

    url: str
    width: int
    height: int
    alt: str
    focus_x: int = 50
    focus_y: int = 50
    srcset: str = ""
    sources: list[tuple[str, str]] = field(default_factory=list)


def upload(workspace: Workspace, content: bytes, *, name: str, by: User | None, at: datetime) -> File:
    """Take a file in: a picture by its content, or something for download by its name. The same content is one file.
    What a camera noted in a picture, such as the place, isn't kept.

    Raises TooLarge, Full, WrongKind, NotAPicture, TooManyPixels. A large picture has its first sizes when this returns;
    a job makes the rest.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge
    digest = hashlib.sha256(content).hexdigest()
    if (known := _known(digest)) is not None:
        return known
    check_room(workspace, len(content))
    name = _clean_name(name)
    extension = name.rpartition(".")[2].lower()
    if extension in DOWNLOADS:
        return _keep_download(content, name, extension, digest, by=by, at=at)
    if imaging.looks_like_a_drawing(content):
        raise imaging.refuse_drawing()
    found = imaging.inspect(content)
    content = stripping.bare(content)
    digest = hashlib.sha256(content).hexdigest()
    if (known := _known(digest)) is not None:
        return known
    file = File(
        kind=File.Kind.PICTURE,
        name=name,
        sha256=digest,
        media_type=found.media_type,
        size=len(content),
        width=found.width,
        height=found.height,
        by=by,
        created_at=at,
    )
    if (other := _insert(file)) is not None:
        return other
    storing.keep_original(file, content)
    rendering.begin(file, content)
    return file


def describe(file: File, *, name: str, alt: str, focus_x: int, focus_y: int) -> File:
    """Change what a file is called, what is said to those who can't see it, and what must stay visible of it."""
    file.name, file.alt = _clean_name(name), " ".join(alt.split())[:300]
    file.focus_x, file.focus_y = min(max(focus_x, 0), 100), min(max(focus_y, 0), 100)
    file.save(update_fields=["name", "alt", "focus_x", "focus_y"])
    return file


def crop(file: File, part: Mapping[str, int] | None) -> File:
    """Show only a part of a picture, or all of it again. The whole stays; what is published keeps what it shows until
    it is published again. Raises BadCrop.
    """
    if part is not None:
        x, y, width, height = (part[name] for name in ("x", "y", "width", "height"))
        fits = x >= 0 and y >= 0 and x + width <= file.width and y + height <= file.height
        if width < 16 or height < 16 or not fits:
            raise BadCrop
        part = {"x": x, "y": y, "width": width, "height": height}
        if (width, height) == (file.width, file.height):
            part = None
    if part != file.crop:
        file.crop = dict(part) if part else None
        file.save(update_fields=["crop"])
        rendering.begin(file, storing.original(file))
    return file


def delete(file: File) -> None:
    """Let a file go for good. Raises InUse where something shows it."""
    if found := uses(file):
        places = ", ".join(use.label for use in found[:3])
        raise InUse(_("This is used: %(places)s. Take it out there first.") % {"places": places})
    File.objects.filter(id=file.id).delete()
    # A file without a row harms nobody; a row without its file would.
    transaction.on_commit(lambda: storing.remove(file))


def uses(file: File) -> list[Use]:
    """Where a file is shown."""
    return [use for user in USES for use in user.uses(file.id)]


def used(workspace: Workspace) -> int:
    """Bytes that a business has on disk, with what others keep there for it."""
    ours = int(File.objects.filter(workspace=workspace).aggregate(sum=Sum("stored"))["sum"] or 0)
    return ours + sum(kept(workspace) for kept in KEPT_ASIDE)


def check_room(workspace: Workspace, size: int) -> None:
    """Is there room for so many bytes more? Raises Full."""
    if used(workspace) + size > room(workspace):
        raise Full


def room(workspace: Workspace) -> int:
    """Bytes that a business may have: what its plan includes, where that is less than everybody has. One query at most."""
    megabytes = allowances.most(workspace.id, allowances.MEGABYTES)
    return QUOTA if megabytes is None else min(QUOTA, megabytes * 1_000_000)


def cards(ids: Collection[UUID]) -> dict[UUID, PictureCard]:
    """What is shown of each of these pictures that exists. One query."""
    return {file.id: card(file) for file in File.objects.filter(id__in=ids).pictures()}


def find_picture(file_id: UUID) -> File | None:
    """A picture of the open workspace, with its workspace."""
    found: File | None = File.objects.filter(id=file_id).pictures().select_related("workspace").first()
    return found


def names_of_pictures() -> list[tuple[UUID, str]]:
    """Ids and names of the newest pictures, for lists to choose from."""
    newest = File.objects.all().pictures().order_by("-created_at", "-id")
    return list(newest.values_list("id", "name")[:200])


def card(file: File) -> PictureCard:
    """What is shown of a picture: its sizes, each format's from small to large."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for rendition in file.renditions:
        by_type.setdefault(rendition["type"], []).append(rendition)
    fallback = by_type.pop("image/jpeg", None) or by_type.pop("image/png", None) or []
    # A middle size for whatever knows no srcset, such as a mail program.
    plain = next((each for each in fallback if each["width"] >= 960), fallback[-1] if fallback else None)
    shown = file.shown
    return PictureCard(
        url=storing.url(file, plain["name"]) if plain else "",
        width=shown["width"],
        height=shown["height"],
        alt=file.alt,
        focus_x=file.focus_x,
        focus_y=file.focus_y,
        srcset=_srcset(file, fallback),
        sources=[(kind, _srcset(file, by_type[kind])) for kind in ("image/avif", "image/webp") if kind in by_type],
    )


def thumbnail(file: File) -> str:
    """Address of a small rendition; empty for what is no picture."""
    small = [each for each in file.renditions if each["type"] != "image/avif"]
    return storing.url(file, min(small, key=lambda each: (each["width"], each["size"]))["name"]) if small else ""


def handed_on(file: File) -> bytes:
    """A picture as others may have it: what was uploaded, without what a camera noted in it. Raises FileNotFoundError."""
    # What is uploaded now is kept without; earlier ones were kept as they came.
    return stripping.bare(storing.original(file))


def whole(file: File) -> bytes:
    """All of a picture as WebP, at most 1280 pixels across, to choose a part of."""
    source = imaging.Source(storing.original(file))
    content, _height = source.rendition("image/webp", min(source.width, 1280))
    return content


def thumbnail_of(file_id: str) -> str:
    """The same of the picture with an id that came from outside; empty where there is none."""
    try:
        found = find_picture(UUID(file_id)) if file_id else None
    except ValueError:
        return ""
    return thumbnail(found) if found else ""


def address(file: File) -> str:
    """Where a file is, for whatever takes one address: a picture in its middle size, of anything else what was uploaded."""
    return card(file).url if file.is_picture else download_url(file)


def download_url(file: File) -> str:
    """Where a file that is no picture is downloaded."""
    return storing.url(file, file.renditions[0]["name"]) if file.renditions else ""


def downloads(workspace: Workspace) -> list[tuple[str, str]]:
    """Names and addresses of the newest files that are no pictures."""
    newest = File.objects.filter(workspace=workspace, kind=File.Kind.FILE).order_by("-created_at", "-id")[:100]
    return [(file.name, download_url(file)) for file in newest]


def _keep_download(content: bytes, name: str, extension: str, digest: str, *, by: User | None, at: datetime) -> File:
    beginning = BEGINNINGS.get(extension)
    if beginning and not content.startswith(beginning):
        raise WrongKind(_("This file is not what its name says."))
    file = File(
        kind=File.Kind.FILE,
        name=name,
        sha256=digest,
        media_type=DOWNLOADS[extension],
        size=len(content),
        stored=len(content),
        is_ready=True,
        by=by,
        created_at=at,
    )
    if (other := _insert(file)) is not None:
        return other
    stored = storing.keep_media(file, content, label=PurePath(name).stem, extension=extension)
    file.renditions = [{"type": file.media_type, "width": 0, "height": 0, "name": stored, "size": len(content)}]
    file.save(update_fields=["renditions"])
    return file


def _known(digest: str) -> File | None:
    known: File | None = File.objects.filter(sha256=digest).first()
    return known


def _insert(file: File) -> File | None:
    """Save a new file; the one of the same content where somebody was quicker."""
    try:
        with transaction.atomic():
            file.save(force_insert=True)
    except IntegrityError:
        other: File = File.objects.get(sha256=file.sha256)
        return other
    return None


def _clean_name(name: str) -> str:
    """The last part of a name, without what no name needs."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*')
    return " ".join(kept.split())[-150:] or str(_("Untitled"))


def _srcset(file: File, renditions: list[dict[str, Any]]) -> str:
    ordered = sorted(renditions, key=lambda each: each["width"])
    return ", ".join(f"{storing.url(file, each['name'])} {each['width']}w" for each in ordered)
