"""The list of the erased: a line each, in a file beside the backups, so that restoring one can't bring them back.

A backup made before an erasure still holds what was erased. The list lies outside every database and archive. It holds no
more than ids, keyed hashes and moments: `{"workspace": "<uuid>", "at": "<ISO 8601>"}` for a business, and for a person
`{"business": "<uuid>", "person": "<hash of the address>", "at": "<ISO 8601>", "suppressed": <whether mail stays stopped>}`;
the other name keeps older programs from taking a person's line for their business's. Django-free: `plainsail restore` reads it too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class ErasedPerson:
    """Somebody who was erased, under the keyed hash of their address."""

    workspace_id: UUID
    address_hash: str
    at: datetime
    is_suppressed: bool


def listed(path: Path) -> dict[UUID, datetime]:
    """Which businesses were erased, and when at first; empty where there is no list. A line cut off by a crash is left out."""
    found: dict[UUID, datetime] = {}
    for entry in _entries(path):
        try:
            found.setdefault(UUID(entry["workspace"]), datetime.fromisoformat(entry["at"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def people(path: Path) -> set[ErasedPerson]:
    """Who was erased; somebody who came back and was erased again is there twice."""
    found = set()
    for entry in _entries(path):
        try:
            at, is_suppressed = datetime.fromisoformat(entry["at"]), entry["suppressed"] is True
            found.add(ErasedPerson(UUID(entry["business"]), str(entry["person"]), at, is_suppressed))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _entries(path: Path) -> Iterator[Any]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def add(path: Path, erased: dict[UUID, datetime]) -> None:
    """Write down those businesses that aren't on the list yet; on disk when this returns."""
    known = listed(path)
    missing = {key: at for key, at in erased.items() if key not in known}
    _append(path, [{"workspace": str(key), "at": at.isoformat()} for key, at in missing.items()])


def add_people(path: Path, erased: Iterable[ErasedPerson]) -> None:
    """The same for people."""
    missing = sorted(set(erased) - people(path), key=lambda one: (one.at, one.address_hash))
    _append(
        path,
        [
            {
                "business": str(one.workspace_id),
                "person": one.address_hash,
                "at": one.at.isoformat(),
                "suppressed": one.is_suppressed,
            }
            for one in missing
        ],
    )


def _append(path: Path, entries: list[dict[str, Any]]) -> None:
    if not entries:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [json.dumps(entry) for entry in entries]
    # A line break first: the line before may have been cut off.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        file.write("\n" + "\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())


def merge(source: Path, into: Path) -> None:
    """Add what one list says to another; nothing where they are the same file or there is none."""
    if source.exists() and not (into.exists() and source.samefile(into)):
        add(into, listed(source))
        add_people(into, people(source))


def made_since(path: Path, moment: datetime) -> tuple[int, int]:
    """How many businesses and how many people were erased after a moment."""
    businesses = sum(1 for at in listed(path).values() if at > moment)
    return businesses, len({(one.workspace_id, one.address_hash) for one in people(path) if one.at > moment})
