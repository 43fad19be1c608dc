"""One thing more, bought by one button with the card that has just paid: shown with its price and terms, taken by POST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from plainsail.commerce.models import Order
from plainsail.commerce.services import clocks, one_click, receipts, terms
from plainsail.commerce.services.checkout import Progress, StaleAttempt, TotalChanged, Trace
from plainsail.commerce.services.one_click import OneClick
from plainsail.commerce.sockets import BOUGHT
from plainsail.funnels import queries
from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services import routing
from plainsail.kernel.addresses import public_path
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, client_ip, public, visitor_cookie
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.pages.services import countdowns
from plainsail.payments.services.charging import ChargeUnderway


@dataclass(frozen=True)
class Found:
    """A step, and its offer to whoever has just bought; None for whoever has not, or whose card can't be charged again."""

    step: FunnelStep
    shown: OneClick | None
    at: datetime
    """The seller's time."""
    bought: bool = False
    """It was bought by this button before."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
@outside_transaction
def offer(request: Request, step_id: UUID) -> HttpResponse:
    """Show the offer with its price and terms, and take the order."""
    with workspace(request.workspace):
        found = find(request, step_id)
    if found.bought:
        return redirect(routing.way(found.step, "bought"))
    if found.shown is None:
        return redirect(routing.checkout_of(found.step))
    return take(request, found, found.shown) if request.method == "POST" else show(request, found, found.shown)


def find(request: Request, step_id: UUID) -> Found:
    """The step's offer as it is sold now. Raises Http404, SellerClosing, TimeIsUp."""
    step: FunnelStep = get_object_or_404(queries.one_more(request.workspace), id=step_id)
    assert step.offer is not None, "only steps with one are looked for"
    countdowns.refuse_if_over(step.offer.id, visitor_id=visitor_cookie(request), at=request.now)
    at, earlier = clocks.seller_now(request.now), one_click.recall(request.COOKIES.get(BOUGHT, ""))
    if earlier is None or not step.funnel.is_live:
        return Found(step, None, at)
    shown = one_click.offered(step.offer, earlier=earlier, place_key=step.id, at=at)
    made = request.workspace.orders.filter(id=one_click.order_key(earlier, step.id)).first()
    return Found(step, shown, at, bought=made is not None and made.is_paid)


def take(request: Request, found: Found, shown: OneClick) -> HttpResponse:
    """Charge the card and lead on; to the checkout, with this order, where the bank says no."""
    try:
        progress = buy(request, found, shown)
    except ChargeUnderway:
        # The same form came twice. Whoever was first is at work; this one waits for what comes of it.
        return redirect("commerce:payment", token_of(shown))
    except (StaleAttempt, TotalChanged) as refusal:
        return show(request, found, shown, says=str(refusal), status=refusal.status)
    except Refusal:
        return again(request, found, shown)
    if progress.state == "paid":
        return redirect(routing.way(found.step, "bought"))
    return (
        again(request, found, shown) if progress.state == "declined" else redirect("commerce:payment", token_of(shown))
    )


def buy(request: Request, found: Found, shown: OneClick) -> Progress:
    """Place the order and charge it. Raises Refusal."""
    return one_click.buy(
        request.workspace.pk,
        shown,
        attempt=request.POST.get("attempt", ""),
        trace=Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""), came_by=found.step.id),
        return_path=public_path("commerce:payment", token_of(shown)),
        at=found.at,
    )


def again(request: Request, found: Found, shown: OneClick) -> HttpResponse:
    """To the checkout, where the same order may be paid by another card."""
    with workspace(request.workspace):
        is_there = request.workspace.orders.filter(id=shown.order_id).exists()
    way = routing.checkout_of(found.step)
    return redirect(f"{way}&again={token_of(shown)}" if is_there else way)


def token_of(shown: OneClick) -> str:
    """What names the order in addresses, whether or not it is there yet."""
    return receipts.token_of(Order(id=shown.order_id, created_at=shown.earlier.created_at))


def show(request: Request, found: Found, shown: OneClick, *, says: str = "", status: int = 200) -> HttpResponse:
    context = {
        "step": found.step,
        "sale": shown,
        "button": terms.button(shown.quote),
        "says": says,
        "no": routing.way(found.step, "no"),
        "other": routing.checkout_of(found.step),
    }
    return render(request, "funnels/offer.html", context, status=status)
