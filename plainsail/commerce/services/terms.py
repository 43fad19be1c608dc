"""What a price costs now and later, in numbers, and the words that a buyer agrees to. The checkout and mails use these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.commerce.models import Price, Seller
from plainsail.commerce.services import shapes
from plainsail.commerce.services.invoicing import LineSpec, Totals, preview
from plainsail.commerce.services.places import Place
from plainsail.commerce.services.shapes import Shape
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Period, boundary, local_date


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What buying a price at a moment means."""

    price: Price
    each: Totals
    """What one payment, or the thing itself, comes to."""
    today: Money
    period: Period | None
    """The first days that are paid for, if that is now: those of a paid trial, or of the first period."""
    trial_ends_on: date | None
    initial: Totals | None = None
    """What a paid trial comes to."""

    @property
    def is_free_now(self) -> bool:
        return not self.today

    @property
    def now(self) -> Totals:
        """What stands above the total: of a paid trial its price, else that of the thing."""
        return self.initial or self.each


def quote(price: Price, *, seller: Seller, at: datetime, place: Place | None = None) -> Quote:
    """Work out a purchase at a moment of the seller's time; without a place for a consumer at home."""
    each = preview([spec(price, description="")], seller=seller, place=place)
    start = local_date(at, seller.timezone)
    if price.trial_days:
        return _with_trial(price, each, seller=seller, start=start, place=place)
    interval = price.period_interval
    period = Period(start, boundary(start, interval, 1)) if interval else None
    return Quote(price=price, each=each, today=each.gross, period=period, trial_ends_on=None)


def _with_trial(price: Price, each: Totals, *, seller: Seller, start: date, place: Place | None) -> Quote:
    ends_on = start + timedelta(days=price.trial_days)
    if not price.initial_minor:
        return Quote(price=price, each=each, today=Money.zero(price.currency), period=None, trial_ends_on=ends_on)
    initial = preview([spec(price, description="", unit=price.initial)], seller=seller, place=place)
    period = Period(start, ends_on)
    return Quote(price=price, each=each, today=initial.gross, period=period, trial_ends_on=ends_on, initial=initial)


def spec(price: Price, *, description: str, unit: Money | None = None) -> LineSpec:
    """The line that a price makes on an invoice, still without a period; `unit` where another amount is asked for."""
    return LineSpec(
        description=description,
        unit=price.amount if unit is None else unit,
        product=price.product,
        tax_behavior=price.tax_behavior,
    )


def shape_of(price: Price) -> Shape:
    """When a price is paid."""
    return shapes.shape(
        price.interval,
        price.interval_count,
        payments=price.payments,
        cycle=price.cycle,
        cycle_count=price.cycle_count,
        trial_days=price.trial_days,
    )


def sentence(price: Price, amount: Money, *, initial: Money | None = None) -> str:
    """What a price means for whoever buys it now (`shapes.sentence`); without `initial` the trial costs what the price says."""
    return shapes.sentence(shape_of(price), amount, initial=price.initial if initial is None else initial)


def sentence_of(made: Quote) -> str:
    """The same, with the tax of a purchase."""
    return sentence(made.price, made.each.gross, initial=made.initial.gross if made.initial else None)


def consent(made: Quote, *, seller: Seller, name: str) -> str:
    """The exact words that a buyer agrees to by pressing the button; kept with the order."""
    price = made.price
    facts = {
        "name": name,
        "seller": seller.legal_name,
        "amount": made.each.gross.format(get_language() or "en"),
        "terms": sentence_of(made),
        "day": date_format(made.trial_ends_on, "DATE_FORMAT") if made.trial_ends_on else "",
    }
    if not price.begins_contract:
        return _("I buy “%(name)s” from %(seller)s for %(amount)s, paid once.") % facts
    if not price.is_recurring:
        return " ".join([_bought(), _charged_once(made), _cancelled_before(made)]) % facts
    if price.payments is not None:
        begins = _subscribed() if price.cycle else _bought()
        return " ".join([begins, _charged_in_parts(made), _cancelled_in_parts(made)]) % facts
    if made.initial:
        return " ".join([_subscribed(), _charged_after(), _cancelled_before(made)]) % facts
    if made.trial_ends_on:
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


def _bought() -> str:
    return _("I buy “%(name)s” from %(seller)s: %(terms)s.")


def _subscribed() -> str:
    return _("I subscribe to “%(name)s” from %(seller)s: %(terms)s.")


def _charged_once(made: Quote) -> str:
    if made.initial:
        return _("My card is charged today and once more, %(amount)s, on %(day)s; never again after that.")
    return _("My card is charged once, %(amount)s, on %(day)s; never again after that.")


def _charged_after() -> str:
    return _("My card is charged today, and %(amount)s at the start of each period from %(day)s on.")


def _charged_in_parts(made: Quote) -> str:
    if made.initial:
        return _("My card is charged today, and for each payment on its day, for the first time on %(day)s.")
    if made.trial_ends_on:
        return _("My card is charged for each payment on its day, for the first time on %(day)s.")
    return _("My card is charged for the first payment today and for each other one on its day.")


def _cancelled_before(made: Quote) -> str:
    if made.initial:
        return _("I can cancel online at any time; before that day nothing more is charged.")
    return _("I can cancel online at any time; before that day it costs nothing.")


def _cancelled_in_parts(made: Quote) -> str:
    if made.price.cycle:
        return _("I can cancel online at any time; then nothing more is charged, and I keep it for the days paid for.")
    return _(
        "Once all payments are made it is mine to keep. I can cancel online at any time before that; then nothing more is "
        "charged, and I keep it for the days paid for."
    )


def button(quote: Quote) -> str:
    """What pressing the button does, in words that name the price."""
    amount = quote.today.format(get_language() or "en")
    if quote.initial:
        return _("Start the trial and pay %(amount)s") % {"amount": amount}
    if quote.trial_ends_on:
        return _("Start the free trial")
    if not quote.today:
        return _("Get it for free")
    if quote.price.is_endless or quote.price.cycle:
        return _("Subscribe and pay %(amount)s") % {"amount": amount}
    return _("Pay %(amount)s") % {"amount": amount}
