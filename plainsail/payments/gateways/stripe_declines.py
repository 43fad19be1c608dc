"""What a decline at Stripe means for us: whether to try again, to ask the customer, or never to charge that card again.

Sources: Stripe, “Decline codes” (docs.stripe.com/declines/codes) and “Card declines” on advice codes; which of them may never
be retried, and which say that the customer told the bank to stop, follows Visa's and Mastercard's rules on excessive retries
(Visa category 1: 04, 07, 12, 14, 15, 41, 43, 46, 57, R0, R1, R3; Mastercard advice 03 and 21).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from plainsail.payments.gateways.base import DeclineClass

CLASSES: Final[dict[str, DeclineClass]] = {
    "approve_with_id": "soft",
    "authentication_not_handled": "needs_action",
    "authentication_required": "needs_action",
    "call_issuer": "soft",
    "card_not_supported": "update_card",
    "card_velocity_exceeded": "insufficient",
    "currency_not_supported": "update_card",
    "do_not_honor": "soft",
    "do_not_try_again": "hard",
    "duplicate_transaction": "soft",
    "expired_card": "update_card",
    "fraudulent": "fraud",
    "generic_decline": "soft",
    "highest_risk_level": "fraud",
    "incorrect_address": "update_card",
    "incorrect_cvc": "update_card",
    "incorrect_number": "update_card",
    "incorrect_pin": "update_card",
    "incorrect_zip": "update_card",
    "insufficient_funds": "insufficient",
    "invalid_account": "hard",
    "invalid_amount": "soft",
    "invalid_cvc": "update_card",
    "invalid_expiry_month": "update_card",
    "invalid_expiry_year": "update_card",
    "invalid_number": "update_card",
    "invalid_pin": "update_card",
    "issuer_not_available": "soft",
    "lost_card": "hard",
    "merchant_blacklist": "fraud",
    "new_account_information_available": "update_card",
    "no_action_taken": "soft",
    "not_permitted": "soft",
    "offline_pin_required": "update_card",
    "online_or_offline_pin_required": "update_card",
    "pickup_card": "hard",
    "pin_try_exceeded": "update_card",
    "processing_error": "soft",
    "reenter_transaction": "soft",
    "restricted_card": "hard",
    "revocation_of_all_authorizations": "consent_withdrawn",
    "revocation_of_authorization": "consent_withdrawn",
    "security_violation": "soft",
    "service_not_allowed": "hard",
    "stolen_card": "hard",
    "stop_payment_order": "consent_withdrawn",
    "testmode_decline": "update_card",
    "transaction_not_allowed": "hard",
    "try_again_later": "soft",
    "withdrawal_count_limit_exceeded": "insufficient",
}
BY_ERROR: Final[dict[str, tuple[DeclineClass, str]]] = {
    "card_declined": ("soft", "generic_decline"),
    "payment_intent_authentication_failure": ("needs_action", "authentication_failed"),
    "setup_intent_authentication_failure": ("needs_action", "authentication_failed"),
    "payment_method_customer_decline": ("soft", "generic_decline"),
    "payment_intent_payment_attempt_expired": ("needs_action", "abandoned"),
}
"""Error codes without a decline code beside them."""
BY_ADVICE: Final[dict[str, DeclineClass]] = {"do_not_try_again": "hard", "confirm_card_data": "update_card"}
BY_NETWORK_ADVICE: Final[dict[str, DeclineClass]] = {"03": "hard", "21": "consent_withdrawn"}
MAY_WORSEN: Final = frozenset(["soft", "insufficient", "unknown"])
"""Classes that would be tried again; advice against that is heard."""


def classify(error: Mapping[str, Any]) -> tuple[DeclineClass, str]:
    """Class and code of an error object of Stripe's, such as `last_payment_error`. What we don't know is `unknown`."""
    code, decline = str(error.get("code") or ""), str(error.get("decline_code") or "")
    found, named = _by_code(code, decline)
    if found in MAY_WORSEN:
        found = BY_ADVICE.get(str(error.get("advice_code")), found)
        found = BY_NETWORK_ADVICE.get(str(error.get("network_advice_code")), found)
    return found, named


def _by_code(code: str, decline: str) -> tuple[DeclineClass, str]:
    if decline:
        return CLASSES.get(decline, "unknown"), decline
    if code in CLASSES:
        return CLASSES[code], code
    return BY_ERROR.get(code, ("unknown", code or "unknown"))
