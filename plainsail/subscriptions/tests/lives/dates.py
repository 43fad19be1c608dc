"""Lives in which contracts rest until a day, in which charges are moved, and later ends are asked for, too."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from plainsail.commerce.models import CreditNote, Invoice
from plainsail.kernel.errors import Refusal
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Dispute
from plainsail.payments.services import charging
from plainsail.subscriptions.models import AskedBy, Subscription
from plainsail.subscriptions.services import cancellation, declaring, pausing, rescheduling
from plainsail.subscriptions.tests.lives import changes
from plainsail.subscriptions.tests.lives.rules import DOORS, pauses, picks

days = st.sampled_from((1, 2, 5, 13, 29, 40, 75, 200))


class Machine(changes.Machine):
    """All that may happen in a life."""

    @rule(after=pauses, pick=picks, days=days)
    def pause_until(self, after: timedelta, pick: int, days: int) -> None:
        """It goes on by itself that day, for what was shown or less (I11, for going on)."""
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None:
            with workspace(self.life.of), contextlib.suppress(Refusal):
                contract = self._loaded(contract)
                begins_on = pausing.outlook(contract, by=AskedBy.STAFF, at=self.life.now).begins_on
                resumes_on = begins_on + timedelta(days=days)
                rest = pausing.foresee(contract, resumes_on=resumes_on, by=AskedBy.STAFF, at=self.life.now)
                pausing.pause(contract, resumes_on=resumes_on, shown=rest.shown, at=self.life.now)
        self.look()

    @rule(after=pauses, pick=picks, days=days, is_later=st.booleans(), between=st.sampled_from(("given", "charged")))
    def move_the_next_charge(self, after: timedelta, pick: int, days: int, is_later: bool, between: str) -> None:
        """What is shown before is what comes back (I11, for another day)."""
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None and contract.renews_at is not None:
            foreseen_on = local_date(contract.renews_at, contract.timezone)
            to_on = foreseen_on + timedelta(days=days if is_later else -days)
            with workspace(self.life.of), contextlib.suppress(Refusal):
                contract, at = self._loaded(contract), self.life.now
                given = self._given_back()
                shown = rescheduling.preview(contract, to_on, days=between, by=AskedBy.STAFF, at=at)
                made = rescheduling.move(contract, to_on, days=between, shown=shown.digest, by=AskedBy.STAFF, at=at)
                assert self._given_back() - given == shown.comes_back.minor, (made, shown)
        self.look()

    @rule(after=pauses, pick=picks, days=days)
    def cancel_for_later(self, after: timedelta, pick: int, days: int) -> None:
        """From then on only what was listed is charged (I4)."""
        self._let_pass(after)
        contract = self._one(pick, ended=False)
        if contract is not None:
            last_on = local_date(contract.renews_at or self.life.now, contract.timezone) + timedelta(days=days)
            with workspace(self.life.of), contextlib.suppress(cancellation.AlreadyEnded):
                contract, at = self._loaded(contract), self.life.now
                was_ending = contract.is_ending
                shown = cancellation.preview(contract, when="period_end", last_on=last_on, at=at)
                data = {"when": "later", "end_on": last_on, "shown_charges": shown.charges_digest}
                made = declaring.cancel(contract, data, door=DOORS.PORTAL, at=at)
                # What somebody has cancelled already ends as it was told then.
                if not was_ending:
                    assert made.effective_at == shown.effective_at
        self.look()

    @rule(is_won=st.booleans())
    def the_bank_decides(self, is_won: bool) -> None:
        with workspace(self.life.of):
            waiting = Dispute.objects.filter(state="open").select_related("charge").order_by("created_at", "id").first()
            if waiting is not None:
                state = "won" if is_won else "lost"
                sandbox.decide_dispute(waiting.gateway_ref, state=state, at=self.life.wall)
        if waiting is not None:
            charging.look_up(self.life.of.pk, waiting.charge_id, at=self.life.wall)
        self.look()

    def _loaded(self, contract: Subscription) -> Subscription:
        found: Subscription = Subscription.objects.select_related("account", "workspace").get(id=contract.id)
        return found

    def _given_back(self) -> int:
        bills = Invoice.objects.values("id")
        return sum(note.payable_minor for note in CreditNote.objects.filter(invoice_id__in=bills))
