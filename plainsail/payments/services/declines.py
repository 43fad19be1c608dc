"""What a payer is told when a bank says no: plain words and what to do, never a code."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BY_CODE = {
    "insufficient_funds": _("There isn’t enough money on this card. Try another card, or try again later."),
    "expired_card": _("This card has expired. Check the date, or take another card."),
    "incorrect_cvc": _("The security code doesn’t match the card. Check the three or four digits and try again."),
    "processing_error": _("The bank couldn’t process the payment just now. Wait a moment and try again."),
    "authentication_failed": _(
        "Your bank’s check wasn’t passed, so nothing was charged. Try again, or take another card."
    ),
    "authentication_required": _("Your bank wants to check that it’s you. Pay once more with you present."),
    "abandoned": _("Your bank’s check wasn’t finished, so nothing was charged. You can try again."),
    "never_arrived": _("The payment didn’t reach the bank, so nothing was charged. You can try again."),
}
BY_CLASS = {
    "hard": _("The bank declined this card. Please take another one."),
    "consent_withdrawn": _("The bank declined, because it was told to stop payments to this business."),
    "update_card": _("The bank declined this card’s details. Check them, or take another card."),
}
OTHERWISE = _("The bank declined the payment without giving a reason. Try another card, or ask your bank.")


def words(decline_class: str, decline_code: str) -> str | Promise:
    """A sentence or two for the payer. Lost and stolen cards read the same as any refused for good."""
    return BY_CODE.get(decline_code) or BY_CLASS.get(decline_class) or OTHERWISE
