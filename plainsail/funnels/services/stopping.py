"""Whoever bought is asked no more: mails of a funnel that stand before the bought step end for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plainsail.automations.models import Run
from plainsail.automations.services import running
from plainsail.commerce.models import Order
from plainsail.funnels.models import Funnel, FunnelStep


def hear_purchase(order_id: UUID, contact_id: UUID | None, *, at: datetime) -> int:
    """Take a buyer out of what asked them to buy; returns of how many rows of mails. Idempotent."""
    order = Order.objects.filter(id=order_id).first()
    if order is None or contact_id is None or order.offer_id is None:
        return 0
    bought = FunnelStep.objects.filter(offer_id=order.offer_id, funnel__state=Funnel.State.LIVE)
    automations = [key for step in bought.order_by("id") for key in _asking_before(step)]
    runs = Run.objects.filter(automation_id__in=automations, contact_id=contact_id, ended_at=None)
    found = list(runs.order_by("id"))
    for run in found:
        running.take_out(run, at=at)
    return len(found)


def _asking_before(step: FunnelStep) -> Sequence[UUID]:
    rows = step.funnel.steps.filter(position__lt=step.position, automation__isnull=False)
    return list(rows.order_by("position").values_list("automation_id", flat=True))
