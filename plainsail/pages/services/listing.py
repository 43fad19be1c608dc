"""How a page appears outside of itself: in search results, and where somebody shares its address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from plainsail.blocks.services.rendering import PageHead, Social
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


def told(page: Page, head: PageHead) -> PageHead:
    """The head of a page with what search engines and those who share it are told. One query where it has a picture."""
    card = library.cards([page.social_image_id]).get(page.social_image_id) if page.social_image_id else None
    social = Social(
        title=page.social_title or page.title,
        text=page.social_text or page.description,
        image_url=urljoin(head.canonical_url, card.url) if card else "",
        image_width=card.width if card else 0,
        image_height=card.height if card else 0,
        image_alt=card.alt if card else "",
    )
    return replace(
        head, canonical_url=page.canonical_url or head.canonical_url, is_hidden=page.is_hidden, social=social
    )


def now(page: Page) -> dict[str, Any]:
    """What others are told of a page now, for its form."""
    return {name: getattr(page, name) for name in FIELDS}
