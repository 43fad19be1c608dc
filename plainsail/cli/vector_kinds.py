"""What an example of each kind asks of which function. Only reading and naming: every figure comes from the areas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any, get_args

from plainsail.cli.vector_inputs import Garbled, Given, money, number
from plainsail.commerce.services import proration, taxing
from plainsail.commerce.services.proration import Billed
from plainsail.commerce.services.taxing import Taxable, Taxed
from plainsail.kernel.money import Money, half_up
from plainsail.kernel.periods import (
    Measure,
    Period,
    boundary,
    day_start,
    first_boundary,
    local_date,
    local_moment,
    part,
    spread,
)
from plainsail.subscriptions.services import retries, scheduling

SCENARIOS = frozenset({"dunning_paypal", "vies", "incomplete_expiry", "addon_same_day_cancel"})
"""Stories without typed inputs and outputs: tests of the areas tell them."""
DIGITS = 9
"""Decimals of a ratio, rounded half up, as Kill Bill states them; an example that states four or more has its own."""


def _schedule(given: Given, _expected: Any) -> list[date]:
    interval, anchor = given.interval(), given.day("anchor")
    anchor_day = given.whole("anchor_day", anchor.day)
    return [boundary(anchor, interval, number, anchor_day=anchor_day) for number in range(given.count("n"))]


def _first_cycle(given: Given, _expected: Any) -> date:
    return first_boundary(given.day("start"), given.whole("anchor_day"), given.interval())


def _local_day(given: Given, _expected: Any) -> int:
    return local_date(given.moment("instant"), given.zone()).day


def _ratio(given: Given, expected: Any) -> Decimal:
    exact = _part(given, "used_from", "used_to")
    stated = len(str(expected).partition(".")[2])
    digits = stated if 4 <= stated <= 20 else DIGITS
    return Decimal(half_up(exact * 10**digits)).scaleb(-digits)


def _prorate(given: Given, _expected: Any) -> Money:
    return given.money("amount").share(_part(given, "from_", "to"))


def _part(given: Given, start: str, end: str) -> Fraction:
    """Between two days; between two moments where the first of them is one and seconds are counted."""
    measure: Measure = given.text("unit", "day")  # type: ignore[assignment]  # checked next
    if measure not in get_args(Measure):
        raise Garbled(f"“unit” is none of {', '.join(get_args(Measure))}.")
    if measure == "second" and "T" in given.text(start):
        return _part_of_seconds(given, start, end)
    skipped = timedelta(days=1 if given.text("cancel_day", "unused") == "used" else 0)
    zone = given.zone("tz", "UTC")
    return part(given.day(start) + skipped, given.day(end), given.period(), by=measure, zone=zone)


def _part_of_seconds(given: Given, start: str, end: str) -> Fraction:
    first, last, whole_first, whole_last = (given.moment(name) for name in (start, end, "period_from", "period_to"))
    tick = timedelta(microseconds=1)
    return Fraction((last - first) // tick, (whole_last - whole_first) // tick)


def _terminate_credit_note(given: Given, _expected: Any) -> dict[str, int]:
    rate, net = given.number("tax_percent"), given.whole("plan_minor")
    line = Taxable(net, rate, taxing.EXCLUSIVE)
    billed = Billed(net=net, tax=taxing.tax(line).tax, rate=rate, behavior=line.behavior)
    taken = billed.by_part(Fraction(given.count("unused_days"), given.count("period_days")))
    return {"net_minor": taken.net, "tax_minor": taken.tax, "total_minor": taken.gross}


def _prorate_minor(given: Given, _expected: Any) -> int:
    return proration.of_days(given.whole("plan_minor"), given.count("days"), given.count("period_days"))


def _refund_vs_credit(given: Given, _expected: Any) -> dict[str, int]:
    paid, used = given.whole("paid_share_minor"), given.whole("used_gross_minor")
    goes = proration.split(given.whole("creditable_minor"), paid=paid, used=used)
    return {"refund_minor": goes.refund, "credit_minor": goes.credit}


def _tax_modes(given: Given, expected: Any) -> dict[str, dict[str, Money]]:
    lines, currency = _taxables(given), given.currency
    totals = {mode: _total(taxing.tax_all(lines, mode), currency) for mode in taxing.ROUNDINGS}
    return _asked(totals, expected)


def _taxables(given: Given) -> list[Taxable]:
    """Lines of one rate as prices with tax (`gross_lines`) or without (`net_lines`), or `lines` with rates of their own."""
    lines: list[Taxable] = []
    for name, behavior in (("gross_lines", taxing.INCLUSIVE), ("net_lines", taxing.EXCLUSIVE)):
        if given.has(name):
            lines += [Taxable(price.minor, given.number("rate"), behavior) for price in given.moneys(name)]
    for line in given.each("lines") if given.has("lines") else []:
        name, behavior = ("net", taxing.EXCLUSIVE) if line.has("net") else ("gross", taxing.INCLUSIVE)
        price = money(line.value(name), given.currency, name)
        rate = line.value("rate") if line.has("rate") else given.value("rate")
        lines.append(Taxable(price.minor, number(rate, "rate"), behavior))
    if not any(given.has(name) for name in ("gross_lines", "net_lines", "lines")):
        raise Garbled("“gross_lines” is missing.")
    return lines


def _total(taxed: Sequence[Taxed], currency: str) -> dict[str, Money]:
    sums = {"net": sum(one.net for one in taxed), "tax": sum(one.tax for one in taxed)}
    sums["gross"] = sum(one.gross for one in taxed)
    return {name: Money(minor, currency) for name, minor in sums.items()}


def _asked(results: Mapping[str, Any], expected: Any) -> dict[str, Any]:
    """Only what an example states: it need not know every way of rounding, nor every figure."""
    if not isinstance(expected, Mapping) or not expected:
        return dict(results)
    return {
        name: _asked(result, expected[name]) if isinstance(result, Mapping) else result
        for name, result in results.items()
        if name in expected
    }


def _no_net_exists(given: Given, _expected: Any) -> bool:
    return not taxing.has_exact_net(given.money("gross").minor, given.number("rate"))


def _tax_inclusive(given: Given, expected: Any) -> dict[str, dict[str, Money]]:
    line = Taxable(given.money("gross").minor, given.number("rate"), taxing.INCLUSIVE)
    ways = {way: _total([taxing.tax(line, rounded=way)], given.currency) for way in get_args(taxing.Rounded)}
    return _asked(ways, expected)


def _credit_note_series(given: Given, _expected: Any) -> dict[str, Any]:
    """An invoice without tax in its prices, and a note for each of its lines."""
    lines = [Taxable(net.minor, given.number("rate"), taxing.EXCLUSIVE) for net in given.moneys("nets")]
    taxed = taxing.tax_all(lines, taxing.SUM_BY_NET)
    billed = proration.billed(list(zip(lines, taxed, strict=True)), taxing.SUM_BY_NET)
    notes = [line.by_net(line.net) for line in billed]
    return {
        "invoice_total": _total(taxed, given.currency)["gross"],
        "cn_totals": [Money(note.gross, given.currency) for note in notes],
    }


def _refund_tax_split(given: Given, _expected: Any) -> dict[str, Money]:
    gross, tax = given.money("gross").minor, given.money("tax").minor
    billed = Billed(net=gross - tax, tax=tax, rate=Decimal(0), behavior=taxing.INCLUSIVE)
    return {"tax_refunded": Money(billed.by_gross(given.money("refund").minor).tax, given.currency)}


def _allocate_by_days(given: Given, _expected: Any) -> list[Money]:
    return spread(given.money("amount"), [_month(text) for text in given.list("months")])


def _month(text: Any) -> Period:
    found = re.fullmatch(r"(\d{4})-(\d{2})", text) if isinstance(text, str) else None
    if found is None:
        raise Garbled(f"{text!r} is no month such as 2026-01.")
    return Period.of_month(int(found[1]), int(found[2]))


def _dunning_fixed(given: Given, _expected: Any) -> list[date]:
    policy = {"every_days": given.count("every_days"), "retries": given.count("retries")}
    return retries.dates(given.day("failed"), policy)


def _dunning_multi_currency(given: Given, expected: Any) -> dict[str, Any]:
    thresholds = {currency: money(least, currency) for currency, least in given.table("thresholds").items()}
    campaign = retries.Campaign(given.count("max_attempts"), given.count("days_between"), thresholds)
    asked, overdue, finished = retries.Asked(), dict[str, Money](), 0
    runs: dict[str, Any] = {}
    previous: Mapping[str, int] = {}
    for name, on, event in map(_event, given.list("events")):
        if event != "run":
            overdue, before = _overdue(overdue, event), overdue
            for currency in [one for one, amount in overdue.items() if not amount and before.get(one)]:
                asked = retries.settled(asked, currency)
            continue
        currencies = retries.to_ask(campaign, asked, overdue, on=on)
        asked = retries.ask(asked, currencies, on=on)
        finished += bool(currencies) and retries.is_exhausted(campaign, asked)
        runs[name] = _unchanged(asked.attempts, previous, expected, name)
        previous = asked.attempts
    return _asked(runs | {"finished_events": finished}, _runs_only(expected))


def _event(text: Any) -> tuple[str, date, str]:
    found = re.fullmatch(r"\s*(d(\d{1,4}))\s+(.+)", text) if isinstance(text, str) else None
    if found is None:
        raise Garbled(f"{text!r} is no event such as “d3 run”.")
    return found[1], date(2025, 1, 1) + timedelta(days=int(found[2])), found[3].strip()


def _overdue(before: Mapping[str, Money], event: str) -> dict[str, Money]:
    """`EUR 149 overdue` is how much there is, `EUR +10 overdue` what comes on top, `EUR 10 paid` what goes off."""
    after = dict(before)
    for clause in event.split(","):
        found = re.fullmatch(r"([A-Z]{3})\s+(\+?)(\d+(?:\.\d+)?)\s+(overdue|paid)", clause.strip())
        if found is None:
            raise Garbled(f"{clause.strip()!r} is no event such as “EUR +10 overdue”.")
        currency, amount = found[1], money(found[3], found[1])
        now = after.get(currency, Money.zero(currency))
        if found[4] == "paid":
            after[currency] = max(now - amount, Money.zero(currency))
        else:
            after[currency] = now + amount if found[2] else amount
    return after


def _unchanged(attempts: Mapping[str, int], previous: Mapping[str, int], expected: Any, name: str) -> Any:
    """The counts after a run; “unchanged” where the example says it in that word and it is so."""
    says_so = isinstance(expected, Mapping) and expected.get(name) == "unchanged"
    return "unchanged" if says_so and attempts == previous else {**attempts}


def _runs_only(expected: Any) -> Any:
    """Counts are compared whole: a currency that the example doesn't name must not have been asked in."""
    return dict.fromkeys(expected) if isinstance(expected, Mapping) else expected


def _mixed_interval(given: Given, _expected: Any) -> list[tuple[date, Money]]:
    start = given.day("start")
    items = [
        scheduling.Plan(
            price=money(item.value("amount"), given.currency) * item.whole("quantity", 1),
            interval=item.interval(),
            charged_through=item.day("start") if item.has("start") else start,
        )
        for item in given.each("items")
    ]
    coming = islice(scheduling.ahead(items, anchor=start), given.count("n_invoices"))
    return [(planned.on, planned.total) for planned in coming]


def _dst_cancel(given: Given, _expected: Any) -> dict[str, int]:
    zone, at = given.zone(), given.moment("clock")
    start, ends_on = local_date(given.moment("start"), zone), given.day("cancel_on_local_date")
    plan = scheduling.Plan(Money.zero(given.currency), given.interval(), start)
    ends_at = day_start(ends_on, zone)
    charged = scheduling.begun(plan, anchor=start, zone=zone, at=at, ends_at=ends_at)
    credited = [period for period in charged if at >= ends_at and proration.unused(period, at=ends_at, zone=zone)]
    return {"invoices": len(charged), "credits": len(credited)}


def _dst_months(given: Given, _expected: Any) -> dict[str, Any]:
    zone, first, price = given.zone(), given.day("first"), given.money("amount")
    plan = scheduling.Plan(price, given.interval(), first)
    planned = list(islice(scheduling.ahead([plan], anchor=first), given.count("months")))
    each = sorted({invoice.total for invoice in planned}) or [price]
    spans = [invoice.dues[0].period for invoice in planned]
    meets = all(day_start(before.end, zone) == day_start(after.start, zone) for before, after in pairwise(spans))
    falls = all(local_date(day_start(span.start, zone), zone) == span.start for span in spans)
    return {
        "invoices": len(planned),
        "each": each[0] if len(each) == 1 else each,
        "contiguous": meets and falls,
    }


def _dst_gap(given: Given, expected: Any) -> dict[str, Any]:
    zone, wall = given.zone(), given.local("local")
    on = local_date(local_moment(wall.date(), wall.time(), zone), zone)
    stated = expected.get("next_through") if isinstance(expected, Mapping) else None
    number = given.count("n", len(stated) if isinstance(stated, list) else 2)
    following = [boundary(on, given.interval(), position) for position in range(1, number + 1)]
    return {"local_date": on, "next_through": following}


KINDS: Mapping[str, Callable[[Given, Any], Any]] = {
    "schedule": _schedule,
    "first_cycle": _first_cycle,
    "local_day": _local_day,
    "ratio": _ratio,
    "prorate": _prorate,
    "prorate_minor": _prorate_minor,
    "terminate_credit_note": _terminate_credit_note,
    "refund_vs_credit": _refund_vs_credit,
    "tax_modes": _tax_modes,
    "no_net_exists": _no_net_exists,
    "tax_inclusive": _tax_inclusive,
    "credit_note_series": _credit_note_series,
    "refund_tax_split": _refund_tax_split,
    "allocate_by_days": _allocate_by_days,
    "dunning_fixed": _dunning_fixed,
    "dunning_multi_currency": _dunning_multi_currency,
    "mixed_interval": _mixed_interval,
    "dst_cancel": _dst_cancel,
    "dst_months": _dst_months,
    "dst_gap": _dst_gap,
}
