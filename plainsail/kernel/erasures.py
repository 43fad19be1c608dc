"""The list of erased businesses: a line each, in a file beside the backups, so that restoring one can't bring them back.

A backup made before an erasure still holds what was erased. The list lies outside every database and archive; it holds
nothing but an id and a moment: `{"workspace": "<uuid>", "at": "<ISO 8601>"}`. Django-free: `plainsail restore` reads it too.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from uuid import UUID


def listed(path: Path) -> dict[UUID, datetime]:
    """Who was erased, and when at first; empty where there is no list. A line cut off by a crash is left out."""
    found: dict[UUID, datetime] = {}
    if not path.exists():
        return found
    for line in path.read_text().splitlines():
        try:
            entry = json.loads(line)
            found.setdefault(UUID(entry["workspace"]), datetime.fromisoformat(entry["at"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def add(path: Path, erased: dict[UUID, datetime]) -> None:
    """Write down those that aren't on the list yet; on disk when this returns."""
    missing = {key: at for key, at in erased.items() if key not in listed(path)}
    if not missing:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [json.dumps({"workspace": str(key), "at": at.isoformat()}) for key, at in missing.items()]
    # A line break first: the line before may have been cut off.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        file.write("\n" + "\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())


def merge(source: Path, into: Path) -> None:
    """Add what one list says to another; nothing where they are the same file or there is none."""
    if source.exists() and not (into.exists() and source.samefile(into)):
        add(into, listed(source))
