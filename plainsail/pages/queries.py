"""Pages and forms with their numbers, for the lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

from plainsail.accounts.services import hosts
from plainsail.blocks.pictures import PICTURES, Picture
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Submission
from plainsail.tracking.queries import visits_of_pages

RECENT = timedelta(days=30)


@dataclass(frozen=True)
class PageCard:
    """A page as the list shows it: what it looks like in small, and its numbers."""

    page: Page
    theme: str
    heading: str
    eyebrow: str
    picture: Picture | None
    sections: int
    submissions: int
    visits: int
    url: str


def cards(workspace: Workspace, *, at: datetime) -> list[PageCard]:
    """The workspace's pages, last edited first, with the last 30 days’ numbers. Three queries, whatever their number."""
    pages = list(workspace.pages.current().order_by("-edited_at", "id"))
    ids, since = [page.id for page in pages], at - RECENT
    submissions = submissions_by_page(ids, since=since)
    visits = visits_of_pages(ids, since=since)
    base = hosts.public_url(workspace, "/").rstrip("/")
    return [_card(page, submissions.get(page.id, 0), visits.get(page.id, 0), base) for page in pages]


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


def _card(page: Page, submissions: int, visits: int, base: str) -> PageCard:
    blocks = page.draft.get("blocks", [])
    lead = next((block["props"] for block in blocks if block["props"].get("heading")), {})
    image = lead.get("image") or {}
    return PageCard(
        page=page,
        theme=page.draft.get("theme", {}).get("name", ""),
        heading=lead.get("heading", page.title),
        eyebrow=lead.get("eyebrow", ""),
        picture=PICTURES.get(image.get("picture", "")),
        sections=len(blocks),
        submissions=submissions,
        visits=visits,
        url=base + page.path,
    )
