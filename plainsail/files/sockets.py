"""What others plug into files: where a file is used, so that none is deleted that somebody would miss, and what they keep on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

from plainsail.kernel.models import Workspace
from plainsail.kernel.registry import Registry


@dataclass(frozen=True)
class Use:
    """One place that shows a file: what it is called, and where in the application it stands."""

    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class UserOfFiles:
    """Who shows files. `uses(file_id)` are the places in the open workspace; it reads the rows it has to."""

    label: str | Promise
    uses: Callable[[UUID], list[Use]]


USES: Registry[UserOfFiles] = Registry("files.uses")

KEPT_ASIDE: Registry[Callable[[Workspace], int]] = Registry("files.kept_aside")
"""Bytes that an area keeps on disk for a business beside the library (`storing.keep_aside`): they count against its room."""
