"""Another day for the next charge of a contract: later or earlier, shown to the day and the cent, then done.

From then on boundaries count from the new day: it is the contract's new anchor. No day is paid for twice and none is
forgotten: the days in between are given, or charged for themselves on the day that was foreseen, or, where the charge
comes earlier, what was paid for them comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from plainsail.commerce.models import ConsentRecord, Invoice, InvoiceLine
from plainsail.commerce.services import clocks, crediting, refunding, sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.money import Money
from plainsail.kernel.periods import boundary, local_date, part
from plainsail.payments import queries as payments
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import ChargeDateMoved
from plainsail.subscriptions.models import AskedBy, DateMove, Subscription, SubscriptionItem
from plainsail.subscriptions.services import (
    allowances,
    billing,
    consenting,
    contracts,
    date_letters,
    letters,
    noticing,
    planning,
)
from plainsail.subscriptions.services.date_letters import Rows, shown, shown_day
from plainsail.subscriptions.services.ending import CONTRACTS
from plainsail.subscriptions.services.pausing import AmountChanged, NotAllowed
from plainsail.subscriptions.services.promises import Promise

Days = DateMove.Days

FURTHEST = timedelta(days=366)
SOON = timedelta(days=21)
"""A charge that a customer has put so near needs no letter that announces it: they have just confirmed it."""


class NotMovable(Refusal):
    """The contract stands so that its next charge can't be moved now; the message says why."""

    code = "not_movable"
    message = gettext_lazy("The next charge of this contract can’t be moved at the moment.")


class BadDay(Refusal):
    """The day lies in the past, is the one foreseen already, or is too far from it."""

    code = "bad_day"
    message = gettext_lazy("Please choose another day: from tomorrow on, and not too far from the one foreseen.")


@dataclass(frozen=True)
class Back:
    """What comes back of one paid line, as its credit note cuts it: gross, or net where the price came without tax."""

    invoice_id: str
    line_id: str
    gross_minor: int
    net_minor: int | None


@dataclass(frozen=True)
class Move(Promise):
    """What moving means, as it is shown and then done. Amounts are minor units of `currency`, tax included."""

    from_on: date
    to_on: date
    days: str
    """What becomes of the days in between: one of `DateMove.Days`."""
    currency: str
    bridge_minor: int
    """What is charged on `from_on` for the days until `to_on`, where they are charged for themselves."""
    next_minor: int
    """What is charged on `to_on`."""
    back: tuple[Back, ...]

    @property
    def number(self) -> int:
        """How many days lie in between."""
        return abs((self.to_on - self.from_on).days)

    @property
    def bridge(self) -> Money:
        return Money(self.bridge_minor, self.currency)

    @property
    def next_charge(self) -> Money:
        return Money(self.next_minor, self.currency)

    @property
    def comes_back(self) -> Money:
        return Money(sum(one.gross_minor for one in self.back), self.currency)

    @property
    def effect(self) -> Rows:
        """All that it means, in the active language: on the page, in the letter, in what is agreed to."""
        number = ngettext("%(count)d day", "%(count)d days", self.number) % {"count": self.number}
        between = {
            Days.GIVEN: _("%(number)s, free of charge") % {"number": number},
            Days.CHARGED: _("%(number)s: %(amount)s on %(day)s")
            % {"number": number, "amount": shown(self.bridge), "day": shown_day(self.from_on)},
            Days.CREDITED: _("%(number)s: %(amount)s comes back, the way it was paid")
            % {"number": number, "amount": shown(self.comes_back)},
        }[Days(self.days)]
        following = {"amount": shown(self.next_charge), "day": shown_day(self.to_on)}
        return [
            (_("Until now"), shown_day(self.from_on)),
            (_("From now on"), _("%(amount)s on %(day)s, and counted from there") % following),
            (_("Days in between"), between),
        ]


def refuse_unmovable(subscription: Subscription, *, at: datetime) -> None:
    """Raises NotMovable."""
    if subscription.state != Subscription.State.ACTIVE or subscription.is_ending:
        raise NotMovable(gettext_lazy("Only a contract that is running and not cancelled has a charge to move."))
    if queries.has_payment_open(subscription, at=at):
        raise NotMovable(gettext_lazy("A payment is still open. The next one can be moved once it is settled."))
    if not all(item.is_endless for item in _items(subscription)):
        raise NotMovable(
            gettext_lazy("What is paid in instalments keeps its days: its payments are for something bought.")
        )
    if subscription.renews_at is None or subscription.renews_at <= at:
        raise NotMovable(gettext_lazy("This contract is being renewed right now. Please try again in a few minutes."))
    if planning.planned(subscription) is not None or planning.underway(subscription) is not None:
        raise NotMovable(gettext_lazy("Another plan is on its way. Take that back first, or wait for it."))
    if len({item.charged_through for item in _items(subscription)}) > 1:
        raise NotMovable(gettext_lazy("Its plan and its add-ons are charged on different days."))


def window(subscription: Subscription, *, by: AskedBy, at: datetime) -> tuple[date, date]:
    """The first and the last day to which the next charge may be moved. Raises NotMovable, NotAllowed."""
    refuse_unmovable(subscription, at=at)
    foreseen_on = _items(subscription)[0].charged_through
    days = FURTHEST
    if by == AskedBy.CUSTOMER:
        days = timedelta(days=allowances.of(subscription).move_days)
        if not days:
            raise NotAllowed
    tomorrow = local_date(at, subscription.timezone) + timedelta(days=1)
    return max(tomorrow, foreseen_on - days), foreseen_on + days


def preview(subscription: Subscription, to_on: date, *, days: str, by: AskedBy, at: datetime) -> Move:
    """What moving would do. `days` says what becomes of the days until a later one; an earlier one is always credited.

    Changes nothing. Raises NotMovable, NotAllowed, BadDay.
    """
    first, last = window(subscription, by=by, at=at)
    items = _items(subscription)
    from_on = items[0].charged_through
    if not first <= to_on <= last or to_on == from_on:
        raise BadDay(field="to_on")
    if to_on < from_on:
        return _move(subscription, items, from_on, to_on, Days.CREDITED, back=_back(subscription, items, to_on, at=at))
    # Customers pay for the days until a later charge; giving them away is for the business to do.
    days = Days.CHARGED if by == AskedBy.CUSTOMER else Days(days)
    if days == Days.CHARGED and any(to_on >= boundary(from_on, item.interval, 1) for item in items):
        raise BadDay(gettext_lazy("Days that are charged for themselves are fewer than a whole period."), field="to_on")
    return _move(subscription, items, from_on, to_on, days)


def _items(subscription: Subscription) -> list[SubscriptionItem]:
    found = subscription.items.filter(ends_on=None).select_related("product", "subscription")
    return list(found.order_by("role", "id"))


def _move(
    subscription: Subscription,
    items: Sequence[SubscriptionItem],
    from_on: date,
    to_on: date,
    days: str,
    *,
    back: tuple[Back, ...] = (),
) -> Move:
    paper = copy(subscription)
    paper.anchor_on = to_on
    bridge = Money.zero(subscription.currency)
    if days == Days.CHARGED:
        bridge = billing.gross(paper, items, on=from_on)
    for item in items:
        item.charged_through = to_on
    coming = billing.gross(paper, items, on=to_on)
    return Move(from_on, to_on, str(days), subscription.currency, bridge.minor, coming.minor, back)


def _back(
    subscription: Subscription, items: Sequence[SubscriptionItem], to_on: date, *, at: datetime
) -> tuple[Back, ...]:
    """What was paid for the days from an earlier charge on. Raises NotMovable where the bank is deciding about it."""
    _refuse_disputed(items, to_on)
    found: list[Back] = []
    for item in items:
        for paid in queries.paid_lines_of(subscription, item, at=at):
            first = min(max(to_on, paid.period.start), paid.period.end)
            cut = paid.billed.by_part(part(first, paid.period.end, paid.period))
            if cut.gross:
                net = None if paid.billed.is_inclusive else cut.net
                found.append(Back(paid.invoice_id, paid.line_id, cut.gross, net))
    return tuple(sorted(found, key=lambda one: (one.invoice_id, one.line_id)))


def _refuse_disputed(items: Sequence[SubscriptionItem], to_on: date) -> None:
    lines = InvoiceLine.objects.filter(item_id__in=[item.id for item in items], period_end__gt=to_on, is_voided=False)
    if payments.disputed(set(lines.values_list("invoice_id", flat=True))):
        raise NotMovable(gettext_lazy("The bank is looking into the last payment, so its days can’t be credited now."))


def consent_text(subscription: Subscription, move: Move, *, seller: str) -> str:
    """The exact words that are agreed to, in the active language."""
    facts = {"contract": subscription.reference, "seller": seller}
    words = _("I move the next charge of contract %(contract)s with %(seller)s.") % facts
    return " ".join([words, *(f"{label}: {value}." for label, value in move.effect)])


@transaction.atomic
def move(
    subscription: Subscription,
    to_on: date,
    *,
    days: str,
    shown: str,
    by: AskedBy,
    at: datetime,
    trace: Trace | None = None,
) -> DateMove:
    """Move the next charge as it was shown (`shown` is the move's digest). A customer's agreement is kept, with its `trace`.

    Raises NotMovable, NotAllowed, BadDay, AmountChanged.
    """
    locked = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    contract = locked.get(pk=subscription.pk)
    made = preview(contract, to_on, days=days, by=by, at=at)
    if made.digest != shown:
        raise AmountChanged
    row: DateMove = DateMove.objects.create(
        subscription=contract,
        by=by,
        from_on=made.from_on,
        to_on=made.to_on,
        days=made.days,
        old_anchor_on=contract.anchor_on,
        quote=made.as_json(),
        consent=_agreed(contract, made, trace=trace, at=at) if trace is not None else None,
        asked_at=at,
    )
    _give_back(contract, made, at=at)
    if made.days != Days.CHARGED:
        contract.items.filter(ends_on=None).update(charged_through=made.to_on)
    contract.anchor_on = made.to_on
    contract.renews_at = contracts.renewal_moment(contract)
    contract.charge_from = contract.notice_for = None
    contract.save(update_fields=["anchor_on", "renews_at", "charge_from", "notice_for"])
    noticing.disagree(contract, at=at)
    for day in {made.from_on, made.to_on} if made.days == Days.CHARGED else {made.to_on}:
        if by == AskedBy.CUSTOMER and day - local_date(at, contract.timezone) <= SOON:
            noticing.agree(contract, on=day, at=at)
    due.schedule(CONTRACTS, clocks.wall(contract.renews_at))
    publish(ChargeDateMoved(subscription_id=contract.id, move_id=row.id, contact_id=contract.account.contact_id, at=at))
    with translation.override(letters.language_of(contract)):
        date_letters.moved(contract, row, effect=made.effect, at=at)
    subscription.refresh_from_db()
    return row


def _agreed(subscription: Subscription, made: Move, *, trace: Trace, at: datetime) -> ConsentRecord:
    seller = sellers.of_workspace(at=at).legal_name
    return consenting.keep(subscription, consent_text(subscription, made, seller=seller), trace=trace, at=at)


def _give_back(subscription: Subscription, made: Move, *, at: datetime) -> None:
    with translation.override(letters.language_of(subscription)):
        reason = _("Contract %(number)s: charged from another day on") % {"number": subscription.reference}
    for invoice_id, backs in groupby(made.back, lambda one: one.invoice_id):
        parts = [_part(one, subscription.currency) for one in backs]
        note = crediting.credit(Invoice.objects.get(id=invoice_id), parts=parts, reason=reason, at=at)
        refunding.pay_back(note, at=at)


def _part(back: Back, currency: str) -> crediting.CreditPart:
    line = InvoiceLine.objects.get(id=back.line_id)
    if back.net_minor is None:
        return crediting.CreditPart(line=line, amount=Money(back.gross_minor, currency))
    return crediting.CreditPart(line=line, amount=Money(back.net_minor, currency), of="net")
