"""How the kernel's own tables answer the question of erasure."""

from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData

PERSONAL_DATA.register(
    "kernel.eventrow",
    PersonalData(fields=("contact_id", "payload"), erase="anonymise", ground="totals stay, the person goes"),
)
PERSONAL_DATA.register("kernel.pendingevent", PersonalData(fields=(), erase="delete", portable=False))
