"""Making, changing, deleting and erasing contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.events import ContactChanged, ContactCreated, ContactDeleted, ContactRestored
from plainsail.contacts.models import Contact
from plainsail.contacts.services import phones, values
from plainsail.contacts.services.addresses import hashed, normalise
from plainsail.contacts.services.setwise import ids as array
from plainsail.contacts.services.values import UnknownField
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import current_workspace_id

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
KEPT_FOR = timedelta(days=60)
"""How long a deleted contact can be restored; then `trash` erases it."""
TRASH = "contacts.trash"
CUSTOM = "field:"
"""What a custom field's key begins with where it stands beside the fields of the profile."""

TOUCH = """
UPDATE contacts_lastchange SET at = %(at)s WHERE workspace_id = %(workspace)s AND id = ANY(%(people)s::uuid[])
"""


class AddressTaken(Refusal):
    """Another contact has this address, maybe one who was deleted: `contact`."""

    code = "address_taken"
    message = _("Another contact already has this address.")

    def __init__(self, contact: Contact) -> None:
        super().__init__(_("A deleted contact has this address.") if contact.is_deleted else None, field="email")
        self.contact = contact


@transaction.atomic
def find_or_create(*, email: str, source: str, at: datetime, fields: Mapping[str, Any] | None = None) -> Contact:
    """The contact of an address, made if need be. Fields fill what is empty; nothing known is overwritten.

    A deleted contact comes back. Raises BadAddress, UnknownField.
    """
    address = normalise(email)
    given = _profile(fields or {})
    if given.get("phone"):
        # What a stranger typed into a form is taken where it is a number, and never stands in the way of the rest.
        given["phone"] = phones.or_nothing(given["phone"], country=given.get("country", ""))
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
    _write(contact, {name: given[name] for name in changed}, at=at)
    if contact.is_deleted:
        restore(contact, at=at)


def _profile(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(PROFILE)
    if unknown:
        raise UnknownField(_("Contacts have no field “%(field)s”.") % {"field": min(unknown)}, field=min(unknown))
    limits = {name: getattr(Contact._meta.get_field(name), "max_length", None) for name in fields}
    return {name: value[: limits[name]] if isinstance(value, str) else value for name, value in fields.items()}


@transaction.atomic
def create(
    *, email: str, fields: Mapping[str, Any], source: str, at: datetime, custom: Mapping[str, Any] | None = None
) -> Contact:
    """A new contact by hand. Raises AddressTaken, BadAddress, BadPhone, UnknownField, BadValue."""
    if (taken := Contact.objects.filter(email=normalise(email)).first()) is not None:
        raise AddressTaken(taken)
    return create_or_restore(email=email, fields=fields, source=source, at=at, custom=custom)


@transaction.atomic
def create_or_restore(
    *, email: str, fields: Mapping[str, Any], source: str, at: datetime, custom: Mapping[str, Any] | None = None
) -> Contact:
    """The same, but somebody who was deleted comes back, with what is given. Raises what `create` does."""
    if (taken := Contact.objects.alive().filter(email=normalise(email)).first()) is not None:
        raise AddressTaken(taken)
    contact = find_or_create(email=email, source=source, at=at)
    return update(contact, fields=fields, custom=custom, at=at)


@transaction.atomic
def update(
    contact: Contact, *, fields: Mapping[str, Any], at: datetime, custom: Mapping[str, Any] | None = None
) -> Contact:
    """Change the profile, and custom fields by their keys. Raises UnknownField, BadPhone, BadValue."""
    given = _profile(fields)
    if given.get("phone"):
        given["phone"] = phones.e164(given["phone"], country=given.get("country", contact.country))
    differing = {name: value for name, value in given.items() if value != getattr(contact, name)}
    _write(contact, differing, at=at, also=values.put(contact, custom or {}))
    return contact


def _write(contact: Contact, given: Mapping[str, Any], *, at: datetime, also: Sequence[str] = ()) -> None:
    for name, value in given.items():
        setattr(contact, name, value)
    if changed := [*given, *(f"{CUSTOM}{key}" for key in also)]:
        contact.updated_at = at
        contact.save(update_fields=[*given, "updated_at"])
        publish(ContactChanged(changed=changed, contact_id=contact.id, at=at))


@transaction.atomic
def change_address(contact: Contact, *, email: str, at: datetime) -> Contact:
    """Give a contact another address. Raises AddressTaken, BadAddress."""
    address = normalise(email)
    if (taken := Contact.objects.filter(email=address).exclude(pk=contact.pk).first()) is not None:
        raise AddressTaken(taken)
    contact.email, contact.address_hash, contact.updated_at = address, hashed(address), at
    contact.save(update_fields=["email", "address_hash", "updated_at"])
    publish(ContactChanged(changed=["email"], contact_id=contact.id, at=at))
    return contact


@transaction.atomic
def delete(contact: Contact, *, at: datetime) -> None:
    """Hide a contact and stop all mail to it. Can be restored."""
    Contact.objects.filter(pk=contact.pk, deleted_at=None).update(deleted_at=at, updated_at=at)
    contact.deleted_at = contact.updated_at = at
    due.schedule(TRASH, at + KEPT_FOR)
    publish(ContactDeleted(contact_id=contact.id, at=at))


@transaction.atomic
def restore(contact: Contact, *, at: datetime) -> None:
    """Undo `delete`; and part from whoever the contact was merged into."""
    Contact.objects.filter(pk=contact.pk).update(deleted_at=None, merged_into=None, updated_at=at)
    contact.deleted_at, contact.merged_into, contact.updated_at = None, None, at
    publish(ContactRestored(contact_id=contact.id, at=at))


def touch(ids: Sequence[UUID], *, at: datetime) -> None:
    """Note that something beside the profile changed: tags, lists. One statement, which leaves the contacts' own rows alone."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCH, {"workspace": current_workspace_id(), "people": array(ids), "at": at})
