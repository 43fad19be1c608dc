"""Pages that are being tested: which variant somebody gets, always the same one, and without a cookie of its own.

Who carries no cookie gets their variant by network address and browser, which are hashed with the test and kept nowhere: the
same one on another day. Who makes themselves known on a tested page gets a number drawn for which the answer is the
same, so that the next look shows what the first one did.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from plainsail.edge.request import Request
from plainsail.edge.visitors import NOBODY, Visitor, known_from_now_on

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


def choose(split: Split, request: Request, visitor: Visitor) -> str:
    """The path of the snapshot to show; empty for the page itself."""
    return split.variants[_place(split, request, visitor)][1]


def known(split: Split | None, request: Request) -> Visitor:
    """A visitor who makes themselves known, with a number that leads to the variant that they have seen of a test."""
    visitor = known_from_now_on()
    if split is None:
        return visitor
    place = _place(split, request, NOBODY)
    # A share of one in a hundred takes a hundred draws or so.
    for _try in range(MOST_DRAWS):
        if place_of(split, visitor.id) == place:
            break
        visitor = known_from_now_on()
    return visitor


def _place(split: Split, request: Request, visitor: Visitor) -> int:
    is_known = visitor.id and not visitor.is_passing
    return place_of(split, visitor.id if is_known else f"{request.peer}\n{request.headers.get('user-agent', '')}")
