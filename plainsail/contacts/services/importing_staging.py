"""The people of a chunk as COPY takes them, and the temporary tables that they come into.

COPY into the tables themselves is not for those whom row-level security holds for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
        "CREATE TEMPORARY TABLE IF NOT EXISTS import_value (place int, field uuid, text text, long_text text, number bigint, "
        "date date) ON COMMIT DELETE ROWS"
    ),
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_tag (place int, tag uuid) ON COMMIT DELETE ROWS",
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_list (place int, list uuid) ON COMMIT DELETE ROWS",
    "CREATE TEMPORARY TABLE IF NOT EXISTS import_put (contact uuid, field uuid, before jsonb) ON COMMIT DELETE ROWS",
    # Of earlier runs on this connection; inside a test nothing was ever committed.
    "TRUNCATE import_person, import_value, import_tag, import_list, import_put",
)


@dataclass(frozen=True)
class Staged:
    """People as COPY takes them (their tags come later, for these have to be found): made before a transaction is open."""

    names: tuple[str, ...] = ()
    """The profile's fields that any of them says something of."""
    people: bytes = b""
    values: bytes = b""
    lists: bytes = b""


def staged(people: Sequence[Person]) -> Staged:
    """People as COPY takes them. Asks the database nothing."""
    said = set().union(*(one.profile for one in people))
    names = tuple(name for name in PROFILE if name in said)
    return Staged(
        names=names,
        people=_block(_people(people, names)),
        values=_block(_values(people)),
        lists=_block(_lists(people)),
    )


def tag_rows(people: Sequence[Person], tag_ids: dict[str, UUID]) -> bytes:
    """Who gets which tag, as COPY takes it."""
    keys = {slug: str(key) for slug, key in tag_ids.items()}
    return _block(f"{place}\t{keys[slug]}" for place, one in enumerate(people) for slug in one.tags)


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


def _values(people: Sequence[Person]) -> Iterator[str]:
    for place, one in enumerate(people):
        for key, rows in one.values.items():
            for text, long_text, number, day in rows:
                if text or long_text:
                    text, long_text = _escaped((text, long_text))  # noqa: PLW2901  # the same, as COPY reads it
                yield (
                    f"{place}\t{key}\t{text}\t{long_text}\t{NOTHING if number is None else number}"
                    f"\t{NOTHING if day is None else day}"
                )


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
