"""What payments plugs in: the gateways, and its answers about personal data."""

from __future__ import annotations

from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.payments.gateways.sandbox import Sandbox
from plainsail.payments.gateways.stripe import Stripe
from plainsail.payments.sockets import GATEWAYS

GATEWAYS.register(Sandbox.code, Sandbox())
GATEWAYS.register(Stripe.code, Stripe())

BOOKS = "accounting: kept as long as tax law asks, names no person"
for table, answer in {
    "gatewayaccount": PersonalData(fields=(), erase="keep", ground="names no person"),
    "paymentmethod": PersonalData(
        fields=("payer_key", "last4", "exp_month", "exp_year"), erase="anonymise", ground=BOOKS
    ),
    "charge": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "refund": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "dispute": PersonalData(fields=(), erase="keep", ground=BOOKS),
    "inboxmessage": PersonalData(fields=(), erase="keep", ground="names no person"),
    "sandboxrecord": PersonalData(fields=(), erase="keep", ground="made-up cards only"),
}.items():
    PERSONAL_DATA.register(f"payments.{table}", answer)
