"""Numbers and findings for Home: each with its definition, for days as the business's calendar has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.commerce.models import Mode, Order, Seller
from plainsail.contacts import queries as contacts
from plainsail.deals import queries as deals
from plainsail.kernel.http import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.tracking import queries as tracking

DAYS = 14
SHOWN = 6


@dataclass(frozen=True)
class Figure:
    """A number, and the same for the days before it."""

    value: int
    before: int

    @property
    def change(self) -> str:
        """`+18%`; nothing where the days before had none to compare with."""
        if not self.before:
            return ""
        percent = round((self.value - self.before) * 100 / self.before)
        return f"+{percent}%" if percent > 0 else f"−{-percent}%" if percent else "±0%"


@dataclass(frozen=True)
class Span:
    """Whole local days from `start` up to, not including, `end`, and the same number of days before."""

    start: datetime
    end: datetime
    before: datetime
    first_day: date
    days: int


@dataclass(frozen=True)
class Found:
    """Something that a search found."""

    title: str
    text: str
    icon: str
    url: str


def span(workspace: Workspace, *, at: datetime, days: int = DAYS) -> Span:
    """The last `days` local days, today included."""
    zone = workspace.timezone
    first = local_date(at, zone) - timedelta(days=days - 1)
    return Span(
        start=day_start(first, zone),
        end=day_start(first + timedelta(days=days), zone),
        before=day_start(first - timedelta(days=days), zone),
        first_day=first,
        days=days,
    )


def overview(workspace: Workspace, *, at: datetime) -> dict[str, Any]:
    """All numbers of Home for the last fourteen days. About ten aggregates, each over an index."""
    period = span(workspace, at=at)
    mode = selling_mode()
    amount, sold = sales(workspace, period, mode=mode)
    return {
        "figures": {
            "contacts": new_contacts(workspace, period),
            "sales": sold,
            "clicks": clicks(workspace, period),
            "visits": visits(workspace, period),
        },
        "amount": amount,
        "is_test": mode == Mode.TEST,
        "per_day": contacts_per_day(workspace, period),
        "orders": latest_orders(workspace),
    }


def new_contacts(workspace: Workspace, period: Span) -> Figure:
    """People who became known, by any way. One aggregate over an index."""
    return _figure(workspace.contacts.filter(deleted_at=None), "created_at", period)


def selling_mode() -> str:
    """The open workspace's mode of selling; test until it has a seller that takes real money."""
    return Mode.LIVE if Seller.objects.filter(mode=Mode.LIVE).exists() else Mode.TEST


def sales(workspace: Workspace, period: Span, *, mode: str) -> tuple[Money, Figure]:
    """What was paid for orders of a mode in the workspace’s currency, refunds not taken off; amounts in minor units."""
    paid = workspace.orders.filter(
        mode=mode, currency=workspace.currency, paid_at__gte=period.before, paid_at__lt=period.end
    )
    sums = paid.aggregate(
        now=Sum("total_minor", filter=Q(paid_at__gte=period.start)),
        before=Sum("total_minor", filter=Q(paid_at__lt=period.start)),
    )
    figure = Figure(sums["now"] or 0, sums["before"] or 0)
    return Money(figure.value, workspace.currency), figure


def clicks(workspace: Workspace, period: Span) -> Figure:
    """Links in mail followed by people; programs that only check mail are left out."""
    now, before = (
        tracking.count_hits(kind="click", start=start, end=end)
        for start, end in ((period.start, period.end), (period.before, period.start))
    )
    return Figure(now, before)


def visits(workspace: Workspace, period: Span) -> Figure:
    """Views of published pages by people."""
    now, before = (
        tracking.count_hits(kind="visit", start=start, end=end)
        for start, end in ((period.start, period.end), (period.before, period.start))
    )
    return Figure(now, before)


def contacts_per_day(workspace: Workspace, period: Span) -> list[tuple[str, int]]:
    """(day, number) for each day of the span, empty days included."""
    rows = (
        workspace.contacts.filter(deleted_at=None, created_at__gte=period.start, created_at__lt=period.end)
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=ZoneInfo(workspace.timezone)))
        .values_list("day")
        .annotate(number=Count("*"))
    )
    numbers = dict(rows)
    days = [period.first_day + timedelta(days=index) for index in range(period.days)]
    return [(date_format(day, "j M"), numbers.get(day, 0)) for day in days]


def latest_orders(workspace: Workspace) -> Sequence[Order]:
    """The newest orders that were paid."""
    return list(
        workspace.orders.exclude(paid_at=None)
        .select_related("billing_account")
        .prefetch_related("lines")
        .order_by("-paid_at", "-id")[:5]
    )


def _figure(rows: QuerySet[object], column: str, period: Span) -> Figure:  # type: ignore[type-var]
    numbers = rows.filter(**{f"{column}__gte": period.before, f"{column}__lt": period.end}).aggregate(
        now=Count(column, filter=Q(**{f"{column}__gte": period.start})),
        before=Count(column, filter=Q(**{f"{column}__lt": period.start})),
    )
    return Figure(numbers["now"], numbers["before"])


def search(workspace: Workspace, text: str) -> list[Found]:
    """Contacts, pages, broadcasts, automations, products, orders whose name begins with or holds the text; a few of each."""
    wanted = text.strip()[:100]
    if len(wanted) < 2:
        return []
    return [
        *_contacts(workspace, wanted),
        *_deals(workspace, wanted),
        *_named(
            workspace,
            workspace.pages.filter(title__icontains=wanted),
            "title",
            kind=_("Page"),
            icon="panels-top-left",
            url="pages:page",
        ),
        *_broadcasts(workspace, wanted),
        *_named(
            workspace,
            workspace.automations.filter(name__icontains=wanted),
            "name",
            kind=_("Automation"),
            icon="network",
            url="automations:automation",
        ),
        *_named(
            workspace,
            workspace.products.filter(name__icontains=wanted),
            "name",
            kind=_("Product"),
            icon="package",
            url="commerce:product",
        ),
        *_named(
            workspace,
            workspace.orders.filter(number__istartswith=wanted),
            "number",
            kind=_("Order"),
            icon="shopping-cart",
            url="commerce:order",
        ),
    ]


def _contacts(workspace: Workspace, wanted: str) -> list[Found]:
    return [
        Found(str(one), one.email, "user", workspace_url(workspace, "contacts:contact", one.id))
        for one in contacts.browse(workspace, text=wanted).rows[:SHOWN]
    ]


def _deals(workspace: Workspace, wanted: str) -> list[Found]:
    return [
        Found(
            one.title,
            _("Deal: %(stage)s, %(contact)s") % {"stage": one.stage, "contact": one.contact},
            "columns-2",
            workspace_url(workspace, "deals:deal", one.id),
        )
        for one in deals.browse(workspace, text=wanted, state="all").rows[:SHOWN]
    ]


def _broadcasts(workspace: Workspace, wanted: str) -> list[Found]:
    mails = workspace.broadcasts.filter(test_of=None, email__subject__icontains=wanted).select_related("email")
    return [
        Found(one.email.subject, _("Broadcast"), "mail", workspace_url(workspace, "mail:broadcast", one.id))
        for one in mails.order_by("-created_at", "id")[:SHOWN]
    ]


def _named(workspace: Workspace, rows: object, name: str, *, kind: str, icon: str, url: str) -> list[Found]:
    found = rows.order_by(name, "id")[:SHOWN]  # type: ignore[attr-defined]  # a query set of any area
    return [Found(getattr(one, name), kind, icon, workspace_url(workspace, url, one.id)) for one in found]
