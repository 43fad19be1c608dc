"""How a page appears outside of itself: in search results, and where somebody shares its address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.pages.models import Page

FIELDS = ("is_hidden", "canonical_url", "social_title", "social_text", "social_image")


def appear_as(
    page: Page,
    *,
    is_hidden: bool,
    canonical_url: str,
    social_title: str,
    social_text: str,
    social_image: File | None,
) -> Page:
    """Change what others are told of a page. What is published says so when it is frozen next: see `pages.describe`."""
    page.is_hidden, page.canonical_url = is_hidden, canonical_url
    page.social_title, page.social_text, page.social_image = social_title, social_text, social_image
    page.save(update_fields=list(FIELDS))
    return page


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What apps show where somebody shares a page's address, as far as it was chosen for this page. `image` is an address."""

    title: str = ""
    text: str = ""
    image: str = ""
    image_width: int = 0
    image_height: int = 0
    image_alt: str = ""


def shared(page: Page) -> Shared:
    """What was chosen for a page that is shared. One query where it has a picture."""
    card = library.cards([page.social_image_id]).get(page.social_image_id) if page.social_image_id else None
    said = Shared(title=page.social_title, text=page.social_text)
    if card is None:
        return said
    return replace(said, image=card.url, image_width=card.width, image_height=card.height, image_alt=card.alt)


def now(page: Page) -> dict[str, Any]:
    """What others are told of a page now, for its form."""
    return {name: getattr(page, name) for name in FIELDS}
