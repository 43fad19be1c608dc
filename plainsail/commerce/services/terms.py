"""What a price costs now and later, in numbers and in one plain sentence. The checkout, the consent and mails use these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from plainsail.commerce.models import Price, Seller
from plainsail.commerce.services.invoicing import LineSpec, Totals, preview
from plainsail.commerce.services.places import Place
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Period, boundary, local_date


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What buying a price at a moment means."""

    price: Price
    each: Totals
    """What one period, or the thing itself, comes to."""
    today: Money
    period: Period | None
    """The first paid period, if it begins at once."""
    trial_ends_on: date | None

    @property
    def is_free_now(self) -> bool:
        return not self.today


def quote(price: Price, *, seller: Seller, at: datetime, place: Place | None = None) -> Quote:
    """Work out a purchase at a moment of the seller's time; without a place for a consumer at home."""
    each = preview([spec(price, description="")], seller=seller, place=place)
    interval = price.period_interval
    if interval is None:
        return Quote(price=price, each=each, today=each.gross, period=None, trial_ends_on=None)
    start = local_date(at, seller.timezone)
    if price.trial_days:
        ends_on = start + timedelta(days=price.trial_days)
        return Quote(price=price, each=each, today=Money.zero(price.currency), period=None, trial_ends_on=ends_on)
    period = Period(start, boundary(start, interval, 1))
    return Quote(price=price, each=each, today=each.gross, period=period, trial_ends_on=None)


def spec(price: Price, *, description: str) -> LineSpec:
    """The line that a price makes on an invoice, still without a period."""
    return LineSpec(description=description, unit=price.amount, product=price.product, tax_behavior=price.tax_behavior)


def every(price: Price) -> str:
    """“every month”, “every 3 months”; empty for a price paid once."""
    count = price.interval_count
    phrases = {
        "day": ngettext("every day", "every %(count)d days", count),
        "week": ngettext("every week", "every %(count)d weeks", count),
        "month": ngettext("every month", "every %(count)d months", count),
        "year": ngettext("every year", "every %(count)d years", count),
    }
    return phrases[price.interval] % {"count": count} if price.is_recurring else ""


def sentence(price: Price, amount: Money) -> str:
    """“€29.00 every month until you cancel”, with the trial before it if there is one; “€29.00, once” otherwise."""
    shown = amount.format(get_language() or "en")
    if not price.is_recurring:
        return _("%(amount)s, once") % {"amount": shown}
    recurring = _("%(amount)s %(every)s until you cancel") % {"amount": shown, "every": every(price)}
    if not price.trial_days:
        return recurring
    trial = ngettext(
        "Free for %(days)d day, then %(recurring)s", "Free for %(days)d days, then %(recurring)s", price.trial_days
    )
    return trial % {"days": price.trial_days, "recurring": recurring}


def consent(made: Quote, *, seller: Seller, name: str) -> str:
    """The exact words that a buyer agrees to by pressing the button; kept with the order."""
    amount = made.each.gross.format(get_language() or "en")
    facts = {
        "name": name,
        "seller": seller.legal_name,
        "amount": amount,
        "terms": sentence(made.price, made.each.gross),
    }
    if not made.price.is_recurring:
        return _("I buy “%(name)s” from %(seller)s for %(amount)s, paid once.") % facts
    if made.trial_ends_on:
        facts["day"] = date_format(made.trial_ends_on, "DATE_FORMAT")
        return (
            _(
                "I subscribe to “%(name)s” from %(seller)s: %(terms)s. My card is charged for the first time on %(day)s. "
                "I can cancel online at any time; before that day it costs nothing."
            )
            % facts
        )
    return (
        _(
            "I subscribe to “%(name)s” from %(seller)s: %(terms)s. My card is charged today and then at the start of each "
            "period. I can cancel online at any time."
        )
        % facts
    )
