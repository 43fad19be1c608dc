"""How stored values become what templates see: links absolute where a mail needs that, pictures with sizes, rows as cards."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString

from plainsail.blocks.pictures import PICTURES, Picture
from plainsail.blocks.schema import is_safe_link
from plainsail.blocks.services.documents import Document
from plainsail.blocks.sockets import REFERENCES, Surface
from plainsail.files.services.library import PictureCard

OWN_ID = "\x00"
"""Stands in no text: what is stored has no control characters."""
HREF = re.compile(r'href="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture as templates see it: a drawing in place (`svg`), or an address with its size.

    One of the business's own comes in several widths (`srcset`) and formats (`sources`, as (media type, srcset), best
    first); `focus` is a class that says what stays visible where the picture is cut to fit.
    """

    svg: SafeString | str = ""
    url: str = ""
    width: int = 0
    height: int = 0
    alt: str = ""
    still: str = ""
    """Its address where only an address will do, such as what a film shows before it plays."""
    srcset: str = ""
    sources: Sequence[tuple[str, str]] = ()
    focus: str = ""


@dataclass(frozen=True, kw_only=True)
class Presenter:
    """What presenting needs to know of the surface. `cards` holds the rows pointed to, by (kind, id)."""

    surface: Surface
    cards: Mapping[tuple[str, UUID], Any] = field(default_factory=dict)
    base_url: str = ""
    track: Callable[[str], str] | None = None
    tracked: dict[str, str] = field(default_factory=dict)
    drawn: list[str] = field(default_factory=list)

    def link(self, target: str) -> str:
        """A target as it is written in an href: as it is on a page; absolute, and tracked if asked, in a mail."""
        if not target or not is_safe_link(target):
            return ""
        if self.surface == "page" or target.startswith(("mailto:", "tel:", "{{")):
            return target
        absolute = urljoin(self.base_url, target)
        if self.track is None:
            return absolute
        if absolute not in self.tracked:
            self.tracked[absolute] = self.track(absolute)
        return self.tracked[absolute]

    def rich(self, markup: str) -> str:
        """Rich text with its links written for the surface."""
        return HREF.sub(lambda match: f'href="{escape(self.link(unescape(match[1])))}"', markup)

    def image(self, value: Mapping[str, Any]) -> Shown | None:
        """The picture chosen: one of the business's own, else a drawing, else an address; None if there is none of them."""
        alt = "" if value.get("decorative") else str(value["alt"])
        if value.get("file") and (own := self.card("picture", UUID(value["file"]))):
            return self._own(own, "" if value.get("decorative") else alt or own.alt)
        if drawing := PICTURES.get(value["picture"]):
            if self.surface == "mail":
                url = urljoin(self.base_url, static(drawing.png_file))
                return Shown(url=url, width=drawing.width, height=drawing.height, alt=alt, still=url)
            self.drawn.append(drawing.name)
            # Ids of its own, where the page has a drawing already.
            svg = _drawn(drawing, alt).replace(OWN_ID, "" if len(self.drawn) == 1 else f"p{len(self.drawn)}-")
            still = static(drawing.png_file)
            return Shown(svg=SafeString(svg), width=drawing.width, height=drawing.height, alt=alt, still=still)
        if value["url"] and is_safe_link(value["url"]):
            url = urljoin(self.base_url, value["url"]) if self.surface == "mail" else value["url"]
            width, height = value["width"] or 1200, value["height"] or 800
            return Shown(url=url, width=width, height=height, alt=alt, still=url)
        return None

    def _own(self, card: PictureCard, alt: str) -> Shown:
        """A picture of the business's own. Mail programs know one address, and it has to be a whole one."""
        if self.surface == "mail":
            return Shown(
                url=urljoin(self.base_url, card.url),
                width=card.width,
                height=card.height,
                alt=alt,
                still=urljoin(self.base_url, card.url),
            )
        return Shown(
            url=card.url,
            width=card.width,
            height=card.height,
            alt=alt,
            srcset=card.srcset,
            sources=card.sources,
            still=card.url,
            focus=_focus(card.focus_x, card.focus_y),
        )

    def card(self, kind: str, row_id: UUID) -> Any:
        """What is shown of a row pointed to; None if it is gone."""
        return self.cards.get((kind, row_id))


@lru_cache(maxsize=256)
def _drawn(drawing: Picture, alt: str) -> str:
    """A drawing as SVG, with a mark in front of each of its ids."""
    svg = render_to_string(drawing.svg_template, {"alt": alt, "picture": drawing}).strip()
    return re.sub(r'( id="|url\(#)', rf"\g<1>{OWN_ID}", svg)


def _focus(x: int, y: int) -> str:
    """The classes for a point, in steps of a quarter; none for the middle, where pictures are cut around anyway."""
    across, down = round(x / 25) * 25, round(y / 25) * 25
    return f"focus-x{across} focus-y{down}" if (across, down) != (50, 50) else ""


def cards_of(document: Document) -> dict[tuple[str, UUID], Any]:
    """Every row that a document points to and that exists in the open workspace. One query or so for each kind."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for kind, row_id in document.references():
        wanted[kind].add(row_id)
    found: dict[tuple[str, UUID], Any] = {}
    for kind, ids in wanted.items():
        if reference := REFERENCES.get(kind):
            found |= {(kind, row_id): card for row_id, card in reference.cards(ids).items()}
    return found


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A document in small, for a card in a list: its leading words, its theme, its picture among the static files."""

    theme: str
    heading: str
    eyebrow: str
    picture_file: str
    sections: int


def summary(raw: Mapping[str, Any]) -> Summary:
    """A stored document in small, read without checking it: the first section with a headline speaks for it."""
    blocks = raw.get("blocks", [])
    lead: Mapping[str, Any] = next((block["props"] for block in blocks if block["props"].get("heading")), {})
    drawing = PICTURES.get((lead.get("image") or {}).get("picture", ""))
    return Summary(
        theme=raw.get("theme", {}).get("name", ""),
        heading=lead.get("heading", ""),
        eyebrow=lead.get("eyebrow", ""),
        picture_file=drawing.png_file if drawing else "",
        sections=len(blocks),
    )
