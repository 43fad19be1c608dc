"""Many contacts at once, as another program knows them: a handful of statements for a thousand rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from plainsail.contacts.events import ContactChanged, ContactCreated
from plainsail.contacts.models import Contact
from plainsail.contacts.services import phones, tags, values
from plainsail.contacts.services.addresses import hashed, normalise
from plainsail.contacts.services.contacts import CUSTOM
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish_many
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace

MOST = 1000


@dataclass(frozen=True, kw_only=True)
class Row:
    """Somebody as another program knows them. Fields that are not given stay as they are; tags are added, never taken off."""

    email: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    """Custom fields by their keys."""
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a row; with a reason (`bad_address`, `bad_phone`, `bad_value`, …) where nothing did, and the field at fault."""

    state: Literal["created", "updated", "unchanged", "refused"]
    contact_id: UUID | None = None
    code: str = ""
    words: str = ""
    field: str = "email"


@transaction.atomic
def upsert(workspace: Workspace, rows: Sequence[Row], *, source: str, at: datetime) -> list[Outcome]:
    """Make or change a contact for each row; one outcome a row, in their order. A row that is refused holds up no other.

    Puts nobody on a list and lifts nothing: that takes consent. Who was deleted stays deleted. About ten statements for
    a thousand rows, and two for each tag that is named. Fields are columns of the profile (`contacts.PROFILE`).
    """
    outcomes: dict[int, Outcome] = {}
    wanted: dict[str, int] = {}
    said: dict[int, values.Wanted] = {}
    fields, countries = values.fields_of(workspace), _countries(rows)
    rows = list(rows)
    for index, row in enumerate(rows):
        try:
            address = normalise(row.email)
            rows[index] = replace(row, fields=_with_phone(row.fields, countries.get(address, "")))
            said[index] = values.read(fields, row.custom)
        except Refusal as refusal:
            outcomes[index] = Outcome("refused", code=refusal.code, words=str(refusal), field=refusal.field or "email")
            continue
        if address in wanted:
            outcomes[index] = Outcome("refused", code="repeated", words=_("An earlier row has the same address."))
        else:
            wanted[address] = index
    made = _make_missing({address: rows[index] for address, index in wanted.items()}, source=source, at=at)
    standing = {one.email: one for one in Contact.objects.select_for_update().filter(email__in=wanted).order_by("id")}
    alive = {address: index for address, index in wanted.items() if not standing[address].is_deleted}
    filled = values.put_many({standing[address].id: said[index] for address, index in alive.items() if said[index]})
    changes: dict[Contact, list[str]] = {}
    for address, index in wanted.items():
        contact, is_new = standing[address], standing[address].id in made
        also = filled.get(contact.id, [])
        outcomes[index] = _change(contact, rows[index], also, changes, is_new=is_new, at=at)
    _save([*changes], rows)
    publish_many(
        [
            ContactChanged(changed=names, contact_id=contact.id, at=at)
            for contact, names in changes.items()
            if contact.id not in made
        ]
    )
    _tag(workspace, rows, outcomes, standing, wanted, at=at)
    return [outcomes[index] for index in range(len(rows))]


def _countries(rows: Sequence[Row]) -> dict[str, str]:
    """Where those live who get a phone number and are known already, by address: numbers may leave the country out."""
    wanted = [row.email.strip().lower() for row in rows if row.fields.get("phone") and "country" not in row.fields]
    return dict(Contact.objects.filter(email__in=wanted).values_list("email", "country")) if wanted else {}


def _with_phone(fields: Mapping[str, Any], country: str) -> Mapping[str, Any]:
    if not fields.get("phone"):
        return fields
    return {**fields, "phone": phones.e164(fields["phone"], country=fields.get("country", country))}


def _make_missing(wanted: Mapping[str, Row], *, source: str, at: datetime) -> set[UUID]:
    """Contacts for addresses that have none; ids of those that this made, and not somebody at the same moment."""
    missing = sorted(set(wanted) - set(Contact.objects.filter(email__in=wanted).values_list("email", flat=True)))
    new = [
        Contact(
            id=new_id(),
            email=one,
            address_hash=hashed(one),
            source=source[:80],
            created_at=at,
            updated_at=at,
            **wanted[one].fields,
        )
        for one in missing
    ]
    Contact.objects.bulk_create(new, ignore_conflicts=True)
    made = set(Contact.objects.filter(id__in=[one.id for one in new]).values_list("id", flat=True))
    publish_many([ContactCreated(source=one.source, contact_id=one.id, at=at) for one in new if one.id in made])
    return made


def _change(
    contact: Contact, row: Row, also: Sequence[str], changes: dict[Contact, list[str]], *, is_new: bool, at: datetime
) -> Outcome:
    """Set what differs, and note in `changes` what that was; `also` are custom fields that changed."""
    if contact.is_deleted:
        return Outcome("refused", contact.id, "deleted", _("This contact was deleted. Restore it first."))
    different = [name for name, value in row.fields.items() if getattr(contact, name) != value]
    for name in different:
        setattr(contact, name, row.fields[name])
    if names := [*different, *(f"{CUSTOM}{key}" for key in also)]:
        contact.updated_at = at
        changes[contact] = names
    return Outcome("created" if is_new else "updated" if names else "unchanged", contact.id)


def _save(changed: Sequence[Contact], rows: Sequence[Row]) -> None:
    names = sorted({name for row in rows for name in row.fields})
    if changed:
        Contact.objects.bulk_update(changed, [*names, "updated_at"], batch_size=250)


def _tag(
    workspace: Workspace,
    rows: Sequence[Row],
    outcomes: dict[int, Outcome],
    standing: Mapping[str, Contact],
    wanted: Mapping[str, int],
    *,
    at: datetime,
) -> None:
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if outcomes[index].state != "refused":
            for name in row.tags:
                groups.setdefault(name, []).append(index)
    of = {index: standing[address] for address, index in wanted.items()}
    for name, indices in groups.items():
        tag = tags.named(workspace, name)
        had = set(
            tag.contact_tags.filter(contact_id__in=[of[one].id for one in indices]).values_list("contact_id", flat=True)
        )
        tags.add_to_many([of[one] for one in indices], tag, at=at)
        for one in indices:
            if of[one].id not in had and outcomes[one].state == "unchanged":
                outcomes[one] = Outcome("updated", of[one].id)
