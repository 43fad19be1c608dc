"""Where a visitor of a funnel goes next. The map is the routing: every way is looked up in it when it is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from django.db.models import Case, When

from plainsail.commerce.models import Order
from plainsail.commerce.services import leading
from plainsail.funnels import queries
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.kernel.addresses import public_path
from plainsail.pages.models import Form, Page

Answer = Literal["next", "yes", "no", "bought", "here"]
"""How somebody leaves a step: goes on, takes its offer, leaves the offer, or has paid for it; or that they come to it."""
Kind = FunnelStep.Kind
HUNDRED = 100


def next_of(steps: Sequence[FunnelStep], step: FunnelStep, answer: Answer) -> FunnelStep | None:
    """The step after one, in the order of the map; None behind the last.

    A downsell is only for those who said no to the upsell before it. Pure.
    """
    shown = [each for each in steps if each.is_shown and each.position > step.position]
    if step.kind == Kind.UPSELL and answer == "no":
        return shown[0] if shown else None
    return next((each for each in shown if each.kind != Kind.DOWNSELL), None)


def onward(step: FunnelStep, answer: Answer, *, visitor: str) -> tuple[str, FunnelStep | None]:
    """The path that somebody goes to who leaves a step, and the step that stands there. `visitor` decides splits, always the same way.

    A step whose page is not published is passed over. The site's first page where nothing follows.
    """
    if answer == "yes" and step.offer is not None:
        return public_path("funnels:offer", step.id) if step.is_one_more else checkout_of(step), step
    rows = step.funnel.steps.select_related("page", "offer").prefetch_related(queries.split_pages())
    steps = list(rows.order_by("position"))
    following = next(each for each in steps if each.id == step.id) if answer == "here" else next_of(steps, step, answer)
    while following is not None:
        if path := path_of(following, visitor=visitor):
            return path, following
        following = next_of(steps, following, "next")
    return "/", None


def checkout_of(step: FunnelStep) -> str:
    """The path of the checkout where a step's offer is bought. What is bought there is known to have come by this step."""
    assert step.offer is not None, "asked of steps that sell"
    return leading.path_by(step.offer, step.id)


def path_of(step: FunnelStep, *, visitor: str) -> str:
    """Where a step is seen by a visitor; empty where it has nothing to show."""
    if step.kind == Kind.CHECKOUT:
        return checkout_of(step) if step.offer and step.offer.is_live else ""
    page = page_for(step, visitor)
    return page.path if page is not None and page.is_published else ""


def page_for(step: FunnelStep, visitor: str) -> Page | None:
    """Which page a visitor is shown: of a split the same one each time, without anything being kept."""
    page: Page | None = step.page
    if step.kind == Kind.SPLIT:
        lot, reached = _lot(step.id, visitor), 0
        for one in step.split_pages.all():
            reached += one.share
            if lot < reached:
                page = one.page
                break
    return page


def after_form(form: Form, page: Page | None) -> str | None:
    """Where a live funnel leads somebody who sent a form of it: of several the one in which it stands on that page."""
    rows = FunnelStep.objects.filter(form=form, funnel__state=Funnel.State.LIVE)
    step = rows.order_by(_last_unless(page=page), "id").first() if page is not None else rows.order_by("id").first()
    return way(step, "next") if step is not None else None


def after_purchase(order: Order) -> str | None:
    """Where a live funnel leads somebody who paid for an offer of it: of several the one that led them to the checkout."""
    rows = FunnelStep.objects.filter(offer_id=order.offer_id, funnel__state=Funnel.State.LIVE)
    step = rows.order_by(_last_unless(id=order.came_by), "id").first() if order.offer_id else None
    return way(step, "bought") if step is not None else None


def _last_unless(**wanted: Any) -> Case:
    """Puts the step that is meant before all others."""
    return Case(When(**wanted, then=0), default=1)


def way(step: FunnelStep | UUID, answer: Answer = "next") -> str:
    """The path that leads on from a step, for a button or a mail: what stands behind it is looked up when it is followed."""
    key = step if isinstance(step, UUID) else step.id
    return public_path("funnels:next", key) if answer == "next" else public_path("funnels:answer", key, answer)


def _lot(step_id: UUID, visitor: str) -> int:
    """A number below 100, always the same for a visitor at a step."""
    return int.from_bytes(hashlib.blake2b(f"{step_id}{visitor}".encode(), digest_size=4).digest()) % HUNDRED
