"""Two invariants that compare moments: what was shown is what is done (I11), and what is taken back leaves no trace (I7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from plainsail.commerce.models import CreditNote, Invoice, InvoiceLine
from plainsail.kernel.periods import local_date
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import cancellation, scheduling
from plainsail.subscriptions.services.quoting import When

HORIZON = timedelta(days=400)

Planned = dict[str, list[tuple[date, date]]]


@contextmanager
def promised(contract: Subscription, *, when: When, kind: str, received_at: datetime, at: datetime) -> Iterator[None]:
    """I11: what a preview shows for a cancellation is its outcome, or less than that. Swallows that it is over already."""
    contract.refresh_from_db()
    try:
        shown = cancellation.preview(contract, when=when, at=received_at, kind=kind)
    except cancellation.AlreadyEnded:
        with_refusal = True
    else:
        with_refusal = False
    standing = queries.in_force(contract)
    given = _payable(contract)
    try:
        yield
    except cancellation.AlreadyEnded:
        assert with_refusal
        return
    assert not with_refusal
    if standing is not None and standing.effective_at <= shown.effective_at:
        assert queries.in_force(contract) == standing
        assert _payable(contract) == given
        return
    contract.refresh_from_db()
    assert _payable(contract) - given == shown.refund_minor, (_payable(contract) - given, shown)
    assert contract.scheduled_end_at == shown.effective_at
    assert contract.is_ended == (shown.effective_at <= at)


def _payable(contract: Subscription) -> int:
    bills = queries.invoices_of(contract).values("id")
    return sum(note.payable_minor for note in CreditNote.objects.filter(invoice_id__in=bills))


def future(contract: Subscription, *, at: datetime) -> Planned:
    """The periods of each item that are still to be paid for, within a year: on open invoices, and to come.

    Not those before a paid one: they are past, and a cancellation lets them go for good.
    """
    contract.refresh_from_db()
    until = local_date(at, contract.timezone) + HORIZON
    found: Planned = {}
    for item in contract.items.filter(ends_on=None).order_by("role", "id"):
        billed = InvoiceLine.objects.filter(item_id=item.id, is_voided=False).order_by("period_start")
        paid = billed.filter(invoice__state=Invoice.State.PAID).exclude(period_start=None).last()
        periods = [
            (line.period_start, line.period_end)
            for line in billed.filter(invoice__state=Invoice.State.OPEN)
            if line.period_start and line.period_end and (paid is None or line.period_start > paid.period_start)
        ]
        plan = scheduling.Plan(item.price(), item.interval, item.charged_through, item.runs_until, item.cycle)
        for planned in scheduling.ahead([plan], anchor=contract.anchor_on):
            if planned.on > until:
                break
            periods += [(due.period.start, due.period.end) for due in planned.dues]
        found[str(item.id)] = periods
    return found
