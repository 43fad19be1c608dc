"""Visitors who carry no cookie. They have a number for a day, made of where and with what they look; no Django here.

It tells visits apart, and no more: it stands for nobody, for two people behind one network address may share it. Whatever
is personal asks for the number in a cookie, which nobody has who didn't ask for something.
"""

from __future__ import annotations

from uuid import UUID

PASSING = "00000000"
"""What the number of a day begins with. Numbers in cookies are random; one that begins so is drawn again."""
HEADER = "x-plainsail-passer"
"""How the edge tells web the number; what a client says there is dropped."""


def is_passing(visitor_id: UUID) -> bool:
    """Whether it is the number of a day, and of nobody in particular."""
    return visitor_id.hex.startswith(PASSING)
