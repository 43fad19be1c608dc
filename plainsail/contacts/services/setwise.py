"""What senders write about many contacts at once, in a transaction of their own. Django-free: a cursor and SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, Protocol
from uuid import UUID

from plainsail.kernel.ids import in_a_row, new_ids

Deed = Literal["sent", "opened", "clicked", "visited"]
COLUMNS: Mapping[Deed, str] = {
    "sent": "sent_at",
    "opened": "opened_at",
    "clicked": "clicked_at",
    "visited": "visited_at",
}


class Cursor(Protocol):
    """What Django's cursor and psycopg's have in common here."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


def ids(values: Iterable[UUID]) -> str:
    """Ids as PostgreSQL writes an array: many times faster than one by one."""
    return f"{{{','.join([value.hex for value in values])}}}"


def texts(values: Iterable[str]) -> str:
    """Ids that came as text, as PostgreSQL writes an array."""
    return f"{{{','.join(values)}}}"


def read_ids(array: str) -> list[UUID]:
    """The same the other way round."""
    return [UUID(each) for each in array[1:-1].split(",") if each]


def times(values: Iterable[datetime]) -> str:
    """Moments, aware, as PostgreSQL writes an array."""
    return f"{{{','.join([value.isoformat() for value in values])}}}"


def note(cursor: Cursor, workspace_id: UUID, deed: Deed, last: Mapping[UUID, datetime]) -> None:
    """Note when contacts did something last; an earlier moment than the one known changes nothing.

    Always in the order of contacts, so that two at once can't hold each other up. Ids of people who are gone are left out.
    """
    column, people = COLUMNS[deed], sorted(last, key=attrgetter("int"))
    cursor.execute(
        f"INSERT INTO contacts_engagement AS e (id, created_at, workspace_id, contact_id, {column}) "
        "SELECT t.id, t.at, %(workspace)s, t.contact_id, t.at "
        "FROM unnest(%(ids)s::uuid[], %(people)s::uuid[], %(times)s::timestamptz[]) AS t(id, contact_id, at) "
        "JOIN contacts_contact c ON c.id = t.contact_id AND c.workspace_id = %(workspace)s ORDER BY t.contact_id "
        f"ON CONFLICT (workspace_id, contact_id) DO UPDATE SET {column} = EXCLUDED.{column} "
        f"WHERE e.{column} IS NULL OR e.{column} < EXCLUDED.{column}",
        {
            "workspace": workspace_id,
            "ids": ids(new_ids(len(people))),
            "people": ids(people),
            "times": times(last[one] for one in people),
        },
    )


def note_at(cursor: Cursor, workspace_id: UUID, deed: Deed, people: str, *, at: datetime) -> None:
    """The same for contacts that all did it at one moment; `people` as `ids` writes them, or the database itself."""
    column = COLUMNS[deed]
    cursor.execute(
        f"INSERT INTO contacts_engagement AS e (id, created_at, workspace_id, contact_id, {column}) "
        f"SELECT {in_a_row()}, %(at)s, %(workspace)s, c.id, %(at)s FROM contacts_contact c "
        "WHERE c.workspace_id = %(workspace)s AND c.id = ANY(%(people)s::uuid[]) ORDER BY c.id "
        f"ON CONFLICT (workspace_id, contact_id) DO UPDATE SET {column} = EXCLUDED.{column} "
        f"WHERE e.{column} IS NULL OR e.{column} < EXCLUDED.{column}",
        {"workspace": workspace_id, "people": people, "at": at},
    )


def bounced(cursor: Cursor, workspace_id: UUID, people: str, *, at: datetime) -> None:
    """These contacts' addresses don't exist: no mail goes there any more. Replaces a mere wish, never a complaint.

    `people` as `ids` writes them.
    """
    cursor.execute(
        "INSERT INTO contacts_suppression AS s (id, created_at, workspace_id, address_hash, reason, at) "
        f"SELECT {in_a_row()}, %(at)s, %(workspace)s, gone.address_hash, 'hard_bounce', %(at)s FROM ("
        "  SELECT DISTINCT c.address_hash FROM contacts_contact c "
        "  WHERE c.workspace_id = %(workspace)s AND c.id = ANY(%(people)s::uuid[])) gone ORDER BY gone.address_hash "
        "ON CONFLICT (workspace_id, address_hash) DO UPDATE SET reason = EXCLUDED.reason, at = EXCLUDED.at "
        "WHERE s.reason NOT IN ('complaint', 'hard_bounce')",
        {"workspace": workspace_id, "people": people, "at": at},
    )
