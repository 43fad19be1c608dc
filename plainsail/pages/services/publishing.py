"""Putting pages live: a frozen, compressed snapshot that the edge serves, told to it when the transaction commits.

Whoever publishes sees what comes of it at once; what comes due, and what many pages have to follow, are jobs, in which a
page that can't be rendered keeps showing what it showed and says why (`Page.trouble`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish as tell
from plainsail.kernel.models import Workspace
from plainsail.pages.events import PagePublished, PageUnpublished
from plainsail.pages.models import Form, Page, PageRevision, Post, PublishedSnapshot
from plainsail.pages.services import beside, editing, snapshots
from plainsail.pages.services.composing import address, head_of, legal_links, render
from plainsail.pages.services.frames import Frame, frame_of
from plainsail.pages.services.snapshots import content_policy

__all__ = ["address", "content_policy", "head_of", "legal_links", "render"]

log = logging.getLogger("plainsail.pages")

DUE = "pages.timetable"
MINUTE = timedelta(minutes=1)
"""What the form for a post's date leaves out."""
FAULTS = (
    TemplateDoesNotExist,
    TemplateSyntaxError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
)
"""What goes wrong where a section is rendered; never the database, which is nobody's page."""


class NothingToPublish(Refusal):
    """The page has no section that would show."""

    code = "nothing_to_publish"
    message = _("This page is empty. Add a section, then publish it.")
    status = 422


class NotPublished(Refusal):
    """The page isn't live."""

    code = "not_published"
    message = _("This page isn’t published.")


class NotToBeRendered(Refusal):
    """A section can't be shown as it is. Visitors still see what they saw."""

    code = "not_to_be_rendered"
    message = _("This page can’t be shown as it is. What visitors see has not changed.")
    status = 422


class NoSuchPublication(Refusal):
    """The page was never published as this version."""

    code = "no_such_publication"
    message = _("This version was never live.")
    status = 404


class BadTimetable(Refusal):
    """Moments that can't be kept."""

    code = "bad_timetable"
    message = _("Choose a moment that is still to come, and an end that is after the beginning.")
    status = 422


@transaction.atomic
def publish(page: Page, *, by: User | None, at: datetime) -> PublishedSnapshot | None:
    """Freeze the draft as it is now and show it at the page's address, in place of what stood there.

    None for a part of other pages, which follow by a job. Raises NothingToPublish, NotToBeRendered, editing.Stale; then
    nothing has changed. The edge hears of it when the transaction commits.
    """
    if not page.document.blocks and page.kind != Page.Kind.BLOG:
        raise NothingToPublish
    version = editing.keep(page, PageRevision.Kind.PUBLISHED, by=by, at=at)
    page.state, page.published_revision, page.published_at = Page.State.PUBLISHED, version.number, at
    page.publish_at, page.trouble = None, ""
    _date(page, at=at)
    page.save(update_fields=["state", "published_revision", "published_at", "publish_at", "trouble"])
    return _show(page, page.document, at=at)


def _date(page: Page, *, at: datetime) -> None:
    """A post is of the day when it first goes live, unless somebody chose another: not of the day when it was begun."""
    if page.kind == Page.Kind.POST and publications(page).count() == 1:
        begun = page.created_at
        Post.objects.filter(page=page, posted_at__gt=begun - MINUTE, posted_at__lt=begun + MINUTE).update(posted_at=at)


@transaction.atomic
def roll_back(page: Page, *, number: int, by: User | None, at: datetime) -> PublishedSnapshot | None:
    """Show the version of this number again, which was live before. The draft stays the draft.

    Raises NoSuchPublication, NotToBeRendered; then nothing has changed.
    """
    version = publications(page).filter(number=number).first()
    if version is None or version.document is None:
        raise NoSuchPublication
    page.state, page.published_revision, page.published_at = Page.State.PUBLISHED, version.number, at
    page.save(update_fields=["state", "published_revision", "published_at"])
    log.info("page rolled back", extra={"page": str(page.id), "number": number, "by": str(by.pk) if by else ""})
    return _show(page, documents.load(version.document), at=at)


def publications(page: Page) -> QuerySet[PageRevision]:
    """The versions of a page that were live, or are."""
    found: QuerySet[PageRevision] = page.revisions.filter(kind=PageRevision.Kind.PUBLISHED)
    return found


def publish_changed(workspace: Workspace, *, by: User | None, at: datetime) -> tuple[int, list[Page]]:
    """Publish every page that visitors see an older version of; how many, and those that couldn't be. All others do."""
    failed: list[Page] = []
    pages = list(Page.objects.changed().filter(workspace=workspace).select_related("workspace").order_by("id"))
    for page in pages:
        try:
            publish(page, by=by, at=at)
        except Refusal as refusal:
            _note_trouble(page, str(refusal))
            failed.append(page)
    return len(pages) - len(failed), failed


@transaction.atomic
def set_timetable(page: Page, *, publish_at: datetime | None, unpublish_at: datetime | None, at: datetime) -> None:
    """Say when the draft, as it is then, goes live, and when the page is taken off again; None for by hand.

    Raises BadTimetable.
    """
    if any(moment is not None and moment <= at for moment in (publish_at, unpublish_at)):
        raise BadTimetable
    if publish_at and unpublish_at and unpublish_at <= publish_at:
        raise BadTimetable
    page.publish_at, page.unpublish_at, page.trouble = publish_at, unpublish_at, ""
    page.save(update_fields=["publish_at", "unpublish_at", "trouble"])
    for moment in filter(None, (publish_at, unpublish_at)):
        due.schedule(DUE, moment)


@due.runs(DUE)
def keep_timetable(*, at: datetime) -> datetime | None:
    """Publish and take off what is due; each page on its own, so that none waits for another's fault."""
    for page in Page.objects.filter(publish_at__lte=at).exclude(state=Page.State.ARCHIVED).order_by("publish_at", "id"):
        try:
            publish(page, by=None, at=at)
        except Refusal as refusal:
            page.refresh_from_db()
            page.publish_at = None
            page.save(update_fields=["publish_at"])
            _note_trouble(page, str(refusal))
    for page in Page.objects.filter(unpublish_at__lte=at).order_by("unpublish_at", "id"):
        if page.is_published:
            unpublish(page, at=at)
        page.unpublish_at = None
        page.save(update_fields=["unpublish_at"])
    waiting = Page.objects.exclude(state=Page.State.ARCHIVED).filter(Q(publish_at__gt=at) | Q(unpublish_at__gt=at))
    moments = [moment for row in waiting.values_list("publish_at", "unpublish_at") for moment in row if moment]
    return min((moment for moment in moments if moment > at), default=None)


def refresh(page: Page, *, at: datetime, frame: Frame | None = None) -> PublishedSnapshot:
    """Freeze the published version again, with what it points to as that is now. The draft stays the draft.

    For a form that changed or a page that moved. Raises NotPublished, NotToBeRendered.
    """
    published = live_document(page)
    if published is None:
        raise NotPublished
    return _freeze(page, published, frame or frame_of(page.workspace), at=at)


def refresh_each(pages: Iterable[Page], *, at: datetime) -> list[Page]:
    """Freeze published pages again; those that couldn't be, which show what they showed."""
    found, failed, frame = list(pages), [], None
    for page in found:
        frame = frame or frame_of(page.workspace)
        try:
            refresh(page, at=at, frame=frame)
        except Refusal as refusal:
            _note_trouble(page, str(refusal))
            failed.append(page)
    return failed


def refresh_with_form(form: Form, *, at: datetime) -> int:
    """Freeze everything again in which the form stands, variants and pop-ups too: what was agreed to is what was shown. How
    many there were.
    """
    pages = Page.objects.frozen().filter(snapshots__forms__has_key=str(form.id)).distinct()
    found = list(pages.order_by("id"))
    refresh_each(found, at=at)
    return len(found)


def refresh_showing(kind: str, row_id: UUID, *, at: datetime) -> int:
    """Freeze everything again that points to a row, such as an offer with another address; how many there were.

    One query for each published page of the business.
    """
    pages = [
        page
        for page in Page.objects.frozen().order_by("id")
        if (published := live_document(page)) is not None and (kind, row_id) in set(published.references())
    ]
    refresh_each(pages, at=at)
    return len(pages)


def live_url(page: Page) -> str:
    """Where visitors see a page: its full address, of a variant that of the tested page; empty for a part or a pop-up."""
    stand = beside.stand_of(page)
    return "" if page.is_part or stand.page is None else address(page.workspace, stand.path)


def live_document(page: Page) -> Document | None:
    """The document that is live."""
    number = page.published_revision if page.is_published else None
    version = page.revisions.filter(number=number).first() if number is not None else None
    return documents.load(version.document) if version is not None and version.document is not None else None


@transaction.atomic
def unpublish(page: Page, *, at: datetime) -> None:
    """Take the page off the site; the draft stays. Raises NotPublished."""
    if not page.is_published:
        raise NotPublished
    snapshots.withdraw(page)
    page.state, page.published_revision, page.unpublish_at = Page.State.DRAFT, None, None
    page.save(update_fields=["state", "published_revision", "unpublish_at"])
    tell(PageUnpublished(page_id=page.id, path=page.path, kind=page.kind, at=at))


def move_snapshot(page: Page, *, at: datetime) -> None:
    """After a published page got another address: gone at the old one, live at the new one."""
    snapshots.withdraw(page)
    if not page.is_part:
        refresh(page, at=at)


def _show(page: Page, document: Document, *, at: datetime) -> PublishedSnapshot | None:
    """Freeze what is live from now on, unless the page is a part of others, and tell who listens."""
    snapshot = None
    if page.kind not in (Page.Kind.HEADER, Page.Kind.FOOTER):
        snapshot = _freeze(page, document, frame_of(page.workspace), at=at)
    tell(PagePublished(page_id=page.id, path=page.path, kind=page.kind, at=at))
    return snapshot


def _freeze(page: Page, document: Document, frame: Frame, *, at: datetime) -> PublishedSnapshot:
    """Render and store, all or nothing. A section's fault is a “no” here: it is logged, and nothing has changed."""
    try:
        with transaction.atomic():
            return snapshots.store(page, document, frame, at=at)
    except FAULTS as fault:
        # What a section's template stumbles over must not take down what is live, nor stop the pages after it.
        log.exception("page not rendered", extra={"page": str(page.id)})
        raise NotToBeRendered from fault


def _note_trouble(page: Page, words: str) -> None:
    page.trouble = words[:300]
    page.save(update_fields=["trouble"])


def troubles(workspace: Workspace) -> Sequence[Page]:
    """Pages whose last publishing that nobody watched did not come about."""
    return list(Page.objects.current().filter(workspace=workspace).exclude(trouble="").order_by("title", "id"))


def trouble_in_words(page: Page) -> str:
    return _text("Not published by itself: %(why)s") % {"why": page.trouble} if page.trouble else ""
