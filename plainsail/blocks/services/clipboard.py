"""Copying sections from one document to another: what was copied last waits with the server, for its person alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.models import Clipboard
from plainsail.blocks.schema import Errors
from plainsail.blocks.services.documents import Document, load_block, new_block_id, save_block
from plainsail.blocks.sockets import BLOCKS, Surface
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal

KEPT_FOR = timedelta(hours=24)
MOST_BLOCKS = 50
EXPIRY = "blocks.clipboard"
"""Kind of due work: what was copied long ago goes."""


class NothingCopied(Refusal):
    """Nothing was copied within the last day, or nothing that can stand here."""

    code = "nothing_copied"
    message = _("There is nothing to paste here. Copy a section first.")


def copy(document: Document, block_ids: Sequence[str], *, person: User, at: datetime) -> int:
    """Keep these sections of a document for pasting, in the document's order, or one block inside a section; how many there
    are. Raises NothingCopied.
    """
    wanted = set(block_ids[:MOST_BLOCKS])
    blocks = [save_block(block) for block in document.blocks if block.id in wanted]
    inside = document.find(block_ids[0]) if block_ids else None
    if not blocks and inside is not None:
        blocks = [save_block(inside)]
    if not blocks:
        raise NothingCopied
    Clipboard.objects.update_or_create(
        person=person,
        defaults={"blocks": blocks, "copied_at": at},
        create_defaults={"blocks": blocks, "copied_at": at, "created_at": at},
    )
    due.schedule(EXPIRY, at + KEPT_FOR)
    return len(blocks)


def paste(*, person: User, surface: Surface, index: int, at: datetime) -> list[dict[str, Any]]:
    """The operations that put what was copied at a place, each section with a new id. Raises NothingCopied."""
    kept = Clipboard.objects.filter(person=person, copied_at__gt=at - KEPT_FOR).first()
    blocks = [renewed(block) for block in kept.blocks if _may_stand(block, surface)] if kept else []
    if not blocks:
        raise NothingCopied
    return [{"op": "add", "at": index + number, "block": block} for number, block in enumerate(blocks)]


def place_of(operations: Sequence[Mapping[str, Any]]) -> str:
    """What holds blocks such as these: `section` for a document, else what a slot says that it holds."""
    return BLOCKS[operations[0]["block"]["type"]].place


@due.runs(EXPIRY)
def forget_old(*, at: datetime) -> datetime | None:
    """Drop what was copied a day ago, in the open workspace; returns when there is more to drop."""
    Clipboard.objects.filter(copied_at__lte=at - KEPT_FOR).delete()
    oldest = Clipboard.objects.order_by("copied_at").values_list("copied_at", flat=True).first()
    return None if oldest is None else oldest + KEPT_FOR


def renewed(value: Any) -> Any:
    """A stored section with new ids, for itself and for whatever stands in it."""
    if isinstance(value, Mapping):
        fresh = {name: renewed(each) for name, each in value.items()}
        return fresh | {"id": new_block_id()} if "id" in value and "type" in value else fresh
    if isinstance(value, list):
        return [renewed(each) for each in value]
    return deepcopy(value)


def _may_stand(block: Mapping[str, Any], surface: Surface) -> bool:
    kind = BLOCKS.get(block["type"])
    errors: Errors = {}
    if kind is None or surface not in kind.surfaces:
        return False
    return load_block(block, (), errors, place=kind.place) is not None and not errors
