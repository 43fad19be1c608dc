"""Which of commerce's tables say who somebody is, and what of them is kept once that one is erased."""

from __future__ import annotations

from collections.abc import Mapping

from plainsail.kernel.personal_data import Kept, PersonalData

BOOKS = "accounting: kept as long as tax law asks"
EVIDENCE = "what was agreed to: kept for claims that may come"
NOBODY = "names no person"
SUMS = ("currency", "net_minor", "tax_minor", "gross_minor")
PAPER = ("number", *SUMS, "issued_at", "document", "document_hash", "einvoice", "einvoice_hash")

TABLES: Mapping[str, PersonalData] = {
    "seller": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "sandboxclock": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "taxrate": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "vatcheck": PersonalData(fields=("vat_id", "name", "address"), erase="keep", ground=BOOKS),
    "numberseries": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "billingaccount": PersonalData(fields=("contact_id", "email", "name", "company"), erase="anonymise", ground=BOOKS),
    "product": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "price": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "offer": PersonalData(fields=(), erase="keep", ground=NOBODY),
    "consentrecord": PersonalData(
        fields=("ip", "user_agent"),
        erase="keep",
        ground=EVIDENCE,
        kept=Kept(
            category="consent",
            columns=("id", "text", "amount_minor", "currency", "interval", "interval_count", "at"),
        ),
    ),
    "order": PersonalData(
        fields=("email", "name", "company", "vat_id"),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="consent", columns=("number", "consent_id", "paid_at"), hashed=("email",)),
    ),
    "orderline": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "invoice": PersonalData(
        fields=("document", "buyer", "einvoice"),
        erase="keep",
        ground=BOOKS,
        kept=Kept(
            category="invoices", columns=("id", "state", "mode", "paid_at", *PAPER), dated="issued_at", only_if="number"
        ),
    ),
    "invoiceline": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "creditnote": PersonalData(
        fields=("document", "einvoice"),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="invoices", columns=("id", "invoice_id", *PAPER), dated="issued_at"),
    ),
    "creditnoteline": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "handrefund": PersonalData(fields=("how", "by"), erase="keep", ground=BOOKS),
    "ledgeraccount": PersonalData(
        fields=(),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="ledger", columns=("id", "kind", "subject", "currency")),
    ),
    "journalentry": PersonalData(
        fields=(),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="ledger", columns=("id", "source_type", "source_id", "at", "memo")),
    ),
    "posting": PersonalData(
        fields=(),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="ledger", columns=("entry_id", "account_id", "amount_minor", "currency")),
    ),
}
