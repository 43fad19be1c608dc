"""The sections and mail parts that come with Plainsail."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from plainsail.blocks import catalogue
from plainsail.blocks.sockets import BLOCKS, REFERENCES, Option, ReferenceKind
from plainsail.files.services import library
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData

for block_type in catalogue.ALL:
    BLOCKS.register(block_type.type, block_type)

REFERENCES.register(
    "picture",
    ReferenceKind(
        label=_("Picture"),
        options=lambda: [Option(id=file_id, label=name) for file_id, name in library.names_of_pictures()],
        cards=library.cards,
    ),
)

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
