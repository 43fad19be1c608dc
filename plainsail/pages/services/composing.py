"""A page as its site shows it: between navigation and footer, with what search engines and visitors' own choices need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.staticfiles import finders
from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import mark_safe

from plainsail.accounts.services import hosts
from plainsail.blocks.services import rendering
from plainsail.blocks.services.documents import Document
from plainsail.blocks.services.rendering import PageHead, RenderedPage
from plainsail.kernel.addresses import public_path
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page
from plainsail.pages.services import beside, consenting, heads, living, popups, posting
from plainsail.pages.services.frames import Drawn, Frame, frame_of
from plainsail.pages.services.living import Dressed
from plainsail.pages.services.posting import Listing
from plainsail.ui.sockets import FOOTER_LINKS

Cards = Mapping[tuple[str, UUID], Any]

OWN_PART = {Page.Kind.HEADER: "navigation", Page.Kind.FOOTER: "footer"}
"""A page with a section of this type has its own, and needs none of the site's."""


def render(page: Page, document: Document, *, editing: bool = False, cards: Cards | None = None) -> RenderedPage:
    """A page as HTML: its draft for the editor, or a document to look at."""
    return compose(page, document, frame_of(page.workspace), editing=editing, cards=cards)


def compose(
    page: Page,
    document: Document,
    frame: Frame,
    *,
    listing: Listing | None = None,
    editing: bool = False,
    cards: Cards | None = None,
) -> RenderedPage:
    """A page in its site's frame, for the editor or as strangers see it."""
    if editing:
        head = _framed(page, document, frame, editing=True)
        return rendering.render_page(document, head, editing=True, cards=cards)
    return dressed(page, document, frame, listing=listing, cards=cards).page


def dressed(
    page: Page, document: Document, frame: Frame, *, listing: Listing | None = None, cards: Cards | None = None
) -> Dressed:
    """A page as strangers see it, with what is kept beside it for others. `listing` is what a list of posts shows; its first
    page where it isn't given.
    """
    head = _framed(page, document, frame, listing=listing)
    return living.dress(page, document, head, script=popups.any_for(page), cards=cards)


def _framed(
    page: Page, document: Document, frame: Frame, *, listing: Listing | None = None, editing: bool = False
) -> PageHead:
    head = head_of(page)
    with translation.override(head.language):
        if not editing:
            head = heads.filled(page, document, head, frame, listing=listing)
        if page.kind == Page.Kind.POST:
            head = posting.around_post(page, head, frame)
        elif page.kind == Page.Kind.BLOG:
            head = posting.around_list(
                page, head, listing or posting.first_listing(page), has_title=_has_title(document)
            )
        if page.shows_parts and not page.is_part:
            head = between(document, head, frame, language=page.language, path=head.path)
        if frame.asks and not page.is_part:
            asked = consenting.slot(frame.scripts, recognises=frame.site.asks_to_recognise)
            head = replace(head, bottom=mark_safe(head.bottom + asked))  # noqa: S308  # the same
    return replace(head, style=site_css())


def between(document: Document, head: PageHead, frame: Frame, *, language: str = "", path: str = "") -> PageHead:
    """A page's head with the site's navigation above and its footer below, in a language, the site's own if none is given.

    `path` is where the page stands, so that a link there is marked. Stands inside `translation.override`.
    """
    top, bottom = (_part(kind, document, frame, head, language=language, path=path) for kind in OWN_PART)
    return replace(
        head,
        top=mark_safe(head.top + top.html),  # noqa: S308  # rendered by templates
        bottom=mark_safe(bottom.html + head.bottom),  # noqa: S308  # the same
        kinds=frame.kinds(language),
        frames=(*top.frames, *bottom.frames),
    )


def head_of(page: Page) -> PageHead:
    """What the page says about itself: title, description, address, the legal links of its business."""
    workspace, stand = page.workspace, beside.stand_of(page)
    language = language_of(page)
    return PageHead(
        title=page.title,
        site_name=workspace.name,
        description=page.description,
        language=language,
        path=stand.path,
        variant=stand.variant,
        canonical_url="" if page.is_part else address(workspace, stand.path),
        legal_links=legal_links(workspace, language),
    )


def language_of(page: Page) -> str:
    return page.language or page.workspace.locale


def legal_links(workspace: Workspace, language: str = "") -> list[tuple[str, str]]:
    """The links that the law wants at the foot of every page, as (words, path), in the page's language or the site's."""
    with translation.override(language or workspace.locale):
        return [
            (str(link.label), link.url if link.url.startswith("/") else public_path(link.url)) for link in FOOTER_LINKS
        ]


def address(workspace: Workspace, path: str) -> str:
    """The full address of a page on the workspace's site."""
    return hosts.public_url(workspace, path)


@cache
def site_css() -> str:
    """The rules for what a site adds to its pages; freezing keeps those that a page uses."""
    found = finders.find("pages/site.css")
    assert isinstance(found, str), "pages/site.css is part of this package"
    css = re.sub(r"/\*.*?\*/", "", Path(found).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "", css)


def _has_title(document: Document) -> bool:
    return any(block.headline for block in document.walk() if block.kind)


def _part(kind: Page.Kind, document: Document, frame: Frame, head: PageHead, *, language: str, path: str) -> Drawn:
    """The site's navigation or footer on a page; nothing where the page has its own."""
    part = frame.part(kind, language)
    if part is None or any(block.type == OWN_PART[kind] for block in document.blocks):
        return Drawn("")
    key = (kind, head.language)
    drawn = frame.drawn.get(key)
    if drawn is None:
        # `has_title`: the h1 is the page's own.
        sections = list(rendering.render_sections(part, replace(head, has_title=True)))
        frames = tuple(origin for section in sections for origin in section.frames)
        drawn = Drawn("".join(section.html for section in sections), frames)
        if not any(part.references()):
            frame.drawn[key] = drawn
    return replace(drawn, html=_marked(drawn.html, path)) if path else drawn


def _marked(html: str, path: str) -> str:
    """With the link to this very page marked as the current one."""
    return html.replace(f' href="{escape(path)}"', f' href="{escape(path)}" aria-current="page"')
