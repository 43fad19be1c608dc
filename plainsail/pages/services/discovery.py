"""What programs read of a site: robots.txt, the map of its pages, the feeds of its posts. Made when asked for, never stored."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID
from xml.sax import saxutils

from django.db.models import Max, QuerySet
from django.db.models.functions import Coalesce

from plainsail.blocks.schema import UNSTORABLE
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, PublishedSnapshot, Site
from plainsail.pages.models.pages import BESIDE
from plainsail.pages.services import composing, posting, sites

PER_MAP = 50_000
"""Addresses in one map, by the protocol (sitemaps.org)."""
START = '<?xml version="1.0" encoding="UTF-8"?>\n'
CHANGED_AT = Coalesce("changed_at", "page__published_at", "published_at")
"""When what stands at an address was different last. A navigation published for all pages changes none of them."""
MAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"


def robots(workspace: Workspace) -> str:
    """What robots may look at (RFC 9309): all of it, or nothing; and where the map is."""
    site = sites.site_of(workspace)
    if site.is_hidden:
        return "User-agent: *\nDisallow: /\n"
    away = "".join(f"Disallow: {path}\n" for path in ("/f/", "/c/", "/o/", "/account/", "/checkout/"))
    return f"User-agent: *\n{away}\nSitemap: {composing.address(workspace, '/sitemap.xml')}\n"


def sitemap(workspace: Workspace, *, number: int | None = None, per_map: int = PER_MAP) -> str | None:
    """The map of published addresses with their last changes; an index of maps where there are too many for one.

    `number` asks for one map of the index, from 1; None where there is no such map. Two or three queries.
    """
    site = sites.site_of(workspace)
    rows = _mapped(site)
    total = rows.count()
    if number is None and total > per_map:
        return _index(workspace, total=total, per_map=per_map, changed_at=_changed_at(site))
    first = ((number or 1) - 1) * per_map
    if number is not None and (number < 1 or first >= max(total, 1)):
        return None
    base = composing.address(workspace, "")
    kin = _kin(site)
    urls = "".join(
        _url(base, path, changed_at, kin.get(translations, []), workspace.locale)
        for path, changed_at, translations in rows[first : first + per_map]
    )
    space = ' xmlns:xhtml="http://www.w3.org/1999/xhtml"' if kin else ""
    return f'{START}<urlset xmlns="{MAPS}"{space}>\n{urls}</urlset>\n'


def atom(workspace: Workspace) -> str:
    """The newest posts as Atom (RFC 4287)."""
    cards, changed_at = _newest(workspace)
    base = composing.address(workspace, "")
    entries = "".join(
        f"<entry><title>{escape(card.title)}</title><id>urn:uuid:{card.page_id}</id>"
        f"<link href={quoteattr(base + card.path)}/><published>{card.posted_at.isoformat()}</published>"
        f"<updated>{card.changed_at.isoformat()}</updated>"
        f"<author><name>{escape(card.author or workspace.name)}</name></author>"
        f"{''.join(f'<category term={quoteattr(name)}/>' for name, _path in card.tags)}"
        f"<summary>{escape(card.excerpt)}</summary></entry>\n"
        for card in cards
    )
    return (
        f'{START}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={quoteattr(workspace.locale)}>\n'
        f"<title>{escape(workspace.name)}</title><id>urn:uuid:{workspace.id}</id>"
        f'<link href={quoteattr(base + "/")}/><link rel="self" href={quoteattr(base + "/blog/feed.xml")}/>'
        f"<updated>{changed_at.isoformat()}</updated>\n{entries}</feed>\n"
    )


def rss(workspace: Workspace) -> str:
    """The newest posts as RSS 2.0, for readers that know no other."""
    cards, changed_at = _newest(workspace)
    base = composing.address(workspace, "")
    items = "".join(
        f"<item><title>{escape(card.title)}</title><link>{escape(base + card.path)}</link>"
        f'<guid isPermaLink="false">urn:uuid:{card.page_id}</guid>'
        f"<pubDate>{format_datetime(card.posted_at)}</pubDate>"
        f"{''.join(f'<category>{escape(name)}</category>' for name, _path in card.tags)}"
        f"<description>{escape(card.excerpt)}</description></item>\n"
        for card in cards
    )
    return (
        f'{START}<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{escape(workspace.name)}</title><link>{escape(base + '/')}</link>"
        f'<atom:link href={quoteattr(base + "/blog/rss.xml")} rel="self" type="application/rss+xml"/>'
        f"<description>{escape(sites.site_of(workspace).description or workspace.name)}</description>"
        f"<language>{escape(workspace.locale)}</language><lastBuildDate>{format_datetime(changed_at)}</lastBuildDate>\n"
        f"{items}</channel></rss>\n"
    )


def has_posts(workspace: Workspace) -> bool:
    return posting.published(sites.site_of(workspace).id).exists()


def escape(words: str) -> str:
    """Words between tags, without what no XML may hold: word processors leave such signs behind."""
    return saxutils.escape(UNSTORABLE.sub(" ", words))


def quoteattr(words: str) -> str:
    return saxutils.quoteattr(UNSTORABLE.sub(" ", words))


Mapped = tuple[str, datetime, UUID | None]


def _mapped(site: Site) -> QuerySet[PublishedSnapshot, Mapped]:
    """(path, last change, translations) of what stands on the site, by address."""
    found: QuerySet[PublishedSnapshot, Mapped] = (
        PublishedSnapshot.objects.filter(page__site=site, page__is_hidden=False, page__canonical_url="")
        .exclude(page__kind=Page.Kind.MISSING)
        .exclude(path__startswith=BESIDE)
        .order_by("path")
        .values_list("path", CHANGED_AT, "page__translations")
    )
    return found


def _kin(site: Site) -> dict[UUID | None, list[tuple[str, str]]]:
    """(language, path) of pages with translations, by what they share. One query."""
    found: dict[UUID | None, list[tuple[str, str]]] = {}
    pages = Page.objects.published().filter(site=site, translations__isnull=False).order_by("language", "id")
    for key, language, path in pages.values_list("translations", "language", "path"):
        found.setdefault(key, []).append((language, path))
    return {key: kin for key, kin in found.items() if len(kin) > 1}


def _url(base: str, path: str, changed_at: datetime, kin: list[tuple[str, str]], own: str) -> str:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang={quoteattr(language or own)} href={quoteattr(base + other)}/>'
        for language, other in kin
    )
    return f"<url><loc>{escape(base + path)}</loc><lastmod>{_moment(changed_at)}</lastmod>{links}</url>\n"


def _index(workspace: Workspace, *, total: int, per_map: int, changed_at: datetime) -> str:
    maps = "".join(
        f"<sitemap><loc>{escape(composing.address(workspace, f'/sitemap-{number}.xml'))}</loc>"
        f"<lastmod>{_moment(changed_at)}</lastmod></sitemap>\n"
        for number in range(1, -(-total // per_map) + 1)
    )
    return f'{START}<sitemapindex xmlns="{MAPS}">\n{maps}</sitemapindex>\n'


def _changed_at(site: Site) -> datetime:
    newest: datetime = PublishedSnapshot.objects.filter(page__site=site).aggregate(at=Max(CHANGED_AT))["at"]
    return newest


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _newest(workspace: Workspace) -> tuple[list[posting.PostCard], datetime]:
    site = sites.site_of(workspace)
    posts = list(posting.published(site.id)[: posting.FEED_LENGTH])
    cards = posting.cards(posts, base=posting.blog_path(site.id))
    return cards, max((card.changed_at for card in cards), default=site.created_at)
