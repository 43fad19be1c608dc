"""Where reports about a sending domain go: an address for each domain, signed, so that nobody reports into another's books.

`d+<62 letters and digits>@<return domain>`, made as return paths are (`return_paths`), for another purpose. Lying under the
domain it is about, it needs no further record that allows it (RFC 9990 §4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from plainsail.kernel.crypto import BadToken, mac
from plainsail.mail.services.return_paths import CODE_BYTES, DIGITS, LENGTH, ids_in

PURPOSE = "mail.dmarc"
LOOKS_LIKE_ONE = re.compile(r"\bd\+([0-9a-z]{62})@([a-z0-9.-]+)", re.IGNORECASE)


class Place(NamedTuple):
    """Whose reports an address takes."""

    workspace_id: UUID
    domain_id: UUID


def token(workspace_id: UUID, domain_id: UUID) -> str:
    """62 characters, the same for ever."""
    body = workspace_id.bytes + domain_id.bytes
    number = int.from_bytes(body + mac(PURPOSE, body)[:CODE_BYTES])
    digits: list[str] = []
    for _place in range(LENGTH):
        number, last = divmod(number, 36)
        digits.append(DIGITS[last])
    return "".join(reversed(digits))


def read(given: str) -> Place:
    """What a token says. Raises BadToken for one that was not made here."""
    return Place(*ids_in(given, purpose=PURPOSE))


def first(places: Iterable[str]) -> Place | None:
    """The first genuine address in these words."""
    for place in places:
        for found in LOOKS_LIKE_ONE.finditer(place):
            try:
                return read(found[1].lower())
            except BadToken:
                continue
    return None
