"""The profile of a contact, changed as a whole or one field in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plainsail.contacts import queries
from plainsail.contacts.forms import NewContactForm
from plainsail.contacts.models import Contact, CustomField
from plainsail.contacts.profile_forms import OneFieldForm, StandingForm, standing
from plainsail.contacts.services import editing, phones
from plainsail.contacts.services.address_hints import Hint, hint_of
from plainsail.contacts.services.contacts import CUSTOM
from plainsail.kernel.countries import country_name
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.zones import zones

SHOWN = (
    "first_name",
    "last_name",
    "phone",
    "company",
    "street",
    "postal_code",
    "city",
    "country",
    "locale",
    "timezone",
)
"""Fields of every profile in the order of the page, after the address; own fields follow, and the notes come last."""


@dataclass(frozen=True)
class Row:
    """One line of the profile: `shown` is what it says, empty for nothing; `field` is set for own fields."""

    name: str
    label: Any
    shown: Any
    field: CustomField | None = None
    hint: Hint | None = None
    """What is odd about an address."""
    mended: OneFieldForm | None = None
    """A form that says what was meant instead."""


def rows_of(contact: Contact) -> list[Row]:
    """The profile as the page shows it. Two statements."""
    fields = queries.own_fields(contact.workspace)
    said = queries.values_of([contact])[contact.id]
    own = [Row(f"{CUSTOM}{field.key}", field.label, said.get(field.key, ""), field) for field in fields]
    return [_address(contact), *(_plain(contact, name) for name in SHOWN), *own, _plain(contact, "notes")]


def _address(contact: Contact) -> Row:
    hint, mended = hint_of(contact.email), None
    if hint and hint.suggestion:
        mended = OneFieldForm(name="email", contact=contact, custom=())
        mended.initial["email"] = hint.suggestion
    return Row("email", NewContactForm.base_fields["email"].label, contact.email, hint=hint, mended=mended)


def _plain(contact: Contact, name: str) -> Row:
    stored = str(getattr(contact, name))
    return Row(name, NewContactForm.base_fields[name].label, _WORDED[name](stored) if name in _WORDED else stored)


_WORDED: dict[str, Callable[[str], str]] = {
    "phone": phones.shown,
    "country": lambda code: country_name(code, get_language() or "en"),
    "locale": lambda code: str(dict(settings.LANGUAGES).get(code, code)),
    "timezone": lambda name: dict(zones()).get(name, name),
}


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def edit(request: Request, contact_id: UUID) -> HttpResponse:
    """Change the profile."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    fields = queries.own_fields(request.workspace)
    form = StandingForm(request.POST if request.method == "POST" else None, contact=found, custom=fields)
    if request.method == "POST" and form.is_valid():
        try:
            editing.save(found, form.given, seen=form.has_seen, at=request.now)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect(workspace_url(request.workspace, "contacts:contact", found.id))
    return render(request, "contacts/edit.html", {"form": form, "contact": found}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@can("contacts.change")
def field(request: Request, contact_id: UUID, name: str) -> HttpResponse:
    """Change one field: in its place for a page with JavaScript, as a page of its own for one without."""
    found = get_object_or_404(request.workspace.contacts, id=contact_id)
    form = _form_of(request, found, name)
    if request.method == "POST" and form.is_valid():
        before = standing(found, form.own)
        try:
            changed = editing.save(found, form.given, seen=form.has_seen, at=request.now)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            return _saved(request, found, form, before if changed else None)
    context = {"form": form, "contact": found, "now": _row(found, name) if form.is_stale else None}
    return render(request, _template(request, "form"), context, status=422 if form.is_bound else 200)


def _form_of(request: Request, contact: Contact, name: str) -> OneFieldForm:
    fields = queries.own_fields(request.workspace)
    try:
        return OneFieldForm(
            request.POST if request.method == "POST" else None, name=name, contact=contact, custom=fields
        )
    except LookupError:
        raise Http404 from None


def _saved(request: Request, contact: Contact, form: OneFieldForm, before: dict[str, Any] | None) -> HttpResponse:
    """What the field says now, with the way back as long as nobody changes it again."""
    if not request.htmx:
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "contacts:contact", contact.id))
    undo = OneFieldForm(name=form.name, contact=contact, custom=form.own)
    undo.initial.update(before or {})
    context = {
        "contact": contact,
        "row": _row(contact, form.name),
        "undo": undo if before else None,
        "may_change": True,
    }
    return render(request, _template(request, "saved"), context)


def _row(contact: Contact, name: str) -> Row:
    contact.refresh_from_db()
    return next(row for row in rows_of(contact) if row.name == name)


def _template(request: Request, part: str) -> str:
    return f"contacts/profile_field.html#{part}" if request.htmx else "contacts/profile_field.html"


@require_GET
@can("contacts.change")
def hints(request: Request) -> HttpResponse:
    """What is odd about an address that somebody is typing."""
    return render(request, "contacts/address_hint.html", {"hint": hint_of(request.GET.get("email", "")[:254])})
