"""The sections and mail parts that come with Plainsail, a module for each family. Registered by `hooks`; other areas
register theirs the same way.
"""

from __future__ import annotations

from plainsail.blocks.catalogue import (
    asking,
    contents,
    frame,
    free,
    lists,
    mails,
    media,
    openings,
    selling,
    tellings,
    trust,
)
from plainsail.blocks.sockets import BlockType

FAMILIES = (openings, contents, tellings, media, trust, selling, asking, lists, free, frame, mails)
"""In the order in which they are offered."""

ALL: tuple[BlockType, ...] = tuple(kind for family in FAMILIES for kind in family.ALL)
