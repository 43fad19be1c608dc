"""Pages that are being tested: which variant somebody gets, always the same one, and without a cookie of its own.

A visitor who is known by the first-party cookie gets their variant by that. Somebody new, or who asked not to be followed,
gets it by network address and browser, which are hashed with the test and kept nowhere. Whoever is new and takes the
cookie has an id drawn for which the answer is the same, so that the next look shows what the first one did.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from plainsail.edge.entropy import hex_digits
from plainsail.edge.request import Request
from plainsail.edge.visitors import Visitor

BESIDE = "~"
"""What the path of a snapshot begins with that stands at no address, such as a variant's."""
MOST_DRAWS = 2000


class Split(NamedTuple):
    """A test: its id, and its variants as (share of a hundred, path of the snapshot), the page itself first with no path."""

    test: str
    variants: tuple[tuple[int, str], ...]


def read(stored: Any) -> Split | None:
    """The test of a snapshot, as the column `split` says it: `{"test", "variants": [[letter, share, path]]}`."""
    if not isinstance(stored, dict) or "variants" not in stored:
        return None
    return Split(str(stored["test"]), tuple((int(share), str(path)) for _letter, share, path in stored["variants"]))


def shown_at(stored: Any) -> str:
    """The address at which a variant's snapshot is shown; empty for any other snapshot."""
    return str(stored.get("shown_at", "")) if isinstance(stored, dict) else ""


def place_of(split: Split, who: str) -> int:
    """Which variant is somebody's: a number from 0. The same for the same test and person, for ever."""
    point = int.from_bytes(blake2b(f"{split.test}\n{who}".encode(), digest_size=8).digest()) % 100
    for place, (share, _path) in enumerate(split.variants):
        if point < share:
            return place
        point -= share
    return 0


def choose(split: Split, request: Request, visitor: Visitor) -> tuple[str, Visitor]:
    """The path of the snapshot to show (empty for the page itself), and the visitor, perhaps with an id that fits."""
    if visitor.id and not visitor.is_new:
        return split.variants[place_of(split, visitor.id)][1], visitor
    place = place_of(split, f"{request.peer}\n{request.headers.get('user-agent', '')}")
    if visitor.is_new:
        visitor = _fitting(split, place, visitor)
    return split.variants[place][1], visitor


def _fitting(split: Split, place: int, visitor: Visitor) -> Visitor:
    """A new visitor whose id leads to the same variant. A share of one in a hundred takes a hundred draws or so."""
    for _try in range(MOST_DRAWS):
        if place_of(split, visitor.id) == place:
            break
        visitor = Visitor(hex_digits(32), is_new=True)
    return visitor
