"""What a page to start from is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.sockets import Seed

Words = str | Promise
Sections = list[Seed]

PURPOSES: Mapping[str, Words] = {
    "leads": _("Win readers"),
    "sell": _("Sell"),
    "tell": _("Tell who you are"),
    "local": _("Bring people in"),
    "small": _("On the way"),
}
"""What pages are for, in the order of the gallery."""


@dataclass(frozen=True, kw_only=True)
class Business:
    """What a starter needs to know to speak for a business."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Starter:
    """One page to start from. `sections(business, form_id)` gives its blocks; `form_id` is the form made with it, if any.

    `words` are further ones to find it by. `is_alone`: nothing shall lead away from it, so the site's navigation stays off.
    """

    key: str
    label: Words
    text: Words
    purpose: str
    theme: Mapping[str, str]
    slug: str
    has_form: bool
    sections: Callable[[Business, UUID | None], Sections]
    title: Callable[[Business], str]
    description: Callable[[Business], str]
    words: Words = ""
    is_alone: bool = False


@dataclass(frozen=True, kw_only=True)
class SitePage:
    """A page of a site to start from: a starter under another title and address; in the navigation unless `is_hidden`."""

    starter: str
    title: Words
    path: str
    is_hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class SitePost:
    """A post of a site to start from."""

    title: Words
    excerpt: Words
    tags: Words
    picture: str
    text: Words


@dataclass(frozen=True, kw_only=True)
class SiteStarter:
    """A whole site to start from: its pages in one look, with navigation, footer and perhaps posts."""

    key: str
    label: Words
    text: Words
    theme: Mapping[str, str]
    pages: tuple[SitePage, ...]
    posts: tuple[SitePost, ...] = ()
    button: tuple[Words, str] | None = None
    """What the navigation ends with: words and where they lead."""
    words: Words = field(default="")


def footer(business: Business) -> Seed:
    return "footer", {"name": business.name, "address": business.address, "items": []}


def form(form_id: UUID | None, **props: Any) -> Seed:
    """A section that asks for an address; `form_id` is the form made with the page."""
    return "form", {"form": str(form_id) if form_id else "", "note": "", **props}


def picture(name: str, alt: str = "") -> dict[str, Any]:
    return {"picture": name, "url": "", "width": 0, "height": 0, "alt": alt}
