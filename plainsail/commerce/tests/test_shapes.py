"""The one sentence that says how a price is paid, and which instalments can begin anew."""

from __future__ import annotations

from datetime import date

import pytest

from plainsail.commerce.services import shapes
from plainsail.commerce.services.shapes import Shape
from plainsail.commerce.tests.factories import euros
from plainsail.kernel.periods import Cycle, Interval, period_in_cycle

MONTH, YEAR, FORTNIGHT = Interval("month"), Interval("year"), Interval("week", 2)


@pytest.mark.parametrize(
    ("shape", "initial", "words"),
    [
        (Shape(), None, "€29.00, once"),
        (Shape(trial_days=1), None, "Free for 1 day, then €29.00, once"),
        (Shape(interval=MONTH), None, "€29.00 every month until you cancel"),
        (
            Shape(interval=MONTH, trial_days=14),
            euros(900),
            "€9.00 today for 14 days, then €29.00 every month until you cancel",
        ),
        (Shape(interval=FORTNIGHT, payments=4), None, "4 payments of €29.00, one every 2 weeks (€116.00 in all)"),
        (
            Shape(interval=MONTH, payments=4, cycle=YEAR, trial_days=7),
            None,
            "Free for 7 days, then 4 payments of €29.00, one every month, and again every year until you cancel",
        ),
    ],
)
def test_a_sentence_says_what_is_paid_and_when(shape, initial, words):
    assert shapes.sentence(shape, euros(2900), initial=initial) == words


@pytest.mark.parametrize(
    ("each", "payments", "cycle", "fits"),
    [
        (MONTH, 12, YEAR, True),
        (MONTH, 13, YEAR, False),
        (FORTNIGHT, 26, YEAR, True),
        (FORTNIGHT, 27, YEAR, False),
        (Interval("week"), 4, MONTH, True),
        (Interval("week"), 5, MONTH, False),
        (MONTH, 2, Interval("week", 9), True),
        (MONTH, 2, Interval("week", 8), False),
    ],
)
def test_instalments_begin_anew_only_once_they_are_over_in_every_month(each, payments, cycle, fits):
    assert shapes.fits(each, payments, cycle) is fits


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ((2028, 2, 29), (2028, 2, 29), (2028, 3, 29)),
        ((2028, 5, 1), (2028, 4, 29), (2029, 2, 28)),
        ((2029, 2, 28), (2029, 2, 28), (2029, 3, 29)),
        ((2032, 1, 1), (2031, 4, 29), (2032, 2, 29)),
    ],
)
def test_instalments_of_a_year_keep_the_leap_day_and_the_last_lasts_until_the_next_year(day, start, end):
    found = period_in_cycle(date(2028, 2, 29), MONTH, Cycle(YEAR, 3), date(*day))
    assert (found.start, found.end) == (date(*start), date(*end))
