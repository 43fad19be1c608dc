"""Putting pages live: a frozen, compressed snapshot that the edge serves, told to it when the transaction commits."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import brotli
import orjson
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import hosts
from plainsail.blocks.services import documents, rendering
from plainsail.blocks.services.documents import Document
from plainsail.kernel.addresses import public_path
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish as tell
from plainsail.kernel.models import Workspace
from plainsail.pages.events import PagePublished, PageUnpublished
from plainsail.pages.models import Form, Page, PageRevision, PublishedSnapshot
from plainsail.pages.services import editing, forms
from plainsail.ui.sockets import FOOTER_LINKS

CHANNEL = "plainsail_published"


class NothingToPublish(Refusal):
    """The page has no section that would show."""

    code = "nothing_to_publish"
    message = _("This page is empty. Add a section, then publish it.")
    status = 422


class NotPublished(Refusal):
    """The page isn't live."""

    code = "not_published"
    message = _("This page isn’t published.")


def publish(page: Page, *, by: User | None, at: datetime) -> PublishedSnapshot:
    """Freeze the draft as it is now and show it at the page's address, in place of what stood there.

    Raises NothingToPublish, editing.Stale. The edge hears of it when the transaction commits.
    """
    if not page.document.blocks:
        raise NothingToPublish
    version = editing.keep(page, PageRevision.Kind.PUBLISHED, by=by, at=at)
    page.state, page.published_revision, page.published_at = Page.State.PUBLISHED, version.number, at
    page.save(update_fields=["state", "published_revision", "published_at"])
    snapshot = _freeze(page, page.document, at=at)
    tell(PagePublished(page_id=page.id, path=page.path, at=at))
    return snapshot


def refresh(page: Page, *, at: datetime) -> PublishedSnapshot:
    """Freeze the published version again, with what it points to as that is now. The draft stays the draft.

    For a form that changed or a page that moved. Raises NotPublished.
    """
    published = _published(page)
    if published is None:
        raise NotPublished
    return _freeze(page, published, at=at)


def refresh_with_form(form: Form, *, at: datetime) -> int:
    """Freeze every published page again on which the form stands; how many there were."""
    pages = Page.objects.published().filter(snapshots__forms__has_key=str(form.id)).distinct()
    for page in pages.order_by("id"):
        refresh(page, at=at)
    return len(pages)


def refresh_showing(kind: str, row_id: UUID, *, at: datetime) -> int:
    """Freeze every published page again that points to a row, such as an offer with another address; how many there were.

    One query for each published page of the business.
    """
    pages = [
        page
        for page in Page.objects.published().order_by("id")
        if (published := _published(page)) is not None and (kind, row_id) in set(published.references())
    ]
    for page in pages:
        refresh(page, at=at)
    return len(pages)


def _published(page: Page) -> Document | None:
    """The document that is live."""
    number = page.published_revision if page.is_published else None
    version = page.revisions.filter(number=number).first() if number is not None else None
    return documents.load(version.document) if version is not None and version.document is not None else None


def unpublish(page: Page, *, at: datetime) -> None:
    """Take the page off the site; the draft stays. Raises NotPublished."""
    if not page.is_published:
        raise NotPublished
    _withdraw(page)
    page.state, page.published_revision = Page.State.DRAFT, None
    page.save(update_fields=["state", "published_revision"])
    tell(PageUnpublished(page_id=page.id, path=page.path, at=at))


def move_snapshot(page: Page, *, at: datetime) -> None:
    """After a published page got another address: gone at the old one, live at the new one."""
    _withdraw(page)
    refresh(page, at=at)


def render(
    page: Page, document: Document, *, editing: bool = False, cards: Mapping[tuple[str, UUID], Any] | None = None
) -> rendering.RenderedPage:
    """A page as HTML: its draft for the editor, or a document to freeze."""
    return rendering.render_page(document, head_of(page), editing=editing, cards=cards)


def head_of(page: Page) -> rendering.PageHead:
    """What the page says about itself: title, description, address, the legal links of its business."""
    workspace = page.workspace
    return rendering.PageHead(
        title=page.title,
        site_name=workspace.name,
        description=page.description,
        language=workspace.locale,
        path=page.path,
        canonical_url=address(workspace, page.path),
        legal_links=legal_links(workspace),
    )


def legal_links(workspace: Workspace) -> list[tuple[str, str]]:
    """The links that the law wants at the foot of every page, as (words, path), in the site's language."""
    with translation.override(workspace.locale):
        return [
            (str(link.label), link.url if link.url.startswith("/") else public_path(link.url)) for link in FOOTER_LINKS
        ]


def address(workspace: Workspace, path: str) -> str:
    """The full address of a page on the workspace's site."""
    return hosts.public_url(workspace, path)


def content_policy(page: rendering.RenderedPage) -> str:
    """The content security policy of a published page: its own inline styles, no script at all, nothing framed elsewhere,
    and in its own frames only whose films and pages it shows. It may ask its own site, or Lighthouse can't read robots.txt.
    """
    frames = f"frame-src {' '.join(page.frame_sources)}; " if page.frame_sources else ""
    return (
        f"default-src 'none'; style-src 'self' {page.style_source}; font-src 'self'; img-src 'self' https: data:; "
        f"media-src 'self' https:; connect-src 'self'; {frames}form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    )


def _freeze(page: Page, document: Document, *, at: datetime) -> PublishedSnapshot:
    rendered = render(page, document)
    form_ids = {row_id for kind, row_id in document.references() if kind == "form"}
    specifications = {
        str(form.id): forms.specification(form, thank_you=forms.thanks_path(form))
        for form in Form.objects.filter(id__in=form_ids).order_by("id")
    }
    headers = {"content-security-policy": content_policy(rendered), "content-language": page.workspace.locale}
    body = rendered.html.encode()
    fingerprint = blake2b(body + orjson.dumps([headers, specifications], option=orjson.OPT_SORT_KEYS), digest_size=16)
    snapshot: PublishedSnapshot
    snapshot, _made = PublishedSnapshot.objects.update_or_create(
        workspace=page.workspace,
        path=page.path,
        defaults={
            "page": page,
            "etag": fingerprint.hexdigest(),
            "body": body,
            "body_gzip": gzip.compress(body, 9, mtime=0),
            "body_br": brotli.compress(body, quality=11),
            "headers": headers,
            "forms": specifications,
            "published_at": at,
        },
    )
    _notify(page.workspace, page.path)
    return snapshot


def _withdraw(page: Page) -> None:
    for snapshot in page.snapshots.only("id", "path", "workspace_id"):
        _notify(page.workspace, snapshot.path)
    page.snapshots.all().delete()


def _notify(workspace: Workspace, path: str) -> None:
    """Tell the edges to forget what they hold of an address; PostgreSQL delivers it when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{workspace.id}:{path}"])
