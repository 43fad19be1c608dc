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
from plainsail.contacts.models import Contact, List
from plainsail.contacts.services import consent, sets
from plainsail.contacts.services import lists as services
from plainsail.kernel.errors import Refusal
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
    """What one list is called, here and where people choose what to get; and what uses it."""
    found: List = get_object_or_404(request.workspace.lists, id=list_id)
    form = ListForm(request.POST) if request.method == "POST" else ListForm.of(found)
    if form.is_valid():
        services.rename(found, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "contacts:lists"))
    context = {"list": found, "form": form, "uses": services.uses_of(found), "is_kept": services.has_history(found)}
    return render(request, "contacts/list.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("contacts.change")
def archive(request: Request, list_id: UUID) -> HttpResponse:
    """Put a list away; can be undone."""
    found: List = get_object_or_404(request.workspace.lists, id=list_id)
    try:
        services.archive(found, at=request.now)
    except Refusal as refusal:
        return _refused(request, found, refusal)
    undo = workspace_url(request.workspace, "contacts:restore_list", found.id)
    said = _("“%(name)s” is put away: nobody is offered it any more.") % {"name": found.name}
    messages.success(request, said, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "contacts:lists"))


@require_POST
@can("contacts.change")
def restore(request: Request, list_id: UUID) -> HttpResponse:
    """Bring a list back."""
    found: List = get_object_or_404(request.workspace.lists, id=list_id)
    services.restore(found)
    messages.success(request, _("“%(name)s” is back.") % {"name": found.name})
    return redirect(workspace_url(request.workspace, "contacts:lists"))


@require_POST
@can("contacts.change")
def delete(request: Request, list_id: UUID) -> HttpResponse:
    """Forget a list that nobody was ever on."""
    found: List = get_object_or_404(request.workspace.lists, id=list_id)
    try:
        services.delete(found)
    except Refusal as refusal:
        return _refused(request, found, refusal)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect(workspace_url(request.workspace, "contacts:lists"))


def _refused(request: Request, found: List, refusal: Refusal) -> HttpResponse:
    """Back to the list's page, which leads to what uses it."""
    messages.error(request, str(refusal))
    return redirect(workspace_url(request.workspace, "contacts:list", found.id))


@require_POST
@can("contacts.change")
def join(request: Request, contact_id: UUID) -> HttpResponse:
    """Put somebody on a list, saying how they agreed."""
    contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = BasisForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a list and say how this person agreed."))
    else:
        topic: List = get_object_or_404(request.workspace.lists.filter(archived_at=None), id=form.cleaned_data["list"])
        basis = form.cleaned_data["basis"]
        if not consent.add_with_basis(contact, topic, basis=basis, source="manual", at=request.now):
            messages.error(
                request, _("Nothing changed: they are on this list, or want no mail and must join it themselves.")
            )
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))


@require_POST
@can("contacts.change")
def leave(request: Request, contact_id: UUID, list_id: UUID) -> HttpResponse:
    """Somebody unsubscribes from a list by word of mouth: nobody can put them back but they themselves."""
    contact, topic = _standing(request, contact_id, list_id)
    if consent.withdraw(contact, topic, at=request.now, proof=consent.Proof(source="manual")):
        messages.success(request, _("Off “%(list)s”. Only they themselves can join it again.") % {"list": topic.name})
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))


@require_POST
@can("contacts.change")
def take_off(request: Request, contact_id: UUID, list_id: UUID) -> HttpResponse:
    """The business takes somebody off a list, who never asked for it; can be undone."""
    contact, topic = _standing(request, contact_id, list_id)
    if sets.take_off(topic, [contact.id], source="manual", at=request.now):
        undo = workspace_url(request.workspace, "contacts:put_back_on_list", contact.id, topic.id)
        messages.success(request, _("Off “%(list)s”.") % {"list": topic.name}, extra_tags=f"undo:{undo}")
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))


@require_POST
@can("contacts.change")
def put_back(request: Request, contact_id: UUID, list_id: UUID) -> HttpResponse:
    """Somebody whom the business took off is on the list again, as before."""
    contact, topic = _standing(request, contact_id, list_id)
    if not sets.put_back(topic, [contact.id], source="manual", at=request.now):
        messages.error(
            request, _("Nothing changed: they are on this list, or want no mail and must join it themselves.")
        )
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))


def _standing(request: Request, contact_id: UUID, list_id: UUID) -> tuple[Contact, List]:
    contact: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    topic: List = get_object_or_404(request.workspace.lists, id=list_id)
    return contact, topic


@require_POST
@can("contacts.change")
def leave_all(request: Request, contact_id: UUID) -> HttpResponse:
    """Off every list and never written to again, as they asked on the phone or in person."""
    contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    consent.withdraw_all(contact, at=request.now, proof=consent.Proof(source="manual"))
    messages.success(request, _("%(name)s gets no more marketing mail.") % {"name": contact})
    return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))
