"""Bytes on disk: each under a name made of its content, so that it never changes and may be kept for ever by whoever has it.

Below the business's folder: `media/<file>/<name>` is what anybody may fetch, `originals/<file>` is not, and neither is
`aside/<id>`, which isn't the library's: another area keeps it for a row of its own, and counts it (`sockets.KEPT_ASIDE`).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.text import slugify

from plainsail.files.models import File

MEDIA_PATH = "/media"
NAME = re.compile(r"[0-9a-f]{16}-[a-z0-9-]{1,80}\.[a-z0-9]{1,8}")
HEX = re.compile(r"[0-9a-f]{32}")
INLINE = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "pdf": "application/pdf",
}
"""What a browser may show; everything else it saves."""


def keep_media(file: File, content: bytes, *, label: str, extension: str) -> str:
    """Write bytes that anybody may fetch; returns the name they are fetched by. The same bytes are written once."""
    digest = hashlib.sha256(content).hexdigest()[:16]
    name = f"{digest}-{slugify(label).replace('_', '-')[:80].strip('-') or 'file'}.{extension}"
    _write(f"{_folder(file.workspace_id)}/media/{file.id.hex}/{name}", content)
    return name


def keep_original(file: File, content: bytes) -> None:
    """Write what was uploaded, for renditions to be made from."""
    _write(original_path(file), content)


def original(file: File) -> bytes:
    """What was uploaded."""
    with default_storage.open(original_path(file)) as stored:
        content: bytes = stored.read()
    return content


def original_path(file: File) -> str:
    return f"{_folder(file.workspace_id)}/originals/{file.id.hex}"


def url(file: File, name: str) -> str:
    """Where anybody may fetch it, as a path on every host of ours."""
    return f"{MEDIA_PATH}/{file.workspace_id.hex}/{file.id.hex}/{name}"


def media_path(workspace: str, file: str, name: str) -> str | None:
    """Where in the storage something lies that is asked for by its address; None for what can be no such address."""
    if not HEX.fullmatch(workspace) or not HEX.fullmatch(file) or not NAME.fullmatch(name):
        return None
    path = f"{_folder(UUID(hex=workspace))}/media/{file}/{name}"
    return path if default_storage.exists(path) else None


def content(workspace: str, file: str, name: str) -> bytes | None:
    """The bytes that anybody may fetch under these three parts of an address; None where there are none."""
    path = media_path(workspace, file, name)
    if path is None:
        return None
    with default_storage.open(path) as stored:
        found: bytes = stored.read()
    return found


def media_type(name: str) -> str:
    return INLINE.get(name.rpartition(".")[2], "application/octet-stream")


def remove(file: File) -> None:
    """Take everything of a file off the disk."""
    folder = f"{_folder(file.workspace_id)}/media/{file.id.hex}"
    if default_storage.exists(folder):
        for name in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{name}")
        default_storage.delete(folder)
    default_storage.delete(original_path(file))


def keep_aside(workspace_id: UUID, row_id: UUID, content: bytes) -> None:
    """Write bytes that belong to another area's row."""
    _write(_aside(workspace_id, row_id), content)


def aside(workspace_id: UUID, row_id: UUID) -> bytes | None:
    """The bytes of another area's row; None where they are no longer there."""
    path = _aside(workspace_id, row_id)
    if not default_storage.exists(path):
        return None
    with default_storage.open(path) as stored:
        found: bytes = stored.read()
    return found


def remove_aside(workspace_id: UUID, row_id: UUID) -> None:
    default_storage.delete(_aside(workspace_id, row_id))


def _aside(workspace_id: UUID, row_id: UUID) -> str:
    return f"{_folder(workspace_id)}/aside/{row_id.hex}"


def _folder(workspace_id: UUID) -> str:
    return str(PurePosixPath("businesses", workspace_id.hex))


def _write(path: str, content: bytes) -> None:
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(content))
