"""Refund policies as data: ordered rules, the first that matches decides, then the law's floor. Pure.

A policy is a dictionary with a version; it is copied into a contract's terms at the purchase, so a later policy can
improve a running contract, never worsen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from plainsail.kernel.periods import Interval

Refund = Literal["none", "prorated", "full"]
WEIGHT: dict[Refund, int] = {"none": 0, "prorated": 1, "full": 2}

DEFAULT_REFUND: dict[str, Any] = {
    "version": 1,
    "rules": [
        {"when": {"kind": ["withdrawal"]}, "refund": "full"},
        {"when": {"within_days": 14, "of": "first_payment"}, "refund": "full"},
        {"when": {"within_days": 14, "of": "renewal", "long_interval": True}, "refund": "full"},
        {"when": {"long_interval": True}, "refund": "prorated"},
        {"when": {}, "refund": "none"},
    ],
    "pay_within_days": 14,
}
DEFAULT_RETENTION: dict[str, Any] = {"version": 1, "grace_days": 30, "documents_years": 10}
DEFAULT_DUNNING: dict[str, Any] = {"version": 1, "retry_days": [3, 7, 14], "then": "end"}


@dataclass(frozen=True)
class Case:
    """What a rule may ask about a contract that is being ended at a moment."""

    kind: str
    at: datetime
    interval: Interval
    first_paid_at: datetime | None
    last_paid_at: datetime | None
    is_first_period: bool


def terms() -> dict[str, Any]:
    """Today's policies, to be copied into a new contract."""
    return {"refund": DEFAULT_REFUND, "retention": DEFAULT_RETENTION, "dunning": DEFAULT_DUNNING}


def refund_for(policy: dict[str, Any], case: Case) -> Refund:
    """What the policy gives back in a case, raised to the law's floor.

    Floor: Consumer Rights Directive, art. 9: fourteen days to withdraw from a distance contract.
    """
    given: Refund = next((rule["refund"] for rule in policy["rules"] if _matches(rule["when"], case)), "none")
    return max(given, _floor(case), key=lambda refund: WEIGHT[refund])


def _floor(case: Case) -> Refund:
    return "full" if case.kind == "withdrawal" and _within(case.first_paid_at, case.at, 14) else "none"


def _matches(when: dict[str, Any], case: Case) -> bool:
    if "kind" in when and case.kind not in when["kind"]:
        return False
    if "long_interval" in when and case.interval.is_long is not when["long_interval"]:
        return False
    if "within_days" not in when:
        return True
    if when["of"] == "first_payment":
        return case.is_first_period and _within(case.first_paid_at, case.at, when["within_days"])
    return not case.is_first_period and _within(case.last_paid_at, case.at, when["within_days"])


def _within(since: datetime | None, at: datetime, days: int) -> bool:
    return since is not None and since <= at <= since + timedelta(days=days)
