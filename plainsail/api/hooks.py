"""Everything that the API plugs into others."""

from __future__ import annotations

from plainsail.api.services import forgetting
from plainsail.contacts.sockets import TAKEN_OUT
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData

PERSONAL_DATA.register("api.keptanswer", PersonalData(fields=("content",), erase="delete", portable=False))
TAKEN_OUT.register("api.keptanswer", forgetting.answers)
