"""Taking an import back: who came goes, what changed is as it was. What somebody did since is never undone with it.

Everything that an import wrote carries the moment it was started at; whatever carries another came later.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from plainsail.contacts.events import ContactChanged
from plainsail.contacts.models import (
    ConsentEntry,
    Contact,
    ContactTag,
    CustomField,
    FieldValue,
    Import,
    ImportedContact,
    ImportFault,
    ListMember,
)
from plainsail.contacts.services import contacts, membership
from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.services.importing_guessing import FIELD
from plainsail.contacts.services.merging import movable
from plainsail.kernel import clock
from plainsail.kernel.events import publish_many
from plainsail.kernel.jobs import job
from plainsail.kernel.models import EventRow, PendingEvent
from plainsail.kernel.tenancy import outside_transaction, workspace

AT_ONCE = 2000
WRITTEN_AT: dict[type[Any], str] = {
    EventRow: "at",
    ListMember: "changed_at",
    ConsentEntry: "at",
    ContactTag: "created_at",
    FieldValue: "created_at",
}
"""Tables that an import itself writes to, and the column that tells its own rows from later ones."""


@job("contacts.undo_import")
@outside_transaction
def take_back(*, workspace_id: UUID, import_id: UUID) -> None:
    """Undo an import, some thousand people a transaction. What is taken back leaves the journal, so it can go on after a crash."""
    while True:
        with workspace(workspace_id):
            rows = Import.objects.select_for_update(no_key=True)
            made: Import | None = rows.filter(id=import_id, state=Import.State.UNDOING).first()
            if made is None or made.started_at is None:
                return
            people = list(made.people.order_by("id")[:AT_ONCE])
            if not people:
                Import.objects.filter(pk=made.pk).update(state=Import.State.UNDONE, ended_at=clock.now())
                return
            did = _take_back(made, people, since=made.started_at, at=clock.now())
            made.people.filter(id__in=[one.id for one in people]).delete()
            made.tally = made.tally | {name: made.tally.get(name, 0) + number for name, number in did.items()}
            made.rows_done += len(people)
            made.save(update_fields=["tally", "rows_done"])


def _take_back(made: Import, people: Sequence[ImportedContact], *, since: datetime, at: datetime) -> Counter[str]:
    created = [one.contact_id for one in people if one.is_created]
    busy = _busy(made, created, since=since)
    gone = [one for one in created if one not in busy]
    _remove(gone)
    left = [one.contact_id for one in people if one.contact_id not in set(gone)]
    _take_off(left, since=since, at=at)
    restored, stuck = _restore([one for one in people if one.before and not one.is_created], since=since, at=at)
    _tell(made, busy, _("Something happened with this contact since; it stays."))
    _tell(made, stuck, _("Somebody changed this since; it stays as it is now."))
    return Counter(gone=len(gone), kept=len(busy), restored=restored, stuck=len(stuck))


def _busy(made: Import, created: Sequence[UUID], *, since: datetime) -> set[UUID]:
    """Whom something else knows by now: an order, a mail, a visit, a word from themselves, an edit, another import."""
    found: set[UUID] = set()
    for model, column in movable():
        rows = model._default_manager.filter(**{f"{column}__in": created})
        if model is ImportedContact:
            rows = rows.exclude(origin_id=made.id)
        elif model in WRITTEN_AT:
            rows = rows.exclude(**{WRITTEN_AT[model]: since})
        found.update(rows.order_by().values_list(column, flat=True).distinct())
    return found


def _remove(gone: Sequence[UUID]) -> None:
    events = EventRow.objects.filter(contact_id__in=gone)
    PendingEvent.objects.filter(event_id__in=events.values("id")).delete()
    events.delete()
    for model in (FieldValue, ContactTag, ListMember, ConsentEntry):
        model.objects.filter(contact_id__in=gone).delete()
    Contact.objects.filter(id__in=gone).delete()


def _take_off(people: Sequence[UUID], *, since: datetime, at: datetime) -> None:
    """Tags and lists that the import brought. Who was off a list stays off, and no address may be written to again.

    The proof of their consent stays, for mail may have been sent on it; that it was taken back stands beside it.
    """
    ContactTag.objects.filter(contact_id__in=people, created_at=since).delete()
    joined = ListMember.objects.filter(contact_id__in=people, changed_at=since, state=ListMember.State.SUBSCRIBED)
    joined.filter(created_at=since).delete()
    joined.update(state=ListMember.State.PENDING)
    agreed = ConsentEntry.objects.filter(contact_id__in=people, at=since, act=ConsentEntry.Act.IMPORTED)
    ConsentEntry.objects.bulk_create(
        [
            ConsentEntry(
                contact_id=one.contact_id,
                list_id=one.list_id,
                act=ConsentEntry.Act.TAKEN_OFF,
                source="import taken back",
                at=at,
                created_at=at,
            )
            for one in agreed
        ],
        batch_size=5000,
    )
    contacts.touch(people, at=at)
    membership.mark(people)


def _restore(people: Sequence[ImportedContact], *, since: datetime, at: datetime) -> tuple[int, set[UUID]]:
    """Put back what fields said, but those that somebody changed since. Returns how many, and whose."""
    later = _changed_since([one.contact_id for one in people], since=since)
    wanted: dict[UUID, dict[str, Any]] = {}
    stuck: set[UUID] = set()
    for one in people:
        before = one.before or {}
        touched = later.get(one.contact_id, set())
        wanted[one.contact_id] = {name: value for name, value in before.items() if name not in touched}
        if len(wanted[one.contact_id]) < len(before):
            stuck.add(one.contact_id)
    wanted = {key: before for key, before in wanted.items() if before}
    _restore_profiles(wanted)
    _restore_values(wanted)
    changed = {key: [name for name in before if name in PROFILE] for key, before in wanted.items()}
    publish_many([ContactChanged(contact_id=key, changed=names, at=at) for key, names in changed.items() if names])
    return len(wanted), stuck


def _changed_since(people: Iterable[UUID], *, since: datetime) -> dict[UUID, set[str]]:
    """Names of the fields that were changed after the import, custom ones as the journal calls them."""
    own = {f"{FIELD}{field.key}": f"{FIELD}{field.id}" for field in CustomField.objects.all()}
    rows = EventRow.objects.filter(name=ContactChanged.name, contact_id__in=list(people), at__gt=since)
    found: dict[UUID, set[str]] = {}
    for contact_id, payload in rows.values_list("contact_id", "payload"):
        found.setdefault(contact_id, set()).update(own.get(name, name) for name in payload.get("changed", []))
    return found


def _restore_profiles(wanted: dict[UUID, dict[str, Any]]) -> None:
    rows = [
        {"contact": str(key), "before": {name: value for name, value in before.items() if not name.startswith(FIELD)}}
        for key, before in wanted.items()
    ]
    kinds = {"score": "int", "deleted_at": "timestamptz"}
    columns = ", ".join(
        f"{name} = CASE WHEN old.before ? '{name}' THEN (old.before ->> '{name}')::{kinds.get(name, 'text')} ELSE c.{name} END"
        for name in (*PROFILE, "deleted_at")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE contacts_contact c SET {columns} "
            "FROM jsonb_to_recordset(%s::jsonb) AS old (contact uuid, before jsonb) "
            "WHERE c.workspace_id = current_setting('plainsail.workspace')::uuid AND c.id = old.contact",
            [json.dumps(rows)],
        )


def _restore_values(wanted: dict[UUID, dict[str, Any]]) -> None:
    pairs = [
        (key, UUID(name.removeprefix(FIELD)), rows)
        for key, before in wanted.items()
        for name, rows in before.items()
        if name.startswith(FIELD)
    ]
    for field_id in {field for _contact, field, _rows in pairs}:
        people = [contact for contact, field, _rows in pairs if field == field_id]
        FieldValue.objects.filter(field_id=field_id, contact_id__in=people).delete()
    known = {field.id for field in CustomField.objects.all()}
    FieldValue.objects.bulk_create(
        [
            FieldValue(contact_id=contact, field_id=field, text=text, long_text=long_text, number=number, date=day)
            for contact, field, rows in pairs
            if field in known
            for text, long_text, number, day in rows
        ],
        batch_size=2000,
    )


def _tell(made: Import, people: Iterable[UUID], reason: str) -> None:
    addresses = Contact.objects.filter(id__in=list(people)).order_by("email").values_list("email", flat=True)
    ImportFault.objects.bulk_create(
        [ImportFault(origin=made, row=0, value=address[:200], reason=reason) for address in addresses]
    )
