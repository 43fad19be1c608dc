"""The words that are agreed to when a plan is changed, in the active language; what was agreed to is kept with the change."""

from __future__ import annotations

from django.utils.translation import gettext as _

from plainsail.commerce.services import shapes
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import change_letters, reminding
from plainsail.subscriptions.services.switching import Quote


def text(subscription: Subscription, quote: Quote, *, seller: str) -> str:
    """The exact words that are agreed to by pressing the button, in the active language; kept with the change."""
    facts = {
        "contract": subscription.reference,
        "seller": seller,
        "plan": quote.description,
        "each": change_letters.shown(quote.each),
        "every": shapes.every(quote.interval_unit, quote.interval_count),
        "charge": change_letters.shown(quote.charge),
        "back": change_letters.shown(quote.comes_back),
        "next": change_letters.shown(quote.next_charge),
        "day": change_letters.day_of(quote.next_on),
    }
    if quote.when == "now" and quote.charge_minor and reminding.is_by_transfer(subscription):
        return _by_transfer() % facts
    if quote.when == "now":
        return (
            _(
                "I change contract %(contract)s with %(seller)s to “%(plan)s”, %(each)s %(every)s until I cancel. "
                "%(charge)s is charged now and %(back)s comes back for days already paid for. The next charge is "
                "%(next)s on %(day)s. I can cancel online at any time."
            )
            % facts
        )
    if quote.when == "later":
        return (
            _(
                "I change contract %(contract)s with %(seller)s to “%(plan)s”, %(each)s %(every)s until I cancel, from "
                "%(day)s on. Nothing is charged now; %(next)s is charged that day. I can take this back until then and "
                "cancel online at any time."
            )
            % facts
        )
    return (
        _(
            "I change contract %(contract)s with %(seller)s to “%(plan)s”, %(each)s %(every)s until I cancel. Nothing is "
            "charged now; my trial ends as before, and %(next)s is charged on %(day)s unless I cancel by then."
        )
        % facts
    )


def _by_transfer() -> str:
    return _(
        "I change contract %(contract)s with %(seller)s to “%(plan)s”, %(each)s %(every)s until I cancel. I send %(charge)s "
        "by bank transfer, and the new plan begins on the day the money arrives; what I paid for days before that day comes "
        "back, and so do the days of my old plan that are left then. If I enter a card instead, it is charged now and the "
        "new plan begins at once. The next charge is %(next)s on %(day)s. I can cancel online at any time."
    )
