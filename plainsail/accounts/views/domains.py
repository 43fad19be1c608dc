"""Settings → Domains: names of the business's own, step by step until its site answers there."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from plainsail.accounts.forms import DomainForm
from plainsail.accounts.models import Domain, User
from plainsail.accounts.services import domain_words, hosts
from plainsail.accounts.services import domains as services
from plainsail.kernel.domain_names import in_letters
from plainsail.kernel.http import Request, can, refusals_at, workspace_url
from plainsail.kernel.tenancy import outside_transaction


@require_http_methods(["GET", "POST"])
@can("accounts.manage")
def domains(request: Request) -> HttpResponse:
    """The business's names, and a new one."""
    form = DomainForm(request.POST or None)
    if form.is_valid():
        with refusals_at(form):
            made = services.add(request.workspace, by=_person(request), at=request.now, **form.cleaned_data)
            return _to(request, made.id)
    context = {
        "form": form,
        "domains": request.workspace.domains.order_by("name", "id"),
        "site_host": hosts.site_host(request.workspace.slug),
    }
    return render(request, "accounts/domains.html", context, status=422 if form.is_bound else 200)


@require_safe
@can("accounts.manage")
def domain(request: Request, domain_id: UUID) -> HttpResponse:
    found = _domain(request, domain_id)
    context = {
        "domain": found,
        "rows": [domain_words.said(found, finding) for finding in found.findings if finding["what"] != "here"],
        "records": services.records(found),
        "is_first": request.workspace.public_host == found.name,
        "url": hosts.public_url(request.workspace),
    }
    return render(request, "accounts/domain.html", context)


@require_POST
@outside_transaction
@can("accounts.manage")
def look(request: Request, domain_id: UUID) -> HttpResponse:
    """Ask the DNS now."""
    try:
        found = services.look(request.workspace.id, domain_id, at=request.now)
    except services.DomainElsewhere as refusal:
        messages.error(request, str(refusal))
        return _to(request, domain_id)
    if found is None:
        raise Http404
    if found.is_verified:
        messages.success(request, _("%(name)s is yours: your site answers there.") % {"name": in_letters(found.name)})
    return _to(request, domain_id)


@require_POST
@can("accounts.manage")
def first(request: Request, domain_id: UUID) -> HttpResponse:
    services.make_first(_domain(request, domain_id), by=_person(request), at=request.now)
    messages.success(
        request, _("Links to your site are written with this name from now on; its other names lead there.")
    )
    return _to(request, domain_id)


@require_POST
@can("accounts.manage")
def none_first(request: Request) -> HttpResponse:
    services.make_none_first(request.workspace, by=_person(request), at=request.now)
    messages.success(request, _("Saved."))
    return redirect(workspace_url(request.workspace, "accounts:domains"))


@require_POST
@can("accounts.manage")
def remove(request: Request, domain_id: UUID) -> HttpResponse:
    services.remove(_domain(request, domain_id), by=_person(request), at=request.now)
    messages.success(request, _("Removed."))
    return redirect(workspace_url(request.workspace, "accounts:domains"))


def _domain(request: Request, domain_id: UUID) -> Domain:
    found: Domain = get_object_or_404(request.workspace.domains.select_related("workspace"), id=domain_id)
    return found


def _person(request: Request) -> User:
    return cast(User, request.user)


def _to(request: Request, domain_id: UUID) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "accounts:domain", domain_id))
