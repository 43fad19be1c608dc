"""Automations about contracts to start from."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.mail.services.recipes import Part, Start, letter, recipe, wait


def _failed() -> list[Part]:
    return [
        letter(
            _("Your card said no, and it is probably nothing"),
            _("How to put it right in a minute"),
            _(
                "your bank declined a payment to us. Most often the card has expired or was "
                "replaced. Nothing is switched off yet."
            ),
            button=_("Use another card"),
            link="/account/",
        ),
        wait(3, in_the_morning=True),
        letter(
            _("Can we help with the payment?"),
            _("Write to us, we find a way"),
            _(
                "if the card is not the problem, tell us. We can wait, split it or stop it, "
                "whatever you need. Just reply."
            ),
            button=_("To your account"),
            link="/account/",
        ),
    ]


FAILED_PAYMENT = recipe(
    label=gettext_lazy("Help with a failed payment"),
    text=gettext_lazy(
        "A calm mail when a renewal fails, and an offer to help three days later. Besides the notices that you owe."
    ),
    icon="credit-card",
    start=Start(
        kind="subscriptions.renewal_failed",
        icon="credit-card",
        says=lambda: _("A payment for a subscription fails"),
        policy="again",
    ),
    parts=_failed,
    order=80,
)
