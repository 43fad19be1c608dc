"""Another price for running contracts: looked at first, told in time, agreed to by consumers, never charged without.

A letter leaves twenty-one days before the period whose price is new (California 7 to 30 days, New York 5 to 30, Visa 7 at
least). A consumer's silence is a no: by the owner's choice the contract then stays at its old price or ends. Where the letter
didn't leave in time, nobody pays more: the rise waits for the period after. A lower price counts at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import ConsentRecord, Price
from plainsail.commerce.services import clocks, sellers, shapes
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.sockets import ClockStep
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Span, local_date, local_moment
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery
from plainsail.subscriptions.models import CancellationRequest, PriceNotice, PriceRise, Subscription, SubscriptionItem
from plainsail.subscriptions.queries import RUNNING
from plainsail.subscriptions.services import (
    addon_removals,
    cancellation,
    letters,
    price_letters,
    scheduling,
)
from plainsail.subscriptions.services.references import reference

NOTICES = "subscriptions.price_notices"
"""Kind of due work: a letter about a new price falls due."""
DAYS_BEFORE, LEAD = 21, 15
"""When the letter is due, and how many whole days must lie between it and the charge."""
MORNING = time(9)
PRIORITY = 45
"""Among what falls due at one moment of a test clock: after renewals and their letters."""
AT_ONCE = 500
Outcome = PriceNotice.Outcome


class NotThatPrice(Refusal):
    """The two prices don't fit together."""

    code = "not_that_price"
    message = gettext_lazy("Choose a price of the same product, in the same currency and for the same interval.")
    field = "new_price"
    status = 422


class RiseUnderway(Refusal):
    """A rise of that price is planned already."""

    code = "rise_underway"
    message = gettext_lazy("A new price is planned for some of these contracts already. Take it back first.")
    status = 409


class NothingToAgree(Refusal):
    """The rise was taken back, is settled, or the contract ends."""

    code = "nothing_to_agree"
    message = gettext_lazy("There is nothing to agree to (any more). Your contract stays as it is.")


@dataclass(frozen=True)
class Preview:
    """What a rise would do: how many contracts, from which days, how much more a period. A cut is below zero."""

    contracts: int
    days: tuple[tuple[date, int], ...]
    each: Money
    old: Money
    new: Money

    @property
    def more(self) -> Money:
        """All of them together, for one period."""
        return Money(self.each.minor * sum(count for _day, count in self.days), self.each.currency)

    @property
    def is_cut(self) -> bool:
        return self.each.minor < 0


def preview(old: Price, new: Price, *, starts_on: date, at: datetime) -> Preview:
    """What another price would do to running contracts. Changes nothing. One query. Raises NotThatPrice."""
    refuse_misfit(old, new)
    items = list(_concerned(old))
    days: Counter[date] = Counter()
    for item in items:
        days[_first_day(item, starts_on=starts_on, at=at)] += item.quantity
    return Preview(
        contracts=len({item.subscription_id for item in items}),
        days=tuple(sorted(days.items())),
        each=new.amount - old.amount,
        old=old.amount,
        new=new.amount,
    )


def refuse_misfit(old: Price, new: Price) -> None:
    """Raises NotThatPrice."""
    facts = [(one.product_id, one.currency, one.interval, one.interval_count, one.tax_behavior) for one in (old, new)]
    if (
        old.id == new.id
        or facts[0] != facts[1]
        or not (old.is_endless and new.is_endless)
        or old.unit_minor == new.unit_minor
    ):
        raise NotThatPrice


def _concerned(old: Price) -> QuerySet[SubscriptionItem]:
    """Items at a price, of contracts that run and don't end."""
    found: QuerySet[SubscriptionItem] = SubscriptionItem.objects.filter(
        price_id=old.id, ends_on=None, subscription__state__in=RUNNING, subscription__scheduled_end_at=None
    )
    return found.select_related("subscription").order_by("id")


def _first_day(item: SubscriptionItem, *, starts_on: date, at: datetime) -> date:
    """The first boundary of an item that may cost more: not before the day planned, and far enough for its letter."""
    contract = item.subscription
    soonest = max(starts_on, local_date(at, contract.timezone) + timedelta(days=DAYS_BEFORE))
    day = item.charged_through
    while day < soonest:
        day = _next_boundary(item, day)
    return day


def _next_boundary(item: SubscriptionItem, day: date) -> date:
    standing = scheduling.Plan(item.price(), item.interval, day)
    return scheduling.next_due(standing, anchor=item.subscription.anchor_on).period.end


@transaction.atomic
def plan(old: Price, new: Price, *, starts_on: date, otherwise: str, at: datetime) -> PriceRise:
    """Plan a new price for all contracts at the old one; a lower one counts from the next charge on, and nobody is asked.

    `at` is the seller's time. Raises NotThatPrice, RiseUnderway.
    """
    refuse_misfit(old, new)
    if PriceNotice.objects.filter(outcome="", item__price_id=old.id).exists():
        raise RiseUnderway
    rise: PriceRise = PriceRise.objects.create(
        old_price=old, new_price=new, starts_on=starts_on, otherwise=otherwise, planned_at=at, created_at=at
    )
    items = list(_concerned(old).select_for_update(of=("self",)))
    if new.unit_minor < old.unit_minor:
        for item in items:
            _set_price(item, new)
        PriceNotice.objects.bulk_create(
            _notice(rise, item, item.charged_through, at=at, outcome=Outcome.RISEN) for item in items
        )
        return rise
    notices = [_notice(rise, item, _first_day(item, starts_on=starts_on, at=at), at=at) for item in items]
    PriceNotice.objects.bulk_create(notices)
    _schedule(notices)
    return rise


def _notice(rise: PriceRise, item: SubscriptionItem, day: date, *, at: datetime, outcome: str = "") -> PriceNotice:
    due_on = day - timedelta(days=DAYS_BEFORE)
    return PriceNotice(
        rise=rise,
        item=item,
        about_on=day,
        due_at=max(local_moment(due_on, MORNING, item.subscription.timezone), at),
        outcome=outcome,
        settled_at=at if outcome else None,
        created_at=at,
    )


def _schedule(notices: Sequence[PriceNotice]) -> None:
    if notices:
        due.schedule(NOTICES, clocks.wall(min(notice.due_at for notice in notices)))


def _set_price(item: SubscriptionItem, price: Price) -> None:
    item.unit_minor, item.price_id, item.tax_behavior = price.unit_minor, price.id, price.tax_behavior
    item.save(update_fields=["unit_minor", "price_id", "tax_behavior"])


@transaction.atomic
def take_back(rise: PriceRise, *, at: datetime) -> None:
    """The rise doesn't come: whoever doesn't pay the new price yet never will. Twice is fine."""
    PriceRise.objects.filter(id=rise.id, taken_back_at=None).update(taken_back_at=at)
    open_notices = PriceNotice.objects.filter(rise=rise, outcome="")
    told = list(open_notices.exclude(written_at=None).select_related(*_LOADED))
    open_notices.update(outcome=Outcome.TAKEN_BACK, settled_at=at)
    for notice in told:
        price_letters.taken_back(notice, at=at)


_LOADED = ("rise__old_price", "rise__new_price", "item__subscription__account", "item__subscription__workspace")


@due.runs(NOTICES)
def run(*, at: datetime) -> datetime | None:
    """Write the letters that are due; returns when the next one is."""
    now = clocks.seller_now(at)
    for notice_id in list(_due(now).values_list("id", flat=True)[:AT_ONCE]):
        write(notice_id, at=now)
    first = PriceNotice.objects.filter(outcome="", written_at=None).order_by("due_at").first()
    return clocks.wall(first.due_at) if first else None


def _due(now: datetime) -> QuerySet[PriceNotice]:
    found: QuerySet[PriceNotice] = PriceNotice.objects.filter(outcome="", written_at=None, due_at__lte=now)
    return found.order_by("due_at", "id")


def upcoming(until: datetime) -> ClockStep | None:
    """The first letter due by a moment of the seller's time. One index look-up."""
    first = _due(until).first()
    return ClockStep(first.due_at, PRIORITY, f"price:{first.id}") if first else None


def perform(workspace_id: UUID, step: ClockStep, at: datetime) -> None:
    """Write the letter of a step. Opens the workspace."""
    with workspace(workspace_id):
        write(UUID(step.key.partition(":")[2]), at=at)


@transaction.atomic
def write(notice_id: UUID, *, at: datetime) -> None:
    """Tell one customer of the new price, with the link by which they agree and the one that cancels. Once."""
    notice = PriceNotice.objects.select_for_update(of=("self",)).select_related(*_LOADED).get(id=notice_id)
    if notice.outcome or notice.written_at is not None:
        return
    notice.written_at, notice.attempts = at, notice.attempts + 1
    contract = notice.item.subscription
    try:
        # Who leaves needn't be asked; should they stay after all, they weren't told, and the rise waits for them.
        is_leaving = contract.is_ended or contract.is_ending
        notice.delivery_id = None if is_leaving else price_letters.tell(notice, at=at)
    except Refusal:  # no mail can be addressed like that: nobody is told, so nobody pays more
        notice.delivery_id = None
    notice.save(update_fields=["written_at", "attempts", "delivery_id"])


def open_notice(notice_id: UUID) -> PriceNotice | None:
    """What a link in a letter stands for, if it is still open. One query."""
    found: PriceNotice | None = PriceNotice.objects.filter(id=notice_id).select_related(*_LOADED).first()
    return found


def consent_text(notice: PriceNotice, *, seller: str) -> str:
    """The exact words that are agreed to by pressing the button, in the active language."""
    item = notice.item
    facts = {
        "item": item.description,
        "contract": item.subscription.reference,
        "seller": seller,
        "new": price_letters.shown(price_letters.new_price(notice)),
        "old": price_letters.shown(item.price()),
        "every": shapes.every(item.interval_unit, item.interval_count),
        "day": price_letters.day_of(notice.about_on),
    }
    words = _(
        "From %(day)s on I pay %(new)s %(every)s, instead of %(old)s, for “%(item)s” of contract %(contract)s with "
        "%(seller)s, until I cancel. I can cancel online at any time."
    )
    return words % facts


@transaction.atomic
def agree(notice: PriceNotice, *, trace: Trace, at: datetime) -> PriceNotice:
    """The customer agrees to the new price. Twice is once. Raises NothingToAgree."""
    locked: PriceNotice = PriceNotice.objects.select_for_update(of=("self",)).select_related(*_LOADED).get(id=notice.id)
    contract = locked.item.subscription
    if locked.consent_id is not None:
        return locked
    if locked.outcome or contract.is_ended or contract.is_ending:
        raise NothingToAgree
    price = locked.rise.new_price
    locked.consent = ConsentRecord.objects.create(
        text=consent_text(locked, seller=sellers.of_workspace(at=at).legal_name),
        price=price,
        amount_minor=price.unit_minor * locked.item.quantity,
        currency=price.currency,
        interval=price.interval,
        interval_count=price.interval_count,
        ip=trace.ip,
        user_agent=trace.user_agent[:400],
        at=at,
        created_at=at,
    )
    locked.save(update_fields=["consent"])
    price_letters.agreed(locked, at=at)
    return locked


@transaction.atomic
def before_renewal(subscription: Subscription, *, at: datetime) -> bool:
    """A period begins: new prices whose day has come are set, kept off, or end the contract; True where it ended.

    The contract's row is locked by the caller, and nothing of the new period is invoiced yet.
    """
    assert subscription.renews_at is not None
    day = local_date(subscription.renews_at, subscription.timezone)
    rows = PriceNotice.objects.select_for_update(of=("self",)).filter(item__subscription=subscription, outcome="")
    for notice in rows.filter(about_on__lte=day).select_related(*_LOADED).order_by("about_on", "id"):
        if not _was_told(notice, subscription):
            _put_off(notice, at=at)
        elif notice.consent_id is not None or not subscription.account.is_consumer:
            _set_price(notice.item, notice.rise.new_price)
            _settle(notice, Outcome.RISEN, at=at)
        elif notice.rise.otherwise == PriceRise.Otherwise.KEEP:
            _settle(notice, Outcome.KEPT, at=at)
        else:
            _settle(notice, Outcome.ENDED, at=at)
            _end(notice, at=at)
    subscription.refresh_from_db()
    return subscription.is_ended


def _settle(notice: PriceNotice, outcome: Outcome, *, at: datetime) -> None:
    notice.outcome, notice.settled_at = outcome, at
    notice.save(update_fields=["outcome", "settled_at"])


def _was_told(notice: PriceNotice, subscription: Subscription) -> bool:
    """Whether the letter left in time. Who has agreed has read it, whenever it left."""
    if notice.consent_id is not None:
        return True
    found = Delivery.objects.filter(id=notice.delivery_id, state=Delivery.State.ACCEPTED).first()
    if found is None or found.settled_at is None or notice.written_at is None:
        return False
    left_at = notice.written_at + max(found.settled_at - found.created_at, timedelta(0))
    return Span(days=LEAD).after(local_date(left_at, subscription.timezone)) < notice.about_on


def _put_off(notice: PriceNotice, *, at: datetime) -> None:
    """Nobody was told in time: this period costs what it did, and the letter is written anew for a later one."""
    notice.about_on = _first_day(notice.item, starts_on=_next_boundary(notice.item, notice.about_on), at=at)
    due_on = notice.about_on - timedelta(days=DAYS_BEFORE)
    notice.due_at = max(local_moment(due_on, MORNING, notice.item.subscription.timezone), at)
    notice.written_at = notice.delivery_id = None
    notice.save(update_fields=["about_on", "due_at", "written_at", "delivery_id"])
    _schedule([notice])


def _end(notice: PriceNotice, *, at: datetime) -> None:
    """No consent: the contract ends now, at its boundary, and what is paid beyond it comes back. Of an add-on, only that."""
    item = notice.item
    if item.role == SubscriptionItem.Role.ADDON:
        addon_removals.remove(item, when="period_end", shown_minor=0, at=at)
        return
    with translation.override(letters.language_of(item.subscription)):
        note = _("The new price from %(day)s on was not agreed to.") % {"day": price_letters.day_of(notice.about_on)}
    declared: CancellationRequest = CancellationRequest.objects.create(
        reference=reference("C"),
        door=CancellationRequest.Door.SELLER,
        kind=CancellationRequest.Kind.PRICE_CHANGE,
        payload={"note": note},
        received_at=at,
    )
    cancellation.put_in_force(declared, item.subscription, when="now", at=at)
