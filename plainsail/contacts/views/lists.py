"""Lists as staff see them, and who is put on one or taken off by hand."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.contacts import queries
from plainsail.contacts.forms import BasisForm, ListForm
from plainsail.contacts.models import List
from plainsail.contacts.services import consent
from plainsail.contacts.services import lists as services
from plainsail.kernel.http import Request, can, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.view")
def lists(request: Request) -> HttpResponse:
    """Every list with how many get its mail; a post makes another."""
    return _create(request) if request.method == "POST" else _all(request, ListForm())


@can("contacts.change")
def _create(request: Request) -> HttpResponse:
    form = ListForm(request.POST)
    if not form.is_valid():
        return _all(request, form)
    made = services.create(request.workspace, at=request.now, **form.cleaned_data)
    messages.success(request, _("“%(name)s” is there. People can join it now.") % {"name": made.name})
    return redirect(workspace_url(request.workspace, "contacts:lists"))


def _all(request: Request, form: ListForm) -> HttpResponse:
    context = {"lists": queries.lists_with_members(request.workspace), "form": form}
    return render(request, "contacts/lists.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def topic(request: Request, list_id: UUID) -> HttpResponse:
    """What one list is called, here and where people choose what to get."""
    found: List = get_object_or_404(request.workspace.lists, id=list_id)
    form = ListForm(request.POST) if request.method == "POST" else ListForm.of(found)
    if form.is_valid():
        services.rename(found, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "contacts:lists"))
    return render(request, "contacts/list.html", {"list": found, "form": form}, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def join(request: Request, contact_id: UUID) -> HttpResponse:
    """Put somebody on a list, saying how they agreed."""
    contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = BasisForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a list and say how this person agreed."))
    else:
        topic: List = get_object_or_404(request.workspace.lists, id=form.cleaned_data["list"])
        basis = form.cleaned_data["basis"]
        if not consent.add_with_basis(contact, topic, basis=basis, source="manual", at=request.now):
            messages.error(
                request, _("Nothing changed: they are on this list, or want no mail and must join it themselves.")
            )
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))


@require_POST
@can("contacts.change")
def leave(request: Request, contact_id: UUID, list_id: UUID) -> HttpResponse:
    """Take somebody off a list, as they asked."""
    contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    topic: List = get_object_or_404(request.workspace.lists, id=list_id)
    if consent.withdraw(contact, topic, at=request.now, proof=consent.Proof(source="manual")):
        messages.success(request, _("Off “%(list)s”. Only they themselves can join it again.") % {"list": topic.name})
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))


@require_POST
@can("contacts.change")
def leave_all(request: Request, contact_id: UUID) -> HttpResponse:
    """Off every list and never written to again, as they asked on the phone or in person."""
    contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    consent.withdraw_all(contact, at=request.now, proof=consent.Proof(source="manual"))
    messages.success(request, _("%(name)s gets no more marketing mail.") % {"name": contact})
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))
