"""The head of a published page for those who don't look at it: search engines, feed readers, apps that show shared links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.db.models import Q
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info, to_locale
from django.utils.translation import gettext as _

from plainsail.blocks.pictures import PICTURES
from plainsail.blocks.services.documents import Document
from plainsail.blocks.services.presenting import cards_of
from plainsail.blocks.services.rendering import PageHead
from plainsail.blocks.sockets import OfferCard
from plainsail.files.services import library
from plainsail.pages.models import Page, Post, Site
from plainsail.pages.services import beside
from plainsail.pages.services.frames import Frame
from plainsail.pages.services.listing import Shared, shared
from plainsail.pages.services.posting import Listing

Data = dict[str, Any]


def filled(page: Page, document: Document, head: PageHead, frame: Frame, *, listing: Listing | None = None) -> PageHead:
    """The page's head with what others read in it, and a line of languages where it has translations. Of a variant they read
    what they would of the page that is tested.
    """
    page = beside.stand_of(page).page or page
    base = head.canonical_url.removesuffix(page.path) if head.canonical_url else ""
    if listing is not None:
        head = replace(head, canonical_url=base + listing.path, title=listing.title_for(head.title), path=listing.path)
        # A list whose owner said nothing of it is described by what is on it.
        told_of = head.description or frame.site.description or " · ".join(card.title for card in listing.cards)[:160]
        head = replace(head, description=told_of)
    post = Post.objects.filter(page=page).first() if page.kind == Page.Kind.POST else None
    others = translations_of(page)
    told = shared(page)
    image = urljoin(f"{base}/", told.image) if told.image else _image(document, post, frame.site, base)
    if page.canonical_url:
        head = replace(head, canonical_url=page.canonical_url)
    pieces = [
        *([mark_safe('<meta name="robots" content="noindex">\n')] if page.is_hidden or frame.site.is_hidden else []),
        *_social(head, frame, told, image=image, is_article=post is not None),
        *_alternates(page, others, base),
        *_feed(frame, base),
        *(_script(data) for data in structured(page, document, head, frame, base=base, post=post, image=image)),
    ]
    return replace(
        head,
        icon_url=frame.site.icon_url,
        extra=mark_safe("".join(pieces)),  # noqa: S308  # each piece is escaped where it is made
        top=_languages(page, others, head.language),
    )


def translations_of(page: Page) -> list[Page]:
    """Published pages that say the same in other languages, and this one, by language; none where it stands alone."""
    if page.translations is None:
        return []
    wanted = Q(state=Page.State.PUBLISHED, translations=page.translations) | Q(id=page.id)
    found = list(Page.objects.with_address().filter(wanted).order_by("language", "id"))
    return found if len(found) > 1 else []


def structured(
    page: Page,
    document: Document,
    head: PageHead,
    frame: Frame,
    *,
    base: str,
    post: Post | None = None,
    image: str = "",
) -> Iterator[Data]:
    """What the page is about in the vocabulary of schema.org, only what stands on it in words (Google's guidelines)."""
    if page.is_part:
        return
    publisher = _organization(frame, base)
    if page.path == "/":
        yield {"@type": "WebSite", "name": frame.workspace.name, "url": f"{base}/", "inLanguage": head.language}
        yield publisher
    else:
        yield _breadcrumbs(page, head, frame, base)
    if post is not None:
        yield {
            "@type": "BlogPosting",
            "headline": page.title[:110],
            "url": head.canonical_url,
            "inLanguage": head.language,
            "datePublished": post.posted_at.isoformat(),
            "dateModified": max(page.published_at or page.edited_at, post.posted_at).isoformat(),
            "description": post.excerpt or page.description,
            "author": {"@type": "Person", "name": post.author} if post.author else publisher,
            "publisher": publisher,
            **({"image": image} if image else {}),
        }
    if questions := list(_questions(document)):
        yield {"@type": "FAQPage", "mainEntity": questions}
    yield from _products(document, head, base, image)


def _organization(frame: Frame, base: str) -> Data:
    site = frame.site
    said: Data = {"@type": "Organization", "name": frame.workspace.name, "url": f"{base}/"}
    if site.description:
        said["description"] = site.description
    if site.icon_url:
        said["logo"] = urljoin(f"{base}/", site.icon_url)
    if profiles := [line.strip() for line in site.profiles.splitlines() if line.strip()]:
        said["sameAs"] = profiles
    return said


def _breadcrumbs(page: Page, head: PageHead, frame: Frame, base: str) -> Data:
    steps = [(frame.workspace.name, f"{base}/")]
    if page.kind == Page.Kind.POST and frame.blog_path:
        steps.append((_("Blog"), base + frame.blog_path))
    steps.append((head.title, head.canonical_url))
    items = [
        {"@type": "ListItem", "position": number, "name": name, "item": url}
        for number, (name, url) in enumerate(steps, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def _questions(document: Document) -> Iterator[Data]:
    for block in document.walk():
        for item in block.props.get("items", []) if block.type == "questions" else []:
            question, answer = item.get("question", ""), strip_tags(item.get("answer", "")).strip()
            if question and answer:
                yield {
                    "@type": "Question",
                    "name": question,
                    "acceptedAnswer": {"@type": "Answer", "text": answer},
                }


def _products(document: Document, head: PageHead, base: str, image: str) -> Iterator[Data]:
    """Offers that the page shows with the price that the checkout asks for."""
    seen = set()
    for card in cards_of(document).values():
        if isinstance(card, OfferCard) and card.amount and card.url not in seen:
            seen.add(card.url)
            yield {
                "@type": "Product",
                "name": card.name,
                "description": head.description or head.title,
                **({"image": image} if image else {}),
                "offers": {
                    "@type": "Offer",
                    "price": card.amount,
                    "priceCurrency": card.currency,
                    "url": urljoin(f"{base}/", card.url),
                    "availability": "https://schema.org/InStock",
                },
            }


def picture_without_choice(page: Page) -> str:
    """The address of the picture that those who share a draft's address would see, as long as none is chosen for it."""
    post = Post.objects.filter(page=page).first() if page.kind == Page.Kind.POST else None
    return _image(page.document, post, page.site, "")


def _image(document: Document, post: Post | None, site: Site, base: str) -> str:
    """The picture for whoever shares the page: the post's, the site's, else the first on the page."""
    pictures = {row_id: card.url for (kind, row_id), card in cards_of(document).items() if kind == "picture"}
    if post and post.cover.get("file"):
        covers = library.cards([UUID(str(post.cover["file"]))])
        pictures |= {row_id: card.url for row_id, card in covers.items()}
    chosen = [
        _address(post.cover, pictures) if post else "",
        site.social_image_url,
        *(_address(block.props.get("image"), pictures) for block in document.walk()),
    ]
    found = next((url for url in chosen if url), "")
    return urljoin(f"{base}/", found) if found else ""


def _address(value: object, pictures: Mapping[UUID, str]) -> str:
    if not isinstance(value, Mapping):
        return ""
    if value.get("file") and (own := pictures.get(UUID(str(value["file"])))):
        return own
    drawing = PICTURES.get(str(value.get("picture", "")))
    return static(drawing.png_file) if drawing else str(value.get("url", ""))


def _social(head: PageHead, frame: Frame, told: Shared, *, image: str, is_article: bool) -> list[SafeString]:
    """Open Graph (ogp.me), which every network reads."""
    said = {
        "og:type": "article" if is_article else "website",
        "og:title": told.title or head.title,
        "og:description": told.text or head.description or frame.site.description,
        "og:url": head.canonical_url,
        "og:site_name": frame.workspace.name,
        "og:locale": to_locale(head.language),
        "og:image": image,
        "og:image:width": told.image_width,
        "og:image:height": told.image_height,
        "og:image:alt": told.image_alt,
    }
    lines = [format_html('<meta property="{}" content="{}">\n', name, value) for name, value in said.items() if value]
    card = "summary_large_image" if image else "summary"
    return [*lines, format_html('<meta name="twitter:card" content="{}">\n', card)]


def _alternates(page: Page, others: list[Page], base: str) -> list[SafeString]:
    if not others:
        return []
    own = page.workspace.locale
    lines = [
        format_html('<link rel="alternate" hreflang="{}" href="{}">\n', other.language or own, base + other.path)
        for other in others
    ]
    default = next((other for other in others if (other.language or own) == own), others[0])
    return [*lines, format_html('<link rel="alternate" hreflang="x-default" href="{}">\n', base + default.path)]


def _feed(frame: Frame, base: str) -> list[SafeString]:
    if not frame.blog_path:
        return []
    line = '<link rel="alternate" type="application/atom+xml" title="{}" href="{}/blog/feed.xml">\n'
    return [format_html(line, frame.workspace.name, base)]


def _script(data: Data) -> SafeString:
    """JSON-LD. `<` is written as an escape, so that no value ends the element."""
    said = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False).replace("<", "\\u003c")
    return mark_safe(f'<script type="application/ld+json">{said}</script>\n')  # noqa: S308  # see above


def _languages(page: Page, others: list[Page], current: str) -> SafeString | str:
    """The line in which a visitor changes the language, each named in itself."""
    if not others:
        return ""
    own = page.workspace.locale
    entries = [(other.language or own, other.path, other.id == page.id) for other in others]
    items = format_html_join(
        "",
        "<li>{}</li>",
        (
            (
                format_html('<strong lang="{}" aria-current="page">{}</strong>', code, language_name(code))
                if is_here
                else format_html('<a href="{}" lang="{}" hreflang="{}">{}</a>', path, code, code, language_name(code)),
            )
            for code, path, is_here in entries
        ),
    )
    return format_html('<nav class="languages" aria-label="{}"><ul class="wide">{}</ul></nav>\n', _("Languages"), items)


def language_name(code: str) -> str:
    """A language in its own words."""
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code
