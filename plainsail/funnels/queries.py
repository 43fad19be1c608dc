"""A funnel in numbers: people at each step, those who did what it asks, and what it brought; by source and period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Count, Exists, F, Func, OuterRef, Prefetch, Q, QuerySet, Value
from django.utils.translation import gettext as _

from plainsail.commerce.models import Offer, Order
from plainsail.commerce.services import leading
from plainsail.contacts.sockets import SegmentUse
from plainsail.files.models import File
from plainsail.funnels.models import Funnel, FunnelStep, ShareCode, SplitPage
from plainsail.kernel.addresses import public_path
from plainsail.kernel.http import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Delivery
from plainsail.pages.models import Page, Submission

Kind = FunnelStep.Kind
HUMAN = "human"
DIRECT = "direct"
"""The source of those who came without saying whence."""


def split_pages() -> Prefetch[Any]:
    """The pages of splits in their order, to be read along with the steps."""
    return Prefetch("split_pages", SplitPage.objects.select_related("page").order_by("position"))


def pages_of(step: FunnelStep) -> list[Page]:
    """The pages that a step shows: of a split each, in order. The split's pages are best read along (`split_pages`)."""
    shown = [one.page for one in step.split_pages.all()] if step.kind == Kind.SPLIT else [step.page]
    return [page for page in shown if page is not None]


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
    shared: list[str] = field(default_factory=list)
    """Names of other funnels that use the same page, form, offer or mail: then only those count who came through this one."""
    is_first: bool = False
    """It is where the funnel begins: nobody has come through it before, so all who see a shared page count."""
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


def needing(text: str) -> list[SegmentUse]:
    """Funnels with a page or a form on their map that has this id, or an automation behind it, and where they are. One statement."""
    try:
        key = UUID(text)
    except ValueError:
        return []
    uses = Q(steps__page=key) | Q(steps__form=key) | Q(steps__automation=key) | Q(steps__split_pages__page=key)
    found = Funnel.objects.filter(uses).select_related("workspace").order_by("name", "id").distinct()
    return [
        SegmentUse(_("Funnel “%(name)s”") % {"name": one.name}, workspace_url(one.workspace, "funnels:funnel", one.id))
        for one in found
    ]


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
    for step in funnel.steps.select_related("page", "email").prefetch_related(split_pages()):
        documents = [page.document for page in pages_of(step)]
        documents += [step.email.read()] if step.email is not None else []
        shown |= {key for document in documents for kind, key in document.references() if kind == "picture"}
    there: int = File.objects.filter(id__in=shown).pictures().count()
    return len(shown) - there


def numbers(steps: Sequence[FunnelStep], period: Period) -> dict[UUID, StepNumbers]:
    """Each step's numbers. One statement over hits for all steps, one for forms, one for orders, one for mails, one for what
    other funnels use too; one more where there is a split, and one or two for each form that is shared.

    A person is a browser that keeps its number, else a single look. With a source only those count whose first look at the
    funnel in the period came from there; who sent a form or bought is told by the browser that is known to be theirs. What
    another funnel uses too counts who came through this one: by a page that is in no other, or by a way on of this one.
    """
    asked = _Asked(steps, period, _used_elsewhere(steps))
    people = _contacts_from(asked) if period.source else None
    counted = _Counted(*_looks(asked), _sent(asked, people), _sold(asked, people), _mailed(asked, people))
    halves = _halves(asked) if any(step.kind == Kind.SPLIT for step in steps) else {}
    found: dict[UUID, StepNumbers] = {}
    before: StepNumbers | None = None
    for step in steps:
        one = found[step.id] = _of_step(step, counted)
        one.shared, one.is_first = asked.others(step), step.is_shown and before is None
        if step.kind == Kind.SPLIT:
            one.pages = [PageNumbers(page, *halves.get((step.id, page.id), (0, 0))) for page in pages_of(step)]
        if not step.is_shown:
            continue
        if before is not None and before.people and step.kind != Kind.DOWNSELL:
            one.drop = max(0, 100 - round(100 * one.people / before.people))
        before = one
    return found


@dataclass(frozen=True)
class _Counted:
    """What was counted, by step: looks, ways taken, senders, orders with their money, mails with their clicks."""

    seen: Mapping[UUID, int]
    left: Mapping[UUID, int]
    sent: Mapping[UUID, int]
    sold: Mapping[UUID, tuple[int, list[Money]]]
    mailed: Mapping[UUID, tuple[int, int]]


def _of_step(step: FunnelStep, counted: _Counted) -> StepNumbers:
    people = counted.seen.get(step.id, 0)
    if step.kind == Kind.MAIL:
        received, clicked = counted.mailed.get(step.id, (0, 0))
        return StepNumbers(received, clicked, "clicked")
    if step.kind == Kind.FORM:
        sent = counted.sent.get(step.id, 0)
        return StepNumbers(max(people, sent), sent, "sent")
    if step.sells:
        bought, revenue = counted.sold.get(step.id, (0, []))
        return StepNumbers(max(people, bought), bought, "bought", revenue)
    if step.kind in (Kind.PAGE, Kind.SPLIT):
        return StepNumbers(people, counted.left.get(step.id, 0), "left")
    return StepNumbers(people)


@dataclass(frozen=True)
class _Elsewhere:
    """Other funnels: which of them use a row, by its id, and the ids of their steps."""

    users: Mapping[UUID, list[str]]
    steps: Collection[UUID]


def _used_elsewhere(steps: Sequence[FunnelStep]) -> _Elsewhere:
    """What other funnels use of what these steps do; only those that ever led anybody. One statement."""
    ids = {key for step in steps for key in _uses(step)}
    others = FunnelStep.objects.exclude(funnel_id__in={step.funnel_id for step in steps})
    used = Q(page_id__in=ids) | Q(form_id__in=ids) | Q(offer_id__in=ids) | Q(email_id__in=ids)
    rows = others.filter(used | Q(split_pages__page_id__in=ids), funnel__published_at__isnull=False)
    names = ("id", "funnel__name", "page_id", "form_id", "offer_id", "email_id", "split_pages__page_id")
    users: dict[UUID, list[str]] = {}
    found: set[UUID] = set()
    for step, name, *keys in rows.order_by("funnel__name", "funnel_id", "position").values_list(*names):
        found.add(step)
        for key in {*keys} & ids:
            if name not in (told := users.setdefault(key, [])):
                told.append(name)
    return _Elsewhere(users, found)


def _uses(step: FunnelStep) -> list[UUID]:
    """Ids of what a step needs to be what it is."""
    own = [step.form_id, step.email_id if step.kind == Kind.MAIL else None, step.offer_id if step.sells else None]
    return [*(key for key in own if key), *(page.id for page in pages_of(step))]


@dataclass(frozen=True)
class _Asked:
    """Whose numbers are asked for: steps, a period, and what of them is used elsewhere."""

    steps: Sequence[FunnelStep]
    period: Period
    elsewhere: _Elsewhere

    def is_shared(self, key: UUID | None) -> bool:
        return key in self.elsewhere.users

    def others(self, step: FunnelStep) -> list[str]:
        return list(dict.fromkeys(name for key in _uses(step) for name in self.elsewhere.users.get(key, ())))


# A look is a page of a step seen, or a way on from a step taken; that one leads to a checkout, which is a look at it too.
# What other funnels use as well counts for whoever has been at something that is this one's alone; the first step for all.
LOOKS = """
WITH places AS (
  SELECT * FROM unnest(%(steps)s::uuid[], %(pages)s::uuid[], %(urls)s::text[], %(ways)s::text[], %(shared)s::bool[], %(firsts)s::bool[])
    AS p (step, page, url, way, is_shared, is_first)
), seen AS (
  SELECT p.step, p.page, coalesce(h.visitor_id, h.id) AS visitor, h.at, h.campaign ->> 'utm_source' AS source, false AS has_left,
    p.is_shared, p.is_first
  FROM places p JOIN tracking_hit h ON h.page_id = p.page
  WHERE h.workspace_id = %(workspace)s AND h.kind = 'visit' AND h.agent = %(human)s AND h.at >= %(start)s AND h.at < %(end)s
  UNION ALL
  SELECT p.step, NULL::uuid, coalesce(h.visitor_id, h.id), h.at, h.campaign ->> 'utm_source',
    starts_with(h.path, nullif(p.way, '')) IS TRUE, p.is_shared, p.is_first
  FROM tracking_hit h JOIN places p ON h.url = nullif(p.url, '') OR starts_with(h.path, nullif(p.way, ''))
  WHERE h.workspace_id = %(workspace)s AND h.kind = 'visit' AND h.agent = %(human)s AND h.at >= %(start)s AND h.at < %(end)s
    AND h.page_id IS NULL
), looks AS (
  SELECT * FROM seen WHERE NOT is_shared OR is_first OR visitor IN (SELECT visitor FROM seen WHERE NOT is_shared)
), firsts AS (
  SELECT DISTINCT ON (visitor) visitor, coalesce(nullif(source, ''), %(direct)s) AS source FROM looks ORDER BY visitor, at
)
"""


def _looks(asked: _Asked) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """People who stood at each step, and people who left it by its own way on."""
    rows = _ask(
        LOOKS
        + """SELECT l.step, count(DISTINCT l.visitor) FILTER (WHERE NOT l.has_left), count(DISTINCT l.visitor) FILTER (WHERE l.has_left)
        FROM looks l JOIN firsts f USING (visitor) WHERE %(source)s = '' OR f.source = %(source)s GROUP BY l.step""",
        asked,
    )
    return {step: seen for step, seen, _left in rows}, {step: left for step, _seen, left in rows}


def _halves(asked: _Asked) -> dict[tuple[UUID, UUID], tuple[int, int]]:
    """People who saw each page of a step, and those of them who left the step by its own way on."""
    rows = _ask(
        LOOKS
        + """SELECT l.step, l.page, count(DISTINCT l.visitor), count(DISTINCT w.visitor)
        FROM looks l JOIN firsts f USING (visitor)
        LEFT JOIN looks w ON w.visitor = l.visitor AND w.step = l.step AND w.has_left
        WHERE l.page IS NOT NULL AND (%(source)s = '' OR f.source = %(source)s) GROUP BY l.step, l.page""",
        asked,
    )
    return {(step, page): (seen, left) for step, page, seen, left in rows}


def sources(steps: Sequence[FunnelStep], period: Period) -> list[tuple[str, int]]:
    """Whence people came, with how many, the largest first. Two statements."""
    rows = _ask(
        LOOKS + "SELECT source, count(*) FROM firsts GROUP BY source ORDER BY count(*) DESC, source LIMIT 50",
        _Asked(steps, period, _used_elsewhere(steps)),
    )
    return [(source, people) for source, people in rows]


def _contacts_from(asked: _Asked) -> set[UUID]:
    """Contacts whose browser first came from the period's source."""
    rows = _ask(
        LOOKS
        + """SELECT DISTINCT v.contact_id FROM firsts f JOIN tracking_visitor v ON v.visitor_id = f.visitor
        WHERE v.workspace_id = %(workspace)s AND f.source = %(source)s""",
        asked,
    )
    return {contact for (contact,) in rows}


def _contacts_through(asked: _Asked) -> set[UUID]:
    """Contacts whose browser has been at something that is this funnel's alone."""
    rows = _ask(
        LOOKS
        + """SELECT DISTINCT v.contact_id FROM seen s JOIN tracking_visitor v ON v.visitor_id = s.visitor
        WHERE v.workspace_id = %(workspace)s AND NOT s.is_shared""",
        asked,
    )
    return {contact for (contact,) in rows}


class _Place(NamedTuple):
    """Where a step is looked at, and whether another funnel's is there too."""

    step: UUID
    page: UUID | None = None
    url: str = ""
    way: str = ""
    is_shared: bool = False


def _ask(statement: str, asked: _Asked) -> list[Any]:
    shown = [step for step in asked.steps if step.is_shown]
    places = [place for step in shown for place in _places(asked, step)]
    values: dict[str, Any] = {
        "workspace": current_workspace_id(),
        "steps": [place.step for place in places],
        "pages": [place.page for place in places],
        "urls": [place.url for place in places],
        "ways": [place.way for place in places],
        "shared": [place.is_shared for place in places],
        "firsts": [place.step == shown[0].id for place in places],
        "human": HUMAN,
        "direct": DIRECT,
        "start": asked.period.start,
        "end": asked.period.end,
        "source": asked.period.source,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _places(asked: _Asked, step: FunnelStep) -> list[_Place]:
    """Its pages, the checkout that a way on led to, and its own way on."""
    found = [_Place(step.id, page=page.id, is_shared=asked.is_shared(page.id)) for page in pages_of(step)]
    if step.kind == Kind.CHECKOUT and step.offer is not None:
        # Ways taken before checkouts knew what led to them say the plain address.
        plain = public_path("commerce:checkout", step.offer.slug)
        found.append(_Place(step.id, url=leading.path_by(step.offer, step.id)))
        found.append(_Place(step.id, url=plain, is_shared=asked.is_shared(step.offer_id)))
    found.append(_Place(step.id, way=public_path("funnels:next", step.id)))
    return found


def _sent(asked: _Asked, people: Collection[UUID] | None) -> dict[UUID, int]:
    """Who sent the form of each step; of a form that other funnels use too, on this one's page."""
    asking = [step for step in asked.steps if step.form_id]
    rows = Submission.objects.filter(form_id__in=[step.form_id for step in asking])
    rows = rows.filter(at__gte=asked.period.start, at__lt=asked.period.end)
    if people is not None:
        rows = rows.filter(contact_id__in=people)
    number = Count("contact_id", distinct=True)
    by_form = dict(rows.order_by().values_list("form_id").annotate(number=number))
    found = {step.id: by_form.get(step.form_id, 0) for step in asking}
    for step in asking:
        if asked.is_shared(step.form_id):
            own = rows.filter(form_id=step.form_id, page_id=step.page_id)
            if asked.is_shared(step.page_id):
                own = own.filter(contact_id__in=_contacts_through(asked))
            found[step.id] = own.aggregate(number=number)["number"]
    return found


def _sold(asked: _Asked, people: Collection[UUID] | None) -> dict[UUID, tuple[int, list[Money]]]:
    """What each step sold: to whom it led to the checkout, and, of an offer that no other funnel has, to all others."""
    selling = {step.id: step for step in asked.steps if step.sells and step.offer_id}
    rows = Order.objects.paid().filter(offer_id__in={step.offer_id for step in selling.values()})
    rows = rows.filter(paid_at__gte=asked.period.start, paid_at__lt=asked.period.end)
    if people is not None:
        rows = rows.filter(billing_account__contact_id__in=people)
    first = {step.offer_id: step.id for step in reversed(selling.values())}
    sums: dict[UUID, dict[str, int]] = {}
    bought: Counter[UUID] = Counter()
    for offer, by, currency, total, refunded in rows.values_list(
        "offer_id", "came_by", "currency", "total_minor", "refunded_minor"
    ):
        is_own = by in selling and selling[by].offer_id == offer
        if not is_own and (asked.is_shared(offer) or by in asked.elsewhere.steps):
            continue
        step = by if is_own else first[offer]
        bought[step] += 1
        of_step = sums.setdefault(step, {})
        of_step[currency] = of_step.get(currency, 0) + total - refunded
    return {
        key: (count, [Money(minor, code) for code, minor in sorted(sums[key].items())]) for key, count in bought.items()
    }


def _mailed(asked: _Asked, people: Collection[UUID] | None) -> dict[UUID, tuple[int, int]]:
    """Who got each mail, and followed a link in it; of a mail that other funnels send too, from this one."""
    writing = [step for step in asked.steps if step.email_id]
    rows = Delivery.objects.filter(edition__email_id__in=[step.email_id for step in writing])
    rows = rows.filter(
        state=Delivery.State.ACCEPTED, settled_at__gte=asked.period.start, settled_at__lt=asked.period.end
    )
    if people is not None:
        rows = rows.filter(contact_id__in=people)
    # Run, step and visit, with dots between.
    place = Func(F("occurrence"), Value("."), Value(2), function="split_part", output_field=CharField())
    clicked = Count("id", filter=Q(clicked_at__isnull=False))
    counted = rows.order_by().values_list("edition__email_id", place).annotate(number=Count("id"), clicked=clicked)
    keys, found = {step.flow_key for step in writing}, dict[UUID, tuple[int, int]]()
    for email, key, number, clicks in counted:
        for step in writing:
            is_elsewhere = key in keys or asked.is_shared(email)
            if step.email_id == email and (key == step.flow_key or not is_elsewhere):
                got, followed = found.get(step.id, (0, 0))
                found[step.id] = (got + number, followed + clicks)
    return found
