"""The charge loop: one open charge per subject, outcomes only go forward, what got lost is found."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, Dispute, PaymentMethod, SandboxRecord
from plainsail.payments.services import charging, declines, methods
from plainsail.payments.services.charging import ChargeUnderway, MethodUnusable
from plainsail.payments.tests.factories import (
    CHECKED_ALWAYS,
    CHECKED_ONCE,
    DECLINED,
    DISPUTED,
    LOST_DECLINED,
    LOST_TAKEN,
    NEVER_ARRIVES,
    NOON,
    STOLEN,
    attempt,
    card,
    charged,
    saved,
)

MINUTES = timedelta(minutes=1)


def begin(of, method, subject_id, *, at=NOON) -> Charge:
    with workspace(of):
        return charging.begin(
            method,
            subject_id=subject_id,
            amount=Money(2900, "EUR"),
            initiator=Charge.Initiator.CUSTOMER,
            return_path="/back/",
            at=at,
        )


def now(of, charge) -> Charge:
    with workspace(of):
        return Charge.objects.get(pk=charge.pk)


def told(of) -> list[str]:
    with workspace(of):
        return list(
            EventRow.objects.filter(name__startswith="payments.")
            .order_by("created_at", "id")
            .values_list("name", flat=True)
        )


def test_a_charge_is_written_before_and_after(juniper):
    charge = begin(juniper, saved(juniper), new_id())
    assert charge.state == "in_flight"
    done = charging.submit(juniper.pk, charge.pk, at=NOON)
    assert (done.state, done.settled_at, bool(done.gateway_ref)) == ("succeeded", NOON, True)
    assert told(juniper) == ["payments.charge_succeeded"]


def test_submitting_twice_charges_once(juniper):
    charge = begin(juniper, saved(juniper), new_id())
    for _twice in range(2):
        charging.submit(juniper.pk, charge.pk, at=NOON)
    with workspace(juniper):
        assert SandboxRecord.objects.filter(kind="charge").count() == 1


def test_a_second_charge_for_the_same_subject_waits_for_the_first(juniper):
    method, subject_id = saved(juniper), new_id()
    first = begin(juniper, method, subject_id)
    with pytest.raises(ChargeUnderway):
        begin(juniper, method, subject_id)
    charging.submit(juniper.pk, first.pk, at=NOON)
    assert begin(juniper, method, subject_id).state == "in_flight"


def test_a_decline_is_told_with_its_class(juniper):
    charge = charged(juniper, DECLINED)
    assert (charge.state, charge.decline_class, charge.decline_code) == ("declined", "soft", "generic_decline")
    assert told(juniper) == ["payments.charge_failed"]


def test_a_stolen_card_is_never_tried_again(juniper):
    method = saved(juniper, STOLEN)
    attempt(juniper, method)
    with workspace(juniper):
        method = PaymentMethod.objects.get(pk=method.pk)
    with pytest.raises(MethodUnusable):
        attempt(juniper, method)


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [
        (LOST_TAKEN, "succeeded", ""),
        (LOST_DECLINED, "declined", "generic_decline"),
        (NEVER_ARRIVES, "declined", "never_arrived"),
    ],
)
def test_an_unknown_outcome_blocks_the_subject_until_it_is_found_out(juniper, number, state, code):
    method, subject_id = saved(juniper, number), new_id()
    charge = attempt(juniper, method, subject_id=subject_id)
    assert charge.state == "unknown"
    with pytest.raises(ChargeUnderway):
        begin(juniper, method, subject_id)
    run_jobs(at=NOON + 3 * MINUTES)
    found = now(juniper, charge)
    assert (found.state, found.decline_code) == (state, code)


@pytest.mark.parametrize("reached_the_gateway", [True, False])
def test_a_process_killed_around_the_call_leaves_a_charge_that_heals(juniper, reached_the_gateway):
    charge = begin(juniper, saved(juniper), new_id())
    if reached_the_gateway:
        charging.submit(juniper.pk, charge.pk, at=NOON)
        with workspace(juniper):  # as if the answer had never been written down
            Charge.objects.filter(pk=charge.pk).update(state="in_flight", gateway_ref="", settled_at=None)
    run_jobs(at=NOON + 3 * MINUTES)
    assert now(juniper, charge).state == ("succeeded" if reached_the_gateway else "declined")


def test_a_charge_that_waits_for_the_bank_is_finished_when_its_payer_comes_back(juniper):
    charge = charged(juniper, CHECKED_ONCE)
    assert (charge.state, charge.action_url[:15]) == ("requires_action", "/checkout/bank/")
    assert charging.look_up(juniper.pk, charge.pk, at=NOON).state == "requires_action"
    sandbox.authenticate(juniper.pk, charge.gateway_ref, is_approved=True, at=NOON)
    done = charging.look_up(juniper.pk, charge.pk, at=NOON)
    assert (done.state, done.action_url) == ("succeeded", "")


def test_a_payer_who_never_comes_back_is_found_out_all_the_same(juniper):
    charge = charged(juniper, CHECKED_ALWAYS)
    sandbox.authenticate(juniper.pk, charge.gateway_ref, is_approved=True, at=NOON)
    run_jobs(at=NOON + 61 * MINUTES)
    assert now(juniper, charge).state == "succeeded"


def test_a_check_left_undone_for_an_hour_is_given_up(juniper):
    charge = charged(juniper, CHECKED_ALWAYS)
    run_jobs(at=NOON + 61 * MINUTES)
    found = now(juniper, charge)
    assert (found.state, found.decline_class, found.decline_code) == ("declined", "needs_action", "abandoned")


def test_refusing_at_the_bank_declines(juniper):
    charge = charged(juniper, CHECKED_ALWAYS)
    sandbox.authenticate(juniper.pk, charge.gateway_ref, is_approved=False, at=NOON)
    sandbox.authenticate(juniper.pk, charge.gateway_ref, is_approved=True, at=NOON)
    assert charging.look_up(juniper.pk, charge.pk, at=NOON).decline_code == "authentication_failed"


def test_giving_up_after_the_payer_approved_keeps_the_money(juniper):
    charge = charged(juniper, CHECKED_ALWAYS)
    sandbox.authenticate(juniper.pk, charge.gateway_ref, is_approved=True, at=NOON)
    assert charging.give_up(juniper.pk, charge.pk, at=NOON).state == "succeeded"


def test_looking_up_a_settled_charge_changes_and_tells_nothing(juniper):
    charge = charged(juniper)
    for _again in range(3):
        charging.look_up(juniper.pk, charge.pk, at=NOON + MINUTES)
    assert now(juniper, charge).settled_at == NOON
    assert told(juniper) == ["payments.charge_succeeded"]


def test_a_late_success_undoes_a_decline_but_never_the_other_way_round(juniper):
    charge = charged(juniper)
    with workspace(juniper):
        Charge.objects.filter(pk=charge.pk).update(state="declined")
    assert charging.look_up(juniper.pk, charge.pk, at=NOON).state == "succeeded"
    with workspace(juniper):
        SandboxRecord.objects.filter(kind="charge").update(state="declined")
    assert charging.look_up(juniper.pk, charge.pk, at=NOON).state == "succeeded"


def test_a_dispute_is_found_and_noted_once(juniper):
    charge = charged(juniper, DISPUTED)
    for hours in (1, 3):
        run_jobs(at=NOON + timedelta(hours=hours))
    with workspace(juniper):
        assert [(d.charge_id, d.amount_minor, d.state) for d in Dispute.objects.all()] == [(charge.pk, 2900, "open")]
    assert told(juniper).count("payments.dispute_opened") == 1


def test_a_card_is_checked_at_once_where_no_charge_follows(juniper):
    assert saved(juniper, verify=True).state == "usable"
    assert saved(juniper, DECLINED, verify=True).state == "refused"
    waiting = saved(juniper, CHECKED_ONCE, verify=True)
    assert (waiting.state, waiting.is_usable) == ("requires_action", False)
    sandbox.authenticate(juniper.pk, waiting.gateway_ref, is_approved=True, at=NOON)
    assert methods.confirm(juniper.pk, waiting.pk, at=NOON).is_usable
    assert attempt(juniper, methods.confirm(juniper.pk, waiting.pk, at=NOON), initiator="merchant").has_succeeded


def test_a_removed_card_is_forgotten_by_the_gateway_too(juniper):
    method = saved(juniper)
    for _twice in range(2):
        methods.detach(juniper.pk, method.pk, at=NOON)
    with workspace(juniper):
        assert PaymentMethod.objects.usable_by(method.payer_key).count() == 0
        assert SandboxRecord.objects.get(ref=method.gateway_ref).state == "detached"


@pytest.mark.parametrize("code", ["lost_card", "stolen_card"])
def test_nobody_is_told_that_a_card_is_reported_stolen(code):
    assert declines.words("hard", code) == declines.BY_CLASS["hard"]
    assert declines.words("", "") == declines.OTHERWISE


@pytest.mark.django_db(transaction=True)
def test_of_two_charges_begun_at_once_one_is_refused(juniper):
    method, subject_id, results = saved(juniper), new_id(), []

    def pay():
        try:
            charge = begin(juniper, method, subject_id)
            results.append(charging.submit(juniper.pk, charge.pk, at=NOON).state)
        except ChargeUnderway:
            results.append("refused")
        finally:
            connection.close()

    started = begin(juniper, method, subject_id)
    threads = [threading.Thread(target=pay) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["refused", "refused"]
    assert charging.submit(juniper.pk, started.pk, at=NOON).state == "succeeded"


def test_what_is_typed_wrong_is_told_at_its_field(juniper):
    with workspace(juniper):
        account = saved_account()
    with pytest.raises(methods.CardRefused) as refused:
        methods.add(
            juniper.pk,
            account_id=account.pk,
            payer_key=new_id(),
            fields=card(cvc="1"),
            verify=False,
            return_path="/",
            at=NOON,
        )
    assert refused.value.field == "cvc"


def saved_account():
    from plainsail.payments.tests.factories import GatewayAccountFactory

    return GatewayAccountFactory()
