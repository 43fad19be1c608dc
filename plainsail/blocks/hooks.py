"""The sections and mail parts that come with Plainsail."""

from __future__ import annotations

from plainsail.blocks import catalogue
from plainsail.blocks.sockets import BLOCKS
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData

for block_type in catalogue.ALL:
    BLOCKS.register(block_type.type, block_type)

PERSONAL_DATA.register(
    "blocks.presence",
    PersonalData(
        fields=("person",),
        erase="keep",
        ground="Which of the staff has a page open; gone within the hour.",
        portable=False,
    ),
)
PERSONAL_DATA.register(
    "blocks.clipboard",
    PersonalData(fields=("person",), erase="keep", ground="The business's own words, kept for a day.", portable=False),
)
