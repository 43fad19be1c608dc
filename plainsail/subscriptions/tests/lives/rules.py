"""What may happen in a life, at random and in any order. Each rule calls the services that people's pages call."""

from __future__ import annotations

import contextlib
import random
from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from plainsail.commerce.models import Invoice, Order, Price, Seller
from plainsail.commerce.services import buyers, catalogue, checkout, crediting, refunding, sellers
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.tests import factories as commerce
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import sandbox
from plainsail.payments.gateways.cards import CARDS
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import methods
from plainsail.payments.services import refunding as rails
from plainsail.payments.tests.factories import card
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, contracts, declaring, pausing, paying, renewal
from plainsail.subscriptions.tests.lives import invariants
from plainsail.subscriptions.tests.lives.life import Life
from plainsail.subscriptions.tests.lives.promises import future, promised

ZONES = ("Europe/Berlin", "America/New_York", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "UTC")
DAYS = tuple(
    datetime(*day, tzinfo=UTC)
    for day in (
        (2026, 11, 23, 12),
        (2027, 1, 31, 3),
        (2027, 3, 27, 23, 30),
        (2027, 10, 30, 23, 59),
        (2028, 1, 30, 12),
        (2028, 2, 29, 12),
        (2027, 12, 31, 23),
    )
)
BUYERS = (
    Buyer(email="maren@example.com", name="Maren Thiessen", country="DE"),
    Buyer(email="kofi@example.com", name="Kofi Mensah", country="GB"),
    Buyer(email="lou@example.com", name="Lou Fabre", company="Fabre SARL", country="FR"),
)
INTERVALS = (("month", 1), ("month", 1), ("year", 1), ("week", 1), ("month", 3), ("day", 10))
MINORS = (2900, 999, 1, 10_01, 36500)
GOOD = ("4242424242424242", "5555555555554444")
ANY = (*GOOD * 8, *(one.number for one in CARDS))
"""Every card of the sandbox, and often enough one that pays for a life to go on."""
DOORS = CancellationRequest.Door
KINDS = CancellationRequest.Kind

cards = st.integers(0, len(ANY) - 1)
picks = st.integers(0, 7)
pauses = st.sampled_from((timedelta(0), timedelta(0), timedelta(hours=5), timedelta(days=9), timedelta(days=35)))
"""How long it takes until somebody does something."""


class Machine(RuleBasedStateMachine):
    """One life. The business lent to it is as it was before once it is over."""

    business: ClassVar[Workspace]
    numbers: ClassVar[tuple[str, ...]] = ANY
    """The cards that may be typed in this life."""

    def __init__(self) -> None:
        super().__init__()
        self.undoing = transaction.atomic()
        self.undoing.__enter__()

    @initialize(
        zone=st.sampled_from(ZONES),
        day=st.sampled_from(DAYS),
        rate=st.sampled_from((None, "19", "7.7", "20")),
        rounding=st.sampled_from(("line", "sum_by_net", "sum_by_net_keep_gross")),
        interval=st.sampled_from(INTERVALS),
        number=cards,
        then=st.sampled_from(("end", "pause")),
    )
    def open_a_business(
        self,
        zone: str,
        day: datetime,
        rate: str | None,
        rounding: str,
        interval: tuple[str, int],
        number: int,
        then: str,
    ) -> None:
        """`then` is what its policy has come after the last try of a declined charge."""
        tax_rate = Decimal(rate) if rate else None
        self.life = Life(self.business, zone=zone, wall=day, tax_rate=tax_rate, rounding=rounding)
        self.life.promise("dunning", {"retry_days": [3, 7, 14], "then": then})
        self.before = self.life.snapshot()
        terms = PriceTerms(amount=Money(2900, "EUR"), interval=interval[0], interval_count=interval[1])
        self._buy(0, number, terms)

    def teardown(self) -> None:
        try:
            if hasattr(self, "life"):
                self.life.settle_down()
                self.look()
                invariants.books_say_what_the_gateway_says(self.before)
                invariants.what_was_paid_after_the_end_came_back(self.before)
        finally:
            transaction.set_rollback(True)
            self.undoing.__exit__(None, None, None)

    def look(self) -> None:
        """After every step: what must hold holds."""
        now = self.life.snapshot()
        for must_hold in invariants.ALWAYS:
            must_hold(now)
        for must_hold_between in invariants.BETWEEN:
            must_hold_between(self.before, now)
        if self.life.is_closing:
            # I10: who closes charges nobody.
            assert len(now.charges) == self.life.charges_at_closing
        self.before = now

    # Buying

    @rule(pick=picks, minor=st.sampled_from(MINORS), number=cards, exclusive=st.booleans())
    def buy_once(self, pick: int, minor: int, number: int, exclusive: bool) -> None:
        self._buy(pick, number, PriceTerms(amount=Money(minor, "EUR"), tax_behavior=_behavior(exclusive)))

    @rule(
        pick=picks,
        minor=st.sampled_from(MINORS),
        number=cards,
        interval=st.sampled_from(INTERVALS),
        trial_days=st.sampled_from((0, 0, 0, 7, 14)),
        exclusive=st.booleans(),
    )
    def subscribe(
        self, pick: int, minor: int, number: int, interval: tuple[str, int], trial_days: int, exclusive: bool
    ) -> None:
        unit, count = interval
        offer = PriceTerms(
            amount=Money(minor, "EUR"),
            interval=unit,
            interval_count=count,
            trial_days=trial_days,
            tax_behavior=_behavior(exclusive),
        )
        self._buy(pick, number, offer)

    def _buy(self, pick: int, number: int, offer: PriceTerms) -> None:
        of, at = self.life.of, self.life.now
        with workspace(of):
            sold = self._sold(offer)
        try:
            order = commerce.placed(of, sold, buyer=BUYERS[pick % len(BUYERS)], at=at)
            checkout.pay(of.pk, order.pk, fields=self._typed(number), return_path="/back/", at=at)
        except Refusal:
            pass
        self.look()

    def _sold(self, terms: PriceTerms) -> commerce.Offer:
        product = catalogue.create_product(name="Club", terms=terms, at=self.life.now)
        found: commerce.Offer = commerce.Offer.objects.select_related("price__product").get(price__product=product)
        return found

    @rule(number=cards, intervals=st.lists(st.sampled_from(INTERVALS), min_size=1, max_size=3), pick=picks)
    def take_a_plan_with_addons(self, number: int, intervals: list[tuple[str, int]], pick: int) -> None:
        of, at = self.life.of, self.life.now
        with workspace(of):
            account = buyers.account_of(BUYERS[pick % len(BUYERS)], at=at)
            prices = [self._price(unit, count, MINORS[(pick + n) % 5]) for n, (unit, count) in enumerate(intervals)]
        method = self._card(account.id, number)
        with workspace(of):
            contract = contracts.open_contract(account, prices=prices, payment_method_id=method.id, at=at)
        renewal.renew(of.pk, contract.id, at=at)
        self.look()

    def _typed(self, number: int) -> dict[str, str]:
        return card(self.numbers[number % len(self.numbers)])

    def _price(self, unit: str, count: int, minor: int, *, exclusive: bool = False) -> Price:
        terms = PriceTerms(
            amount=Money(minor, "EUR"), interval=unit, interval_count=count, tax_behavior=_behavior(exclusive)
        )
        product = catalogue.create_product(name="Plan", terms=terms, at=self.life.wall)
        found: Price = product.prices.select_related("product").get()
        return found

    def _card(self, payer: object, number: int) -> PaymentMethod:
        of = self.life.of
        with workspace(of):
            rails_account = Seller.objects.get().gateway_account_id
        return methods.add(
            of.pk,
            account_id=rails_account,
            payer_key=payer,  # type: ignore[arg-type]  # a UUID
            fields=self._typed(number),
            verify=False,
            return_path="/",
            at=self.life.wall,
        )

    @rule(pick=picks, is_approved=st.booleans())
    def answer_the_bank(self, pick: int, is_approved: bool) -> None:
        with workspace(self.life.of):
            waiting = list(Charge.objects.filter(state=Charge.State.REQUIRES_ACTION).order_by("created_at", "id"))
            orders = dict(Invoice.objects.filter(order_id__isnull=False).values_list("id", "order_id"))
        if waiting:
            chosen = waiting[pick % len(waiting)]
            sandbox.authenticate(self.life.of.pk, chosen.gateway_ref, is_approved=is_approved, at=self.life.wall)
            if pick % 2 and chosen.subject_id in orders:
                checkout.proceed(self.life.of.pk, orders[chosen.subject_id], at=self.life.now)
        self.look()

    @rule(pick=picks, number=cards)
    def pay_again(self, pick: int, number: int) -> None:
        """An order that wasn't paid is tried once more, perhaps with another card."""
        with workspace(self.life.of):
            unpaid = list(Order.objects.filter(state=Order.State.OPEN).order_by("number"))
        if unpaid:
            order = unpaid[pick % len(unpaid)]
            with contextlib.suppress(Refusal):
                checkout.pay(
                    self.life.of.pk,
                    order.pk,
                    fields=self._typed(number),
                    return_path="/back/",
                    at=self.life.now,
                )
        self.look()

    # Time

    @rule(
        by=st.sampled_from((timedelta(hours=1), timedelta(hours=23), timedelta(days=1), timedelta(days=3)))
        | st.sampled_from((timedelta(days=8), timedelta(days=15), timedelta(days=31), timedelta(days=62)))
    )
    def advance(self, by: timedelta) -> None:
        self.life.advance(by)
        self.look()

    def _let_pass(self, after: timedelta) -> None:
        if after:
            self.life.advance(after)
            self.look()

    @precondition(lambda self: any(not one.is_ended for one in self.before.contracts.values()))
    @rule(
        pick=picks, off=st.sampled_from((timedelta(seconds=-1), timedelta(0), timedelta(seconds=1), timedelta(hours=1)))
    )
    def advance_to_a_boundary(self, pick: int, off: timedelta) -> None:
        moments = sorted(
            moment
            for one in self._contracts()
            for moment in (one.renews_at, one.scheduled_end_at)
            if moment is not None and moment > self.life.now + timedelta(seconds=2) and not one.is_ended
        )
        if moments:
            self.life.advance(moments[pick % len(moments)] + off - self.life.now)
        self.look()

    @rule(by=st.sampled_from((timedelta(seconds=30), timedelta(minutes=3), timedelta(hours=2))))
    def let_the_wall_tick(self, by: timedelta) -> None:
        self.life.wait(by)
        self.life.run_due()
        self.look()

    # News

    @precondition(lambda self: hasattr(self, "life"))
    @rule(seed=st.integers(0, 999), copies=st.integers(1, 2))
    def hear_events(self, seed: int, copies: int) -> None:
        """I20: in whatever order and however often events are told, all ends the same."""
        life = self.life
        usual = life.outcome(life.hear_all)
        life.hear_all(order=random.Random(seed), copies=copies)
        assert life.snapshot().digest() == usual
        self.look()

    @rule(kind=st.sampled_from(("changes", "all changes again", "every charge again", "jobs")))
    def hear_from_the_gateway(self, kind: str) -> None:
        """What it tells, once or again; and what we send it meanwhile."""
        if kind == "jobs":
            self.life.run_jobs()
        elif kind == "every charge again":
            self.life.look_up_everything()
        else:
            self.life.follow_gateway(again=kind == "all changes again")
        self.look()

    # Contracts

    def _one(self, pick: int, *, ended: bool | None = None) -> Subscription | None:
        found = [one for one in self._contracts() if ended is None or one.is_ended == ended]
        return found[pick % len(found)] if found else None

    def _contracts(self) -> list[Subscription]:
        """As they stood when they were looked at last, oldest first."""
        return [copy(one) for _key, one in sorted(self.before.contracts.items())]

    @rule(after=pauses, pick=picks, number=cards)
    def change_the_card(self, after: timedelta, pick: int, number: int) -> None:
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None:
            method = self._card(contract.account_id, number)
            with workspace(self.life.of):
                paying.change_method(contract, method)
        self.look()

    @rule(pick=picks)
    def remove_the_card(self, pick: int) -> None:
        contract = self._one(pick, ended=False)
        if contract is not None and contract.payment_method_id is not None:
            methods.detach(self.life.of.pk, contract.payment_method_id, at=self.life.wall)
        self.look()

    @rule(
        after=pauses,
        pick=picks,
        when=st.sampled_from(("period_end", "period_end", "now")),
        door=st.sampled_from((DOORS.PORTAL, DOORS.BILLING, DOORS.LINK, DOORS.API)),
        is_taken_back=st.booleans(),
    )
    def cancel(self, after: timedelta, pick: int, when: cancellation.When, door: DOORS, is_taken_back: bool) -> None:
        self._let_pass(after)
        contract = self._one(pick)
        if contract is not None:
            if is_taken_back and when == "period_end":
                self._cancelling_and_undoing_changes_nothing(contract)
            at = self.life.now
            with workspace(self.life.of), promised(contract, when=when, kind="ordinary", received_at=at, at=at):
                declaration = declaring.from_confirm_page({"when": when}, contract, door=door)
                request = declaring.declare(declaration, received_at=at)
                cancellation.put_in_force(request, contract, when=when, at=at)
        self.look()

    def _cancelling_and_undoing_changes_nothing(self, contract: Subscription) -> None:
        """I7."""
        at = self.life.now
        with self.life.undone_afterwards(), workspace(self.life.of):
            was = future(contract, at=at)
            if contract.is_ended or contract.scheduled_end_at is not None:
                return
            declaration = declaring.from_confirm_page({"when": "period_end"}, contract, door=DOORS.PORTAL)
            request = declaring.declare(declaration, received_at=at)
            made = cancellation.put_in_force(request, contract, when="period_end", at=at)
            if made.effective_at > at:
                cancellation.undo(contract, by="customer", at=at)
                assert future(contract, at=at) == was

    @rule(
        after=pauses,
        pick=picks,
        late=st.sampled_from((timedelta(0), timedelta(days=1), timedelta(days=12), timedelta(days=40))),
        when=st.sampled_from(("period_end", "now")),
    )
    def record_a_letter(self, after: timedelta, pick: int, late: timedelta, when: cancellation.When) -> None:
        """Staff write down a notice that arrived a while ago: it counts from then."""
        self._let_pass(after)
        contract = self._one(pick)
        if contract is not None:
            at = self.life.now
            arrived = max(at - late, contract.started_at)
            with workspace(self.life.of), promised(contract, when=when, kind="ordinary", received_at=arrived, at=at):
                data = {"note": "A letter", "when": when}
                request = declaring.declare(declaring.from_staff(data, by="Ada"), received_at=arrived)
                cancellation.put_in_force(request, contract, when=when, at=at)
        self.look()

    @rule(after=pauses, pick=picks, names_it=st.booleans(), is_withdrawal=st.booleans())
    def declare_on_the_public_page(self, after: timedelta, pick: int, names_it: bool, is_withdrawal: bool) -> None:
        self._let_pass(after)
        contract = self._one(pick)
        if contract is not None:
            named = contract.reference if names_it else "my club"
            values = {"name": "Maren", "contract": named, "email": "somebody@example.com"}
            with workspace(self.life.of):
                declaration = (
                    declaring.from_withdrawal_page(values)
                    if is_withdrawal
                    else declaring.from_public_page(values | {"kind": "ordinary"})
                )
                declaring.declare_publicly(declaration, at=self.life.now)
        self.look()

    @rule(after=pauses, pick=picks, which=picks)
    def match_a_notice(self, after: timedelta, pick: int, which: int) -> None:
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        with workspace(self.life.of):
            waiting = list(CancellationRequest.objects.filter(cancellation=None).order_by("received_at", "id"))
            if contract is not None and waiting:
                notice = waiting[which % len(waiting)]
                if notice.received_at >= contract.started_at:
                    declaring.match(notice, contract, at=self.life.now)
        self.look()

    @rule(after=pauses, pick=picks)
    def undo(self, after: timedelta, pick: int) -> None:
        self._let_pass(after)
        contract = self._one(pick)
        if contract is not None:
            with workspace(self.life.of):
                with contextlib.suppress(cancellation.NothingToUndo):
                    cancellation.undo(contract, by="customer", at=self.life.now)
        self.look()

    @rule(after=pauses, pick=picks)
    def pause(self, after: timedelta, pick: int) -> None:
        self._let_pass(after)
        contract = self._one(pick)
        if contract is not None:
            with workspace(self.life.of), contextlib.suppress(pausing.NotPausable):
                pausing.pause(contract, at=self.life.now)
        self.look()

    @rule(after=pauses, pick=picks)
    def resume(self, after: timedelta, pick: int) -> None:
        """What is shown before is what is invoiced (I11, for going on)."""
        self._let_pass(after)
        resting = [one for one in self._contracts() if one.state == "paused"]
        if resting:
            contract, at = resting[pick % len(resting)], self.life.now
            with workspace(self.life.of):
                try:
                    shown = pausing.preview(contract, at=at)
                except pausing.NotPaused:
                    return
                pausing.resume(contract, shown=shown.amount, at=at)
            bills = set(self.before.invoices)
            renewal.renew(self.life.of.pk, contract.id, at=at)
            with workspace(self.life.of):
                new = [one.gross_minor for one in Invoice.objects.exclude(id__in=bills)]
            assert sum(new) == shown.amount.minor
        self.look()

    # Money back

    @rule(after=pauses, pick=picks, percent=st.sampled_from((1, 33, 50, 100)))
    def refund_a_part(self, after: timedelta, pick: int, percent: int) -> None:
        self._let_pass(after)
        with workspace(self.life.of):
            paid = [one for one in Invoice.objects.order_by("number") if one.returnable.minor]
            if paid:
                bill = paid[pick % len(paid)]
                amount = Money(max(1, bill.returnable.minor * percent // 100), bill.currency)
                with contextlib.suppress(refunding.ExceedsPaid, rails.Disputed, crediting.ExceedsLine):
                    refunding.refund_invoice(bill, amount=amount, reason="Kindness", at=self.life.now)
        self.look()

    @rule(is_meant=st.sampled_from((False, False, False, True)))
    def stop_selling(self, is_meant: bool) -> None:
        if is_meant and not self.life.is_closing:
            with workspace(self.life.of):
                sellers.stop_selling(sellers.of_workspace(at=self.life.now))
                self.life.charges_at_closing = Charge.objects.count()
            self.life.is_closing = True
        self.look()


def _behavior(exclusive: bool) -> str:
    return "exclusive" if exclusive else "inclusive"
