"""Lives in which plans are changed, too."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from plainsail.commerce.models import CreditNote
from plainsail.commerce.services import checkout, sellers
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import PaymentMethod
from plainsail.payments.services.charging import MethodUnusable
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import changing
from plainsail.subscriptions.tests.lives import rules
from plainsail.subscriptions.tests.lives.rules import INTERVALS, MINORS, cards, pauses, picks


class Machine(rules.Machine):
    """All that may happen to what is paid again and again."""

    @rule(
        after=pauses,
        pick=picks,
        minor=st.sampled_from((*MINORS, 5900, 99900)),
        interval=st.sampled_from(INTERVALS),
        exclusive=st.booleans(),
        number=st.none() | cards,
    )
    def change_the_plan(
        self, after: timedelta, pick: int, minor: int, interval: tuple[str, int], exclusive: bool, number: int | None
    ) -> None:
        """What is shown before is what is charged and given back (I11, for another plan)."""
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None:
            with workspace(self.life.of):
                price = self._price(*interval, minor, exclusive=exclusive)
            method = self._card(contract.account_id, number) if number is not None else None
            self._choose(contract, changing.Wanted(price, "Another"), method)
        self.look()

    def _choose(self, contract: Subscription, wanted: changing.Wanted, method: PaymentMethod | None) -> None:
        of, at = self.life.of, self.life.now
        with workspace(of):
            contract.refresh_from_db()
            given = sum(note.payable_minor for note in CreditNote.objects.all())
            try:
                shown = changing.preview(contract, wanted, at=at)
            except Refusal:
                return
        with contextlib.suppress(changing.NotChangeable, MethodUnusable, sellers.SellerClosing):
            progress = changing.choose(
                of.pk,
                contract.id,
                wanted,
                shown=shown.digest,
                trace=checkout.Trace(),
                method_id=method.id if method else None,
                return_path="/back/",
                at=at,
            )
            with workspace(of):
                back = sum(note.payable_minor for note in CreditNote.objects.all()) - given
            assert back == (shown.comes_back.minor if progress.state == "done" else 0), (back, shown)

    @rule(after=pauses, pick=picks)
    def take_the_change_back(self, after: timedelta, pick: int) -> None:
        """One that is planned, or one that waits at the bank."""
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None and changing.give_up(self.life.of.pk, contract.id, at=self.life.now) is None:
            with workspace(self.life.of), contextlib.suppress(changing.NothingPlanned):
                changing.take_back(contract, at=self.life.now)
        self.look()
