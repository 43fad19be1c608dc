"""`plainsail seed`: a large business made of invented people, by COPY; for measuring, and for seeing how a million feels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from plainsail.cli.errors import Refused
from plainsail.cli.people import YEAR, Deed, Person, deeds, id_at, people

if TYPE_CHECKING:
    from django.db.models import Model

    from plainsail.contacts.models import List, Tag
    from plainsail.kernel.models import Workspace

AT_ONCE = 50_000
"""Rows of a transaction: memory stays the same whatever the number."""
TAGS = 20
BASIS = "Invented for measuring; nobody lives at this address"

Row = tuple[object, ...]
R = TypeVar("R")


class NoSuchBusiness(Refused):
    """No business has this web address."""


class Seeded(NamedTuple):
    """How many rows were written."""

    contacts: int
    events: int
    rows: int


def seed(
    slug: str,
    *,
    contacts: int,
    events: int,
    seed: int,
    at: datetime,
    progress: Callable[[int], None] = lambda rows: None,
) -> Seeded:
    """Add invented people and what they did in the year before `at`. The same business, seed and moment give the same rows.

    Each person brings a contact, two tags, where they stand with a list, the proof of it and the event of becoming known.
    Addresses end in `.example`, where no mail goes. Raises NoSuchBusiness.
    """
    from plainsail.kernel.models import Workspace
    from plainsail.kernel.tenancy import workspace
    from plainsail.tracking.services import engaging

    business = Workspace.objects.filter(slug=slug).first()
    if business is None:
        raise NoSuchBusiness(f"No business has the web address {slug}.")
    writer = Writer(business, progress)
    with workspace(business):
        first, topic, tags = business.contacts.count(), _topic(business, at=at), _tags(business, at=at)
        _make_months(at)

    def some_people(place: int, number: int, since: datetime, until: datetime) -> list[UUID]:
        start = first + place * AT_ONCE
        random = Random(f"{slug} {seed} people {start}")
        batch = list(people(start, number, tags=TAGS, since=since, until=until, random=random))
        writer.people(batch, topic, tags, random)
        return [person.id for person in batch]

    known = [key for batch in _side_by_side(some_people, _rounds(contacts, at=at)) for key in batch]
    with workspace(business):
        known = known or list(business.contacts.order_by("id").values_list("id", flat=True)[:AT_ONCE])

    def some_deeds(place: int, number: int, since: datetime, until: datetime) -> None:
        random = Random(f"{slug} {seed} deeds {since}")
        writer.deeds(deeds(known, number, since=since, until=until, random=random))

    _side_by_side(some_deeds, _rounds(events if known else 0, at=at))
    with workspace(business):
        engaging.gather()
    return Seeded(contacts, events if known else 0, writer.rows)


Round = tuple[int, int, datetime, datetime]


def _side_by_side(do: Callable[..., R], rounds: Iterable[Round]) -> list[R]:
    """Do the rounds, two at a time: while one waits for the database, the other makes up its rows."""

    def once(given: Round) -> R:
        from django.db import connection

        try:
            return do(*given)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(once, rounds))


def _rounds(number: int, *, at: datetime) -> Iterator[Round]:
    """Which one, how many, and the part of the year that they fill: what is written together lies together."""
    rounds = -(-number // AT_ONCE)
    for place in range(rounds):
        since, until = at - YEAR + YEAR * place / rounds, at - YEAR + YEAR * (place + 1) / rounds
        yield place, min(AT_ONCE, number - place * AT_ONCE), since, until


class Writer:
    """Writes rows of many tables, each batch in a transaction of its own, and counts them."""

    def __init__(self, business: Workspace, progress: Callable[[int], None]) -> None:
        self.rows = 0
        self._business = business
        self._progress = progress
        self._counting = Lock()

    def people(self, batch: Sequence[Person], topic: List, tags: Sequence[Tag], random: Random) -> None:
        """Contacts with all that belongs to them."""
        from plainsail.kernel.tenancy import workspace

        with workspace(self._business):
            self._people(batch, topic, tags, random)

    def _people(self, batch: Sequence[Person], topic: List, tags: Sequence[Tag], random: Random) -> None:
        from plainsail.contacts.models import ConsentEntry, Contact, ContactTag, ListMember
        from plainsail.kernel.models import EventRow

        on_list = [one for one in batch if one.standing]
        acts = {"subscribed": "confirmed", "unsubscribed": "withdrawn", "pending": "asked"}
        self._write(Contact, CONTACT, (_contact(one) for one in batch))
        self._write(
            ContactTag,
            ("id", "created_at", "tag_id", "contact_id"),
            ((id_at(one.since, random), one.since, tags[place].id, one.id) for one in batch for place in one.tags),
        )
        self._write(
            ListMember,
            ("id", "created_at", "list_id", "contact_id", "state", "changed_at"),
            ((id_at(one.since, random), one.since, topic.id, one.id, one.standing, one.since) for one in on_list),
        )
        self._write(
            ConsentEntry,
            ("id", "created_at", "list_id", "contact_id", "act", "wording", "at"),
            (
                (id_at(one.since, random), one.since, topic.id, one.id, acts[one.standing], BASIS, one.since)
                for one in on_list
            ),
        )
        self._write(
            EventRow,
            ("id", "created_at", "name", "contact_id", "at"),
            ((id_at(one.since, random), one.since, "contacts.contact_created", one.id, one.since) for one in batch),
        )

    def deeds(self, batch: Iterable[Deed]) -> None:
        """Visits, opened mails and followed links."""
        from plainsail.kernel.tenancy import workspace
        from plainsail.tracking.models import Hit

        columns = ("id", "at", "kind", "contact_id", "path", "agent")
        with workspace(self._business):
            self._write(Hit, columns, ((one.id, one.at, one.kind, one.person, one.path, one.agent) for one in batch))

    def _write(self, model: type[Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
        """COPY into a temporary table, for the real one is under row-level security, and from there in one statement."""
        from django.db import connection

        table, names = model._meta.db_table, ", ".join(columns)
        rest = dict(_rest(model, columns))
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE seeding ON COMMIT DROP AS SELECT {names} FROM {table} WHERE false")
            with cursor.copy(f"COPY seeding ({names}) FROM STDIN") as copy:
                for lines in _lines(rows):
                    copy.write(lines)
            cursor.execute(
                f"INSERT INTO {table} ({names}, {', '.join(rest)}) "
                f"SELECT {names}, {', '.join(['%s'] * len(rest))} FROM seeding",
                list(rest.values()),
            )
            written = cursor.rowcount
            cursor.execute("DROP TABLE seeding")
        with self._counting:
            self.rows += written
            self._progress(self.rows)


CONTACT = (
    *(
        "id",
        "created_at",
        "updated_at",
        "email",
        "address_hash",
        "first_name",
        "last_name",
        "city",
        "country",
        "locale",
    ),
    *("source", "score"),
)


def _contact(one: Person) -> Row:
    from plainsail.contacts.services.addresses import hashed

    return (
        *(
            one.id,
            one.since,
            one.since,
            one.email,
            hashed(one.email),
            one.first_name,
            one.last_name,
            one.city,
            one.country,
        ),
        *(one.locale, one.source, one.score),
    )


def _lines(rows: Iterable[Row], *, at_once: int = 1000) -> Iterator[bytes]:
    """Rows in COPY's text format. What is written here holds no tab, newline or backslash."""
    lines: list[str] = []
    for row in rows:
        lines.append("\t".join([str(value) for value in row]))
        if len(lines) == at_once:
            yield ("\n".join(lines) + "\n").encode()
            lines.clear()
    if lines:
        yield ("\n".join(lines) + "\n").encode()


def _rest(model: type[Model], columns: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The columns that are not written row by row, each with what it holds where nobody says anything."""
    from django.db import connection

    from plainsail.kernel.tenancy import current_workspace_id

    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column == "workspace_id":
            yield column, current_workspace_id()
        elif column not in columns:
            yield column, field.get_db_prep_save(field.get_default(), connection)


def _topic(business: Workspace, *, at: datetime) -> List:
    from plainsail.contacts.services import lists

    return lists.default(business, at=at)


def _tags(business: Workspace, *, at: datetime) -> list[Tag]:
    from plainsail.contacts.services import tags

    return [tags.named(business, f"Seeded {number:02d}") for number in range(1, TAGS + 1)]


def _make_months(at: datetime) -> None:
    """The months in which they did it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tracking_make_month(month::date) FROM "
            "generate_series(date_trunc('month', %s), %s, interval '1 month') AS month",
            [at - YEAR, at],
        )
