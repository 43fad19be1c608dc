"""The people of a chunk as COPY takes them, and the temporary tables that they come into.

COPY into the tables themselves is not for those whom row-level security holds for. People are text; values and tags, of which
there are many times more, are COPY's binary form with their ids already in it: PostgreSQL takes longer to read a UUID
from text, or to make one, than to write the row (https://www.postgresql.org/docs/current/sql-copy.html, File Formats).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.services.importing_rows import Person
from plainsail.kernel.ids import start_of_row

WORDS = tuple(name for name in PROFILE if name != "score")
STAGING = (
    # What is asked of everybody again and again stands first: a row is read up to the last column that is wanted.
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_person (place int, is_new bool DEFAULT true, is_merged bool DEFAULT false, "
    "is_repeated bool DEFAULT false, gains bool DEFAULT false, is_held bool DEFAULT false, contact uuid, "
    "before jsonb DEFAULT '{}', standing text, address_hash text, email text, score int"
    + "".join(f", {name} text" for name in WORDS)
    + ") ON COMMIT DELETE ROWS",
    (
        "CREATE TEMPORARY TABLE IF NOT EXISTS import_value (place int, id uuid, field uuid, text text, long_text text, "
        "number bigint, date date) ON COMMIT DELETE ROWS"
    ),
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_word (word int, tag uuid) ON COMMIT DELETE ROWS",
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_tag (place int, id uuid, word int) ON COMMIT DELETE ROWS",
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_list (place int, list uuid) ON COMMIT DELETE ROWS",
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_put (contact uuid, field uuid, before jsonb) ON COMMIT DELETE ROWS",
    # Of earlier runs on this connection; inside a test nothing was ever committed.
    "TRUNCATE import_person, import_value, import_word, import_tag, import_list, import_put",
)


@dataclass(frozen=True)
class Staged:
    """People as COPY takes them, made before a transaction is open."""

    names: tuple[str, ...] = ()
    """The profile's fields that any of them says something of."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Names of tags by slug; `tags` has their places in it, for which tags those are has to be found first."""
    people: bytes = b""
    values: bytes = b""
    tags: bytes = b""
    lists: bytes = b""


def staged(people: Sequence[Person]) -> Staged:
    """People as COPY takes them. Asks the database nothing."""
    said = set().union(*(one.profile for one in people))
    names = tuple(name for name in PROFILE if name in said)
    words = {slug: name for one in people for slug, name in one.tags.items()}
    return Staged(
        names=names,
        words=words,
        people=_block(_people(people, names)),
        values=_binary(_values(people)),
        tags=_binary(_tags(people, words)),
        lists=_block(_lists(people)),
    )


def _block(rows: Iterable[str]) -> bytes:
    text = "\n".join(rows)
    return f"{text}\n".encode() if text else b""


def _people(people: Sequence[Person], names: Sequence[str]) -> Iterator[str]:
    first = start_of_row()
    for place, one in enumerate(people):
        said = one.profile
        cells = [str(said[name]) if name in said else None for name in names]
        email, *profile = _escaped((one.email, *(cell or "" for cell in cells)))
        profile = [NOTHING if cell is None else text for cell, text in zip(cells, profile, strict=True)]
        yield "\t".join((str(place), f"{first}{place:08x}", email, one.address_hash, one.standing, *profile))


BEGINS = b"PGCOPY\n\xff\r\n\0" + bytes(8)
ENDS = b"\xff\xff"
# Before each field stands its length, before each row how many fields it has; a length of -1 is NULL.
VALUE = struct.Struct("!h ii i12sI i16s")
TAG = struct.Struct("!h ii i12sI ii")
LENGTH = struct.Struct("!i")
NUMBER = struct.Struct("!i i iq i")
DAY = struct.Struct("!i i i ii")
FIRST_DAY = date(2000, 1, 1).toordinal()
"""PostgreSQL counts days from here."""


def _binary(rows: Iterable[bytes]) -> bytes:
    block = b"".join(rows)
    return BEGINS + block + ENDS if block else b""


def _values(people: Sequence[Person]) -> Iterator[bytes]:
    first, number_of = bytes.fromhex(start_of_row()), 0
    fields: dict[str, bytes] = {}
    for place, one in enumerate(people):
        for key, rows in one.values.items():
            if (of := fields.get(key)) is None:
                of = fields[key] = UUID(key).bytes
            for text, long_text, number, day in rows:
                yield VALUE.pack(7, 4, place, 16, first, number_of, 16, of)
                number_of += 1
                if not text and not long_text and number is not None and day is None:
                    yield NUMBER.pack(0, 0, 8, number, -1)
                elif not text and not long_text and number is None and day is not None:
                    yield DAY.pack(0, 0, -1, 4, day.toordinal() - FIRST_DAY)
                else:
                    yield _any(text, long_text, number, day)


def _any(text: str, long_text: str, number: int | None, day: date | None) -> bytes:
    cells = (
        text.encode(),
        long_text.encode(),
        None if number is None else number.to_bytes(8, "big", signed=True),
        None if day is None else (day.toordinal() - FIRST_DAY).to_bytes(4, "big", signed=True),
    )
    return b"".join(LENGTH.pack(-1) if cell is None else LENGTH.pack(len(cell)) + cell for cell in cells)


def _tags(people: Sequence[Person], words: Iterable[str]) -> Iterator[bytes]:
    first, number_of = bytes.fromhex(start_of_row()), 0
    places = {slug: place for place, slug in enumerate(words)}
    for place, one in enumerate(people):
        for slug in one.tags:
            yield TAG.pack(3, 4, place, 16, first, number_of, 4, places[slug])
            number_of += 1


def _lists(people: Sequence[Person]) -> Iterator[str]:
    for place, one in enumerate(people):
        for key in one.lists:
            yield f"{place}\t{key}"


NOTHING = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(cells: Sequence[str]) -> Sequence[str]:
    """Values of COPY's text format."""
    together = "".join(cells)
    return cells if together.isprintable() and "\\" not in together else [one.translate(_ESCAPES) for one in cells]
