"""Settings → Close this business: three separate acts, each on its own: stop the plan, close, erase."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from plainsail.accounts.models import User
from plainsail.hosting.forms import ClosingForm, ErasureForm
from plainsail.hosting.models import Closure
from plainsail.hosting.services import advancing, certificates, obstacles, overview
from plainsail.hosting.services import closing as service
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, also_when_closed, can, private_link, public, workspace_url
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.kernel.throttle import Throttle

PASSWORDS = Throttle(purpose="hosting.erasure", limit=10)
"""Passwords that one person may try here within an hour."""


class TooManyTries(Refusal):
    code = "too_many_tries"
    message = _lazy("That were many tries. Please wait an hour.")
    status = 429


@require_safe
@can("hosting.own")
@outside_transaction
def closing(request: Request) -> HttpResponse:
    """What closing and erasing would do, and where a closing that was begun stands."""
    return show(request)


@require_POST
@can("hosting.own")
@also_when_closed
@outside_transaction
def close(request: Request) -> HttpResponse:
    """Close the business: its customers' contracts end, then its doors are shut."""
    form = ClosingForm(request.POST)
    if not form.is_valid():
        return show(request, closing_form=form, status=422)
    owner = person(request)
    service.close(
        request.workspace, customers=form.cleaned_data["customers"], by=owner, email=owner.email, at=request.now
    )
    advancing.advance.function(workspace_id=request.workspace.pk, at=request.now)
    return redirect(workspace_url(request.workspace, "hosting:closing"))


@require_POST
@can("hosting.own")
@also_when_closed
@outside_transaction
def reopen(request: Request) -> HttpResponse:
    """Take the closing back."""
    service.reopen(request.workspace, by=person(request), at=request.now)
    messages.success(request, _("Your business is open again. Everything is as it was."))
    return redirect(workspace_url(request.workspace, "hosting:closing"))


@require_POST
@can("hosting.own")
@also_when_closed
def take_over_refunds(request: Request) -> HttpResponse:
    """The owner has paid back what the gateway could not."""
    service.take_over_refunds(request.workspace, by=person(request), at=request.now)
    messages.success(request, _("Noted."))
    return redirect(workspace_url(request.workspace, "hosting:closing"))


@sensitive_post_parameters("password")
@require_POST
@can("hosting.own")
@also_when_closed
@outside_transaction
def erase(request: Request) -> HttpResponse:
    """Erase everything, without waiting for the end of the grace."""
    owner = person(request)
    if not PASSWORDS.spend(str(owner.pk), at=request.now):
        raise TooManyTries
    form = ErasureForm(request.POST, user=owner, slug=request.workspace.slug)
    if not form.is_valid():
        return show(request, erasure_form=form, status=422)
    asked = service.ask_erasure(request.workspace, by=owner, email=owner.email, at=request.now)
    advancing.advance_soon(request.workspace.pk)
    if obstacles.in_the_way(request.workspace, asked):
        messages.info(request, _("Noted. It happens as soon as nothing stands in the way."))
        return redirect(workspace_url(request.workspace, "hosting:closing"))
    return redirect("hosting:certificate", certificates.token_of(asked))


@require_safe
@public
@private_link
def certificate(request: Request, token: str) -> HttpResponse:
    """What was erased and what is kept; while it is being erased, that it is."""
    closure = find(token)
    found = certificates.facts_of(closure.certificate) if closure.certificate else None
    return render(request, "hosting/certificate.html", {"certificate": found, "token": token})


@require_safe
@public
@private_link
def certificate_pdf(request: Request, token: str) -> HttpResponse:
    """The certificate on paper."""
    closure = find(token)
    if not closure.certificate:
        raise Http404
    response = HttpResponse(certificates.pdf(closure.certificate), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="erasure.pdf"'
    return response


def find(token: str) -> Closure:
    """The closing of a certificate's token. Raises Http404."""
    try:
        return certificates.find(token)
    except BadToken as error:
        raise Http404 from error


def person(request: Request) -> User:
    return cast(User, request.user)


def show(
    request: Request,
    *,
    closing_form: ClosingForm | None = None,
    erasure_form: ErasureForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "found": overview.of(request.workspace, at=request.now),
        "closing_form": closing_form or ClosingForm(),
        "erasure_form": erasure_form or ErasureForm(user=person(request), slug=request.workspace.slug),
    }
    with workspace(request.workspace):
        return render(request, "hosting/closing.html", context, status=status)
