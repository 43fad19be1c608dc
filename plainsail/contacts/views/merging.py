"""Two contacts that are one person."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plainsail.contacts.forms import MergeForm
from plainsail.contacts.models import Contact
from plainsail.contacts.services import merging
from plainsail.contacts.services.addresses import normalise
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def merge(request: Request, contact_id: UUID) -> HttpResponse:
    """Choose the other one by address, see both side by side, then merge."""
    kept: Contact = get_object_or_404(request.workspace.contacts, id=contact_id)
    given = request.POST if request.method == "POST" else request.GET
    form = MergeForm(given if "email" in given else None)
    other = _other(request, form, kept)
    if other is not None and request.method == "POST":
        try:
            merging.merge(kept, other, at=request.now)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("%(email)s is part of this contact now.") % {"email": other.email})
            return redirect(workspace_url(request.workspace, "contacts:contact", kept.id))
    context = {"contact": kept, "other": other if form.is_valid() else None, "form": form}
    return render(request, "contacts/merge.html", context, status=422 if form.is_bound and form.errors else 200)


def _other(request: Request, form: MergeForm, kept: Contact) -> Contact | None:
    """The contact that the form names; where there is none the form says so."""
    if not form.is_valid():
        return None
    try:
        address = normalise(form.cleaned_data["email"])
    except Refusal as refusal:
        form.add_error("email", str(refusal))
        return None
    found: Contact | None = (
        request.workspace.contacts.filter(email=address, deleted_at=None).exclude(pk=kept.pk).first()
    )
    if found is None:
        form.add_error("email", _("No other contact has this address."))
    return found
