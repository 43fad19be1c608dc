"""What customers may do by themselves with a running contract: rest, and move the day of the next charge.

A policy as data, versioned like the others: `{"by_customers": true, "most_days": 90, "access": "close", "move_days": 14}`.
`access` says what becomes of what is open once the time paid for is over: it closes, or is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import policies


@dataclass(frozen=True)
class Allowance:
    """Days count from the end of the time paid for (`most_days`; 0: no limit), or from the day foreseen (`move_days`)."""

    may_pause: bool
    most_days: int
    keeps_access: bool
    move_days: int


def of(subscription: Subscription) -> Allowance:
    """The better of what stood at the purchase and what stands today. One query."""
    return weigh(subscription, policies.terms()["pausing"])


def weigh(subscription: Subscription, newest: Mapping[str, Any]) -> Allowance:
    """The same, where today's policy is known."""
    both = (subscription.terms.get("pausing", policies.DEFAULT_PAUSING), newest)
    granted = [policy for policy in both if policy["by_customers"]]
    return Allowance(
        may_pause=bool(granted),
        most_days=0
        if any(not policy["most_days"] for policy in granted)
        else max((policy["most_days"] for policy in granted), default=0),
        keeps_access=any(policy["access"] == "keep" for policy in both),
        move_days=max(policy["move_days"] for policy in both),
    )
