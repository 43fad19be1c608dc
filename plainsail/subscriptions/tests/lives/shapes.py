"""Lives in which prices of every shape are bought: instalments, once or every cycle, paid trials, once after a trial."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from plainsail.commerce.services import shapes
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval
from plainsail.subscriptions.tests.lives import dates
from plainsail.subscriptions.tests.lives.rules import INTERVALS, MINORS, cards, picks

INITIALS = st.sampled_from((None, None, 1, 900, 49_00))
TRIALS = st.sampled_from((0, 0, 1, 7, 14, 30))


class Machine(dates.Machine):
    """All that may happen in a life."""

    @rule(
        pick=picks,
        minor=st.sampled_from(MINORS),
        number=cards,
        interval=st.sampled_from(INTERVALS),
        payments=st.sampled_from((2, 3, 4)),
        cycle=st.sampled_from((None, None, Interval("year"), Interval("month", 6), Interval("week", 5))),
        trial_days=TRIALS,
        initial=INITIALS,
        exclusive=st.booleans(),
    )
    def buy_in_instalments(
        self,
        pick: int,
        minor: int,
        number: int,
        interval: tuple[str, int],
        payments: int,
        cycle: Interval | None,
        trial_days: int,
        initial: int | None,
        exclusive: bool,
    ) -> None:
        each = shapes.interval(*interval)
        assert each is not None
        again = cycle if cycle and shapes.fits(each, payments, cycle) else None
        offer = PriceTerms(
            amount=Money(minor, "EUR"),
            interval=each.unit,
            interval_count=each.count,
            payments=payments,
            cycle=again.unit if again else "",
            cycle_count=again.count if again else 1,
            trial_days=trial_days,
            initial=Money(initial, "EUR") if initial and trial_days else None,
            tax_behavior="exclusive" if exclusive else "inclusive",
        )
        self._buy(pick, number, offer)

    @rule(
        pick=picks,
        minor=st.sampled_from(MINORS),
        number=cards,
        interval=st.sampled_from((("", 1), *INTERVALS)),
        trial_days=st.sampled_from((1, 7, 14, 30)),
        initial=INITIALS,
    )
    def try_first(
        self, pick: int, minor: int, number: int, interval: tuple[str, int], trial_days: int, initial: int | None
    ) -> None:
        """A trial, free or paid, of what is then paid once or again and again."""
        offer = PriceTerms(
            amount=Money(minor, "EUR"),
            interval=interval[0],
            interval_count=interval[1],
            trial_days=trial_days,
            initial=Money(initial, "EUR") if initial else None,
        )
        self._buy(pick, number, offer)
