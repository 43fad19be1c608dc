"""What all pages of a site share: its navigation and footer, its scripts, its words. Read once for any number of pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import F

from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document, InvalidDocument
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, PageRevision, Site, SiteScript
from plainsail.pages.services import sites

PARTS = (Page.Kind.HEADER, Page.Kind.FOOTER)


@dataclass(frozen=True)
class Drawn:
    """A part as HTML, and whose pages frames in it may show, as origins."""

    html: str
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """A site as its pages show it. `parts` by kind and language, the site's own language as an empty one."""

    workspace: Workspace
    site: Site
    parts: dict[tuple[str, str], Document]
    scripts: tuple[SiteScript, ...]
    blog_path: str
    """Address of the published list of posts; empty where there is none."""
    drawn: dict[tuple[str, str], Drawn] = field(default_factory=dict)
    """Parts that were rendered already, so that a thousand pages don't render a navigation each."""

    @property
    def asks(self) -> bool:
        """Are visitors asked for anything?"""
        return bool(self.scripts) or self.site.asks_to_recognise

    def part(self, kind: str, language: str) -> Document | None:
        """The navigation or the footer in a language, else the site's own."""
        return self.parts.get((kind, language)) or self.parts.get((kind, ""))

    def kinds(self, language: str) -> frozenset[str]:
        """The kinds of section that stand in the parts."""
        found = (self.part(kind, language) for kind in PARTS)
        return frozenset(block.type for document in found if document for block in document.walk())

    def references(self, language: str) -> Iterator[tuple[str, UUID]]:
        """Rows that the parts point to, such as the form in a footer."""
        for kind in PARTS:
            if document := self.part(kind, language):
                yield from document.references()


def way_around(workspace: Workspace, language: str) -> list[tuple[str, str]]:
    """(words, address) of the links in the site's published navigation, in a language or the site's own. One query.

    Links to sections of the page that one is on are left out.
    """
    live = PageRevision.objects.filter(
        workspace=workspace,
        page__kind=Page.Kind.HEADER,
        page__state=Page.State.PUBLISHED,
        page__language__in=(language, ""),
        number=F("page__published_revision"),
    )
    version = live.order_by(F("page__language").desc()).first()
    try:
        blocks = documents.load(version.document).blocks if version is not None and version.document is not None else ()
    except InvalidDocument:  # of a newer version of this program: the page that asks does without
        return []
    items = [item for block in blocks if block.type == "navigation" for item in block.props["items"]]
    return [(item["label"], item["link"]) for item in items if item["label"] and item["link"][:1] not in ("", "#")]


def bare(workspace: Workspace) -> Frame:
    """A site without its parts and scripts, for what has to be said in any case."""
    return Frame(workspace=workspace, site=sites.site_of(workspace), parts={}, scripts=(), blog_path="")


def frame_of(workspace: Workspace) -> Frame:
    """The site's frame as it is published now. Four queries."""
    site = sites.site_of(workspace)
    live = PageRevision.objects.filter(
        page__site=site,
        page__kind__in=PARTS,
        page__state=Page.State.PUBLISHED,
        number=F("page__published_revision"),
    ).select_related("page")
    blog = Page.objects.published().filter(site=site, kind=Page.Kind.BLOG).order_by("id").first()
    return Frame(
        workspace=workspace,
        site=site,
        parts={
            (version.page.kind, version.page.language): documents.load(version.document)
            for version in live
            if version.document is not None
        },
        scripts=tuple(SiteScript.objects.filter(site=site, is_on=True).order_by("created_at", "id")),
        blog_path=blog.path if blog else "",
    )
