"""Everything that the API plugs into others."""

from __future__ import annotations

from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData

PERSONAL_DATA.register("api.keptanswer", PersonalData(fields=("content",), erase="delete", portable=False))
