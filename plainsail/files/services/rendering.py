"""The sizes and formats of a picture: a few at once, so that it can be seen, the rest by a job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from plainsail.files.events import PictureRendered
from plainsail.files.models import File
from plainsail.files.services import imaging, storing
from plainsail.files.services.imaging import Source
from plainsail.kernel import clock
from plainsail.kernel.events import publish
from plainsail.kernel.jobs import job


def begin(file: File, content: bytes) -> None:
    """Make what is needed to show a picture; all of it where it is small, else a job makes the rest."""
    source = Source(content, file.crop)
    if source.width * source.height <= imaging.SMALL:
        _finish(file, source, [])
        return
    few = [min(source.widths, key=lambda width: abs(width - wanted)) for wanted in imaging.AT_ONCE]
    file.renditions = _make(file, source, ("image/webp", source.fallback), sorted(set(few)))
    file.is_ready = False
    _save(file, before=0)
    render.once(f"files.render:{file.id}", file_id=file.id)


@job("files.render")
def render(*, file_id: UUID) -> None:
    """Make every rendition of a picture that isn't there yet. A second or three for a large photograph."""
    file = File.objects.filter(id=file_id, is_ready=False).pictures().first()
    if file is not None:
        _finish(file, Source(storing.original(file), file.crop), file.renditions)
        publish(PictureRendered(file_id=file.id, at=clock.now()))


def _finish(file: File, source: Source, made: list[dict[str, Any]]) -> None:
    known = {(each["type"], each["width"]): each for each in made}
    missing = [
        (kind, width)
        for kind in ("image/avif", "image/webp", source.fallback)
        for width in source.widths
        if (kind, width) not in known
    ]
    fresh = [_rendition(file, source, kind, width) for kind, width in missing]
    file.renditions = [*made, *fresh]
    file.is_ready = True
    _save(file, before=sum(each["size"] for each in made))


def _make(file: File, source: Source, kinds: Iterable[str], widths: Iterable[int]) -> list[dict[str, Any]]:
    widths = list(widths)
    return [_rendition(file, source, kind, width) for kind in kinds for width in widths]


def _rendition(file: File, source: Source, kind: str, width: int) -> dict[str, Any]:
    content, height = source.rendition(kind, width)
    name = storing.keep_media(file, content, label=str(width), extension=imaging.EXTENSIONS[kind])
    return {"type": kind, "width": width, "height": height, "name": name, "size": len(content)}


def _save(file: File, *, before: int) -> None:
    """Write the renditions down. What an earlier crop left on disk is shown by published pages, and still counts."""
    file.stored = (file.stored or file.size) + sum(each["size"] for each in file.renditions) - before
    file.save(update_fields=["renditions", "is_ready", "stored"])
