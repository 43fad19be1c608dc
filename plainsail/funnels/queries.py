"""A funnel in numbers: people at each step, those who did what it asks, and what it brought; by source and period."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from plainsail.commerce.models import Offer, Order
from plainsail.files.models import File
from plainsail.funnels.models import Funnel, FunnelStep, ShareCode
from plainsail.kernel.addresses import public_path
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery
from plainsail.pages.models import Page, Submission

Kind = FunnelStep.Kind
HUMAN = "human"
DIRECT = "direct"
"""The source of those who came without saying whence."""


def one_more(workspace: Workspace) -> QuerySet[FunnelStep]:
    """Steps that offer one thing more after a purchase, with an offer that is sold now."""
    found: QuerySet[FunnelStep] = FunnelStep.objects.filter(
        workspace=workspace, kind__in=[Kind.UPSELL, Kind.DOWNSELL], offer__in=Offer.objects.live()
    )
    return found.select_related("funnel", "offer__price__product").order_by("id")


@dataclass(frozen=True)
class Period:
    """From a moment up to another, and whence people came; every source where none is given."""

    start: datetime
    end: datetime
    source: str = ""


@dataclass(frozen=True)
class PageNumbers:
    """One page of a split: people who saw it, and those of them who went on."""

    page: Page
    people: int
    done: int

    @property
    def rate(self) -> int | None:
        return round(100 * min(self.done, self.people) / self.people) if self.people else None


@dataclass
class StepNumbers:
    """One step: people who stood there (or were written to), those who did what it asks, its orders' money after refunds.

    `asked` says what is counted: `left`, `sent`, `bought` or `clicked`; empty where a step asks for nothing.
    """

    people: int = 0
    done: int = 0
    asked: str = ""
    revenue: list[Money] = field(default_factory=list)
    pages: list[PageNumbers] = field(default_factory=list)
    """Of a split: how it went with each of its pages."""
    drop: int | None = None
    """Per cent of those at the shown step before who did not come here."""

    @property
    def rate(self) -> int | None:
        """Per cent who did what it asks."""
        return round(100 * min(self.done, self.people) / self.people) if self.people and self.asked else None


def listed(workspace: Workspace) -> QuerySet[Funnel]:
    """Funnels by name, each with how many steps it has (`length`)."""
    found: QuerySet[Funnel] = workspace.funnels.annotate(length=Count("steps")).order_by("name", "id")
    return found


def codes_of(funnel: Funnel) -> QuerySet[ShareCode]:
    """Its codes that were not withdrawn, newest first."""
    return codes(funnel.workspace_id).filter(funnel_id=funnel.id)


def codes_of_deleted(workspace: Workspace) -> QuerySet[ShareCode]:
    """Codes that still work though their funnel was deleted, newest first."""
    usable = Q(is_for_one=False) | Q(redeemed=0)
    return codes(workspace.id).filter(usable, ~Exists(Funnel.objects.filter(id=OuterRef("funnel_id"))))


def codes(workspace_id: UUID) -> QuerySet[ShareCode]:
    """A business's codes that were not withdrawn, newest first, without what they hand on."""
    rows = ShareCode.objects.filter(workspace_id=workspace_id, deleted_at=None)
    return rows.defer("package").order_by("-created_at", "-id")


def pictures_missing(funnel: Funnel) -> int:
    """How many pictures its pages and mails name that the business doesn't have. Reads each document once."""
    shown: set[UUID] = set()
    for step in funnel.steps.select_related("page", "other_page", "email"):
        documents = [page.document for page in (step.page, step.other_page) if page is not None]
        documents += [step.email.read()] if step.email is not None else []
        shown |= {key for document in documents for kind, key in document.references() if kind == "picture"}
    there: int = File.objects.filter(id__in=shown).pictures().count()
    return len(shown) - there


def numbers(steps: Sequence[FunnelStep], period: Period) -> dict[UUID, StepNumbers]:
    """Each step's numbers. One statement over hits for all steps, one for forms, one for orders, one for mails; one more where
    there is a split.

    A person is a browser that keeps its number, else a single look. With a source only those count whose first look at the
    funnel in the period came from there; who sent a form or bought is told by the browser that is known to be theirs.
    """
    people = _contacts_from(steps, period) if period.source else None
    counted = _Counted(
        *_looks(steps, period),
        _sent(steps, period, people),
        _sold(steps, period, people),
        _mailed(steps, period, people),
    )
    halves = _halves(steps, period) if any(step.kind == Kind.SPLIT for step in steps) else {}
    found: dict[UUID, StepNumbers] = {}
    before: StepNumbers | None = None
    for step in steps:
        one = found[step.id] = _of_step(step, counted)
        if step.kind == Kind.SPLIT:
            one.pages = [
                PageNumbers(page, *halves.get((step.id, page.id), (0, 0)))
                for page in (step.page, step.other_page)
                if page
            ]
        if not step.is_shown:
            continue
        if before is not None and before.people and step.kind != Kind.DOWNSELL:
            one.drop = max(0, 100 - round(100 * one.people / before.people))
        before = one
    return found


@dataclass(frozen=True)
class _Counted:
    """What was counted: looks and ways taken by step, senders by form, orders and money by offer, mails and clicks by mail."""

    seen: Mapping[UUID, int]
    left: Mapping[UUID, int]
    sent: Mapping[Any, int]
    sold: Mapping[Any, tuple[int, list[Money]]]
    mailed: Mapping[Any, tuple[int, int]]


def _of_step(step: FunnelStep, counted: _Counted) -> StepNumbers:
    people = counted.seen.get(step.id, 0)
    if step.kind == Kind.MAIL:
        received, clicked = counted.mailed.get(step.email_id, (0, 0))
        return StepNumbers(received, clicked, "clicked")
    if step.kind == Kind.FORM:
        return StepNumbers(people, counted.sent.get(step.form_id, 0), "sent")
    if step.sells:
        bought, revenue = counted.sold.get(step.offer_id, (0, []))
        return StepNumbers(max(people, bought), bought, "bought", revenue)
    if step.kind in (Kind.PAGE, Kind.SPLIT):
        return StepNumbers(people, counted.left.get(step.id, 0), "left")
    return StepNumbers(people)


LOOKS = """
WITH places AS (
  SELECT * FROM unnest(%(steps)s::uuid[], %(pages)s::uuid[], %(urls)s::text[], %(ways)s::text[]) AS p (step, page, url, way)
), looks AS (
  SELECT p.step, p.page, coalesce(h.visitor_id, h.id) AS visitor, h.at, h.campaign ->> 'utm_source' AS source, false AS has_left
  FROM places p JOIN tracking_hit h ON h.page_id = p.page
  WHERE h.workspace_id = %(workspace)s AND h.kind = 'visit' AND h.agent = %(human)s AND h.at >= %(start)s AND h.at < %(end)s
  UNION ALL
  SELECT p.step, NULL::uuid, coalesce(h.visitor_id, h.id), h.at, h.campaign ->> 'utm_source', starts_with(h.path, nullif(p.way, '')) IS TRUE
  FROM tracking_hit h JOIN places p ON h.url = nullif(p.url, '') OR starts_with(h.path, nullif(p.way, ''))
  WHERE h.workspace_id = %(workspace)s AND h.kind = 'visit' AND h.agent = %(human)s AND h.at >= %(start)s AND h.at < %(end)s
    AND h.page_id IS NULL
), firsts AS (
  SELECT DISTINCT ON (visitor) visitor, coalesce(nullif(source, ''), %(direct)s) AS source FROM looks ORDER BY visitor, at
)
"""
"""A look is a page of a step seen, or a way on from a step taken; that one leads to a checkout, which is a look at it too."""


def _looks(steps: Sequence[FunnelStep], period: Period) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """People who stood at each step, and people who left it by its own way on."""
    rows = _ask(
        LOOKS
        + """SELECT l.step, count(DISTINCT l.visitor) FILTER (WHERE NOT l.has_left), count(DISTINCT l.visitor) FILTER (WHERE l.has_left)
        FROM looks l JOIN firsts f USING (visitor) WHERE %(source)s = '' OR f.source = %(source)s GROUP BY l.step""",
        steps,
        period,
    )
    return {step: seen for step, seen, _left in rows}, {step: left for step, _seen, left in rows}


def _halves(steps: Sequence[FunnelStep], period: Period) -> dict[tuple[UUID, UUID], tuple[int, int]]:
    """People who saw each page of a step, and those of them who left the step by its own way on."""
    rows = _ask(
        LOOKS
        + """SELECT l.step, l.page, count(DISTINCT l.visitor), count(DISTINCT w.visitor)
        FROM looks l JOIN firsts f USING (visitor)
        LEFT JOIN looks w ON w.visitor = l.visitor AND w.step = l.step AND w.has_left
        WHERE l.page IS NOT NULL AND (%(source)s = '' OR f.source = %(source)s) GROUP BY l.step, l.page""",
        steps,
        period,
    )
    return {(step, page): (seen, left) for step, page, seen, left in rows}


def sources(steps: Sequence[FunnelStep], period: Period) -> list[tuple[str, int]]:
    """Whence people came, with how many, the largest first."""
    rows = _ask(
        LOOKS + "SELECT source, count(*) FROM firsts GROUP BY source ORDER BY count(*) DESC, source LIMIT 50",
        steps,
        period,
    )
    return [(source, people) for source, people in rows]


def _contacts_from(steps: Sequence[FunnelStep], period: Period) -> set[UUID]:
    """Contacts whose browser first came from the period's source."""
    rows = _ask(
        LOOKS
        + """SELECT DISTINCT v.contact_id FROM firsts f JOIN tracking_visitor v ON v.visitor_id = f.visitor
        WHERE v.workspace_id = %(workspace)s AND f.source = %(source)s""",
        steps,
        period,
    )
    return {contact for (contact,) in rows}


def _ask(statement: str, steps: Sequence[FunnelStep], period: Period) -> list[Any]:
    places = [place for step in steps if step.is_shown for place in _places(step)]
    values: dict[str, Any] = {
        "workspace": current_workspace_id(),
        "steps": [step for step, _page, _url, _way in places],
        "pages": [page for _step, page, _url, _way in places],
        "urls": [url for _step, _page, url, _way in places],
        "ways": [way for _step, _page, _url, way in places],
        "human": HUMAN,
        "direct": DIRECT,
        "start": period.start,
        "end": period.end,
        "source": period.source,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _places(step: FunnelStep) -> list[tuple[UUID, UUID | None, str, str]]:
    """Where a step is looked at: its pages, the checkout that a way on led to, and its own way on."""
    found: list[tuple[UUID, UUID | None, str, str]] = [
        (step.id, page, "", "") for page in (step.page_id, step.other_page_id) if page
    ]
    if step.kind == Kind.CHECKOUT and step.offer is not None:
        found.append((step.id, None, public_path("commerce:checkout", step.offer.slug), ""))
    found.append((step.id, None, "", public_path("funnels:next", step.id)))
    return found


def _sent(steps: Sequence[FunnelStep], period: Period, people: Collection[UUID] | None) -> dict[Any, int]:
    rows = Submission.objects.filter(form_id__in=[step.form_id for step in steps if step.form_id])
    rows = rows.filter(at__gte=period.start, at__lt=period.end)
    if people is not None:
        rows = rows.filter(contact_id__in=people)
    return dict(rows.order_by().values_list("form_id").annotate(number=Count("contact_id", distinct=True)))


def _sold(
    steps: Sequence[FunnelStep], period: Period, people: Collection[UUID] | None
) -> dict[Any, tuple[int, list[Money]]]:
    rows = Order.objects.paid().filter(offer_id__in=[step.offer_id for step in steps if step.sells and step.offer_id])
    rows = rows.filter(paid_at__gte=period.start, paid_at__lt=period.end)
    if people is not None:
        rows = rows.filter(billing_account__contact_id__in=people)
    sums: dict[Any, dict[str, int]] = {}
    bought: dict[Any, int] = {}
    for offer, currency, total, refunded in rows.values_list("offer_id", "currency", "total_minor", "refunded_minor"):
        bought[offer] = bought.get(offer, 0) + 1
        of_offer = sums.setdefault(offer, {})
        of_offer[currency] = of_offer.get(currency, 0) + total - refunded
    return {
        key: (count, [Money(minor, code) for code, minor in sorted(sums[key].items())]) for key, count in bought.items()
    }


def _mailed(steps: Sequence[FunnelStep], period: Period, people: Collection[UUID] | None) -> dict[Any, tuple[int, int]]:
    rows = Delivery.objects.filter(edition__email_id__in=[step.email_id for step in steps if step.email_id])
    rows = rows.filter(state=Delivery.State.ACCEPTED, settled_at__gte=period.start, settled_at__lt=period.end)
    if people is not None:
        rows = rows.filter(contact_id__in=people)
    clicked = Count("id", filter=Q(clicked_at__isnull=False))
    counted = rows.order_by().values_list("edition__email_id").annotate(number=Count("id"), clicked=clicked)
    return {email: (number, clicks) for email, number, clicks in counted}
