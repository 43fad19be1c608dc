"""Every shape of a price through a contract's whole life, with exact days and amounts: the golden tests G2 to G6."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.commerce.models import Invoice, InvoiceLine, Price
from plainsail.commerce.services import clocks, refunding
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.periods import day_start, local_date
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, Refund
from plainsail.portal.models import Grant
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, changing, declaring, letters, pausing, revising
from plainsail.subscriptions.services.changing import NotChangeable, Wanted
from plainsail.subscriptions.tests.factories import charged_by, subscribed

ZONE = "Europe/Berlin"
SAVES_THEN_FAILS = "4000 0000 0000 0341"
FORTNIGHTLY = {"minor": 9900, "interval": "week", "interval_count": 2, "payments": 4}
NEW_YEARS_EVE = datetime(2027, 12, 31, 12, tzinfo=UTC)
LEAP_DAY = datetime(2028, 2, 29, 12, tzinfo=UTC)


def buy(of, *, minor: int = 2900, interval: str = "month", at: datetime = NOON, **terms) -> Subscription:
    with workspace(of):
        sold = commerce.offer("Wheel", minor, interval=interval, **terms)
    order = commerce.bought(of, sold, at=at)
    with workspace(of):
        found: Subscription = Subscription.objects.select_related("account", "workspace").get(order_id=order.id)
    return found


def advance(of, to: datetime, *, at: datetime = NOON) -> None:
    clocks.advance(of.pk, to=to, at=at)
    run_jobs(at=at)


def paid(of) -> list[tuple[date, int]]:
    """Every payment with its day, oldest first."""
    with workspace(of):
        rows = Invoice.objects.filter(state="paid").order_by("paid_at", "number")
        return [(local_date(row.paid_at, ZONE), row.gross_minor) for row in rows]


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def is_open(of) -> bool:
    with workspace(of):
        return Grant.objects.filter(revoked_at=None).exists()


def give_back(invoice: Invoice, *, minor: int, at: datetime) -> None:
    with workspace(invoice.workspace_id):
        refunding.refund_invoice(invoice, amount=euros(minor), reason="It broke", at=at)
    run_jobs(at=at)


def cancel(
    contract: Subscription, *, when: cancellation.When = "period_end", at: datetime
) -> cancellation.Cancellation:
    with workspace(contract.workspace_id):
        declaration = declaring.from_confirm_page({"when": when}, contract, door=CancellationRequest.Door.PORTAL)
        request = declaring.declare(declaration, received_at=at)
        return cancellation.put_in_force(request, contract, when=when, at=at)


class TestFreeTrial:
    def test_nothing_on_the_first_day_then_the_price_and_again_a_month_later(self, juniper):
        """G2."""
        contract = buy(juniper, trial_days=14)
        assert (paid(juniper), is_open(juniper), contract.state) == ([], True, "trialing")
        advance(juniper, NOON + timedelta(days=46))
        assert paid(juniper) == [(date(2026, 12, 7), 2900), (date(2027, 1, 7), 2900)]


class TestPaidTrial:
    def test_its_price_is_paid_today_and_the_price_itself_when_it_ends_not_before_noon(self, juniper):
        contract = buy(juniper, trial_days=14, initial=euros(900))
        assert (paid(juniper), is_open(juniper), contract.state) == ([(NOON.date(), 900)], True, "trialing")
        advance(juniper, datetime(2026, 12, 7, 10, 59, tzinfo=UTC))
        assert len(paid(juniper)) == 1
        advance(juniper, datetime(2027, 1, 8, tzinfo=UTC))
        assert paid(juniper) == [(NOON.date(), 900), (date(2026, 12, 7), 2900), (date(2027, 1, 7), 2900)]

    def test_its_end_is_announced_a_week_before_with_the_price_to_come(self, juniper, outbox):
        buy(juniper, trial_days=14, initial=euros(900))
        advance(juniper, datetime(2026, 11, 30, 9, tzinfo=UTC))
        [letter] = [mail for mail in outbox if "trial ends" in mail["Subject"]]
        assert "€29.00 on 7 December 2026" in letter.get_body(("plain",)).get_content()

    def test_the_days_tried_have_an_invoice_of_their_own(self, juniper):
        contract = buy(juniper, trial_days=14, initial=euros(900))
        with workspace(juniper):
            line = InvoiceLine.objects.get()
            facts = line.description, line.gross_minor, line.period_start, line.period_end, line.item_id
            assert facts == (
                "Wheel, 14 days on trial",
                900,
                date(2026, 11, 23),
                date(2026, 12, 7),
                contract.items.get().id,
            )

    def test_it_can_cost_more_than_what_comes_after_it(self, juniper):
        buy(juniper, trial_days=30, initial=euros(9900))
        assert paid(juniper) == [(NOON.date(), 9900)]

    def test_cancelling_keeps_the_days_paid_for_and_nothing_more_is_charged(self, juniper):
        contract = buy(juniper, trial_days=14, initial=euros(900))
        made = cancel(contract, at=NOON + timedelta(days=3))
        assert made.effective_at == day_start(date(2026, 12, 7), ZONE)
        advance(juniper, NOON + timedelta(days=60))
        assert (paid(juniper), is_open(juniper)) == ([(NOON.date(), 900)], False)

    def test_ending_at_once_within_fourteen_days_gives_it_back(self, juniper):
        contract = buy(juniper, trial_days=30, initial=euros(900))
        with workspace(juniper):
            assert cancellation.preview(contract, when="now", at=NOON + timedelta(days=15)).refund_minor == 0
        cancel(contract, when="now", at=NOON + timedelta(days=14))
        with workspace(juniper):
            assert [one.amount_minor for one in Refund.objects.all()] == [900]


class TestOnceAfterATrial:
    def test_it_is_charged_once_then_the_contract_is_over_and_access_stays(self, juniper):
        """G3."""
        contract = buy(juniper, minor=17500, interval="", trial_days=14)
        advance(juniper, NOON + timedelta(days=400))
        after = fresh(contract)
        assert paid(juniper) == [(date(2026, 12, 7), 17500)]
        assert (after.state, after.end_reason, local_date(after.ended_at, ZONE)) == (
            "ended",
            "paid_off",
            date(2026, 12, 7),
        )
        assert is_open(juniper)

    def test_with_an_initial_payment_there_are_two_charges_in_all(self, juniper):
        buy(juniper, minor=17500, interval="", trial_days=14, initial=euros(100))
        advance(juniper, NOON + timedelta(days=400))
        assert (paid(juniper), is_open(juniper)) == ([(NOON.date(), 100), (date(2026, 12, 7), 17500)], True)

    def test_what_is_paid_once_is_earned_when_it_is_paid(self, juniper):
        buy(juniper, minor=17500, interval="", trial_days=14)
        advance(juniper, NOON + timedelta(days=20))
        with workspace(juniper):
            line = InvoiceLine.objects.get()
            assert (line.kind, line.period_start) == ("one_off", None)

    def test_cancelled_in_time_it_costs_nothing(self, juniper):
        contract = buy(juniper, minor=17500, interval="", trial_days=14)
        cancel(contract, at=NOON + timedelta(days=13))
        advance(juniper, NOON + timedelta(days=400))
        assert (paid(juniper), is_open(juniper), fresh(contract).end_reason) == ([], False, "cancelled")

    def test_declined_for_good_it_closes(self, juniper):
        contract = buy(juniper, minor=17500, interval="", trial_days=14)
        charged_by(contract, SAVES_THEN_FAILS)
        advance(juniper, NOON + timedelta(days=60))
        assert (paid(juniper), is_open(juniper), fresh(contract).end_reason) == ([], False, "payment_failed")

    def test_cancelling_while_its_charge_is_declined_takes_the_invoice_back(self, juniper):
        contract = buy(juniper, minor=17500, interval="", trial_days=14)
        charged_by(contract, SAVES_THEN_FAILS)
        advance(juniper, NOON + timedelta(days=15))
        cancel(fresh(contract), at=NOON + timedelta(days=16))
        with workspace(juniper):
            assert [one.state for one in Invoice.objects.all()] == ["void"]
        assert fresh(contract).end_reason == "cancelled"


class TestInstalments:
    DAYS = (date(2026, 11, 23), date(2026, 12, 7), date(2026, 12, 21), date(2027, 1, 4))

    def test_four_every_two_weeks_are_exactly_four_charges(self, juniper):
        """G4."""
        contract = buy(juniper, **FORTNIGHTLY)
        advance(juniper, NOON + timedelta(days=800))
        after = fresh(contract)
        assert paid(juniper) == [(day, 9900) for day in self.DAYS]
        assert (after.state, after.end_reason, local_date(after.ended_at, ZONE)) == ("ended", "paid_off", self.DAYS[-1])

    def test_what_is_paid_off_stays_open_and_the_last_letter_says_so(self, juniper, outbox):
        contract = buy(juniper, **FORTNIGHTLY)
        advance(juniper, NOON + timedelta(days=60))
        [letter] = [mail for mail in outbox if contract.reference in mail["Subject"]]
        words = letter.get_body(("plain",)).get_content()
        assert (is_open(juniper), letter["Subject"]) == (True, f"All paid: {contract.reference}")
        assert "Wheel: 4 payments" in words
        assert "yours to keep" in words

    def test_what_is_paid_off_is_closed_only_once_every_payment_was_given_back(self, juniper):
        buy(juniper, minor=9900, payments=2)
        at = NOON + timedelta(days=60)
        advance(juniper, at)
        with workspace(juniper):
            first, last = Invoice.objects.order_by("paid_at")
        give_back(last, minor=9900, at=at)
        assert is_open(juniper)
        give_back(first, minor=4900, at=at)
        assert is_open(juniper)
        give_back(first, minor=5000, at=at)
        assert not is_open(juniper)

    @pytest.mark.parametrize(
        ("at", "days"),
        [
            (NEW_YEARS_EVE, [(2027, 12, 31), (2028, 1, 31), (2028, 2, 29), (2028, 3, 31)]),
            (LEAP_DAY, [(2028, 2, 29), (2028, 3, 29), (2028, 4, 29), (2028, 5, 29)]),
        ],
    )
    def test_monthly_ones_keep_their_day_over_the_ends_of_months(self, juniper, at, days):
        buy(juniper, minor=9900, payments=4, at=at)
        advance(juniper, at + timedelta(days=400), at=at)
        assert paid(juniper) == [(date(*day), 9900) for day in days]

    def test_yearly_ones_keep_the_leap_day(self, juniper):
        buy(juniper, minor=9900, interval="year", payments=3, at=LEAP_DAY)
        advance(juniper, LEAP_DAY + timedelta(days=1500), at=LEAP_DAY)
        assert paid(juniper) == [(day, 9900) for day in (date(2028, 2, 29), date(2029, 2, 28), date(2030, 2, 28))]

    def test_after_a_trial_the_first_comes_when_it_ends(self, juniper):
        buy(juniper, minor=9900, payments=2, trial_days=14, initial=euros(500))
        advance(juniper, NOON + timedelta(days=400))
        assert paid(juniper) == [(NOON.date(), 500), (date(2026, 12, 7), 9900), (date(2027, 1, 7), 9900)]

    def test_cancelled_after_two_nothing_more_is_charged_and_access_ends_with_the_days_paid_for(self, juniper):
        contract = buy(juniper, **FORTNIGHTLY)
        advance(juniper, NOON + timedelta(days=20))
        made = cancel(fresh(contract), at=NOON + timedelta(days=20))
        assert made.effective_at == day_start(date(2026, 12, 21), ZONE)
        advance(juniper, NOON + timedelta(days=400))
        assert (len(paid(juniper)), is_open(juniper), fresh(contract).end_reason) == (2, False, "cancelled")

    def test_taken_back_the_rest_is_charged_on_its_days(self, juniper):
        contract = buy(juniper, **FORTNIGHTLY)
        cancel(contract, at=NOON + timedelta(days=3))
        with workspace(juniper):
            cancellation.undo(contract, by="customer", at=NOON + timedelta(days=4))
        advance(juniper, NOON + timedelta(days=400))
        assert paid(juniper) == [(day, 9900) for day in self.DAYS]

    def test_declined_three_days_apart_the_fourth_failure_ends_it(self, juniper, ada):
        """G6, for a renewal and for an instalment alike."""
        with workspace(juniper):
            revising.change("dunning", {"retry_days": [3, 6, 9], "then": "end"}, since=1, by=ada, at=NOON)
        for terms in ({}, {"payments": 4}):
            contract = buy(juniper, **terms)
            charged_by(contract, SAVES_THEN_FAILS)
        advance(juniper, NOON + timedelta(days=60))
        days = [date(2026, 12, 23), date(2026, 12, 26), date(2026, 12, 29), date(2027, 1, 1)]
        with workspace(juniper):
            for contract in Subscription.objects.all():
                bill = Invoice.objects.filter(lines__item_id=contract.items.get().id).order_by("created_at").last()
                told = juniper.events.filter(name="subscriptions.renewal_failed").order_by("at")
                failed = [row for row in told if row.payload["subscription_id"] == str(contract.id)]
                assert [local_date(row.at, ZONE) for row in failed] == days
                assert Charge.objects.filter(subject_id=bill.id, state=Charge.State.DECLINED).count() == 4
                assert (contract.end_reason, bill.state) == ("payment_failed", "uncollectible")

    def test_the_last_one_declined_and_then_paid_pays_it_off(self, juniper):
        contract = buy(juniper, **FORTNIGHTLY)
        advance(juniper, NOON + timedelta(days=30))
        charged_by(contract, SAVES_THEN_FAILS)
        advance(juniper, NOON + timedelta(days=43))
        between = fresh(contract)
        assert (between.state, between.renews_at, len(paid(juniper))) == ("active", None, 3)
        charged_by(contract, "4242 4242 4242 4242")
        advance(juniper, NOON + timedelta(days=60))
        assert (fresh(contract).end_reason, len(paid(juniper)), is_open(juniper)) == ("paid_off", 4, True)

    def test_it_rests_no_more_than_it_changes(self, juniper):
        contract = buy(juniper, **FORTNIGHTLY)
        with workspace(juniper):
            other = Wanted(commerce.monthly("Other").price, "Other")
            with pytest.raises(pausing.NotPausable):
                pausing.pause(contract, at=NOON + timedelta(days=1))
            with pytest.raises(NotChangeable):
                changing.preview(contract, other, at=NOON + timedelta(days=1))

    def test_another_plan_is_never_one_in_instalments(self, juniper):
        contract = subscribed(juniper)
        with workspace(juniper):
            parts = Wanted(commerce.monthly("Parts", payments=4).price, "Parts")
            with pytest.raises(changing.NotOffered):
                changing.preview(contract, parts, at=NOON + timedelta(days=1))


class TestInstalmentsAgain:
    def test_four_monthly_come_again_every_year(self, juniper):
        """G5."""
        contract = buy(juniper, minor=9900, payments=4, cycle="year")
        advance(juniper, NOON + timedelta(days=500))
        first = [(2026, 11, 23), (2026, 12, 23), (2027, 1, 23), (2027, 2, 23)]
        second = [(year + 1, month, day) for year, month, day in first]
        assert paid(juniper) == [(date(*day), 9900) for day in first + second]
        after = fresh(contract)
        assert (after.state, local_date(after.renews_at, ZONE), is_open(juniper)) == (
            "active",
            date(2028, 11, 23),
            True,
        )

    def test_the_last_of_a_cycle_pays_for_the_days_until_the_next(self, juniper):
        buy(juniper, minor=9900, payments=4, cycle="year")
        advance(juniper, NOON + timedelta(days=100))
        with workspace(juniper):
            last = InvoiceLine.objects.order_by("period_start").last()
            assert (last.period_start, last.period_end) == (date(2027, 2, 23), date(2027, 11, 23))

    def test_weeks_begin_anew_with_their_year(self, juniper):
        buy(juniper, minor=9900, interval="week", interval_count=2, payments=3, cycle="year")
        advance(juniper, NOON + timedelta(days=400))
        days = [(2026, 11, 23), (2026, 12, 7), (2026, 12, 21), (2027, 11, 23), (2027, 12, 7), (2027, 12, 21)]
        assert paid(juniper) == [(date(*day), 9900) for day in days]

    def test_the_next_cycle_is_announced_three_weeks_before_like_any_long_renewal(self, juniper, outbox):
        buy(juniper, minor=9900, payments=4, cycle="year")
        advance(juniper, datetime(2027, 11, 2, 9, tzinfo=UTC))
        told = [mail["Subject"] for mail in outbox if "renews on" in mail["Subject"]]
        assert len(told) == 1
        assert "23 November 2027" in told[0]

    def test_ended_in_its_last_stretch_the_days_not_used_come_back(self, juniper):
        contract = buy(juniper, minor=27300, payments=4, cycle="year")
        advance(juniper, NOON + timedelta(days=150))
        at = datetime(2027, 5, 25, 12, tzinfo=UTC)
        with workspace(juniper):
            # Paid on 23 February for 273 days; 182 of them are left.
            assert cancellation.preview(fresh(contract), when="now", at=at).refund_minor == 18200


def test_one_sentence_says_what_is_paid_wherever_a_contract_is_shown(juniper):
    contract = buy(juniper, **FORTNIGHTLY)
    with workspace(juniper):
        quote = cancellation.preview(contract, when="now", at=NOON)
        assert [item.words for item in quote.items] == ["Wheel, 4 payments of €99.00, one every 2 weeks"]
        assert letters.next_charge(contract) == "€99.00 on 7 December 2026"
        assert Price.objects.get().payments == 4
