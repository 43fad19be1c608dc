"""The parts of a site that all its pages share: navigation, footer, and the page for addresses where nothing stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, themes
from plainsail.blocks.sockets import BLOCKS
from plainsail.kernel import postal
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, Site
from plainsail.pages.services import pages, sites

KINDS = (Page.Kind.HEADER, Page.Kind.FOOTER, Page.Kind.MISSING)
MOST_LINKS, LONGEST_LINE = 8, 60
"""Of a navigation that is made by itself: links, and letters in all of them together."""
Sections = Sequence[tuple[str, dict[str, Any]]]


class NoSuchPart(Refusal):
    """A site has no such part."""

    code = "no_such_part"
    status = 404


@dataclass(frozen=True)
class Part:
    """A kind of part and the pages that are it, one for each language in which there is one."""

    kind: Page.Kind
    pages: Sequence[Page]


def parts_of(site: Site) -> list[Part]:
    """Each kind of part, with what there is of it. One query."""
    there = list(Page.objects.current().filter(site=site, kind__in=KINDS).order_by("language", "id"))
    return [Part(kind, [page for page in there if page.kind == kind]) for kind in KINDS]


def open_part(workspace: Workspace, *, kind: str, language: str = "", by: User | None, at: datetime) -> Page:
    """The draft of a part in a language, the site's own if none is given; made with words in it on first use.

    Raises NoSuchPart.
    """
    if kind not in KINDS:
        raise NoSuchPart
    site = sites.site_of(workspace)
    language = "" if language == workspace.locale else language
    there: Page | None = Page.objects.current().filter(site=site, kind=kind, language=language).first()
    if there is not None:
        return there
    with translation.override(language or workspace.locale):
        document = documents.build({**themes.DEFAULT, **site.theme}, _begun(workspace, site, kind))
        title = str(Page.Kind(kind).label)
    return pages.create(
        workspace,
        document,
        title=f"{title} ({language})" if language else title,
        path=f":{kind}-{language}" if language else f":{kind}",
        kind=kind,
        language=language,
        by=by,
        at=at,
    )


def _begun(workspace: Workspace, site: Site, kind: str) -> Sections:
    links = [{"label": page.title[:60], "link": page.path} for page in _leading(site)]
    if kind == Page.Kind.HEADER:
        return _navigation(workspace, links)
    footer = {
        "name": workspace.name,
        "address": postal.line_below(workspace.name, workspace.postal_address),
        "items": links,
    }
    if kind == Page.Kind.FOOTER:
        return [("footer", footer)]
    hero = {
        "heading": _("This page isn’t here"),
        "text": _("It may have moved, or the address may have a typing mistake in it."),
        "button": _("Go to the first page"),
        "link": "/",
        "image": {"picture": "sailboat"},
        "layout": "below",
    }
    return [("hero", hero)]


def _navigation(workspace: Workspace, links: list[dict[str, str]]) -> Sections:
    """Links to the pages that are live. A kind of section that isn't there leaves the draft empty, to be filled."""
    kind = BLOCKS.get("navigation")
    if kind is None:
        return []
    named = {"name": workspace.name, "items": links}
    return [("navigation", {name: value for name, value in named.items() if name in kind.fields})]


def _leading(site: Site) -> Sequence[Page]:
    """The pages that a navigation begins with: those published first, the front page left out."""
    kinds = (Page.Kind.PAGE, Page.Kind.BLOG)
    found = Page.objects.published().filter(site=site, kind__in=kinds, language="").exclude(path="/")
    shown: list[Page] = []
    for page in found.order_by("published_at", "id")[:MOST_LINKS]:
        # One line of a screen: longer titles are for the owner to shorten.
        if sum(len(each.title) for each in (*shown, page)) <= LONGEST_LINE:
            shown.append(page)
    return shown
