"""What the edge serves, row by row: stored whole, withdrawn whole, and the edges told of each address."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from django.db import connection

from plainsail.blocks.services import rendering
from plainsail.blocks.services.documents import Document
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Post, PublishedSnapshot
from plainsail.pages.services import beside, composing, consenting, forms, freezing, living, popups, posting
from plainsail.pages.services.frames import Frame
from plainsail.pages.services.freezing import Frozen
from plainsail.pages.services.living import Dressed
from plainsail.pages.services.posting import Listing

CHANNEL = "plainsail_published"


def store(page: Page, document: Document, frame: Frame, *, at: datetime) -> PublishedSnapshot:
    """Freeze a page at its address; a list of posts at that of each of its pages. What is gone is withdrawn."""
    if page.kind != Page.Kind.BLOG:
        return _store(page, document, frame, composing.dressed(page, document, frame), path=page.path, at=at)
    stored = [
        _store(
            page,
            document,
            frame,
            composing.dressed(page, document, frame, listing=listing),
            path=listing.path,
            listing=listing,
            at=at,
        )
        for listing in posting.listings(page)
    ]
    kept = {snapshot.path for snapshot in stored}
    withdraw(page, keeping=kept)
    return stored[0]


def withdraw(page: Page, *, keeping: set[str] | None = None) -> None:
    """Nothing of the page is shown any more, but for what stands at addresses that are kept."""
    gone = page.snapshots.exclude(path__in=keeping or set())
    for snapshot in gone.only("id", "path", "workspace_id"):
        notify(page.workspace, snapshot.path)
    gone.delete()


def notify(workspace: Workspace, path: str) -> None:
    """Tell the edges to forget what they hold of an address; PostgreSQL delivers it when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{workspace.id}:{path}"])


def content_policy(page: rendering.RenderedPage) -> str:
    """The content security policy of a page as it was rendered: its own inline styles, nothing framed elsewhere, in its own
    frames only whose films and pages it shows, and scripts of this site only where something on the page needs one.
    """
    return policy(page.style_source, {"frame-src": [*page.frame_sources], **_scripts(page)})


def policy(style_source: str, more: dict[str, list[str]]) -> str:
    """A content security policy; `more` by directive, what the owner's scripts need."""
    directives = {
        "default-src": ["'none'"],
        "style-src": ["'self'", style_source],
        "font-src": ["'self'"],
        "img-src": ["'self'", "https:", "data:"],
        "media-src": ["'self'", "https:"],
        # Nothing on the page asks for anything; but whoever judges it reads robots.txt from it.
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'self'"],
    }
    for name, sources in more.items():
        directives[name] = list(dict.fromkeys([*directives.get(name, []), *sources]))
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items() if sources)


def _store(
    page: Page,
    document: Document,
    frame: Frame,
    found: Dressed,
    *,
    path: str,
    at: datetime,
    listing: Listing | None = None,
) -> PublishedSnapshot:
    rendered = found.page
    if found.live.get("script"):
        rendered = rendering.with_frames(rendered, popups.frames_for(page))
    frozen = freezing.freeze(rendered.html)
    specifications = _forms(page, document, frame)
    headers = {
        "content-security-policy": _policy(frozen, rendered, frame),
        "content-language": composing.language_of(page),
    }
    if frame.site.is_hidden:
        headers["x-robots-tag"] = "noindex"
    said = _said(page, listing)
    snapshot: PublishedSnapshot
    snapshot, _made = PublishedSnapshot.objects.update_or_create(
        workspace=page.workspace,
        path=path,
        defaults={
            "page": page,
            "etag": _fingerprint(frozen, headers, specifications),
            "body": frozen.body,
            "body_gzip": frozen.body_gzip,
            "body_br": frozen.body_br,
            "headers": headers,
            "forms": specifications,
            "split": beside.split_of(page) if path == page.path else {},
            "live": popups.frozen(page, document, composing.head_of(page)) or found.live,
            "published_at": at,
            "said": said,
            "changed_at": _changed_at(page, path, said, at=at),
        },
    )
    notify(page.workspace, path)
    return snapshot


def _policy(frozen: Frozen, rendered: rendering.RenderedPage, frame: Frame) -> str:
    """The page's own style as it was frozen, what its frames need, and the owner's scripts."""
    in_frames = rendered.style_source.split()[1:]
    more = consenting.policy(frame.scripts, recognises=frame.site.asks_to_recognise)
    if rendered.frame_sources:
        more["frame-src"] = [*rendered.frame_sources, *(one for one in more.get("frame-src", ()) if one != "'none'")]
    return policy(" ".join([frozen.style_source, *in_frames]), _scripts(rendered) | more)


def _scripts(page: rendering.RenderedPage) -> dict[str, list[str]]:
    """Scripts of this site, where the page has one; the owner's own ask for at least as much."""
    return {"script-src": ["'self'"]} if living.runs_script(page.html) else {}


def _fingerprint(frozen: Frozen, headers: dict[str, str], specifications: dict[str, Any]) -> str:
    said = orjson.dumps([headers, specifications], option=orjson.OPT_SORT_KEYS)
    return blake2b(frozen.body + said, digest_size=16).hexdigest()


def _said(page: Page, listing: Listing | None) -> str:
    """A fingerprint of what the page itself says: as it was published, not as a newer version of this program reads it."""
    version = page.revisions.filter(number=page.published_revision or 0).values_list("document", flat=True).first()
    posts = Post.objects.filter(page=page).values_list("author", "posted_at", "excerpt", "cover")
    listed = [(card.path, card.title, card.excerpt) for card in listing.cards] if listing else []
    said = [page.title, page.description, page.language, version, *posts, listed]
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _changed_at(page: Page, path: str, said: str, *, at: datetime) -> datetime:
    """Now, unless the same stands there already."""
    before = PublishedSnapshot.objects.filter(page=page, path=path).values_list("said", "changed_at").first()
    if before is None:
        return at
    if not before[0]:
        return page.published_at or at
    return before[1] if before[0] == said and before[1] else at


def _forms(page: Page, document: Document, frame: Frame) -> dict[str, Any]:
    """What the edge must know of the forms on the page, in the site's parts too."""
    shown = [*document.references(), *(frame.references(page.language) if page.shows_parts else ())]
    form_ids = {row_id for kind, row_id in shown if kind == "form"}
    return {
        str(form.id): forms.specification(form, thank_you=forms.thanks_address(form, page=page))
        for form in Form.objects.filter(id__in=form_ids).select_related("workspace", "thanks_page").order_by("id")
    }
