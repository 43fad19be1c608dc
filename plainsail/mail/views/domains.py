"""Sending domains: what to put into the DNS, what stands there, and who signs. A tab of Settings."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.domain_forms import DomainForm, NewDomainForm
from plainsail.mail.models import DkimKey, SendingDomain
from plainsail.mail.services import dmarc, dmarc_words, domain_words, domains, gate, verification, wanted


@require_GET
@can("mail.view")
def listed(request: Request) -> HttpResponse:
    rows = [
        (each, domain_words.summary(each.findings)) for each in request.workspace.sending_domains.order_by("domain")
    ]
    return render(request, "mail/domains.html", {"rows": rows, "needs_gate": gate.is_needed()})


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def new(request: Request) -> HttpResponse:
    form = NewDomainForm(request.POST or None)
    if form.is_valid():
        try:
            made = domains.add(form.cleaned_data["domain"], at=request.now)
            return _to(request, made, _("Now add these records where your domain is looked after, then look again."))
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
    return render(request, "mail/new_domain.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@can("mail.manage")
def domain(request: Request, sending_domain_id: UUID) -> HttpResponse:
    found = find(request, sending_domain_id)
    initial = {name: getattr(found, name) for name in ("signing", "server_selector", "return_label")}
    form = DomainForm(request.POST or None, initial=initial)
    if form.is_valid():
        domains.change(found, **form.cleaned_data)
        return _to(request, found, _("Saved. Look at the DNS again."))
    context = {
        "domain": found,
        "form": form,
        "rows": domain_words.rows(found.findings),
        "records": wanted.records(found),
        "keys": found.keys.select_related("domain").order_by("-created_at", "-algorithm"),
        "needs_gate": gate.is_needed(),
    }
    return render(request, "mail/domain.html", context, status=422 if form.is_bound else 200)


@require_GET
@can("mail.view")
def reports(request: Request, sending_domain_id: UUID) -> HttpResponse:
    """What mail servers report about mail in the domain's name."""
    found = find(request, sending_domain_id)
    shown = dmarc_words.panel(found, today=request.now.date())
    return render(request, "mail/domain_reports.html", {"domain": found, "panel": shown, "wanted": dmarc.wanted(found)})


@require_POST
@can("mail.manage")
@outside_transaction
def look(request: Request, sending_domain_id: UUID) -> HttpResponse:
    with workspace(request.workspace):
        found = find(request, sending_domain_id)
    verification.look(request.workspace.id, found.id, at=request.now)
    return _to(request, found, _("Looked at the DNS just now."))


@require_POST
@can("mail.manage")
def keys(request: Request, sending_domain_id: UUID) -> HttpResponse:
    found = find(request, sending_domain_id)
    domains.new_keys(found, at=request.now)
    return _to(
        request, found, _("New keys are made. They sign once their records are found; until then the present ones do.")
    )


@require_POST
@can("mail.manage")
def forget(request: Request, sending_domain_id: UUID, dkim_key_id: UUID) -> HttpResponse:
    found = find(request, sending_domain_id)
    key: DkimKey = get_object_or_404(found.keys.exclude(retired_at=None), id=dkim_key_id)
    domains.forget_key(key)
    return _to(request, found, _("The old key is gone. Take its record out of the DNS."))


@require_POST
@can("mail.manage")
def removal(request: Request, sending_domain_id: UUID) -> HttpResponse:
    domains.remove(find(request, sending_domain_id))
    messages.success(request, _("The domain is removed. Its records in the DNS may go."))
    return redirect(workspace_url(request.workspace, "mail:domains"))


def find(request: Request, sending_domain_id: UUID) -> SendingDomain:
    """One of this business's domains. Raises Http404."""
    found: SendingDomain = get_object_or_404(request.workspace.sending_domains, id=sending_domain_id)
    return found


def _to(request: Request, found: SendingDomain, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect(workspace_url(request.workspace, "mail:domain", found.id))
