"""What an editor's window sends: operations on a document, and whose settings it wants to see next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from plainsail.blocks.services.operations import InvalidOperation

MOST_BYTES = 500_000


@dataclass(frozen=True)
class EditRequest:
    """The revision that the window is on, the operations, and whose panel it wants back."""

    revision: int
    operations: list[Any]
    panel: str


def read(body: bytes) -> EditRequest:
    """The editor's JSON. Raises InvalidOperation for anything else."""
    if len(body) > MOST_BYTES:
        raise InvalidOperation
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidOperation from error
    if not isinstance(sent, dict):
        raise InvalidOperation
    revision, operations, panel = sent.get("revision"), sent.get("operations", []), sent.get("panel", "")
    if isinstance(revision, bool) or not isinstance(revision, int) or not 0 <= revision < 2**31:
        raise InvalidOperation
    if not isinstance(operations, list) or not isinstance(panel, str):
        raise InvalidOperation
    return EditRequest(revision, operations, panel[:40])
