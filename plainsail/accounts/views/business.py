"""Settings → Business: name and habits, and the web address."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.forms import AddressForm, BusinessForm
from plainsail.accounts.models import User
from plainsail.accounts.services import hosts, workspaces
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can
from plainsail.kernel.models import Workspace


@require_GET
@can("accounts.view")
def settings(request: Request) -> HttpResponse:
    """Settings begin with what the person may change."""
    first = "accounts:business" if request.role.allows("accounts.manage") else "accounts:profile"
    return redirect(first, request.workspace.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@can("accounts.manage")
def business(request: Request) -> HttpResponse:
    """Show and take the business's name and habits."""
    if request.method != "POST":
        return show(request, BusinessForm(initial=initial(request.workspace)))
    form = BusinessForm(request.POST)
    if not form.is_valid():
        return show(request, form, status=422)
    workspaces.change(request.workspace, by=cast(User, request.user), at=request.now, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("accounts:business", request.workspace.slug)


@require_POST
@can("accounts.own")
def address(request: Request) -> HttpResponse:
    """Give the business another web address."""
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            workspaces.move(
                request.workspace, slug=form.cleaned_data["slug"], by=cast(User, request.user), at=request.now
            )
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
    if not form.is_valid():
        return show(request, BusinessForm(initial=initial(request.workspace)), address=form, status=422)
    messages.success(request, _("Your web address is changed."))
    return redirect("accounts:business", request.workspace.slug)


def initial(workspace: Workspace) -> dict[str, str]:
    return {field: getattr(workspace, field) for field in BusinessForm.base_fields}


def show(
    request: Request, form: BusinessForm, *, address: AddressForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "address": address or AddressForm(initial={"slug": request.workspace.slug}),
        "suffix": hosts.site_host(""),
        "site": hosts.public_url(request.workspace),
        "may_move": request.role.allows("accounts.own"),
    }
    return render(request, "accounts/business.html", context, status=status)
