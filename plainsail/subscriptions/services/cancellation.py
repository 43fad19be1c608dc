"""Ending a contract: quote, put in force, undo, and what happens when the day comes.

At most one cancellation is in force for a contract. Pressing twice, going back or coming through a second door gives the
one that is in force. From its arrival on nothing is charged automatically except what its quote listed.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import clocks
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import CancellationUndone, SubscriptionCancelled
from plainsail.subscriptions.models import (
    Cancellation,
    CancellationQuote,
    CancellationRequest,
    CancellationUndo,
    RepeatedRequest,
    Subscription,
)
from plainsail.subscriptions.services import dunning, ending, lasting, letters, noticing, planning, refunds
from plainsail.subscriptions.services.quoting import NONE, Quote, When, from_json, quote

SELLER = "seller"
"""Who took a cancellation back: the seller, whose closing was taken back."""
SUPERSEDED = "superseded"
"""Who took a cancellation back: nobody, a later declaration took its place."""


class AlreadyEnded(Refusal):
    """The contract is over; there is nothing left to cancel."""

    code = "already_ended"
    message = _("This contract has already ended. Nothing more will be charged.")


class NothingToUndo(Refusal):
    """No cancellation is in force, or its effective moment has passed."""

    code = "nothing_to_undo"
    message = _("There is no cancellation to take back. If the contract has ended, it can be bought anew.")


class QuoteChanged(Refusal):
    """Ending now would give back less than the page said, because a day began or a payment came back meanwhile."""

    code = "quote_changed"
    message = _("The amount changed since you opened the page. Please look at the new figures and confirm again.")


def keep_promise(subscription: Subscription, *, shown_minor: int, at: datetime) -> None:
    """The refund for ending now must meet what was shown, or be better. Raises QuoteChanged."""
    if preview(subscription, when="now", at=at).refund_minor < shown_minor:
        raise QuoteChanged


def keep_list(subscription: Subscription, last_on: date, *, shown: str, at: datetime) -> None:
    """What a later end costs must be what was shown (`shown` is the quote's digest of its charges). Raises QuoteChanged."""
    if preview(subscription, when="period_end", last_on=last_on, at=at).charges_digest != shown:
        raise QuoteChanged


def preview(
    subscription: Subscription, *, when: When, at: datetime, kind: str = "ordinary", last_on: date | None = None
) -> Quote:
    """What cancelling would do now, or to the end of a day that is asked for. Changes nothing. Raises AlreadyEnded.

    Who cancels while asked to pay more does so for that.
    """
    if subscription.is_ended:
        raise AlreadyEnded
    facts = queries.facts_of(subscription, kind=_kind(subscription, kind), at=at)
    wish = lasting.weigh(subscription, facts, last_on, at=at) if last_on is not None else NONE
    return quote(facts, when=when, at=at, wish=wish)


def _promise(request: CancellationRequest, subscription: Subscription, *, when: When, at: datetime) -> Quote:
    if subscription.is_ended:
        raise AlreadyEnded
    facts = queries.facts_of(subscription, kind=_kind(subscription, request.kind), at=at)
    return quote(facts, when=when, at=at, wish=lasting.of_request(request, subscription, facts, at=at))


def _kind(subscription: Subscription, kind: str) -> str:
    return "price_change" if kind == "ordinary" and queries.is_asked_for_more(subscription) else kind


@transaction.atomic
def put_in_force(request: CancellationRequest, subscription: Subscription, *, when: When, at: datetime) -> Cancellation:
    """Let a declaration take effect on a contract, and confirm it. Returns the one in force if there is one already.

    It counts from its arrival, whenever that was: what was charged since then comes back. A later declaration that ends
    the contract sooner takes the earlier one's place. Raises AlreadyEnded.
    """
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    standing = queries.in_force(locked)
    promise = _promise(request, locked, when=when, at=_counts_from(request, locked, at=at))
    if standing is not None and standing.effective_at <= promise.effective_at:
        if standing.request_id != request.id:
            repeat(request, standing, at=at)
        return standing
    stored = CancellationQuote.objects.create(
        subscription=locked, quoted_at=at, result=promise.as_json(), digest=promise.digest
    )
    made: Cancellation = Cancellation.objects.create(
        request=request, subscription=locked, quote=stored, effective_at=promise.effective_at, matched_at=at
    )
    if standing is not None:
        CancellationUndo.objects.create(cancellation=standing, undone_at=at, by=SUPERSEDED)
        noticing.disagree(locked, at=at)
    for one in promise.charges_after:
        noticing.agree(locked, on=one.day, at=at)
    locked.scheduled_end_at = promise.effective_at
    locked.is_charged_to_end = bool(promise.charges_after)
    locked.save(update_fields=["scheduled_end_at", "is_charged_to_end"])
    publish(
        SubscriptionCancelled(
            subscription_id=locked.id,
            cancellation_id=made.id,
            effective_at=promise.effective_at,
            contact_id=locked.account.contact_id,
            at=at,
        )
    )
    letters.confirm_cancellation(made, promise, at=at)
    dunning.stop(locked, at=at)
    planning.drop_open(locked, at=at)
    if promise.effective_at <= at:
        ending.end(locked, reason=_reason(request), at=at)
    else:
        due.schedule(ending.CONTRACTS, clocks.wall(promise.effective_at))
        if locked.is_charged_to_end and locked.renews_at is not None:
            due.schedule(ending.CONTRACTS, clocks.wall(locked.renews_at))
    refunds.begin(made, promise, at=at)
    subscription.refresh_from_db()
    return made


@transaction.atomic
def repeat(request: CancellationRequest, standing: Cancellation, *, at: datetime) -> None:
    """Said again, with nothing left to do: kept with the cancellation that counts, and answered with its receipt.

    The receipt goes to the address on file, at most once a day: nobody's mailbox is flooded by who types a number again.
    """
    _row, is_new = RepeatedRequest.objects.get_or_create(request=request, defaults={"cancellation": standing})
    if is_new and request.door in {CancellationRequest.Door.PUBLIC, CancellationRequest.Door.WITHDRAWAL}:
        letters.confirm_again(standing, from_json(standing.quote.result), at=at)


def _counts_from(request: CancellationRequest, subscription: Subscription, *, at: datetime) -> datetime:
    """Its arrival, but not before there was anything to cancel."""
    return min(max(request.received_at, subscription.started_at), at)


def _reason(request: CancellationRequest) -> Subscription.EndReason:
    by_kind = {
        CancellationRequest.Kind.WITHDRAWAL: Subscription.EndReason.WITHDRAWN,
        CancellationRequest.Kind.SELLER_CLOSING: Subscription.EndReason.SELLER_CLOSED,
    }
    return by_kind.get(CancellationRequest.Kind(request.kind), Subscription.EndReason.CANCELLED)


def reason_of(subscription: Subscription) -> Subscription.EndReason:
    """Why a contract ends whose planned end has come. A withdrawal that came too late is a cancellation."""
    standing = queries.in_force(subscription)
    found = _reason(standing.request) if standing is not None else Subscription.EndReason.CANCELLED
    return found if found == Subscription.EndReason.SELLER_CLOSED else Subscription.EndReason.CANCELLED


@transaction.atomic
def undo(subscription: Subscription, *, by: str, at: datetime) -> CancellationUndo:
    """Take the cancellation back before it takes effect: the contract renews as before. Raises NothingToUndo."""
    locked = Subscription.objects.select_for_update().get(pk=subscription.pk)
    standing = queries.in_force(locked)
    if standing is None or locked.is_ended or standing.effective_at <= at:
        raise NothingToUndo
    if standing.request.is_sellers and by != SELLER:
        # The customer can't keep a business open that closes.
        raise NothingToUndo
    undone: CancellationUndo = CancellationUndo.objects.create(cancellation=standing, undone_at=at, by=by)
    locked.scheduled_end_at = None
    locked.is_charged_to_end = False
    locked.save(update_fields=["scheduled_end_at", "is_charged_to_end"])
    noticing.disagree(locked, at=at)
    if locked.renews_at is not None and locked.renews_at < at:
        # What stood open was taken back with the cancellation: it is due from now on, not since then.
        noticing.plan(locked)
        locked.charge_from = at
        locked.save(update_fields=["charge_from"])
    if locked.renews_at is not None:
        due.schedule(ending.CONTRACTS, clocks.wall(locked.renews_at))
    publish(
        CancellationUndone(
            subscription_id=locked.id, cancellation_id=standing.id, contact_id=locked.account.contact_id, at=at
        )
    )
    letters.confirm_undo(locked, at=at)
    subscription.refresh_from_db()
    return undone
