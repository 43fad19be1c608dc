"""Making, changing, deleting and erasing contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.events import ContactCreated, ContactDeleted
from plainsail.contacts.models import Contact
from plainsail.contacts.services.addresses import hashed, normalise
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id

PROFILE = (
    "first_name",
    "last_name",
    "phone",
    "company",
    "street",
    "postal_code",
    "city",
    "country",
    "timezone",
    "locale",
    "notes",
    "score",
)


class AddressTaken(Refusal):
    """Another contact has this address."""

    code = "address_taken"
    message = _("Another contact already has this address.")


class UnknownField(Refusal):
    """A field that contacts don't have: refused, never ignored."""

    code = "unknown_field"
    status = 422


@transaction.atomic
def find_or_create(*, email: str, source: str, at: datetime, fields: Mapping[str, Any] | None = None) -> Contact:
    """The contact of an address, made if need be. Fields fill what is empty; nothing known is overwritten.

    A deleted contact comes back. Raises BadAddress, UnknownField.
    """
    address = normalise(email)
    given = _profile(fields or {})
    made = Contact(id=new_id(), email=address, address_hash=hashed(address), source=source[:80], **given)
    made.created_at = made.updated_at = at
    # One statement decides who makes it: two posts at once give one contact.
    Contact.objects.bulk_create([made], ignore_conflicts=True)
    contact: Contact = Contact.objects.select_for_update().get(email=address)
    if contact.id == made.id:
        publish(ContactCreated(source=contact.source, contact_id=contact.id, at=at))
        return contact
    _fill(contact, given, at=at)
    return contact


def _fill(contact: Contact, given: Mapping[str, Any], *, at: datetime) -> None:
    changed = [name for name, value in given.items() if value and not getattr(contact, name)]
    for name in changed:
        setattr(contact, name, given[name])
    if contact.is_deleted:
        contact.deleted_at = None
        changed.append("deleted_at")
    if changed:
        contact.updated_at = at
        contact.save(update_fields=[*changed, "updated_at"])


def _profile(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(PROFILE)
    if unknown:
        raise UnknownField(_("Contacts have no field “%(field)s”.") % {"field": min(unknown)}, field=min(unknown))
    limits = {name: getattr(Contact._meta.get_field(name), "max_length", None) for name in fields}
    return {name: value[: limits[name]] if isinstance(value, str) else value for name, value in fields.items()}


@transaction.atomic
def create(*, email: str, fields: Mapping[str, Any], source: str, at: datetime) -> Contact:
    """A new contact by hand. Raises AddressTaken, BadAddress, UnknownField."""
    if Contact.objects.alive().filter(email=normalise(email)).exists():
        raise AddressTaken(field="email")
    contact = find_or_create(email=email, source=source, at=at)
    return update(contact, fields=fields, at=at)


@transaction.atomic
def update(contact: Contact, *, fields: Mapping[str, Any], at: datetime) -> Contact:
    """Change the profile. Raises UnknownField."""
    changed = {name: value for name, value in _profile(fields).items() if getattr(contact, name) != value}
    for name, value in changed.items():
        setattr(contact, name, value)
    if changed:
        contact.updated_at = at
        contact.save(update_fields=[*changed, "updated_at"])
    return contact


@transaction.atomic
def change_address(contact: Contact, *, email: str, at: datetime) -> Contact:
    """Give a contact another address. Raises AddressTaken, BadAddress."""
    address = normalise(email)
    if Contact.objects.filter(email=address).exclude(pk=contact.pk).exists():
        raise AddressTaken(field="email")
    contact.email, contact.address_hash, contact.updated_at = address, hashed(address), at
    contact.save(update_fields=["email", "address_hash", "updated_at"])
    return contact


@transaction.atomic
def delete(contact: Contact, *, at: datetime) -> None:
    """Hide a contact and stop all mail to it. Can be restored."""
    Contact.objects.filter(pk=contact.pk, deleted_at=None).update(deleted_at=at, updated_at=at)
    contact.deleted_at = contact.updated_at = at
    publish(ContactDeleted(contact_id=contact.id, at=at))


@transaction.atomic
def restore(contact: Contact, *, at: datetime) -> None:
    """Undo `delete`."""
    Contact.objects.filter(pk=contact.pk).update(deleted_at=None, updated_at=at)
    contact.deleted_at, contact.updated_at = None, at


def touch(ids: Sequence[UUID], *, at: datetime) -> None:
    """Note that something beside the profile changed: tags, lists. One statement."""
    Contact.objects.filter(id__in=ids).update(updated_at=at)
