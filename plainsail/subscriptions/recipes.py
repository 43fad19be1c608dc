"""Automations about contracts to start from."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Product
from plainsail.mail.services.recipes import Kitchen, Part, Start, if_so, letter, recipe, wait


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
        if_so(
            _("Is it paid by now?"),
            {"all": [{"field": "overdue", "op": "has_not"}]},
            no=[
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
            ],
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


def _trial() -> list[Part]:
    return [
        wait(2, in_the_morning=True),
        letter(
            _("Have you tried this yet?"),
            _("The one thing to do in your trial"),
            _(
                "most people who stay did one thing in their first three days. It takes ten "
                "minutes, and then you know whether this is for you."
            ),
            button=_("Do it now"),
        ),
        wait(8, in_the_morning=True),
        if_so(
            _("Does the contract go on?"),
            {"all": [{"field": "contract", "op": "goes_on", "value": ""}]},
            yes=[
                letter(
                    _("Your trial is nearly over"),
                    _("What happens then, and how to stop it"),
                    _(
                        "in a few days your trial ends, and the first payment is taken. If you want "
                        "that, there is nothing to do."
                    ),
                    _("If you don’t: your account has a button for it, and it takes two clicks. No hard feelings."),
                    button=_("To your account"),
                    link="/account/",
                ),
            ],
        ),
    ]


def _on_trial(kitchen: Kitchen) -> dict[str, str]:
    """The newest product that is sold on trial; where there is none one has to be chosen before it can go live."""
    product = Product.objects.filter(prices__trial_days__gt=0).order_by("-created_at").first()
    return {"product": str(product.id) if product is not None else "none"}


TRIAL_ENDING = recipe(
    label=gettext_lazy("Trial ending"),
    text=gettext_lazy(
        "One thing to try on the third day, and fair warning before a two-week trial turns into a contract."
    ),
    icon="timer",
    start=Start(
        kind="commerce.order_paid", icon="timer", says=lambda: _("Buys the product with a trial"), config=_on_trial
    ),
    parts=_trial,
    order=90,
)

ALL = {
    "subscriptions.failed_payment": FAILED_PAYMENT,
    "subscriptions.trial": TRIAL_ENDING,
}
