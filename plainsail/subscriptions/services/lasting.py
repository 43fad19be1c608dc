"""An end later than the earliest possible: until when a contract runs because somebody asked for it, and what that still costs."""

from __future__ import annotations

from copy import copy
from datetime import date, datetime, timedelta

from plainsail.kernel.periods import day_start, local_date
from plainsail.subscriptions.models import CancellationRequest, Subscription, SubscriptionItem
from plainsail.subscriptions.queries import Facts
from plainsail.subscriptions.services import billing, planning, scheduling
from plainsail.subscriptions.services.quoting import NONE, ChargeAfter, Wish

FURTHEST = timedelta(days=5 * 366)
"""A day beyond that was mistyped."""


def of_request(request: CancellationRequest, subscription: Subscription, facts: Facts, *, at: datetime) -> Wish:
    """What a declaration asks for, weighed for a contract; it arrived at a moment. Changes nothing."""
    asked, on = str(request.payload.get("end", "")), request.payload.get("end_on")
    if on is None:
        return Wish(asked, "unread") if request.payload.get("is_unread") else NONE
    return weigh(subscription, facts, date.fromisoformat(on), at=at)


def weigh(subscription: Subscription, facts: Facts, last_on: date, *, at: datetime) -> Wish:
    """Whether a contract can run until the end of a day, and what is charged for that. Changes nothing.

    As `facts` say, at the moment of the declaration. What rests, owes something, or is bought in parts ends at the earliest
    possible date.
    """
    asked, earliest = last_on.isoformat(), _earliest(facts)
    ends_on = last_on + timedelta(days=1)
    if last_on <= earliest:
        return Wish(asked, "met" if ends_on >= earliest else "early")
    if last_on > local_date(at, subscription.timezone) + FURTHEST:
        return Wish(asked, "far")
    if subscription.state == Subscription.State.PAUSED:
        return Wish(asked, "resting")
    if subscription.dunning_cases.filter(closed_at=None).exists():
        return Wish(asked, "owed")
    if not all(item.is_endless for item in subscription.items.filter(ends_on=None)):
        return Wish(asked, "parts")
    return Wish(asked, "met", ends_on, tuple(_charges(subscription, ends_on)))


def _earliest(facts: Facts) -> date:
    ends = [item.paid_through for item in facts.items]
    if facts.trial_ends_at is not None:
        ends.append(local_date(facts.trial_ends_at, facts.timezone))
    return max(ends)


def _charges(subscription: Subscription, ends_on: date) -> list[ChargeAfter]:
    """By the very functions that renew it, on paper."""
    paper = copy(subscription)
    paper.scheduled_end_at, paper.is_charged_to_end = day_start(ends_on, subscription.timezone), True
    found: list[ChargeAfter] = []
    standing: list[SubscriptionItem] = list(
        subscription.items.filter(ends_on=None).select_related("product", "subscription").order_by("id")
    )
    while standing and (on := scheduling.first_due_on(standing)) < ends_on:
        standing = planning.foreseen(paper, standing, on)
        ready = scheduling.due_on(standing, on)
        what = ", ".join(item.description for item in ready)
        amount = billing.gross(paper, ready, on=on)
        found.append(ChargeAfter(on.isoformat(), what, amount.minor, amount.currency))
        for item in ready:
            item.charged_through = billing.coming_days(paper, item).period.end
    return found
