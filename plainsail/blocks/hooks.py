"""The sections and mail parts that come with Plainsail."""

from __future__ import annotations

from plainsail.blocks import catalogue
from plainsail.blocks.sockets import BLOCKS

for block_type in catalogue.ALL:
    BLOCKS.register(block_type.type, block_type)
