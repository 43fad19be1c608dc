"""What a cancellation would do, to the cent and the minute, before anybody confirms it. Pure.

The page that asks for a confirmation and the service that carries it out use this one function, so what is shown is
what happens.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from plainsail.commerce.services import shapes
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_moment, part
from plainsail.subscriptions.queries import Facts, ItemFacts, PaidLine
from plainsail.subscriptions.services import policies
from plainsail.subscriptions.services.promises import Promise

When = Literal["period_end", "now"]


@dataclass(frozen=True)
class RefundLine:
    """What comes back of one paid line, and by which rule."""

    invoice_id: str
    line_id: str
    description: str
    amount_minor: int
    """Gross."""
    rule: policies.Refund
    net_minor: int | None = None
    """What of it is net, where the price came without tax and so was cut by its net."""
    ground: str = "policy"
    by: dict[str, Any] = field(default_factory=dict)
    """The policy's rule, as `policies.Share` has it."""

    def amount_in(self, currency: str) -> Money:
        return Money(self.amount_minor, currency)


@dataclass(frozen=True)
class ChargeAfter:
    """A charge that is still taken after a cancellation, because a later end was asked for: when, for what, how much. Gross."""

    on: str
    """A local day, in ISO 8601."""
    what: str
    amount_minor: int
    currency: str

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def day(self) -> date:
        return date.fromisoformat(self.on)


Answer = Literal["", "met", "early", "owed", "resting", "parts", "far", "unread"]
"""What became of a wish: none was uttered, it is met, or why the contract ends at the earliest possible date all the same."""


@dataclass(frozen=True)
class Wish:
    """The last day that was asked for and what becomes of it. `ends_on` is the first day not served, if that isn't the earliest.

    `charges` are what it costs until then.
    """

    asked: str = ""
    answer: Answer = ""
    ends_on: date | None = None
    charges: tuple[ChargeAfter, ...] = ()


NONE = Wish()


@dataclass(frozen=True)
class ItemEnd:
    """When one item ends and what it costs today."""

    item_id: str
    description: str
    price_minor: int
    currency: str
    interval_unit: str
    interval_count: int
    is_addon: bool
    ends_at: datetime
    payments: int | None = None
    """So many, in all or in each cycle; empty for one paid until it is cancelled, and for one paid once."""
    cycle_unit: str = ""
    cycle_count: int = 1

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def terms(self) -> str:
        """What is paid and how often: “€29.00 every month”."""
        shape = shapes.shape(
            self.interval_unit,
            self.interval_count,
            payments=self.payments,
            cycle=self.cycle_unit,
            cycle_count=self.cycle_count,
        )
        return shapes.short(shape, self.price)

    @property
    def words(self) -> str:
        return f"{self.description}, {self.terms}"


@dataclass(frozen=True)
class Quote(Promise):
    """The outcome of a cancellation at a moment. Amounts in minor units of `currency`."""

    reference: str
    currency: str
    timezone: str
    when: When
    effective_at: datetime
    refunds: tuple[RefundLine, ...]
    refund_minor: int
    refund_rule: policies.Refund
    refund_by: datetime
    items: tuple[ItemEnd, ...]
    charges_after: tuple[ChargeAfter, ...]
    grace_days: int
    is_trial_paid: bool = False
    """Whether a trial ran that had its price: then money may come back although the contract itself never began."""
    is_bought_in_parts: bool = False
    """Whether all payments together would have bought it for good."""
    asked_end: str = ""
    """The last day that was asked for: in ISO 8601, or in the words that nobody could read."""
    wish: Answer = ""
    held: tuple[RefundLine, ...] = ()
    """What would come back if the bank weren't deciding about its payment; it does once the bank has decided for the seller."""

    @property
    def refund(self) -> Money:
        return Money(self.refund_minor, self.currency)

    @property
    def held_back(self) -> Money:
        return Money(sum(line.amount_minor for line in self.held), self.currency)

    @property
    def effective_local(self) -> datetime:
        """The effective moment on the contract's own clock."""
        return self.effective_at.astimezone(ZoneInfo(self.timezone))

    @property
    def charges_digest(self) -> str:
        """Fingerprint of when it ends and what is charged until then."""
        told = [self.effective_at.isoformat(), *(f"{one.on} {one.amount_minor}" for one in self.charges_after)]
        return hashlib.blake2b("\n".join(told).encode(), digest_size=10).hexdigest()


def quote(facts: Facts, *, when: When, at: datetime, wish: Wish = NONE) -> Quote:
    """What cancelling at `at` does: when each item ends, what comes back, and that nothing is charged afterwards.

    At the end of the paid time nothing comes back, because everything paid for is still served, unless it was charged
    after `at`, when the declaration arrived. Ending now gives back what the policy says. A withdrawal in time ends now;
    one that comes too late is a cancellation. A later end that was asked for, and can be had, is the end.
    """
    if facts.kind == "withdrawal":
        when = "now" if policies.is_in_time(facts.started_at, at=at, zone=facts.timezone) else "period_end"
    wish = NONE if when == "now" else wish
    effective_at = at if when == "now" else max(at, _paid_through(facts), _asked_for(facts, wish) or at)
    given = [(paid, _refund(facts, paid, wish, at=at)) for paid in _returnable(facts, when=when, at=at)]
    refunds = tuple(line for paid, line in given if line and not paid.is_held)
    return Quote(
        reference=facts.reference,
        currency=facts.currency,
        timezone=facts.timezone,
        when=when,
        effective_at=effective_at,
        refunds=refunds,
        refund_minor=sum(line.amount_minor for line in refunds),
        refund_rule=max((line.rule for line in refunds), key=lambda rule: policies.WEIGHT[rule], default="none"),
        refund_by=_refund_by(facts, at=at),
        items=tuple(
            _end(facts, item, when=when, effective_at=effective_at, is_asked_for=wish.ends_on is not None)
            for item in facts.items
        ),
        charges_after=wish.charges,
        is_trial_paid=facts.is_trial_paid,
        is_bought_in_parts=any(item.ends_by_itself for item in facts.items),
        grace_days=max(facts.terms["retention"]["grace_days"], _newest(facts)["retention"]["grace_days"]),
        asked_end=wish.asked,
        wish=wish.answer,
        held=tuple(line for paid, line in given if line and paid.is_held),
    )


def _asked_for(facts: Facts, wish: Wish) -> datetime | None:
    return day_start(wish.ends_on, facts.timezone) if wish.ends_on is not None else None


def _returnable(facts: Facts, *, when: When, at: datetime) -> list[PaidLine]:
    """At the end of the paid time only what was charged after the declaration had arrived."""
    return [paid for paid in facts.paid if when == "now" or paid.paid_at > at]


def _paid_through(facts: Facts) -> datetime:
    ends = [day_start(item.paid_through, facts.timezone) for item in facts.items]
    if facts.trial_ends_at is not None:
        ends.append(facts.trial_ends_at)
    return max(ends)


def _end(facts: Facts, item: ItemFacts, *, when: When, effective_at: datetime, is_asked_for: bool) -> ItemEnd:
    served = day_start(item.paid_through, facts.timezone)
    runs_on = when == "now" or not item.is_addon or is_asked_for
    ends_at = effective_at if runs_on else min(effective_at, max(served, _earliest(facts)))
    return ItemEnd(
        item_id=item.item_id,
        description=item.description,
        price_minor=item.price.minor,
        currency=item.price.currency,
        interval_unit="" if item.is_once else item.interval.unit,
        interval_count=item.interval.count,
        is_addon=item.is_addon,
        ends_at=ends_at,
        payments=item.payments,
        cycle_unit=item.cycle.interval.unit if item.cycle else "",
        cycle_count=item.cycle.interval.count if item.cycle else 1,
    )


def _earliest(facts: Facts) -> datetime:
    return min(day_start(item.paid_through, facts.timezone) for item in facts.items)


def _refund_by(facts: Facts, *, at: datetime) -> datetime:
    """The same time of day, so many local days later."""
    local = at.astimezone(ZoneInfo(facts.timezone))
    spans = [policies.pay_within(policy) for policy in (facts.terms["refund"], _newest(facts)["refund"])]
    return local_moment(min(span.after(local.date()) for span in spans), local.time(), facts.timezone)


def _newest(facts: Facts) -> dict[str, dict[str, Any]]:
    """What the business promises today. It counts beside the contract's own terms; the customer gets the better of both."""
    return policies.standing(facts.newest)


def _refund(facts: Facts, paid: PaidLine, wish: Wish, *, at: datetime) -> RefundLine | None:
    if wish.ends_on is not None:
        # Charged since the declaration arrived, for days that were asked for; only what lies beyond them comes back.
        first = min(max(wish.ends_on, paid.period.start), paid.period.end)
        beyond = policies.Share(part(first, paid.period.end, paid.period), "prorated", "charged_after_cancellation")
        return _line(paid, beyond)
    case = policies.Case(
        kind=facts.kind,
        at=at,
        zone=facts.timezone,
        contract_at=facts.started_at,
        first_paid_at=paid.first_paid_at,
        paid_at=paid.paid_at,
        interval=paid.interval,
        period=paid.period,
        is_first_period=paid.is_first,
        had_trial=facts.trial_ends_at is not None,
        is_consumer=facts.is_consumer,
        country=facts.country,
    )
    given = policies.share([facts.terms["refund"], _newest(facts)["refund"]], case)
    return _line(paid, given)


def _line(paid: PaidLine, given: policies.Share) -> RefundLine | None:
    amount = paid.billed.by_part(given.part)
    if not amount.gross:
        return None
    return RefundLine(
        invoice_id=paid.invoice_id,
        line_id=paid.line_id,
        description=paid.description,
        amount_minor=amount.gross,
        rule=given.rule,
        net_minor=None if paid.billed.is_inclusive else amount.net,
        ground=given.ground,
        by=dict(given.by),
    )


def from_json(stored: dict[str, Any]) -> Quote:
    """A stored quote as it was made."""
    return Quote(
        **stored
        | {
            "effective_at": datetime.fromisoformat(stored["effective_at"]),
            "refund_by": datetime.fromisoformat(stored["refund_by"]),
            "refunds": tuple(RefundLine(**line) for line in stored["refunds"]),
            "items": tuple(
                ItemEnd(**item | {"ends_at": datetime.fromisoformat(item["ends_at"])}) for item in stored["items"]
            ),
            "charges_after": tuple(ChargeAfter(**line) for line in stored["charges_after"]),
            "held": tuple(RefundLine(**line) for line in stored.get("held", ())),
        }
    )
