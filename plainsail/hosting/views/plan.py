"""Settings → Billing → Change plan: what another plan does is shown first, then pressed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.commerce.services.checkout import TooManyTries, Trace
from plainsail.hosting.services import changing_plan
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, client_ip, workspace_url
from plainsail.kernel.tenancy import outside_transaction
from plainsail.kernel.throttle import Throttle
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.sockets import ChangeForm

REFUSALS = Throttle(purpose="hosting.card_refused", limit=20)
"""Cards refused from one network address within an hour."""


@sensitive_post_parameters("number", "expiry", "cvc")
@require_http_methods(["GET", "HEAD", "POST"])
@can("hosting.own")
@outside_transaction
def change(request: Request) -> HttpResponse:
    """Other plans with what changing to each does; one of them chosen (`?plan=`), its confirmation."""
    form = ChangeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := press(request, form)):
        return go_on(request, made)
    return show(request, form)


@require_POST
@can("hosting.own")
@outside_transaction
def take_back(request: Request) -> HttpResponse:
    """A planned change doesn’t come, and one whose payment still waits for the owner ends."""
    changing_plan.take_back(request.workspace, at=request.now)
    messages.success(request, _("Your plan stays as it is."))
    return redirect(workspace_url(request.workspace, "hosting:billing"))


def press(request: Request, form: ChangeForm) -> Progress | None:
    """Change as confirmed, or say at the form why not."""
    try:
        return confirm(request, form)
    except CardRefused as refused:
        REFUSALS.spend(client_ip(request), at=request.now)
        form.add_error(refused.field, str(refused.message))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    return None


def confirm(request: Request, form: ChangeForm) -> Progress:
    """Raises Refusal, CardRefused."""
    if REFUSALS.is_spent(client_ip(request), at=request.now):
        raise TooManyTries
    back = workspace_url(request.workspace, "hosting:billing")
    return changing_plan.change(request.workspace, trace=trace_of(request), back=back, at=request.now, **form.wish)


def trace_of(request: Request) -> Trace:
    """Where something is agreed to."""
    return Trace(ip=client_ip(request), user_agent=request.headers.get("User-Agent", ""))


def go_on(request: Request, made: Progress) -> HttpResponse:
    """To Billing, or to the page that leads to the bank: it lies on another host, where a form may not lead."""
    if made.state in {"action", "processing", "asked"}:
        return redirect(workspace_url(request.workspace, "hosting:change"))
    words = {
        "done": _("Your plan has changed. The receipt is on its way."),
        "planned": _("The change is planned. You can take it back until then."),
    }
    messages.success(request, words[made.state])
    return redirect(workspace_url(request.workspace, "hosting:billing"))


def show(request: Request, form: ChangeForm) -> HttpResponse:
    """The page. A card’s number is never sent back."""
    if form.is_bound:
        form.to_show_again()
    waiting = changing_plan.waiting(request.workspace, at=request.now)
    found = changing_plan.choices(request.workspace, at=request.now)
    chosen = found.find(str(form["plan"].value() if form.is_bound else request.GET.get("plan", "")))
    context = {"found": found, "chosen": chosen, "form": form, "waiting": waiting, "subscription": found.subscription}
    return render(request, "hosting/change.html", context, status=422 if form.is_bound else 200)
