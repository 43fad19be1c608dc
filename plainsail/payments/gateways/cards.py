"""The sandbox's cards. Only these numbers exist there, so no real card can be typed in by mistake.

The first block behaves as the same numbers do on Stripe, so that what people know carries over. The second is our own:
every number passes the Luhn check and belongs to no bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.payments.gateways.base import DeclineClass

Check = Literal["never", "once", "always"]
Loss = Literal["", "taken", "not_taken", "never_arrived"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """How one number behaves. `words` is what its documentation says."""

    number: str
    words: str | Promise
    brand: str = "Visa"
    decline: tuple[DeclineClass, str] = ("", "")
    """Every charge is declined with this class and code."""
    refused_at_once: bool = False
    """The decline shows already when the card is checked without a charge."""
    declines_first: int = 0
    """So many charges of a card are declined before one succeeds."""
    later_decline: tuple[DeclineClass, str] = ("", "")
    """Charges that the business starts are declined with this class and code."""
    later_fails_from: int = 1
    """From which charge of the business's on."""
    check: Check = "never"
    """When the bank wants to see the payer."""
    loss: Loss = ""
    """What really happened while the gateway's answer got lost."""
    refund: Literal["at_once", "late", "fails"] = "at_once"
    is_disputed: bool = False
    dispute_reason: str = "fraudulent"
    """What the cardholder tells the bank, in Stripe's words for it."""
    changes: Literal["once", "twice", "reversed"] = "once"

    @property
    def spaced(self) -> str:
        return " ".join(self.number[start : start + 4] for start in range(0, 16, 4))


CARDS = (
    Card(number="4242424242424242", words=_("Pays.")),
    Card(number="5555555555554444", brand="Mastercard", words=_("Pays, as a Mastercard.")),
    Card(
        number="4000000000000002",
        decline=("soft", "generic_decline"),
        refused_at_once=True,
        words=_("Declined, without a reason."),
    ),
    Card(
        number="4000000000009995",
        decline=("insufficient", "insufficient_funds"),
        words=_("Declined: not enough money."),
    ),
    Card(
        number="4000000000009987",
        decline=("hard", "lost_card"),
        refused_at_once=True,
        words=_("Declined: reported lost."),
    ),
    Card(
        number="4000000000009979",
        decline=("hard", "stolen_card"),
        refused_at_once=True,
        words=_("Declined: reported stolen."),
    ),
    Card(
        number="4000000000000069",
        decline=("update_card", "expired_card"),
        refused_at_once=True,
        words=_("Declined: expired."),
    ),
    Card(
        number="4000000000000127",
        decline=("update_card", "incorrect_cvc"),
        refused_at_once=True,
        words=_("Declined: wrong security code."),
    ),
    Card(
        number="4000000000000119",
        decline=("soft", "processing_error"),
        refused_at_once=True,
        words=_("Declined: the bank could not process it."),
    ),
    Card(
        number="4000000000000341",
        decline=("soft", "generic_decline"),
        words=_("Can be saved; every charge is then declined."),
    ),
    Card(number="4000002500003155", check="once", words=_("The bank checks once; later charges pass by themselves.")),
    Card(
        number="4000002760003184",
        check="always",
        words=_("The bank checks every time, so charges without the customer are declined."),
    ),
    Card(number="4000000000000259", is_disputed=True, words=_("Pays, then the cardholder disputes it as fraud.")),
    Card(number="4000000000007726", refund="late", words=_("Pays; a refund takes a minute, then succeeds.")),
    Card(number="4000000000005126", refund="fails", words=_("Pays; a refund takes a minute, then fails.")),
    Card(
        number="4000009990000013",
        declines_first=1,
        decline=("soft", "generic_decline"),
        words=_("Declined once, then pays."),
    ),
    Card(
        number="4000009990000021",
        declines_first=3,
        decline=("insufficient", "insufficient_funds"),
        words=_("Declined three times, then pays."),
    ),
    Card(number="4000009990000039", loss="taken", words=_("The answer gets lost; the money was taken.")),
    Card(number="4000009990000047", loss="not_taken", words=_("The answer gets lost; the charge was declined.")),
    Card(number="4000009990000054", loss="never_arrived", words=_("The question gets lost; nothing happened.")),
    Card(number="4000009990000062", changes="twice", words=_("Pays; the gateway tells everything twice.")),
    Card(number="4000009990000070", changes="reversed", words=_("Pays; the gateway tells the latest news first.")),
    Card(
        number="4000009990000088",
        later_decline=("consent_withdrawn", "revocation_of_authorization"),
        words=_("Pays; renewals are declined, because the customer told the bank to stop them."),
    ),
    Card(
        number="4000009990000096",
        later_decline=("insufficient", "insufficient_funds"),
        later_fails_from=2,
        words=_("Pays, and renews once; from the second renewal on there is not enough money."),
    ),
    Card(
        number="4000009990000104",
        later_decline=("soft", "generic_decline"),
        words=_("Pays; every renewal is declined."),
    ),
    Card(
        number="4000009990000112",
        is_disputed=True,
        dispute_reason="subscription_canceled",
        words=_("Pays, then the cardholder disputes it: they say that they had cancelled."),
    ),
)

BY_NUMBER = {card.number: card for card in CARDS}
BY_LAST4 = {card.number[-4:]: card for card in CARDS}
"""The sandbox remembers a card by its last four digits only, which differ for each."""
