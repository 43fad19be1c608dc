"""What a new mail starts from: finished words, never a blank page."""

from __future__ import annotations

from plainsail.blocks.services.documents import Document
from plainsail.mail.services.starter import Starter
from plainsail.mail.services.starter_letters import LETTERS
from plainsail.mail.services.starter_offers import OFFERS

__all__ = ["ALL", "Starter", "by_key", "letter", "welcome"]

ALL: tuple[Starter, ...] = (*LETTERS, *OFFERS)


def by_key(key: str) -> Starter | None:
    return next((starter for starter in ALL if starter.key == key), None)


def letter() -> Document:
    """Hello, and room to write."""
    return _known("letter").document()


def welcome() -> Document:
    """The first mail after somebody confirmed."""
    return _known("welcome").document()


def _known(key: str) -> Starter:
    found = by_key(key)
    assert found is not None, "one of ours"
    return found
