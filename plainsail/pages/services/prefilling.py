"""Filling in a form for a browser that is known, where the business wants that: address and first name, nothing else.

A browser is known that sent a form, or followed a link in a mail. A mail may be passed on; so nothing is shown that whoever
got it doesn't see in it anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from plainsail.contacts.models import Contact
from plainsail.pages.models import Form
from plainsail.pages.services.forms import PREFILLED
from plainsail.tracking.models import Visitor


def contact_of(visitor_id: UUID | None) -> Contact | None:
    """Whose browser this is, as far as it is known; nobody where the contact was deleted."""
    if visitor_id is None:
        return None
    found = Visitor.objects.filter(visitor_id=visitor_id).select_related("contact").first()
    return None if found is None or found.contact.is_deleted else found.contact


def known(form: Form, visitor_id: UUID | None) -> Mapping[str, str]:
    """What may be filled in for this browser, by the names of questions; nothing unless the form says so."""
    contact = contact_of(visitor_id) if form.prefills else None
    return said_of(form, contact) if contact else {}


def said_of(form: Form, contact: Contact) -> dict[str, str]:
    """The same for a contact."""
    asked = {one["name"] for one in form.fields}
    return {name: getattr(contact, name) for name in PREFILLED if name in asked and getattr(contact, name)}
