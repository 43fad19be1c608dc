"""The rows of a file as chunks of people, ready to be written. The next chunk is read while one is being written."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar, cast
from uuid import UUID

from plainsail.contacts.services.importing_reading import Fault, Record
from plainsail.contacts.services.importing_rows import Person, Rows, merge
from plainsail.contacts.services.importing_staging import Staged, staged
from plainsail.contacts.services.importing_writing import Tally
from plainsail.kernel import turns

T = TypeVar("T")
MOST_LETTERS = 8_000_000
"""What a chunk holds at most, and the last row of it beyond: two chunks are in memory at once, as rows and as they are written."""


@dataclass
class Batch:
    """Some rows of the file: the people in them, what is wrong, and how many rows it is in all."""

    people: list[Person] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows: int = 0
    tally: Tally = field(default_factory=Tally)
    staged: Staged = field(default_factory=Staged)


def batches(
    records: Iterator[Record | Fault],
    rows: Rows,
    *,
    size: int,
    overwrites: bool,
    lists: Sequence[UUID],
    tags: Mapping[str, str],
) -> Iterator[Batch]:
    """Chunks of `size` rows, fewer where they are long; `lists` and `tags` (names by slug) come to everybody. Asks the database nothing.

    Two rows of one address in a chunk are one person.
    """
    while True:
        with _uncollected():
            batch = _batch(_some(records, size), rows, overwrites=overwrites, lists=lists, tags=tags)
        if not batch.rows:
            return
        yield batch


def _some(records: Iterator[Record | Fault], size: int) -> Iterator[Record | Fault]:
    """The next rows of a chunk."""
    letters = 0
    for record in islice(records, size):
        yield record
        if not isinstance(record, Fault):
            letters += sum(map(len, record[1]))
            if letters > MOST_LETTERS:
                return


def _batch(
    some: Iterable[Record | Fault],
    rows: Rows,
    *,
    overwrites: bool,
    lists: Sequence[UUID],
    tags: Mapping[str, str],
) -> Batch:
    batch, known = Batch(), dict[str, Person]()
    for batch.rows, record in enumerate(some, 1):
        if isinstance(record, Fault):
            batch.faults.append(record)
            person = None
        else:
            person = rows.take(record, batch.faults)
        if person is None:
            batch.tally.refused += 1
        elif person.email in known:
            merge(known[person.email], person, overwrites=overwrites)
            batch.tally.repeated += 1
        else:
            known[person.email] = person
            person.lists.update(lists)
            person.tags.update(tags)
    batch.people = list(known.values())
    batch.staged = staged(batch.people)
    return batch


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles of objects: people have none, and looking at them again and again takes half the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def ahead(source: Iterator[T]) -> Iterator[T]:
    """What an iterator gives, made by a thread while the last one is being used: one waits ready, never more.

    What the iterator raises is raised here. The thread has no connection to the database and must want none.
    """
    turns.shorten()
    end = object()

    def following() -> T | object:
        return next(source, end)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as pool:
        context = copy_context()
        waiting = pool.submit(context.run, following)
        while (found := waiting.result()) is not end:
            waiting = pool.submit(context.run, following)
            yield cast("T", found)
