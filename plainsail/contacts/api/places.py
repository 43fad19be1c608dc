"""Where in a body something is wrong: own fields stand below `fields`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.services.values import BadValue, UnknownField


@contextmanager
def told() -> Iterator[None]:
    """What a service has against an own field is told with its place in the body."""
    try:
        yield
    except (BadValue, UnknownField) as refusal:
        refusal.field = of(str(refusal.field))
        raise


def of(field: str) -> str:
    """The place of a field of a contact, without the slash before it."""
    return field if field in {*PROFILE, "email", "tags"} else f"fields/{field}"
