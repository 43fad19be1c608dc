"""When contacts last got mail, opened it, followed a link, came by: one row a contact, written for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import connection, transaction

from plainsail.contacts.models import Contact, Engagement
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import current_workspace_id

Deed = Literal["sent", "opened", "clicked", "visited"]
COLUMNS: Mapping[Deed, str] = {name: f"{name}_at" for name in ("sent", "opened", "clicked", "visited")}


@transaction.atomic
def note(deed: Deed, last: Mapping[UUID, datetime]) -> None:
    """Note when contacts did something last; an earlier moment than the one known changes nothing.

    One statement however many, always in the order of contacts so that two at once can't hold each other up. Ids of people
    who are gone are left out.
    """
    if not last:
        return
    column, people = COLUMNS[deed], sorted(last)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO contacts_engagement AS e (id, created_at, workspace_id, contact_id, {column}) "
            "SELECT t.id, t.at, %(workspace)s, t.contact_id, t.at "
            "FROM unnest(%(ids)s::uuid[], %(people)s::uuid[], %(times)s::timestamptz[]) AS t(id, contact_id, at) "
            "JOIN contacts_contact c ON c.id = t.contact_id AND c.workspace_id = %(workspace)s ORDER BY t.contact_id "
            f"ON CONFLICT (workspace_id, contact_id) DO UPDATE SET {column} = EXCLUDED.{column} "
            f"WHERE e.{column} IS NULL OR e.{column} < EXCLUDED.{column}",
            {
                "workspace": current_workspace_id(),
                "ids": [new_id() for _one in people],
                "people": people,
                "times": [last[one] for one in people],
            },
        )


def absorb(kept: Contact, merged: Contact) -> None:
    """Add to one contact's moments those of another that becomes part of it."""
    for row in Engagement.objects.filter(contact=merged):
        for deed, column in COLUMNS.items():
            if (moment := getattr(row, column)) is not None:
                note(deed, {kept.id: moment})
