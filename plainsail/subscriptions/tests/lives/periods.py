"""What must hold of the periods that invoices are for (I14, I15, I18): where they begin and end, and what they cost."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache

from plainsail.commerce.models import InvoiceLine
from plainsail.kernel.periods import Cycle, Interval, Period, boundary, local_date, part
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.tests.lives.snapshots import Snapshot


def i14_boundaries_come_from_the_anchor(now: Snapshot) -> None:
    for contract in now.contracts.values():
        for item in now.items_of(contract):
            anchors = now.anchors(contract)
            allowed = frozenset().union(*(boundaries_of(anchor, item.interval, item.cycle) for anchor in anchors))
            for line in now.lines_of(item):
                assert line.period_end in allowed | now.asked_ends(contract), (contract, line.period_end)
                begins = {item.starts_on} | now.begun_on(contract)
                assert line.period_start in allowed | begins, (contract, line)
                if item.interval_unit in {"month", "year"} and line.period_start in allowed - begins:
                    assert any(_is_clamped(anchor.day, line) for anchor in anchors), line


def _is_clamped(anchor_day: int, line: InvoiceLine) -> bool:
    import calendar

    start = line.period_start
    assert start is not None
    return bool(start.day == min(anchor_day, calendar.monthrange(start.year, start.month)[1]))


def i15_periods_tile_an_items_life(now: Snapshot) -> None:
    for contract in now.contracts.values():
        if contract.order_id and now.orders[contract.order_id].state == "expired":
            continue  # it began ahead of a transfer that never came: its first days were taken off the books
        for item in now.items_of(contract):
            lines = now.lines_of(item)
            reached = _begins_to_pay(now, item)
            moves = now.moves_of(contract)
            given = {(one.from_on, one.to_on) for one in moves if one.days == "given"}
            paid_back = {one.to_on for one in moves if one.days == "credited"}
            rests = now.resumed_on.get(contract.id, set())
            # What was never paid and lies before something paid is let go when the contract is cancelled.
            off_the_books = {day for day in now.voided_ends(item) if day is not None}
            for line in lines:
                assert line.period_start is not None
                # Put ahead: the days from then on came back (`i15_days_that_were_put_ahead_came_back`).
                begins = _reachable({reached} | paid_back, given)
                begins |= {day for day in rests | off_the_books if day > reached}
                assert line.period_start in begins, (contract, line, reached)
                assert line.period_end is not None
                reached = line.period_end
            if item.is_once:
                assert item.charged_through == (item.runs_until if now.payments_of(item) else item.starts_on), item
                continue
            ahead = _reachable({reached} | paid_back, given) | rests
            assert item.charged_through in ahead, (contract, item, reached)


def _begins_to_pay(now: Snapshot, item: SubscriptionItem) -> date:
    """Its first day, unless what an add-on had to pay for its first days came to less than a cent: they have no line.

    Of a plan that a bank transfer paid for, the day on which that was asked for: what lies between is credited.
    """
    asked = [one.quote["starts_on"] for one in now.changes.values() if one.new_item_id == item.id and one.carried]
    if asked:
        return date.fromisoformat(asked[0])
    order = now.order_of(item)
    is_free = order is not None and order.invoice_id is None
    return date.fromisoformat(order.quote["paid_until"]) if order is not None and is_free else item.starts_on


def _reachable(days: set[date], given: set[tuple[date, date]]) -> set[date]:
    """The days on which what follows may begin: one of these, or after days that were given, once or several times."""
    found = set(days)
    for _round in given:
        found |= {to_on for from_on, to_on in given if from_on in found}
    return found


def i15_days_that_were_put_ahead_came_back(now: Snapshot) -> None:
    """What a charge that comes earlier is put over had been paid for: it is credited to the cent that was shown."""
    credited = now.credited()
    for one in now.moves.values():
        for back in one.quote["back"]:
            taken = {str(key): amounts for key, amounts in credited.items()}[back["line_id"]]
            assert taken[2] >= back["gross_minor"], (one, taken)


def i15_an_item_begins_where_the_one_before_it_ends(now: Snapshot) -> None:
    """The lines of two items tile together: the days of the old one's last line from then on came back, unless disputed."""
    for change in now.changes.values():
        if change.state != "done":
            continue
        contract, old, new = (
            now.contracts[change.subscription_id],
            now.items[change.old_item_id],
            now.items[change.new_item_id],
        )
        assert old.ends_on is not None
        if change.quote["when"] == "trial":
            assert new.starts_on == old.charged_through == local_date(_trial_end(contract), contract.timezone)
            assert not now.lines_of(old)
            continue
        assert new.starts_on == old.ends_on, (contract, change)
        for line in now.lines_of(old):
            assert line.period_start is not None
            assert line.period_end is not None
            if line.invoice_id in now.disputed_invoices() or line.period_end <= old.ends_on:
                continue
            assert line.period_start <= old.ends_on
            whole = Period(line.period_start, line.period_end)
            unserved = line.gross_minor * part(old.ends_on, line.period_end, whole)
            back = now.credited().get(line.id, (0, 0, 0))[2]
            assert back + 1 >= unserved - (back * unserved / line.gross_minor if line.gross_minor else 0), (
                contract,
                line,
            )


def _trial_end(contract: Subscription) -> datetime:
    assert contract.trial_ends_at is not None
    return contract.trial_ends_at


def i18_a_period_costs_its_price(now: Snapshot) -> None:
    for contract in now.contracts.values():
        for item in now.items_of(contract):
            for line in now.lines_of(item):
                billed = line.unit_minor * line.quantity
                assert 0 <= billed <= item.unit_minor * item.quantity
                if _is_whole(now, contract, item, line):
                    assert billed == item.unit_minor * item.quantity


def _is_whole(now: Snapshot, contract: Subscription, item: SubscriptionItem, line: InvoiceLine) -> bool:
    for anchor in now.anchors(contract):
        boundaries = sorted(boundaries_of(anchor, item.interval, item.cycle))
        if line.period_start in boundaries and line.period_end in boundaries:
            return boundaries.index(line.period_end) == boundaries.index(line.period_start) + 1
    return False


@cache
def boundaries_of(anchor: date, interval: Interval, cycle: Cycle | None) -> frozenset[date]:
    if cycle is None:
        # A moved charge puts the anchor ahead: by a year, for what is paid by the week beside it.
        return frozenset(boundary(anchor, interval, number) for number in range(-120, 240))
    by_months = cycle.interval.unit in {"month", "year"}
    return frozenset(
        boundary(
            boundary(anchor, cycle.interval, again), interval, number, anchor_day=anchor.day if by_months else None
        )
        for again in range(30)
        for number in range(cycle.payments)
    )
