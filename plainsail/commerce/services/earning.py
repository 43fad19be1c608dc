"""What was invoiced for coming periods becomes revenue by the days that have passed; entered month by month.

A line is earned in equal parts by each of its days. What credit notes take of it is taken from the days to come first. An
entry is worked out from what the books and the documents said at the end of its month, so one that is made late is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid5
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min, Sum
from django.db.models.functions import TruncMonth

from plainsail.commerce.models import JournalEntry, LedgerAccount, Posting, Seller
from plainsail.commerce.services import clocks, ledger
from plainsail.commerce.services.ledger import Kind
from plainsail.kernel import due
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.kernel.tenancy import current_workspace_id

MONTHLY = "commerce.earned"
"""Kind of due work: a month of the seller's is over."""
SOURCE = "earned"
LAST_MOMENT = timedelta(microseconds=1)


@due.runs(MONTHLY)
def run(*, at: datetime) -> datetime | None:
    """Enter the months that are over; returns when the next one is. In the workspace."""
    seller = Seller.objects.first()
    if seller is None:
        return None
    now = clocks.seller_now(at)
    for moment in _ends(seller.timezone, until=now):
        enter(moment, zone=seller.timezone)
    return clocks.wall(day_start(_month_after(local_date(now, seller.timezone)), seller.timezone))


def clock_moved(by: timedelta, at: datetime) -> None:
    """The test clock went ahead: months may be over."""
    due.schedule(MONTHLY, at)


def _ends(zone: str, *, until: datetime) -> Iterator[datetime]:
    """The starts of the months that follow those not entered yet, up to a moment."""
    entered = JournalEntry.objects.filter(source_type=SOURCE).aggregate(last=Max("at"))["last"]
    # Nothing was invoiced ahead before the first account for it was opened.
    first = LedgerAccount.objects.filter(kind=Kind.DEFERRED_REVENUE).aggregate(first=Min("created_at"))["first"]
    since = entered + LAST_MOMENT if entered else first
    if since is None:
        return
    while (moment := day_start(_month_after(local_date(since, zone)), zone)) <= until:
        yield moment
        since = moment


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def enter(moment: datetime, *, zone: str) -> JournalEntry | None:
    """Enter what was earned before a moment and isn't revenue yet; None where that moment's entry is in the books already."""
    deferred, unearned = deferred_at(moment), unearned_at(moment, zone=zone)
    postings = []
    for currency in sorted(deferred.keys() | unearned.keys()):
        earned = Money(deferred.get(currency, 0) - unearned.get(currency, 0), currency)
        postings += [ledger.debit(Kind.DEFERRED_REVENUE, earned), ledger.credit(Kind.REVENUE, earned)]
    day = local_date(moment, zone)
    source_id = uuid5(current_workspace_id(), f"{SOURCE} {day.isoformat()}")
    at = moment - LAST_MOMENT  # it belongs to the month that ends
    return ledger.post(SOURCE, source_id, postings=postings, at=at, memo=f"{local_date(at, zone):%Y-%m}")


def deferred_at(moment: datetime) -> dict[str, int]:
    """What the books had as revenue of coming periods just before a moment, in minor units by currency."""
    posted = Posting.objects.filter(account__kind=Kind.DEFERRED_REVENUE, entry__at__lt=moment)
    sums = posted.values_list("currency").annotate(total=Sum("amount_minor")).order_by()
    return {currency: -int(total) for currency, total in sums}


def unearned_at(moment: datetime, *, zone: str) -> dict[str, int]:
    """What was invoiced, and not credited, for days from a moment on: net, in minor units by currency. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT invoice.currency, SUM(
                CASE WHEN line.net_minor > 0
                     THEN GREATEST(part.ahead - COALESCE(notes.taken, 0), 0)
                     ELSE LEAST(part.ahead - COALESCE(notes.taken, 0), 0) END)
            FROM commerce_invoiceline line
            JOIN commerce_invoice invoice
              ON invoice.workspace_id = line.workspace_id AND invoice.id = line.invoice_id
            CROSS JOIN LATERAL (
                SELECT line.net_minor * (line.period_end - GREATEST(%(day)s, line.period_start))
                       / (line.period_end - line.period_start) AS ahead
            ) part
            LEFT JOIN LATERAL (
                SELECT SUM(taken.net_minor) AS taken
                FROM commerce_creditnoteline taken
                JOIN commerce_creditnote note ON note.workspace_id = taken.workspace_id AND note.id = taken.note_id
                WHERE taken.workspace_id = line.workspace_id AND taken.invoice_line_id = line.id
                  AND note.issued_at < %(moment)s
            ) notes ON true
            WHERE line.workspace_id = %(workspace)s AND line.period_end > %(day)s AND invoice.issued_at < %(moment)s
            GROUP BY invoice.currency
            """,
            {"workspace": current_workspace_id(), "day": local_date(moment, zone), "moment": moment},
        )
        return {currency: int(total) for currency, total in cursor.fetchall()}


@dataclass(frozen=True)
class Month:
    """Revenue of a month in one currency, less what was credited, net."""

    first_on: date
    earned: Money


@dataclass(frozen=True)
class Earned:
    """Revenue month by month, newest first, and what is invoiced for days to come."""

    months: list[Month]
    ahead: list[Money]


def earned(*, at: datetime, zone: str) -> Earned:
    """The last twelve months that are over, and what is still to be earned at a moment of the seller's time. Three queries."""
    month = TruncMonth("entry__at", tzinfo=ZoneInfo(zone))
    over_on = local_date(at, zone).replace(day=1)
    since, until = day_start(over_on.replace(year=over_on.year - 1), zone), day_start(over_on, zone)
    posted = Posting.objects.filter(account__kind=Kind.REVENUE, entry__at__gte=since, entry__at__lt=until)
    rows = posted.annotate(month=month).values_list("month", "currency").annotate(total=Sum("amount_minor"))
    newest = rows.order_by("-month", "currency")
    return Earned(
        months=[Month(first.date(), Money(-int(total), currency)) for first, currency, total in newest],
        ahead=[Money(minor, currency) for currency, minor in sorted(unearned_at(at, zone=zone).items()) if minor],
    )
