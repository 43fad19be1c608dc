"""Many contacts at once, as another program knows them: a handful of statements for a thousand rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from plainsail.contacts.events import ContactCreated
from plainsail.contacts.models import Contact
from plainsail.contacts.services import tags
from plainsail.contacts.services.addresses import BadAddress, hashed, normalise
from plainsail.kernel.events import publish_many
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace

MOST = 1000


@dataclass(frozen=True, kw_only=True)
class Row:
    """Somebody as another program knows them. Fields that are not given stay as they are; tags are added, never taken off."""

    email: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a row; with a reason (`bad_address`, `repeated`, `deleted`) where nothing did."""

    state: Literal["created", "updated", "unchanged", "refused"]
    contact_id: UUID | None = None
    code: str = ""
    words: str = ""


@transaction.atomic
def upsert(workspace: Workspace, rows: Sequence[Row], *, source: str, at: datetime) -> list[Outcome]:
    """Make or change a contact for each row; one outcome a row, in their order. A row that is refused holds up no other.

    Puts nobody on a list and lifts nothing: that takes consent. Who was deleted stays deleted. About ten statements for
    a thousand rows, and two for each tag that is named. Fields are columns of the profile (`contacts.PROFILE`).
    """
    outcomes: dict[int, Outcome] = {}
    wanted: dict[str, int] = {}
    for index, row in enumerate(rows):
        try:
            address = normalise(row.email)
        except BadAddress as refusal:
            outcomes[index] = Outcome("refused", code=refusal.code, words=str(refusal))
            continue
        if address in wanted:
            outcomes[index] = Outcome("refused", code="repeated", words=_("An earlier row has the same address."))
        else:
            wanted[address] = index
    made = _make_missing({address: rows[index] for address, index in wanted.items()}, source=source, at=at)
    standing = {one.email: one for one in Contact.objects.select_for_update().filter(email__in=wanted).order_by("id")}
    changed: list[Contact] = []
    for address, index in wanted.items():
        outcomes[index] = _change(standing[address], rows[index], changed, is_new=standing[address].id in made, at=at)
    _save(changed, rows)
    _tag(workspace, rows, outcomes, standing, wanted, at=at)
    return [outcomes[index] for index in range(len(rows))]


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


def _change(contact: Contact, row: Row, changed: list[Contact], *, is_new: bool, at: datetime) -> Outcome:
    if contact.is_deleted:
        return Outcome("refused", contact.id, "deleted", _("This contact was deleted. Restore it first."))
    different = [name for name, value in row.fields.items() if getattr(contact, name) != value]
    for name in different:
        setattr(contact, name, row.fields[name])
    if different:
        contact.updated_at = at
        changed.append(contact)
    return Outcome("created" if is_new else "updated" if different else "unchanged", contact.id)


def _save(changed: Sequence[Contact], rows: Sequence[Row]) -> None:
    names = sorted({name for row in rows for name in row.fields})
    if changed and names:
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
