"""Refund policies as data: ordered rules, the first that matches decides, then whatever the law gives at least. Pure.

A policy is a dictionary with a version; it is copied into a contract's terms at the purchase. Any later policy counts
beside it and the customer gets the better of the two, so a policy can be improved for a running contract, never worsened.
Only `terms` asks the database, for what the business wrote.

A rule: `{"when": {…}, "refund": "full" | "prorated" | "none" | "full_less_used_if_express_start"}`. What `when` may ask,
all of which must hold: `kind` (a list), `within` with `of` (`first_payment`, `renewal`, `contract`), `interval_min`,
`interval_below`. Spans are ISO 8601. `within` lasts to the end of its last local day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal, get_args

from plainsail.commerce.services import proration
from plainsail.commerce.services.statutes import WITHDRAWAL
from plainsail.kernel.periods import BadPeriod, Interval, Measure, Period, Span, day_start, local_date, part

Refund = Literal["none", "prorated", "full"]
WEIGHT: dict[Refund, int] = {"none": 0, "prorated": 1, "full": 2}
Policy = Mapping[str, Any]

DEFAULT_REFUND: dict[str, Any] = {
    "version": 2,
    "rules": [
        {"when": {"kind": ["withdrawal"]}, "refund": "full_less_used_if_express_start"},
        {"when": {"within": "P14D", "of": "first_payment"}, "refund": "full"},
        {"when": {"within": "P14D", "of": "renewal", "interval_min": "P6M"}, "refund": "full"},
        {"when": {"kind": ["price_change", "seller_closing", "seller_fault"]}, "refund": "prorated"},
        {"when": {"interval_min": "P6M"}, "refund": "prorated"},
        {"when": {}, "refund": "none"},
    ],
    "unit": "day",
    "cancel_day": "unused",
    "pay_within": "P14D",
}
DEFAULT_RETENTION: dict[str, Any] = {"version": 1, "grace_days": 30, "documents_years": 10}
DEFAULT_DUNNING: dict[str, Any] = {"version": 1, "retry_days": [3, 7, 14], "then": "end"}
DEFAULT_PAUSING: dict[str, Any] = {
    "version": 1,
    "by_customers": False,
    "most_days": 90,
    "access": "close",
    "move_days": 0,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "refund": DEFAULT_REFUND,
    "retention": DEFAULT_RETENTION,
    "dunning": DEFAULT_DUNNING,
    "pausing": DEFAULT_PAUSING,
}

NOTICE = Span(months=1)
"""The longest notice for a contract that renewed tacitly: § 309 no. 9 BGB."""
SECOND_COOLING_OFF_FROM: date | None = None
"""From when the UK gives fourteen days again after a trial or a renewal by a year (Digital Markets, Competition and
Consumers Act 2024, s. 264). Not in force; expected for spring 2027."""

_ASKED = {"kind", "within", "of", "interval_min", "interval_below"}
_SINCE = {"first_payment", "renewal", "contract"}
_GIVEN = {"full", "prorated", "none", "full_less_used_if_express_start"}
_ABOUT = {
    "unit": get_args(Measure),
    "cancel_day": get_args(proration.CancelDay),
    "destination": ("original_method",),
    "one_off_lines": ("by_rule",),
    "fees_minor": (0,),
}
"""What else a policy may say, and how. Money goes back the way it came, whole: no fee is kept."""


class BadPolicy(ValueError):
    """A policy that says something this program doesn't know; guessing would give the wrong amount back.

    `at` is the way to the fault in the text, such as `("rules", 2, "refund")`.
    """

    def __init__(self, message: str, *, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.at = at


class BadSpan(BadPolicy, BadPeriod):
    """A policy that gives no span of time where it should."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that a policy or a law may ask about one paid line of a contract that ends at a moment.

    `interval` and `period` are empty for a line paid once. `at` is when the declaration arrived.
    """

    kind: str
    at: datetime
    zone: str
    contract_at: datetime
    first_paid_at: datetime | None
    paid_at: datetime
    interval: Interval | None
    period: Period | None
    is_first_period: bool
    had_trial: bool = False
    express_start: bool = False
    is_consumer: bool = True
    country: str = ""

    @property
    def today(self) -> date:
        return local_date(self.at, self.zone)

    @property
    def withdraws(self) -> bool:
        """A withdrawal that came in time. One that comes later counts as a cancellation."""
        return self.kind == "withdrawal" and is_in_time(self.contract_at, at=self.at, zone=self.zone)

    def is_within(self, span: Span, since: datetime) -> bool:
        """Not before a moment, and not after the last local day of a span that began on the day after it."""
        return _is_within(span, since, at=self.at, zone=self.zone)

    def unused(self, policy: Policy) -> Fraction:
        """Which part of the period isn't used, as the policy counts it. What was paid once is used."""
        if self.period is None:
            return Fraction(0)
        return proration.unused(
            self.period,
            at=self.at,
            zone=self.zone,
            by=policy.get("unit", "day"),
            cancel_day=policy.get("cancel_day", "unused"),
        )


@dataclass(frozen=True)
class Share:
    """Which part of a line comes back (0 to 1), by what kind of rule, on what ground: `policy`, or a law by name."""

    part: Fraction
    rule: Refund
    ground: str = "policy"
    by: Policy = field(default_factory=dict)
    """The policy's rule that gives it, with how the policy counts days; empty where a law or our word does."""


NOTHING = Share(Fraction(0), "none")


def is_in_time(contract_at: datetime, *, at: datetime, zone: str) -> bool:
    """Whether a contract made at a moment can still be withdrawn from at another."""
    return _is_within(WITHDRAWAL, contract_at, at=at, zone=zone)


def _is_within(span: Span, since: datetime, *, at: datetime, zone: str) -> bool:
    return since <= at and local_date(at, zone) <= span.after(local_date(since, zone))


def terms() -> dict[str, Any]:
    """Today's policies of the open workspace, to be copied into a new contract. One query."""
    from plainsail.subscriptions import queries  # worked examples run these rules where there is no Django

    return standing(queries.newest_policies())


def standing(newest: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The newest policy of each kind; where a business wrote none, what the program comes with."""
    return DEFAULTS | dict(newest)


def share(policies: Sequence[Policy], case: Case) -> Share:
    """What comes back of a line: the most that one of the policies gives, raised to what the law gives at least.

    Raises BadPolicy.
    """
    given = [_by_policy(policy, case) for policy in policies]
    best = max(*given, *_by_law(case), NOTHING, key=lambda one: one.part)
    return best if best.part else NOTHING


def check(policy: Policy) -> None:
    """Raises BadPolicy where a policy says what isn't understood (BadSpan where a span is none), with the place of the fault."""
    policy = modern(policy)
    for name in set(policy) - {"version", "rules", "pay_within"}:
        if policy[name] not in _ABOUT.get(name, ()):
            raise BadPolicy(f"{name}: {policy[name]} isn’t understood.", at=(name,))
    _check_span(policy["pay_within"], at=("pay_within",))
    for index, rule in enumerate(policy["rules"]):
        _check_rule(rule, at=("rules", index))


def _check_rule(rule: Mapping[str, Any], *, at: tuple[str | int, ...]) -> None:
    when = rule["when"]
    if not set(when) <= _ASKED or ("within" in when) != ("of" in when) or when.get("of", "renewal") not in _SINCE:
        raise BadPolicy(f"{when} isn’t understood.", at=(*at, "when"))
    if rule["refund"] not in _GIVEN:
        raise BadPolicy(f"{rule['refund']} is no refund.", at=(*at, "refund"))
    for name in ("within", "interval_min", "interval_below"):
        if name in when:
            _check_span(when[name], at=(*at, name))


def _check_span(text: str, *, at: tuple[str | int, ...]) -> None:
    try:
        Span.parse(text)
    except BadPeriod as error:
        raise BadSpan(str(error), at=at) from error


def pay_within(policy: Policy) -> Span:
    """How long the money may take to be sent back."""
    return Span.parse(modern(policy)["pay_within"])


def _by_policy(policy: Policy, case: Case) -> Share:
    policy = modern(policy)
    check(policy)
    found = next((rule for rule in policy["rules"] if _matches(rule["when"], case)), None)
    if found is None or found["refund"] == "none":
        return NOTHING
    refund, by = found["refund"], found | {name: policy[name] for name in ("unit", "cancel_day") if name in policy}
    if refund == "prorated" or (refund != "full" and case.express_start):
        return Share(case.unused(policy), "prorated", by=by)
    return Share(Fraction(1), "full", by=by)


def _matches(when: Mapping[str, Any], case: Case) -> bool:
    kind = case.kind if case.kind != "withdrawal" or case.withdraws else "ordinary"
    if "kind" in when and kind not in when["kind"]:
        return False
    if "interval_min" in when and not _lasts(case, when["interval_min"]):
        return False
    if "interval_below" in when and _lasts(case, when["interval_below"]):
        return False
    since = _since(when.get("of"), case)
    return "within" not in when or (since is not None and case.is_within(Span.parse(when["within"]), since))


def _lasts(case: Case, span: str) -> bool:
    return case.interval is not None and case.interval.lasts(Span.parse(span))


def _since(of: str | None, case: Case) -> datetime | None:
    """The moment from which a rule's time runs; none where the rule is not about this line."""
    if of == "contract":
        return case.contract_at
    if of == "first_payment":
        return case.first_paid_at if case.is_first_period else None
    return None if case.is_first_period else case.paid_at


def _by_law(case: Case) -> list[Share]:
    """What laws and our own word give at least, whatever a policy says. By actual days; the day of ending is unused."""
    floors: list[Share] = []
    if case.paid_at > case.at:
        # Our word: nothing may be charged once a cancellation has arrived, so what was comes back.
        floors.append(Share(Fraction(1), "full", "charged_after_cancellation"))
    if case.period is not None and case.at <= day_start(case.period.start, case.zone):
        # Our word: whoever stops at the very moment at which a period begins, or before it, pays nothing for it.
        floors.append(Share(Fraction(1), "full", "not_begun"))
    if not case.is_consumer:
        return floors
    if case.withdraws and case.express_start:
        floors.append(Share(case.unused({}), "prorated", "withdrawal"))
    elif case.withdraws:
        floors.append(Share(Fraction(1), "full", "withdrawal"))
    if case.country == "DE" and case.period is not None and not case.is_first_period:
        floors.append(Share(_after_notice(case, case.period), "prorated", "tacit_renewal"))
    if case.country == "GB" and _cools_off_again(case):
        floors.append(Share(case.unused({}), "prorated", "second_cooling_off"))
    return floors


def _after_notice(case: Case, period: Period) -> Fraction:
    """A contract that renewed tacitly ends a month after notice at the latest; the rest of the period comes back."""
    ends_on = min(max(NOTICE.after(case.today), period.start), period.end)
    return part(ends_on, period.end, period)


def _cools_off_again(case: Case) -> bool:
    if SECOND_COOLING_OFF_FROM is None or case.today < SECOND_COOLING_OFF_FROM or case.interval is None:
        return False
    is_renewal = not case.is_first_period and case.interval.lasts(Span(months=12))
    return (is_renewal or (case.is_first_period and case.had_trial)) and case.is_within(WITHDRAWAL, case.paid_at)


def modern(policy: Policy) -> Policy:
    """A policy as it is written today. Contracts keep the text of their day: before version 2 days were plain numbers."""
    if "pay_within" in policy:
        return policy
    named = dict(policy)
    named["rules"] = [{"when": _modern(rule["when"]), "refund": rule["refund"]} for rule in policy["rules"]]
    named["pay_within"] = f"P{named.pop('pay_within_days')}D"
    return named


def _modern(when: Mapping[str, Any]) -> dict[str, Any]:
    named = dict(when)
    if "within_days" in named:
        named["within"] = f"P{named.pop('within_days')}D"
    if "long_interval" in named:
        named["interval_min" if named.pop("long_interval") else "interval_below"] = "P6M"
    return named
