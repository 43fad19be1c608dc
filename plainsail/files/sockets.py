"""What others plug into files: where a file is used, so that none is deleted that somebody would miss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

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
