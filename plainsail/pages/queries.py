"""Pages and forms with their numbers, for the lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

from plainsail.accounts.services import hosts
from plainsail.blocks.services import presenting
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, PageRevision, Post, Submission
from plainsail.pages.starters import PURPOSES, SITE_STARTERS, STARTERS, SiteStarter, Starter
from plainsail.tracking.queries import visits_of_pages

RECENT = timedelta(days=30)


@dataclass(frozen=True)
class PageCard:
    """A page as the list shows it: what it looks like in small, and its numbers."""

    page: Page
    small: presenting.Summary
    submissions: int
    visits: int
    url: str


def cards(workspace: Workspace, *, at: datetime) -> list[PageCard]:
    """The workspace's pages, last edited first, with the last 30 days’ numbers. Three queries, whatever their number."""
    pages = list(current_pages(workspace).filter(kind=Page.Kind.PAGE).order_by("-edited_at", "id"))
    ids, since = [page.id for page in pages], at - RECENT
    submissions = submissions_by_page(ids, since=since)
    visits = visits_of_pages(ids, since=since)
    base = hosts.public_url(workspace, "/").rstrip("/")
    return [
        PageCard(
            page=page,
            small=presenting.summary(page.draft),
            submissions=submissions.get(page.id, 0),
            visits=visits.get(page.id, 0),
            url=base + page.path,
        )
        for page in pages
    ]


def current_pages(workspace: Workspace) -> QuerySet[Page]:
    """The workspace's pages that are not archived, each with its workspace."""
    pages: QuerySet[Page] = Page.objects.current().filter(workspace=workspace).select_related("workspace")
    return pages


def posts_of(workspace: Workspace) -> QuerySet[Post]:
    """Posts that aren't archived, the newest first, each with its page."""
    return (
        workspace.posts.exclude(page__state=Page.State.ARCHIVED)
        .select_related("page", "page__workspace")
        .order_by("-posted_at", "-id")
    )


def blog_of(workspace: Workspace) -> Page | None:
    """The page that lists posts, if there is one."""
    return current_pages(workspace).filter(kind=Page.Kind.BLOG).order_by("id").first()


def starters(*, purpose: str, words: str) -> list[Starter]:
    """Pages to start from that serve a purpose, if one is named, and have each of the words in what is said of them."""
    wanted = [one for one in STARTERS.values() if not purpose or one.purpose == purpose]
    return [one for one in wanted if _has_words(words, one.label, one.text, one.words, PURPOSES[one.purpose])]


def site_starters(*, words: str) -> list[SiteStarter]:
    """Sites to start from, by the same words."""
    return [one for one in SITE_STARTERS.values() if _has_words(words, one.label, one.text, one.words)]


def _has_words(words: str, *said: object) -> bool:
    text = " ".join(str(each) for each in said).casefold()
    return all(word in text for word in words.casefold().split())


def versions_of(page: Page) -> QuerySet[PageRevision]:
    """The steps of a page's history that hold the whole page."""
    versions: QuerySet[PageRevision] = PageRevision.objects.filter(page=page).versions()
    return versions


def submissions_by_page(page_ids: Collection[UUID], *, since: datetime) -> Mapping[UUID, int]:
    """How many form posts were accepted on each of these pages since a moment."""
    counted = (
        Submission.objects.filter(page__in=page_ids, at__gte=since)
        .values_list("page_id")
        .annotate(number=Count("id"))
        .order_by()
    )
    return dict(counted)


def forms_with_numbers(workspace: Workspace) -> QuerySet[Form]:
    """The workspace's forms by name, each with its list and `number` of submissions. One query."""
    return (
        workspace.forms.filter(is_archived=False)
        .select_related("list")
        .annotate(number=Count("submissions"))
        .order_by("name", "id")
    )
