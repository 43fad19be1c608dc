"""Renewals in sets: the same as one by one, whatever else is due, whoever holds a contract, and wherever it was interrupted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plainsail.commerce import queries as books
from plainsail.commerce.models import Invoice, JournalEntry, Order, SandboxClock, VatAnswer
from plainsail.commerce.services import sellers, vies
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import NOON, seller
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways.base import ChargeOutcome
from plainsail.payments.gateways.sandbox import Sandbox
from plainsail.payments.models import Charge, SandboxRecord
from plainsail.payments.services import resolving, rounds
from plainsail.payments.tests.factories import DECLINED, INSUFFICIENT, LOST_TAKEN
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import pausing, renewal, renewing
from plainsail.subscriptions.tests.factories import charged_by, combined, subscribed
from plainsail.subscriptions.tests.lives.life import Life

SAVES_THEN_FAILS = "4000 0000 0000 0341"
DUE = datetime(2026, 12, 23, 1, tzinfo=UTC)
"""An hour after the contracts of these tests fall due."""


@pytest.fixture
def three(juniper) -> list[Subscription]:
    return [subscribed(juniper) for _each in range(3)]


def run(of, *, at=DUE) -> datetime | None:
    return renewal.run(workspace_id=of.pk, at=at)


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.get(pk=contract.pk)


def renewed(of) -> list[tuple[str, str, int]]:
    """Number, state and amount of the invoices that were issued by renewals."""
    with workspace(of):
        found = Invoice.objects.filter(order=None).order_by("number")
        return list(found.values_list("number", "state", "paid_minor"))


def charges(of) -> list[str]:
    with workspace(of):
        return sorted(Charge.objects.filter(initiator="merchant").values_list("state", flat=True))


def test_a_set_is_invoiced_numbered_booked_and_charged(three, juniper):
    run(juniper)
    assert renewed(juniper) == [(f"TEST-INV-0000{number}", "paid", 2900) for number in (4, 5, 6)]
    with workspace(juniper):
        assert JournalEntry.objects.filter(source_type="payment").count() == 6
        assert books.balances()["clearing", "sandbox", "EUR"] == 6 * 2900
        assert juniper.events.filter(name="subscriptions.renewed").count() == 3
        assert not DunningCase.objects.exclude(closed_at=DUE).exists()
    run_jobs(at=DUE)
    assert charges(juniper) == ["succeeded"] * 3


def test_the_same_day_once_more_invoices_and_charges_nothing(three, juniper):
    run(juniper)
    before = renewed(juniper)
    run(juniper)
    run_jobs(at=DUE + timedelta(hours=1))
    assert (renewed(juniper), charges(juniper)) == (before, ["succeeded"] * 3)


def test_ten_contracts_take_as_many_statements_as_one_but_for_the_gateways_book(juniper, monkeypatch):
    """A gateway elsewhere has no table here."""

    def takes(_gateway, _account, request):
        return ChargeOutcome(state="succeeded", ref=request.idempotency_key)

    def statements(contracts: list[Subscription], at: datetime) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert renewing.renew_all(juniper.pk, [one.pk for one in contracts], at=at) == len(contracts)
        return len(seen)

    lone, others = subscribed(juniper), [subscribed(juniper) for _each in range(10)]
    monkeypatch.setattr(Sandbox, "charge", takes)
    assert statements(others, DUE) == statements([lone], DUE)


def test_whoever_has_a_card_that_fails_is_tried_again_and_keeps_nobody(three, juniper):
    charged_by(three[1], SAVES_THEN_FAILS)
    run(juniper)
    assert [state for _number, state, _paid in renewed(juniper)] == ["paid", "open", "paid"]
    assert charges(juniper) == ["declined", "succeeded", "succeeded"]
    with workspace(juniper):
        case = DunningCase.objects.get(closed_at=None)
        assert (case.subscription_id, case.tries) == (three[1].id, 1)


def test_an_answer_that_got_lost_is_found_out(three, juniper):
    charged_by(three[0], LOST_TAKEN)
    run(juniper)
    assert charges(juniper) == ["succeeded", "succeeded", "unknown"]
    with clock.fixed(DUE + timedelta(minutes=5)):
        resolving.resolve(workspace_id=juniper.pk, at=DUE + timedelta(minutes=5))
        run_jobs()
    assert [state for _number, state, _paid in renewed(juniper)] == ["paid"] * 3


@pytest.mark.parametrize(
    "where",
    [
        "plainsail.payments.services.rounds.submit",
        "plainsail.payments.gateways.sandbox.Sandbox.charge",
        "plainsail.payments.services.rounds._record",
        "plainsail.commerce.services.rounds.settle",
        "plainsail.subscriptions.services.charging.follow",
    ],
)
def test_killed_anywhere_in_a_set_everybody_is_charged_once(three, juniper, monkeypatch, where):
    class Killed(BaseException):
        pass

    def die(*_args, **_more):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(where, die)
        run(juniper)
    for minutes in (3, 6):
        at = DUE + timedelta(minutes=minutes)
        with clock.fixed(at):
            resolving.resolve(workspace_id=juniper.pk, at=at)
            run_jobs()
            run(juniper, at=at)
    assert [(state, paid) for _number, state, paid in renewed(juniper)] == [("paid", 2900)] * 3
    with workspace(juniper):
        taken = SandboxRecord.objects.filter(kind="charge", state="succeeded")
        assert sum(taken.values_list("amount_minor", flat=True)) == 6 * 2900
        assert not Charge.objects.open().exists()
        assert not juniper.events.filter(name="subscriptions.renewal_failed").exists()


def test_what_is_cancelled_before_the_day_is_no_part_of_a_set(three, juniper):
    with workspace(juniper):
        Subscription.objects.filter(pk=three[0].pk).update(scheduled_end_at=DUE - timedelta(hours=1))
    run(juniper)
    assert fresh(three[0]).state == "ended"
    assert charges(juniper) == ["succeeded"] * 2


def test_a_resting_contract_rests_and_the_others_renew(three, juniper):
    with workspace(juniper):
        pausing.pause(three[0], at=NOON + timedelta(days=2))
    run(juniper)
    assert (fresh(three[0]).renews_at, charges(juniper)) == (None, ["succeeded"] * 2)


def test_a_seller_that_closes_charges_nobody_of_the_set(three, juniper):
    with workspace(juniper):
        sellers.stop_selling(seller())
    run(juniper)
    assert [fresh(one).end_reason for one in three] == ["seller_closed"] * 3
    assert (renewed(juniper), charges(juniper)) == ([], [])


def test_a_contract_with_a_letter_or_a_try_due_is_left_to_the_steps(three, juniper):
    with workspace(juniper):
        Subscription.objects.update(notice_at=None, notice_for=DUE.replace(hour=0) - timedelta(hours=1))
        Subscription.objects.update(notice_for=None)
        renewal.upcoming(NOON)
        Subscription.objects.filter(pk=three[0].pk).update(notice_at=DUE - timedelta(days=3))
        DunningCase.objects.create(
            subscription=three[1], invoice_id=three[1].id, opened_at=NOON, next_try_at=DUE - timedelta(days=1)
        )
        assert renewing.ready(DUE) == [three[2].id]


def test_where_a_test_clock_was_moved_everything_goes_step_by_step(three, juniper, monkeypatch):
    with workspace(juniper):
        SandboxClock.objects.create(ahead=timedelta(minutes=1))
    monkeypatch.setattr(renewing, "renew_all", None)
    run(juniper)
    assert charges(juniper) == ["succeeded"] * 3


def test_what_waits_for_vies_is_charged_as_a_draft_among_the_others(juniper, monkeypatch):
    monkeypatch.setattr(vies, "post", lambda _path, _wanted: (200, b'{"valid": true, "requestIdentifier": "WAPI"}'))
    with workspace(juniper):
        seller(country="DE", tax_rate=Decimal(19), vat_id="DE123456789", has_oss=True)
    three = [subscribed(juniper) for _each in range(3)]
    with workspace(juniper):
        orders = Order.objects.filter(id=three[1].order_id)
        orders.update(country="IT", company="Rossi", vat_id="IT00743110157", vat_check=VatAnswer.PENDING)
    run(juniper)
    assert renewed(juniper) == [("", "draft", 2900), ("TEST-INV-00004", "paid", 2900), ("TEST-INV-00005", "paid", 2900)]
    with workspace(juniper):
        assert Invoice.objects.get(state="draft").is_waiting
    run_jobs(at=DUE)
    assert [number for number, _state, _paid in renewed(juniper)] == [f"TEST-INV-0000{number}" for number in (4, 5, 6)]


def test_what_could_not_be_sent_in_time_is_not_sent_and_begun_anew(three, juniper, monkeypatch):
    monkeypatch.setattr(rounds, "SEND_WITHIN", timedelta(0))
    run(juniper)
    assert charges(juniper) == ["declined"] * 3 + ["succeeded"] * 3
    with workspace(juniper):
        assert {case.tries for case in DunningCase.objects.all()} == {0}
        assert set(Charge.objects.filter(state="declined").values_list("decline_code", flat=True)) == {"never_arrived"}
        assert SandboxRecord.objects.filter(kind="charge").count() == 6
    assert [state for _number, state, _paid in renewed(juniper)] == ["paid"] * 3


@pytest.mark.django_db(transaction=True)
class TestSomebodyElse:
    def test_a_contract_that_is_held_is_left_until_it_is_free(self, juniper):
        held, free = subscribed(juniper), subscribed(juniper)
        done = threading.Event()
        answers: list[int] = []

        def others() -> None:
            try:
                answers.append(renewing.renew_all(juniper.pk, [held.pk, free.pk], at=DUE))
            finally:
                done.set()
                connection.close()

        with workspace(juniper):
            Subscription.objects.select_for_update().get(pk=held.pk)
            threading.Thread(target=others).start()
            assert done.wait(30)
        assert answers == [1]
        assert [state for _number, state, _paid in renewed(juniper)] == ["paid"]
        run(juniper)
        assert [state for _number, state, _paid in renewed(juniper)] == ["paid", "paid"]

    def test_two_runs_at_once_charge_everybody_once(self, juniper):
        for _each in range(6):
            subscribed(juniper)
        begin = threading.Barrier(2)

        def go() -> None:
            try:
                with clock.fixed(NOON):
                    begin.wait()
                    run(juniper)
            finally:
                connection.close()

        pair = [threading.Thread(target=go) for _each in range(2)]
        for each in pair:
            each.start()
        for each in pair:
            each.join()
        assert [number for number, _state, _paid in renewed(juniper)] == [
            f"TEST-INV-{number:05d}" for number in range(7, 13)
        ]
        assert charges(juniper) == ["succeeded"] * 6


def test_sets_leave_the_books_as_single_steps_do(juniper):
    """Plans and add-ons of any interval, trials, cards that fail or whose answers get lost, resting and cancelled contracts."""
    life = Life(juniper, zone="Europe/Berlin", wall=NOON, tax_rate=Decimal(19))
    for number, terms in enumerate(({}, {"interval_count": 2}, {"minor": 999}, {"trial_days": 7}, {"trial_days": 30})):
        subscribed(juniper, buyer=Buyer(email=f"{number}@example.com", name="Somebody", country="DE"), **terms)
    resting = combined(juniper, "month", "week", "year")
    combined(juniper, "week", "month", number=LOST_TAKEN)
    with workspace(juniper):
        pausing.pause(resting, at=NOON + timedelta(days=1))
        ending = Subscription.objects.order_by("started_at", "id")[0]
        Subscription.objects.filter(pk=ending.pk).update(scheduled_end_at=DUE - timedelta(hours=1))
    for card in (SAVES_THEN_FAILS, INSUFFICIENT, DECLINED):
        charged_by(subscribed(juniper), card)
    life.wall = DUE

    def step_by_step() -> None:
        while True:
            with workspace(juniper):
                step = renewal.upcoming(DUE)
            if step is None:
                return
            renewal.perform(juniper.pk, step, DUE)

    before = life.snapshot().digest()
    one_by_one, in_sets = life.outcome(step_by_step), life.outcome(life.run_due)
    assert before != one_by_one == in_sets
