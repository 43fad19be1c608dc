"""Lives in which people pay by bank transfer, too: in time, late, in parts, too much, twice, or never."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import receiving, transfer_orders
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.tests import factories as commerce
from plainsail.kernel.errors import Refusal
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.services import transfers
from plainsail.payments.services.statements import Entry
from plainsail.payments.services.transfers import BankAccount
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import forgiving
from plainsail.subscriptions.tests.lives import addons
from plainsail.subscriptions.tests.lives.rules import BUYERS, INTERVALS, MINORS, pauses, picks

IBAN = "DE89370400440532013000"


class Machine(addons.Machine):
    """All that may happen in a life."""

    @rule(
        pick=picks,
        minor=st.sampled_from(MINORS),
        interval=st.sampled_from((("", 1), *INTERVALS)),
        trial_days=st.sampled_from((0, 0, 0, 7)),
        gives_at_once=st.booleans(),
    )
    def buy_and_promise_to_send(
        self, pick: int, minor: int, interval: tuple[str, int], trial_days: int, gives_at_once: bool
    ) -> None:
        of, at = self.life.of, self.life.now
        terms = PriceTerms(
            amount=Money(minor, "EUR"), interval=interval[0], interval_count=interval[1], trial_days=trial_days
        )
        with workspace(of):
            to = BankAccount(holder="Juniper Kites", iban=IBAN, days=10, gives_at_once=gives_at_once)
            transfers.set_up(to, mode="test", at=self.life.wall)
            sold = self._sold(terms)
        with contextlib.suppress(Refusal):
            order = commerce.placed(of, sold, buyer=BUYERS[pick % len(BUYERS)], at=at)
            transfer_orders.ask(of.pk, order.pk, at=at)
        self.look()

    @rule(after=pauses, pick=picks, percent=st.sampled_from((100, 100, 100, 40, 130)), copies=st.integers(1, 2))
    def money_comes_in(self, after: timedelta, pick: int, percent: int, copies: int) -> None:
        """As the bank tells it, perhaps twice; for any invoice that ever asked for it."""
        self._let_pass(after)
        with workspace(self.life.of):
            asked = list(Invoice.objects.exclude(payment_reference="").order_by("number"))
        if asked:
            bill = asked[pick % len(asked)]
            entry = Entry(
                key=f"{len(self.before.transfers)}",
                booked_on=self.life.wall.date(),
                amount=Money(max(1, (bill.due.minor or bill.gross_minor) * percent // 100), bill.currency),
                text=f"Thank you {bill.payment_reference}",
                payer_iban=IBAN,
            )
            for _again in range(copies):
                receiving.import_entries(self.life.of.pk, [entry], mode="test", at=self.life.now)
        self.look()

    @rule(pick=picks)
    def staff_send_money_back(self, pick: int) -> None:
        with workspace(self.life.of):
            waiting = list(transfers.to_send())
        if waiting:
            self.life.send_by_hand(waiting[pick % len(waiting)])
        self.look()

    @rule(after=pauses, pick=picks)
    def staff_forgive_a_period(self, after: timedelta, pick: int) -> None:
        """Nothing of it is owed any more, and everything else about the contract stays."""
        self._let_pass(after)
        with workspace(self.life.of), contextlib.suppress(Refusal):
            cases = list(DunningCase.objects.filter(closed_at=None).order_by("opened_at", "id"))
            if cases:
                case = cases[pick % len(cases)]
                forgiving.forgive(case.id, by=None, at=self.life.now)
                assert not Invoice.objects.get(id=case.invoice_id).due.minor
                assert case.subscription.state == Subscription.objects.get(id=case.subscription_id).state
        self.look()
