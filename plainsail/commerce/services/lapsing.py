"""Orders that nobody pays for lapse after 23 hours: the draft is cancelled, and what is paid all the same goes back.

One that waits for a bank transfer lapses when the seller's days are over: its invoice is credited, and what was given ahead
goes back. One of which a part was paid stays: that is for a person to settle.

Twenty-three, as with Stripe's first payments: who comes back the next day finds a fresh page at today's price.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import override

from plainsail.commerce.events import OrderLapsed
from plainsail.commerce.models import Invoice, InvoiceLine, Order
from plainsail.commerce.services import clocks, collecting, crediting, receipts
from plainsail.commerce.sockets import ClockStep
from plainsail.kernel import due
from plainsail.kernel.events import publish
from plainsail.kernel.tenancy import workspace

UNPAID = "commerce.unpaid_orders"
"""Kind of due work: an order of the workspace lapses."""
LAPSES_AFTER = timedelta(hours=23)
LOOK_AGAIN = timedelta(hours=1)
"""When an order is looked at anew whose payment is under way: by then that has come to something."""
AT_ONCE = 200
LAST = 90
"""Priority among what falls due at one moment of a test clock."""


def watch(order: Order, *, at: datetime) -> None:
    """Have an order that was just placed, or waits for a transfer from now on, lapse in time."""
    due.schedule(UNPAID, clocks.wall(order.pay_by or at + LAPSES_AFTER))


@due.runs(UNPAID)
def run(*, at: datetime) -> datetime | None:
    """Let lapse what is due, some orders at a time; returns when to come again."""
    now = clocks.seller_now(at)
    for order in list(_overdue(now)[:AT_ONCE]):
        lapse(order.id, at=now)
    rows = Order.objects.filter(state=Order.State.OPEN)
    moments = [row.created_at + LAPSES_AFTER for row in rows.filter(pay_by=None).order_by("created_at")[:1]]
    moments += [row.pay_by for row in rows.filter(pay_by__isnull=False).order_by("pay_by")[:1] if row.pay_by]
    return max(clocks.wall(min(moments)), at + LOOK_AGAIN) if moments else None


def upcoming(until: datetime) -> ClockStep | None:
    """The first order that lapses by a moment of the seller's time. Two index look-ups."""
    first = _overdue(until).first()
    return ClockStep(_lapses_at(first), LAST, f"lapse:{first.id}") if first else None


def perform(workspace_id: UUID, step: ClockStep, at: datetime) -> None:
    """Let the order of a step lapse. Opens the workspace."""
    with workspace(workspace_id):
        lapse(UUID(step.key.partition(":")[2]), at=at)


def _overdue(now: datetime) -> QuerySet[Order]:
    """Unpaid for too long, oldest first; without those whose payment may come through yet."""
    late = Q(pay_by=None, created_at__lte=now - LAPSES_AFTER) | Q(pay_by__lte=now)
    old: QuerySet[Order] = Order.objects.filter(late, state=Order.State.OPEN)
    is_paying = Exists(collecting.paying().filter(subject_id=OuterRef("id"))) | Q(paid_minor__gt=0)
    paying = Invoice.objects.filter(is_paying, order__state=Order.State.OPEN)
    lapses_at = Coalesce("pay_by", F("created_at") + LAPSES_AFTER)
    return old.exclude(id__in=paying.values("order_id")).order_by(lapses_at, "created_at", "id")


def _lapses_at(order: Order) -> datetime:
    return order.pay_by or order.created_at + LAPSES_AFTER


@transaction.atomic
def lapse(order_id: UUID, *, at: datetime) -> bool:
    """End an order that wasn't paid in time; False where it is paid, or may be being paid at this moment."""
    # Invoice before order, as where a payment is entered.
    drafts = list(Invoice.objects.select_for_update().filter(order_id=order_id).order_by("id"))
    order = Order.objects.select_for_update().get(id=order_id)
    if order.state != Order.State.OPEN or _lapses_at(order) > at:
        return False
    if any(collecting.is_being_paid(draft) or draft.paid_minor for draft in drafts):
        return False
    if order.pay_by is not None:
        _take_back(order, drafts, at=at)
        return True
    if any(not draft.is_draft or draft.is_waiting for draft in drafts):
        return False
    order.state = Order.State.EXPIRED
    order.save(update_fields=["state"])
    Invoice.objects.filter(id__in=[draft.id for draft in drafts]).update(state=Invoice.State.VOID)
    InvoiceLine.objects.filter(invoice_id__in=[draft.id for draft in drafts]).update(is_voided=True)
    return True


def _take_back(order: Order, invoices: list[Invoice], *, at: datetime) -> None:
    """No transfer came: nothing is owed any more, and what was given ahead is told to end."""
    order.state = Order.State.EXPIRED
    order.save(update_fields=["state"])
    with override(receipts.language_of(order)):
        for invoice in invoices:
            crediting.void(invoice, reason=_("Not paid in time"), at=at)
    publish(OrderLapsed(order_id=order.id, contact_id=order.billing_account.contact_id, at=at))
