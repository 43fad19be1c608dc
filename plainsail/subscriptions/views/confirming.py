"""What every page that confirms a cancellation does, whoever's it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.http import Http404, HttpResponse
from django.shortcuts import render

from plainsail.commerce.services import clocks
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request
from plainsail.subscriptions.forms import ConfirmForm
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import cancellation

T = TypeVar("T")


def now(request: Request) -> datetime:
    """The seller's time of a request: the wall clock until somebody moves the test clock."""
    return clocks.seller_now(request.now)


def read_or_404(read: Callable[[str], T], token: str) -> T:
    """What a signed link stands for; a forged, damaged or foreign one leads nowhere."""
    try:
        return read(token)
    except (BadToken, ValueError):
        raise Http404 from None


def confirm_page(
    request: Request, subscription: Subscription, form: ConfirmForm, template: str, **context: object
) -> HttpResponse:
    """Both outcomes, to the cent, before anything is confirmed."""
    at = now(request)
    shown = {
        "at_period_end": cancellation.preview(subscription, when="period_end", at=at),
        "now": cancellation.preview(subscription, when="now", at=at),
    }
    if form.later_end is not None:
        shown["later"] = cancellation.preview(subscription, when="period_end", last_on=form.later_end, at=at)
    status = 422 if form.errors else 200
    return render(
        request, template, {"subscription": subscription, "form": form, "quotes": shown, **context}, status=status
    )
