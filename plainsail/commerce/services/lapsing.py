"""Orders that nobody pays for lapse after 23 hours: the draft is cancelled, and what is paid all the same goes back.

Twenty-three, as with Stripe's first payments: who comes back the next day finds a fresh page at today's price.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from plainsail.commerce.models import Invoice, InvoiceLine, Order
from plainsail.commerce.services import clocks, collecting
from plainsail.commerce.sockets import ClockStep
from plainsail.kernel import due
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge

UNPAID = "commerce.unpaid_orders"
"""Kind of due work: an order of the workspace lapses."""
LAPSES_AFTER = timedelta(hours=23)
LOOK_AGAIN = timedelta(hours=1)
"""When an order is looked at anew whose payment is under way: by then that has come to something."""
AT_ONCE = 200
LAST = 90
"""Priority among what falls due at one moment of a test clock."""


def watch(order: Order, *, at: datetime) -> None:
    """Have an order that was just placed lapse in time."""
    due.schedule(UNPAID, clocks.wall(at + LAPSES_AFTER))


@due.runs(UNPAID)
def run(*, at: datetime) -> datetime | None:
    """Let lapse what is due, some orders at a time; returns when to come again."""
    now = clocks.seller_now(at)
    for order in list(_overdue(now)[:AT_ONCE]):
        lapse(order.id, at=now)
    first = Order.objects.filter(state=Order.State.OPEN).order_by("created_at").first()
    return max(clocks.wall(first.created_at + LAPSES_AFTER), at + LOOK_AGAIN) if first else None


def upcoming(until: datetime) -> ClockStep | None:
    """The first order that lapses by a moment of the seller's time. Two index look-ups."""
    first = _overdue(until).first()
    return ClockStep(first.created_at + LAPSES_AFTER, LAST, f"lapse:{first.id}") if first else None


def perform(workspace_id: UUID, step: ClockStep, at: datetime) -> None:
    """Let the order of a step lapse. Opens the workspace."""
    with workspace(workspace_id):
        lapse(UUID(step.key.partition(":")[2]), at=at)


def _overdue(now: datetime) -> QuerySet[Order]:
    """Unpaid for too long, oldest first; without those whose payment may come through yet."""
    old: QuerySet[Order] = Order.objects.filter(state=Order.State.OPEN, created_at__lte=now - LAPSES_AFTER)
    paying = Invoice.objects.filter(id__in=Charge.objects.open().values("subject_id"), order__isnull=False)
    return old.exclude(id__in=paying.values("order_id")).order_by("created_at", "id")


@transaction.atomic
def lapse(order_id: UUID, *, at: datetime) -> bool:
    """End an order that wasn't paid in time; False where it is paid, or may be being paid at this moment."""
    # Invoice before order, as where a payment is entered.
    drafts = list(Invoice.objects.select_for_update().filter(order_id=order_id).order_by("id"))
    order = Order.objects.select_for_update().get(id=order_id)
    if order.state != Order.State.OPEN or order.created_at > at - LAPSES_AFTER:
        return False
    if any(collecting.is_being_paid(draft) or not draft.is_draft or draft.is_waiting for draft in drafts):
        return False
    order.state = Order.State.EXPIRED
    order.save(update_fields=["state"])
    Invoice.objects.filter(id__in=[draft.id for draft in drafts]).update(state=Invoice.State.VOID)
    InvoiceLine.objects.filter(invoice_id__in=[draft.id for draft in drafts]).update(is_voided=True)
    return True
