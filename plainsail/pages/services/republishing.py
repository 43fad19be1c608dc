"""All published pages of a site follow what they share: its navigation, its scripts, its address. A job, in small steps."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from plainsail.blocks.sockets import BLOCKS
from plainsail.kernel import clock
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction, workspace
from plainsail.pages.models import Page, PageRevision, Republishing
from plainsail.pages.services import publishing, sites

AT_ONCE = 20
"""Pages of one transaction: what is done stays done when a worker dies, and the bar moves."""
KEPT = timedelta(days=90)


def ask(business: Workspace, *, at: datetime) -> Republishing | None:
    """Have every published page of the site frozen anew, soon; None where there is none. One that is under way starts over."""
    site = sites.site_of(business)
    total = pages_of(site.id).count()
    Republishing.objects.filter(site=site, ended_at=None).update(ended_at=at)
    Republishing.objects.filter(site=site, asked_at__lt=at - KEPT).delete()
    if not total:
        return None
    asked: Republishing = Republishing.objects.create(site=site, total=total, asked_at=at)
    run.later(republishing_id=asked.id, workspace_id=current_workspace_id())
    return asked


def pages_of(site_id: UUID) -> QuerySet[Page]:
    """What visitors see of the site, with variants and pop-ups, in the order in which it is dealt with."""
    pages: QuerySet[Page] = Page.objects.frozen().filter(site=site_id).select_related("workspace").order_by("id")
    return pages


@job("pages.republish")
@outside_transaction
def run(*, republishing_id: UUID, workspace_id: UUID) -> None:
    """Step by step until all pages are done. Killed in between, it goes on where it was."""
    while True:
        with workspace(workspace_id):
            if not step(republishing_id, at=clock.now()):
                return


def step(republishing_id: UUID, *, at: datetime) -> bool:
    """The next few pages; whether more are left. A page that can't be rendered keeps what it shows, and is named."""
    asked = Republishing.objects.select_for_update().filter(id=republishing_id, ended_at=None).first()
    if asked is None:
        return False
    left = pages_of(asked.site_id)
    pages = list((left.filter(id__gt=asked.reached) if asked.reached else left)[:AT_ONCE])
    failed = publishing.refresh_each(pages, at=at) if pages else []
    asked.done += len(pages)
    asked.failures += [{"page": str(page.id), "title": page.title, "words": page.trouble} for page in failed]
    asked.reached = pages[-1].id if pages else asked.reached
    asked.ended_at = None if len(pages) == AT_ONCE else at
    asked.save(update_fields=["done", "failures", "reached", "ended_at"])
    return asked.ended_at is None


def newest(site_id: UUID) -> Republishing | None:
    found: Republishing | None = Republishing.objects.filter(site=site_id).order_by("-asked_at", "-id").first()
    return found


def follow(page_id: UUID, *, kind: str, at: datetime) -> None:
    """After a page came, changed or went: what others show of it. Parts stand on all pages, posts in lists and beside posts."""
    page = Page.objects.filter(id=page_id).select_related("workspace").first()
    if page is None:
        return
    if kind in (Page.Kind.HEADER, Page.Kind.FOOTER):
        ask(page.workspace, at=at)
    elif kind in (Page.Kind.POST, Page.Kind.BLOG):
        refresh_blog.once(f"pages.blog:{page.site_id}", site_id=page.site_id)
    elif page.translations is not None:
        others = Page.objects.published().with_address().filter(translations=page.translations).exclude(id=page.id)
        publishing.refresh_each(others.select_related("workspace").order_by("id"), at=at)


@job("pages.refresh_blog")
def refresh_blog(*, site_id: UUID) -> None:
    """Freeze the lists of posts, all posts (each shows its neighbours) and the pages that list the newest again. Cost: one
    rendering for each.
    """
    at = clock.now()
    listing = _listing(site_id)
    if any(page.kind in (Page.Kind.HEADER, Page.Kind.FOOTER) for page in listing):
        ask(listing[0].workspace, at=at)
        return
    wanted = pages_of(site_id).filter(
        Q(kind__in=(Page.Kind.BLOG, Page.Kind.POST)) | Q(id__in=[page.id for page in listing])
    )
    publishing.refresh_each(wanted, at=at)


def _listing(site_id: UUID) -> list[Page]:
    """Published pages on which a section lists the newest posts."""
    live = PageRevision.objects.annotate(words=Cast("document", TextField())).filter(
        page__site=site_id, page__state=Page.State.PUBLISHED, number=F("page__published_revision")
    )
    said = Q(pk=None)
    for name, kind in BLOCKS.items():
        said |= Q(words__contains=f'"type": "{name}"') if kind.feed == "posts" else Q()
    return [version.page for version in live.filter(said).select_related("page__workspace").order_by("page_id")]
