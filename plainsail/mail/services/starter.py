"""What a finished mail to start from is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document

THEME = "juniper"
Parts = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Starter:
    """One mail to start from: `parts` are (block type, settings), made in the language that is active."""

    key: str
    label: str | Promise
    text: str | Promise
    """What it is good for."""
    parts: Callable[[], Parts]
    subject: Callable[[], str]
    preheader: Callable[[], str]
    theme: str = THEME

    def document(self) -> Document:
        return documents.build(self.theme, self.parts())
