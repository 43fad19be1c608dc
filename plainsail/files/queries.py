"""Files for the library's screens."""

from __future__ import annotations

from django.db.models import QuerySet

from plainsail.files.models import File
from plainsail.kernel.models import Workspace


def found(workspace: Workspace, *, words: str = "", kind: str = "") -> QuerySet[File]:
    """Files of a business, newest first, by words of their name or description and by kind."""
    files: QuerySet[File] = File.objects.filter(workspace=workspace)
    if kind:
        files = files.filter(kind=kind)
    if words:
        files = files.named_like(words)  # type: ignore[attr-defined]  # our own queryset
    return files.order_by("-created_at", "-id")
