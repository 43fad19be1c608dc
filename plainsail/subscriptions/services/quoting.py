"""What a cancellation would do, to the cent and the minute, before anybody confirms it. Pure.

The page that asks for a confirmation and the service that carries it out use this one function, so what is shown is
what happens.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from plainsail.commerce.services import shapes
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_moment
from plainsail.subscriptions.queries import Facts, ItemFacts, PaidLine
from plainsail.subscriptions.services import policies

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
class Quote:
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
    charges_after: tuple[dict[str, Any], ...]
    grace_days: int
    is_trial_paid: bool = False
    """Whether a trial ran that had its price: then money may come back although the contract itself never began."""
    is_bought_in_parts: bool = False
    """Whether all payments together would have bought it for good."""

    @property
    def refund(self) -> Money:
        return Money(self.refund_minor, self.currency)

    @property
    def effective_local(self) -> datetime:
        """The effective moment on the contract's own clock."""
        return self.effective_at.astimezone(ZoneInfo(self.timezone))

    def as_json(self) -> dict[str, Any]:
        """The quote as stored: moments in ISO 8601."""
        return json.loads(json.dumps(asdict(self), default=_plain))  # type: ignore[no-any-return]  # a dictionary by construction

    @property
    def digest(self) -> str:
        """Fingerprint of what was promised."""
        return hashlib.blake2b(json.dumps(self.as_json(), sort_keys=True).encode(), digest_size=20).hexdigest()


def quote(facts: Facts, *, when: When, at: datetime) -> Quote:
    """What cancelling at `at` does: when each item ends, what comes back, and that nothing is charged afterwards.

    At the end of the paid time nothing comes back, because everything paid for is still served, unless it was charged
    after `at`, when the declaration arrived. Ending now gives back what the policy says. A withdrawal in time ends now;
    one that comes too late is a cancellation.
    """
    if facts.kind == "withdrawal":
        when = "now" if policies.is_in_time(facts.started_at, at=at, zone=facts.timezone) else "period_end"
    effective_at = at if when == "now" else max(at, _paid_through(facts))
    refunds = tuple(line for paid in _returnable(facts, when=when, at=at) if (line := _refund(facts, paid, at=at)))
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
        items=tuple(_end(facts, item, when=when, effective_at=effective_at) for item in facts.items),
        charges_after=(),
        is_trial_paid=facts.is_trial_paid,
        is_bought_in_parts=any(item.ends_by_itself for item in facts.items),
        grace_days=max(facts.terms["retention"]["grace_days"], _newest(facts)["retention"]["grace_days"]),
    )


def _returnable(facts: Facts, *, when: When, at: datetime) -> list[PaidLine]:
    """At the end of the paid time only what was charged after the declaration had arrived."""
    return [paid for paid in facts.paid if when == "now" or paid.paid_at > at]


def _paid_through(facts: Facts) -> datetime:
    ends = [day_start(item.paid_through, facts.timezone) for item in facts.items]
    if facts.trial_ends_at is not None:
        ends.append(facts.trial_ends_at)
    return max(ends)


def _end(facts: Facts, item: ItemFacts, *, when: When, effective_at: datetime) -> ItemEnd:
    served = day_start(item.paid_through, facts.timezone)
    ends_at = effective_at if when == "now" or not item.is_addon else min(effective_at, max(served, _earliest(facts)))
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


def _refund(facts: Facts, paid: PaidLine, *, at: datetime) -> RefundLine | None:
    case = policies.Case(
        kind=facts.kind,
        at=at,
        zone=facts.timezone,
        contract_at=facts.started_at,
        first_paid_at=min(line.paid_at for line in facts.paid),
        paid_at=paid.paid_at,
        interval=paid.interval,
        period=paid.period,
        is_first_period=paid.is_first,
        had_trial=facts.trial_ends_at is not None,
        is_consumer=facts.is_consumer,
        country=facts.country,
    )
    given = policies.share([facts.terms["refund"], _newest(facts)["refund"]], case)
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
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value))


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
            "charges_after": tuple(stored["charges_after"]),
        }
    )
