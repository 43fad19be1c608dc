"""Changing a profile that somebody else may be changing too: what a person never saw is never overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact, CustomField, FieldValue
from plainsail.contacts.services import contacts, phones, values
from plainsail.contacts.services.addresses import normalise
from plainsail.contacts.services.contacts import CUSTOM
from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.errors import Refusal


class ChangedMeanwhile(Refusal):
    """Fields that somebody else changed since the page was read, and that this would change too: `names`."""

    code = "changed_meanwhile"
    message = _("Somebody changed this while you were at it, so nothing was saved. Save again to replace it.")

    def __init__(self, names: list[str]) -> None:
        super().__init__(field=names[0])
        self.names = names


def seen(contact: Contact, names: Iterable[str]) -> dict[str, str]:
    """What a page shows of a contact, as codes by field (`field:<key>` for own ones): given back with what is saved.

    One statement at most, whatever the number of fields.
    """
    said = _said(contact)
    return {name: _code(_standing(contact, name, said)) for name in names}


@transaction.atomic
def save(contact: Contact, given: Mapping[str, Any], *, seen: Mapping[str, str], at: datetime) -> list[str]:
    """Change what somebody changed of what they saw; returns the names of these fields.

    A field that they left as they saw it stays as it is now, whatever that has become. One without a code is written as given.
    Raises ChangedMeanwhile, AddressTaken, BadAddress, BadPhone, BadValue, UnknownField; then nothing is stored.
    """
    locked: Contact = Contact.objects.select_for_update().get(pk=contact.pk)
    said, fields = _said(locked), values.fields_of(locked.workspace)
    wanted = {name: _code(_read(locked, name, value, given, fields)) for name, value in given.items()}
    standing = {name: _code(_standing(locked, name, said)) for name in given}
    touched = [name for name, code in wanted.items() if code not in (standing[name], seen.get(name))]
    if stale := [name for name in touched if seen.get(name, standing[name]) != standing[name]]:
        raise ChangedMeanwhile(stale)
    _write(contact, locked, {name: given[name] for name in touched}, at=at)
    return touched


def _write(contact: Contact, locked: Contact, given: Mapping[str, Any], *, at: datetime) -> None:
    if "email" in given:
        contacts.change_address(locked, email=given["email"], at=at)
    own = {name.removeprefix(CUSTOM): value for name, value in given.items() if name.startswith(CUSTOM)}
    profile = {name: value for name, value in given.items() if name != "email" and not name.startswith(CUSTOM)}
    if own or profile:
        contacts.update(locked, fields=profile, custom=own, at=at)
    contact.refresh_from_db()


Said = dict[str, list[list[Any]]]
"""The rows of custom fields by key, in one order."""


def _said(contact: Contact) -> Said:
    said: Said = {}
    for row in FieldValue.objects.filter(contact=contact).select_related("field"):
        said.setdefault(row.field.key, []).append([row.text, row.long_text, row.number, row.date])
    return {key: sorted(rows, key=str) for key, rows in said.items()}


def _standing(contact: Contact, name: str, said: Said) -> Any:
    return said.get(name.removeprefix(CUSTOM), []) if name.startswith(CUSTOM) else getattr(contact, name)


def _read(contact: Contact, name: str, value: Any, given: Mapping[str, Any], fields: Mapping[str, CustomField]) -> Any:
    """What would be stored."""
    if name.startswith(CUSTOM):
        key = name.removeprefix(CUSTOM)
        rows = values.read(fields, {key: value})
        return sorted(([*one] for found in rows.values() for one in found), key=str)
    if name == "email":
        return normalise(value)
    if name == "phone" and value:
        return phones.e164(value, country=given.get("country", contact.country))
    return value


def _code(value: Any) -> str:
    return keyed_hash("contacts.seen", json.dumps(value, default=str))
