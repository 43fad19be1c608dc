"""Whether another plan begins now or later, for which days, and what comes back: worked out without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from plainsail.commerce.services.proration import Billed
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval, Period
from plainsail.subscriptions.queries import PaidLine
from plainsail.subscriptions.services import switching
from plainsail.subscriptions.services.switching import Priced, Standing

MONTH, YEAR, WEEK = Interval("month"), Interval("year"), Interval("week")


def priced(minor: int, interval: Interval = MONTH) -> Priced:
    return Priced(Money(minor, "EUR"), interval)


def paid(start: date, end: date, gross: int, *, rate: str = "0", behavior: str = "inclusive", tax: int = 0) -> PaidLine:
    billed = Billed(net=gross - tax, tax=tax, rate=Decimal(rate), behavior=behavior)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return PaidLine("invoice", "line", "item", "Club", Period(start, end), MONTH, billed, moment, True, moment)


def standing(
    anchor: date,
    *lines: PaidLine,
    through: date,
    price: Priced | None = None,
    zone: str = "Europe/Berlin",
    is_trialing: bool = False,
) -> Standing:
    return Standing(anchor, zone, is_trialing, price or priced(2900), through, lines)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "when"),
    [
        (priced(2900), priced(5900), "now"),
        (priced(2900), priced(2900), "now"),
        (priced(2900), priced(2899), "later"),
        (priced(2900), priced(34800, YEAR), "now"),
        (priced(2900), priced(34799, YEAR), "later"),
        (priced(34800, YEAR), priced(2900), "now"),
        (priced(2900), priced(700, WEEK), "now"),
        (priced(2900), priced(660, WEEK), "later"),
    ],
)
def test_dearer_by_the_day_or_equal_begins_now_and_cheaper_when_the_paid_time_is_over(old, new, when):
    for day in (date(2027, 1, 20), date(2027, 2, 20), date(2028, 2, 20)):
        stands = standing(date(2026, 11, 23), through=date(2028, 3, 1), price=old)
        assert switching.course(stands, new, at=noon(day)).when == when


@pytest.mark.parametrize(
    ("anchor", "today", "whole", "back"),
    [
        # 30 days, 10 of them used: 20/30 of 29.00 come back.
        (date(2026, 11, 23), date(2026, 12, 3), (date(2026, 11, 23), date(2026, 12, 23)), 1933),
        # The day of the purchase itself: nothing was used.
        (date(2026, 11, 23), date(2026, 11, 23), (date(2026, 11, 23), date(2026, 12, 23)), 2900),
        # The 31st meets a short month, and comes back to its own day.
        (date(2027, 1, 31), date(2027, 3, 1), (date(2027, 2, 28), date(2027, 3, 31)), 2806),
        # A leap year's February has 29 days: 29 January to 29 February, of which 31 days.
        (date(2028, 1, 29), date(2028, 2, 28), (date(2028, 1, 29), date(2028, 2, 29)), 94),
        (date(2028, 1, 31), date(2028, 2, 29), (date(2028, 2, 29), date(2028, 3, 31)), 2900),
    ],
)
def test_at_once_pays_the_rest_of_the_period_and_gives_the_old_ones_rest_back(anchor, today, whole, back):
    period = Period(*whole)
    stands = standing(anchor, paid(*whole, 2900), through=period.end)
    course = switching.course(stands, priced(5900), at=noon(today))
    assert (course.when, course.starts_on, course.next_on) == ("now", today, period.end)
    assert (course.days.period, course.days.whole) == (Period(today, period.end), period)
    assert [one.gross_minor for one in course.back] == [back]


def test_another_interval_counts_from_the_same_anchor():
    stands = standing(date(2027, 1, 31), paid(date(2027, 2, 28), date(2027, 3, 31), 2900), through=date(2027, 3, 31))
    course = switching.course(stands, priced(50000, YEAR), at=noon(date(2027, 3, 1)))
    assert course.days.whole == Period(date(2027, 1, 31), date(2028, 1, 31))
    assert course.days.period == Period(date(2027, 3, 1), date(2028, 1, 31))
    assert course.days.of(Money(50000, "EUR")) == Money(46027, "EUR")


def test_later_begins_where_the_paid_time_ends_and_gives_nothing_back():
    stands = standing(
        date(2026, 11, 23), paid(date(2026, 11, 23), date(2026, 12, 23), 2900), through=date(2026, 12, 23)
    )
    course = switching.course(stands, priced(900), at=noon(date(2026, 12, 1)))
    assert (course.when, course.starts_on, course.next_on) == ("later", date(2026, 12, 23), date(2026, 12, 23))
    assert course.back == ()


def test_a_trial_goes_on_whatever_the_plan():
    for wanted in (priced(900), priced(90000, YEAR)):
        stands = standing(date(2026, 12, 7), through=date(2026, 12, 7), is_trialing=True)
        course = switching.course(stands, wanted, at=noon(date(2026, 12, 1)))
        assert (course.when, course.starts_on, course.back) == ("trial", date(2026, 12, 7), ())


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        # The last hour of a day, on either side of the change to summer time.
        ("Europe/Berlin", datetime(2027, 3, 27, 22, 59, tzinfo=UTC), date(2027, 3, 27)),
        ("Europe/Berlin", datetime(2027, 3, 27, 23, 0, tzinfo=UTC), date(2027, 3, 28)),
        ("Europe/Berlin", datetime(2027, 3, 28, 22, 0, tzinfo=UTC), date(2027, 3, 29)),
        # Havana's midnight doesn't exist on that day.
        ("America/Havana", datetime(2027, 3, 14, 5, 0, tzinfo=UTC), date(2027, 3, 14)),
        ("Pacific/Apia", datetime(2027, 3, 14, 11, 0, tzinfo=UTC), date(2027, 3, 15)),
    ],
)
def test_today_is_the_contracts_own_day(zone, at, day):
    stands = standing(
        date(2027, 3, 1), paid(date(2027, 3, 1), date(2027, 4, 1), 3100), through=date(2027, 4, 1), zone=zone
    )
    course = switching.course(stands, priced(9900), at=at)
    assert course.starts_on == day
    assert course.back[0].gross_minor == 100 * (date(2027, 4, 1) - day).days


def test_a_price_without_tax_is_cut_by_its_net():
    line = paid(date(2026, 11, 23), date(2026, 12, 23), 3451, rate="19", behavior="exclusive", tax=551)
    stands = standing(date(2026, 11, 23), line, through=date(2026, 12, 23), price=priced(3451))
    course = switching.course(stands, priced(9900), at=noon(date(2026, 12, 8)))
    assert [(one.gross_minor, one.net_minor) for one in course.back] == [(1726, 1450)]


def test_a_quote_survives_being_stored():
    quote = switching.Quote(
        "price", "Pro", "EUR", "now", date(2026, 12, 1), 5900, "month", 1, 4300, date(2026, 12, 23),
        (switching.Back("invoice", "line", 2127),), date(2026, 12, 23), 5900,
    )  # fmt: skip
    assert switching.from_json(quote.as_json()) == quote
    assert quote.comes_back == Money(2127, "EUR")
