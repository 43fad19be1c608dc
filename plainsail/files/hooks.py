"""What files plugs into the house: its room in the menu, its personal data."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.ui.sockets import MENU, MenuItem

MENU.register(
    "files", MenuItem(label=_("Pictures and files"), icon="image", url="files:files", order=25, can="files.view")
)

PERSONAL_DATA.register(
    "files.file",
    PersonalData(
        fields=("by",), erase="keep", ground="The business's own pictures; who uploaded one is its record of its staff."
    ),
)
