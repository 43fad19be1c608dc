"""What an editor's window sends: operations on a document, and whose settings it wants to see next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from plainsail.blocks.services.documents import MOST_BLOCKS
from plainsail.blocks.services.operations import InvalidOperation

MOST_BYTES = 500_000
MOST_KNOWN = 500
"""As many as there may be steps between a window and the newest."""


@dataclass(frozen=True)
class EditRequest:
    """The revision that the window is on, the operations, and whose panel it wants back.

    `token` names the request: sent again because the answer was lost, it is made once. `window` names who asks; `known` are
    requests that these operations were made upon though their answers never came; `sections` and `at`
    say what is copied, and where something is put.
    """

    revision: int
    operations: list[Any]
    panel: str
    token: UUID | None = None
    window: UUID | None = None
    known: frozenset[UUID] = frozenset()
    sections: Sequence[str] = ()
    at: int = 0


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
    sections, at = sent.get("sections", []), sent.get("at", 0)
    if not isinstance(sections, list) or not all(isinstance(each, str) for each in sections):
        raise InvalidOperation
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= MOST_BLOCKS:
        raise InvalidOperation
    known = sent.get("known", [])
    if not isinstance(known, list) or len(known) > MOST_KNOWN:
        raise InvalidOperation
    return EditRequest(
        revision=revision,
        operations=operations,
        panel=panel[:40],
        token=_uuid(sent.get("token")),
        window=_uuid(sent.get("window")),
        known=frozenset(found for each in known if (found := _uuid(each))),
        sections=sections,
        at=at,
    )


def _uuid(value: object) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(value)  # type: ignore[arg-type]  # whatever it is, it is an id or refused
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidOperation from error
