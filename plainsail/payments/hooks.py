"""What payments plugs in: the gateways, and its answers about personal data."""

from __future__ import annotations

from plainsail.kernel.personal_data import PERSONAL_DATA, Kept, PersonalData
from plainsail.payments.gateways.offline import Offline
from plainsail.payments.gateways.sandbox import Sandbox
from plainsail.payments.gateways.stripe import Stripe
from plainsail.payments.sockets import GATEWAYS

GATEWAYS.register(Sandbox.code, Sandbox())
GATEWAYS.register(Stripe.code, Stripe())
GATEWAYS.register(Offline.code, Offline())

BOOKS = "accounting: kept as long as tax law asks, names no person"
BOOKS_OF_BANK = "accounting: what stands on a bank statement is kept as long as tax law asks"
MOVED = ("amount_minor", "currency", "state", "gateway_ref", "settled_at")
for table, answer in {
    "gatewayaccount": PersonalData(fields=(), erase="keep", ground="names no person", portable=False),
    "paymentmethod": PersonalData(
        fields=("payer_key", "last4", "exp_month", "exp_year"), erase="anonymise", ground=BOOKS
    ),
    "charge": PersonalData(
        fields=(),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="ledger", columns=("id", "subject_id", *MOVED), dated="settled_at"),
    ),
    "refund": PersonalData(
        fields=(),
        erase="keep",
        ground=BOOKS,
        kept=Kept(category="ledger", columns=("id", "charge_id", *MOVED), dated="settled_at"),
    ),
    "dispute": PersonalData(
        fields=(),
        erase="keep",
        ground=BOOKS,
        kept=Kept(
            category="ledger", columns=("id", "charge_id", "amount_minor", "currency", "state"), dated="created_at"
        ),
    ),
    "transfer": PersonalData(
        fields=("payer_name", "payer_iban", "text", "payer_key"),
        erase="keep",
        ground=BOOKS_OF_BANK,
        kept=Kept(
            category="ledger", columns=("id", "booked_on", "amount_minor", "currency", "state"), dated="created_at"
        ),
    ),
    "bankrecord": PersonalData(fields=("key",), erase="keep", ground=BOOKS),
    "inboxmessage": PersonalData(fields=(), erase="keep", ground="names no person", portable=False),
    "sandboxrecord": PersonalData(fields=(), erase="keep", ground="made-up cards only", portable=False),
}.items():
    PERSONAL_DATA.register(f"payments.{table}", answer)
