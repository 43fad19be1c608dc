"""How a price is paid, and the sentence that says so. Pure; in the active language, for whoever pays.

Four kinds: once, again and again, so many instalments, so many instalments again every cycle. Each may begin with a trial,
free or for an amount of its own. The product's page, the checkout, the consent, receipts, accounts and the page that cancels
all say it with `sentence` or, where the end goes without saying, `short`.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, Unit

MOST_PAYMENTS = 120
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_LONGEST_MONTH, _SHORTEST_MONTH, _SHORTEST_YEAR = 31, 28, 365


@dataclass(frozen=True, kw_only=True)
class Shape:
    """When a price is paid. `interval` is empty for one paid once; `payments` for one paid until it is cancelled.

    `cycle` is how often the instalments begin anew; empty where they are all there is.
    """

    interval: Interval | None = None
    payments: int | None = None
    cycle: Interval | None = None
    trial_days: int = 0

    @property
    def is_once(self) -> bool:
        return self.interval is None

    @property
    def ends_by_itself(self) -> bool:
        """Whether a last payment comes: what is bought is paid off then, and kept."""
        return self.is_once or (self.payments is not None and self.cycle is None)


def shape(
    unit: str, count: int, *, payments: int | None = None, cycle: str = "", cycle_count: int = 1, trial_days: int = 0
) -> Shape:
    """A shape from columns: units are `day`, `week`, `month`, `year`, or empty. Raises BadPeriod."""
    return Shape(
        interval=interval(unit, count), payments=payments, cycle=interval(cycle, cycle_count), trial_days=trial_days
    )


def interval(unit: str, count: int) -> Interval | None:
    """How often; None for no unit. Raises BadPeriod."""
    known: dict[str, Unit] = {"day": "day", "week": "week", "month": "month", "year": "year"}
    return Interval(known[unit], count) if unit else None


def fits(each: Interval, payments: int, cycle: Interval) -> bool:
    """Whether so many payments are always over when the next cycle begins, whatever month that is."""
    if (each.unit in _MONTHS) == (cycle.unit in _MONTHS):
        length = _MONTHS if each.unit in _MONTHS else _DAYS
        return length[each.unit] * each.count * payments <= length[cycle.unit] * cycle.count
    if each.unit in _DAYS:
        years, months = divmod(_MONTHS[cycle.unit] * cycle.count, 12)
        return _DAYS[each.unit] * each.count * payments <= years * _SHORTEST_YEAR + months * _SHORTEST_MONTH
    return _MONTHS[each.unit] * each.count * payments * _LONGEST_MONTH <= _DAYS[cycle.unit] * cycle.count


def every(unit: str, count: int) -> str:
    """An interval in words: “every month”, “every 3 months”; empty for no unit."""
    if not unit:
        return ""
    words = {
        "day": ngettext("every day", "every %(count)d days", count),
        "week": ngettext("every week", "every %(count)d weeks", count),
        "month": ngettext("every month", "every %(count)d months", count),
        "year": ngettext("every year", "every %(count)d years", count),
    }
    return words[unit] % {"count": count}


def sentence(shape: Shape, amount: Money, *, initial: Money | None = None) -> str:
    """What is paid and when: “€9.00 today for 14 days, then €29.00 every month until you cancel”.

    `amount` is one payment, `initial` what the trial costs; both with tax, as they are charged.
    """
    rest = _until_cancelled(shape, amount)
    if not shape.trial_days:
        return rest
    facts = {"days": shape.trial_days, "recurring": rest, "initial": _shown(initial) if initial else ""}
    if not initial:
        return (
            ngettext(
                "Free for %(days)d day, then %(recurring)s",
                "Free for %(days)d days, then %(recurring)s",
                shape.trial_days,
            )
            % facts
        )
    return (
        ngettext(
            "%(initial)s today for %(days)d day, then %(recurring)s",
            "%(initial)s today for %(days)d days, then %(recurring)s",
            shape.trial_days,
        )
        % facts
    )


def _until_cancelled(shape: Shape, amount: Money) -> str:
    if shape.interval is None:
        return _("%(amount)s, once") % {"amount": _shown(amount)}
    facts = _facts(shape, amount)
    if shape.payments is None:
        return _("%(amount)s %(every)s until you cancel") % facts
    if shape.cycle is None:
        return _("%(count)d payments of %(amount)s, one %(every)s (%(total)s in all)") % facts
    return _("%(count)d payments of %(amount)s, one %(every)s, and again %(cycle)s until you cancel") % facts


def short(shape: Shape, amount: Money) -> str:
    """The price without its trial and its end, to stand beside a name: “€29.00 every month”."""
    if shape.interval is None:
        return _("%(amount)s, once") % {"amount": _shown(amount)}
    facts = _facts(shape, amount)
    if shape.payments is None:
        return f"{facts['amount']} {facts['every']}"
    if shape.cycle is None:
        return _("%(count)d payments of %(amount)s, one %(every)s") % facts
    return _("%(count)d payments of %(amount)s, one %(every)s, and again %(cycle)s") % facts


def beside(shape: Shape) -> str:
    """What stands beside a large amount on a price card: “every month”, “4 times, every 2 weeks”; nothing if paid once."""
    if shape.interval is None:
        return ""
    often = every(shape.interval.unit, shape.interval.count)
    facts = {"count": shape.payments, "every": often, "cycle": _again(shape)}
    if shape.payments is None:
        return often
    if shape.cycle is None:
        return _("%(count)d times, %(every)s") % facts
    return _("%(count)d times, %(every)s, and again %(cycle)s") % facts


def _facts(shape: Shape, amount: Money) -> dict[str, object]:
    assert shape.interval is not None
    return {
        "amount": _shown(amount),
        "every": every(shape.interval.unit, shape.interval.count),
        "count": shape.payments,
        "cycle": _again(shape),
        "total": _shown(Money(amount.minor * (shape.payments or 1), amount.currency)),
    }


def _again(shape: Shape) -> str:
    return every(shape.cycle.unit, shape.cycle.count) if shape.cycle else ""


def _shown(amount: Money) -> str:
    return amount.format(get_language() or "en")
