"""What of the books is personal, and why it is kept."""

from __future__ import annotations

from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData

BOOKS = "tax law: documents and books are kept ten years from the end of the year"
EVIDENCE = "proof of what was agreed: three years, or one year after the contract's end"
OWN = "names no customer"
for table, answer in {
    "seller": PersonalData(fields=(), erase="keep", ground=OWN),
    "sandboxclock": PersonalData(fields=(), erase="keep", ground=OWN),
    "numberseries": PersonalData(fields=(), erase="keep", ground=OWN),
    "product": PersonalData(fields=(), erase="keep", ground=OWN),
    "price": PersonalData(fields=(), erase="keep", ground=OWN),
    "offer": PersonalData(fields=(), erase="keep", ground=OWN),
    "billingaccount": PersonalData(fields=("email", "name", "company"), erase="keep", ground=BOOKS),
    "consentrecord": PersonalData(fields=("text", "ip", "user_agent"), erase="keep", ground=EVIDENCE),
    "order": PersonalData(fields=("email", "name"), erase="keep", ground=BOOKS),
    "orderline": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "invoice": PersonalData(fields=("document",), erase="keep", ground=BOOKS),
    "invoiceline": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "creditnote": PersonalData(fields=("document",), erase="keep", ground=BOOKS),
    "creditnoteline": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "ledgeraccount": PersonalData(fields=("subject",), erase="keep", ground=BOOKS),
    "journalentry": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "posting": PersonalData(fields=(), erase="keep", ground=BOOKS),
}.items():
    PERSONAL_DATA.register(f"commerce.{table}", answer)
