"""When contacts last got mail, opened it, followed a link, came by: one row a contact, written for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from plainsail.contacts.models import Contact, Engagement
from plainsail.contacts.services import setwise
from plainsail.contacts.services.setwise import COLUMNS, Deed
from plainsail.kernel.tenancy import current_workspace_id


@transaction.atomic
def note(deed: Deed, last: Mapping[UUID, datetime]) -> None:
    """Note when contacts did something last; an earlier moment than the one known changes nothing.

    One statement however many, always in the order of contacts so that two at once can't hold each other up. Ids of people
    who are gone are left out.
    """
    if not last:
        return
    with connection.cursor() as cursor:
        setwise.note(cursor, current_workspace_id(), deed, last)


def correct(deed: Deed, last: Mapping[UUID, datetime | None]) -> None:
    """Say when contacts did something last, whatever was noted before: it turned out that a program did. One statement each."""
    for contact_id, moment in sorted(last.items(), key=lambda pair: pair[0].int):
        Engagement.objects.filter(contact_id=contact_id).update(**{COLUMNS[deed]: moment})


def absorb(kept: Contact, merged: Contact) -> None:
    """Add to one contact's moments those of another that becomes part of it."""
    for row in Engagement.objects.filter(contact=merged):
        for deed, column in COLUMNS.items():
            if (moment := getattr(row, column)) is not None:
                note(deed, {kept.id: moment})
