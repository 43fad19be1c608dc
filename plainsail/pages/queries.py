"""Pages and forms with their numbers, for the lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast, TruncDate

from plainsail.accounts.models import User
from plainsail.accounts.services import hosts
from plainsail.blocks.services import histories, presenting
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, PageQuerySet, PageRevision, Post, PublishedSnapshot, Submission
from plainsail.pages.starters import PURPOSES, SITE_STARTERS, STARTERS, SiteStarter, Starter
from plainsail.tracking.queries import visits_of_pages, visits_per_day

RECENT = timedelta(days=30)
MOST_WORDS = 8
"""Of a search."""
UNDO_DEPTH = 1000
"""How many of a person’s own steps on a page Undo and Redo look back at."""


@dataclass(frozen=True)
class PageCard:
    """A page as the list shows it: what it looks like in small, and its numbers."""

    page: Page
    small: presenting.Summary
    submissions: int
    visits: int
    url: str


def listed_pages(workspace: Workspace, *, words: str = "", state: str = "") -> PageQuerySet:
    """The workspace's pages, last edited first, with each of the words in title, address or description; all of them, or
    those that are `live`, `changed` since they were published, or a `draft`.
    """
    pages: PageQuerySet = Page.objects.current().filter(workspace=workspace, kind=Page.Kind.PAGE)
    if state == "changed":
        pages = pages.changed()
    elif state in ("live", "draft"):
        pages = pages.filter(state=Page.State.PUBLISHED if state == "live" else Page.State.DRAFT)
    return pages.filter(_saying(words, "")).select_related("workspace").order_by("-edited_at", "id")


def _saying(words: str, way: str) -> Q:
    """Each of these words is in a page's title, address or description; `way` leads to the page."""
    condition = Q()
    for word in words.split()[:MOST_WORDS]:
        names = ("title", "path", "description")
        condition &= reduce(or_, (Q(**{f"{way}{name}__icontains": word}) for name in names))
    return condition


def cards(workspace: Workspace, pages: Sequence[Page], *, at: datetime) -> list[PageCard]:
    """Pages as their list shows them, with the last 30 days’ numbers. Two queries, whatever their number."""
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


def changed_pages(workspace: Workspace) -> PageQuerySet:
    """What visitors see an older version of than its draft: pages, posts, and parts of the site."""
    pages: PageQuerySet = Page.objects.changed().filter(workspace=workspace)
    return pages


def current_pages(workspace: Workspace) -> PageQuerySet:
    """The workspace's pages that are not archived, variants and pop-ups among them, each with its workspace."""
    pages: PageQuerySet = Page.objects.editable().filter(workspace=workspace).select_related("workspace")
    return pages


def addressed_pages(workspace: Workspace) -> PageQuerySet:
    """Those of them that visitors can be led to, by title: no navigation, footer, pop-up or variant."""
    return current_pages(workspace).current().with_address().order_by("title", "id")


def popups_to_open(workspace: Workspace) -> list[tuple[str, str]]:
    """(target, name) of the pop-ups that a link can open."""
    found = (
        workspace.popups.exclude(page__state=Page.State.ARCHIVED).select_related("page").order_by("page__title", "id")
    )
    return [(f"#{popup.key}", str(popup)) for popup in found]


def missing_page(workspace: Workspace, languages: Sequence[str]) -> PublishedSnapshot | None:
    """What the business shows where nothing stands: in the first of these languages in which there is one, else in its own.
    One query.
    """
    found = workspace.published_snapshots.filter(page__kind=Page.Kind.MISSING).select_related("page")
    by_language = {one.page.language or workspace.locale: one for one in found.order_by("page__language", "id")}
    wanted = (
        by_language.get(name) or by_language.get(name.partition("-")[0]) for name in (*languages, workspace.locale)
    )
    return next((one for one in wanted if one is not None), next(iter(by_language.values()), None))


def posts_of(workspace: Workspace, *, words: str = "") -> QuerySet[Post]:
    """Posts that aren't archived, the newest first, each with its page; those with each of the words in them, if any."""
    return (
        workspace.posts.exclude(page__state=Page.State.ARCHIVED)
        .filter(_saying(words, "page__"))
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


@dataclass(frozen=True)
class FormNumbers:
    """How a form did in a span: views of pages it stands on and posts, by local day, both with zeros left in."""

    views: Sequence[tuple[date, int]]
    sent: Sequence[tuple[date, int]]
    shares: Sequence[tuple[date, float]]
    """Percent of views that became a post, by day; 0 where nobody came."""
    held: int

    @property
    def seen(self) -> int:
        return sum(number for _day, number in self.views)

    @property
    def posts(self) -> int:
        return sum(number for _day, number in self.sent)

    @property
    def share(self) -> float:
        """Percent."""
        return round(100 * self.posts / self.seen, 1) if self.seen else 0.0


def form_numbers(form: Form, *, days: int, at: datetime) -> FormNumbers:
    """The last so many days, today included. Views are of pages on which it stands now, or from which it was sent."""
    zone = ZoneInfo(form.workspace.timezone)
    today = at.astimezone(zone).date()
    span = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    since = datetime.combine(span[0], time.min, tzinfo=zone)
    standing = set(PublishedSnapshot.objects.filter(forms__has_key=str(form.id)).values_list("page_id", flat=True))
    sent_from = set(form.submissions.filter(at__gte=since).values_list("page_id", flat=True).distinct())
    seen = visits_per_day((standing | sent_from) - {None}, since=since, zone=zone)
    rows = (
        Submission.objects.filter(form=form)
        .accepted()
        .filter(at__gte=since)
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=zone))
        .values_list("day")
        .annotate(number=Count("id"))
    )
    posts = dict(rows)
    return FormNumbers(
        views=[(day, seen.get(day, 0)) for day in span],
        sent=[(day, posts.get(day, 0)) for day in span],
        shares=[(day, _percent(posts.get(day, 0), seen.get(day, 0))) for day in span],
        held=held(form).count(),
    )


def _percent(part: int, whole: int) -> float:
    return round(min(100.0, 100 * part / whole), 1) if whole else 0.0


def answers(form: Form, *, words: str = "", held: bool = False) -> QuerySet[Submission]:
    """What was sent with a form, newest first; `words` are looked for in whatever was answered.

    Cost: with words, a look at every submission of the form.
    """
    rows = Submission.objects.filter(form=form)
    found: QuerySet[Submission] = rows.held() if held else rows.accepted()
    if words:
        found = found.annotate(said=Cast("values", TextField())).filter(said__icontains=words)
    return found.select_related("contact", "page").order_by("-at", "-id")


def held(form: Form) -> QuerySet[Submission]:
    """What was sent with a form and waits for somebody to let it in."""
    found: QuerySet[Submission] = Submission.objects.filter(form=form).held()
    return found


def forms_with_numbers(workspace: Workspace, *, words: str = "") -> QuerySet[Form]:
    """The workspace's forms by name, each with its list and `number` of submissions; those with the words in their name, if
    any. One query.
    """
    return (
        workspace.forms.filter(is_archived=False, name__icontains=words)
        .select_related("list")
        .annotate(number=Count("submissions"))
        .order_by("name", "id")
    )


def undoable(page: Page, by: User | None) -> tuple[int, int]:
    """Numbers of the edits of this person that Undo takes back and Redo brings back next; 0 where there is none. One query.

    Looks at the person's newest steps only: whoever wants to go back further than that restores a version.
    """
    steps = PageRevision.objects.filter(page=page, by=by).steps().order_by("-number")
    return histories.undoable(steps.values_list("number", "kind", "of")[:UNDO_DEPTH])


def last_step(page: Page, number: int, kinds: Collection[str]) -> PageRevision | None:
    """The newest step of these kinds that is an edit of this number, or is about it."""
    steps = PageRevision.objects.filter(page=page, kind__in=kinds).filter(Q(number=number) | Q(of=number))
    found: PageRevision | None = steps.order_by("-number").first() if number else None
    return found
