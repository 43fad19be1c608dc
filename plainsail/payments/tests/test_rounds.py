"""A round of charges: asked for once each, some at a time where the gateway is slow, and not at all where it got late."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from plainsail.kernel import clock, tenancy
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways.base import ChargeOutcome
from plainsail.payments.gateways.sandbox import Sandbox
from plainsail.payments.models import Charge, PaymentMethod, SandboxRecord
from plainsail.payments.services import charging, rounds
from plainsail.payments.tests.factories import DECLINED, LOST_TAKEN, NOON, PAYS, saved


@pytest.fixture(autouse=True)
def _noon():
    with clock.fixed(NOON):
        yield


def begun(of, *numbers: str) -> list[Charge]:
    ids = [saved(of, number).pk for number in numbers]
    with workspace(of):
        methods = PaymentMethod.objects.select_related("account").in_bulk(ids)
        wanted = [
            rounds.Wanted(method=methods[key], subject_id=new_id(), amount=Money(2900, "EUR"), descriptor="Juniper")
            for key in ids
        ]
        return rounds.begin(wanted, initiator=Charge.Initiator.MERCHANT, at=NOON)


def test_a_round_is_written_before_and_after(juniper):
    charges = begun(juniper, PAYS, DECLINED, LOST_TAKEN)
    with workspace(juniper):
        assert {one.state for one in Charge.objects.all()} == {"in_flight"}
    done = {one.id: one.state for one in rounds.submit(juniper.pk, charges, at=NOON)}
    assert [done[one.id] for one in charges] == ["succeeded", "declined", "unknown"]
    with workspace(juniper):
        names = juniper.events.filter(name__startswith="payments.").values_list("name", flat=True)
        assert sorted(names) == ["payments.charge_failed", "payments.charge_succeeded"]


def test_a_round_asked_for_twice_charges_once(juniper):
    charges = begun(juniper, PAYS, PAYS)
    for _twice in range(2):
        rounds.submit(juniper.pk, charges, at=NOON)
    with workspace(juniper):
        assert SandboxRecord.objects.filter(kind="charge").count() == 2
        assert juniper.events.filter(name="payments.charge_succeeded").count() == 2


def test_a_slow_gateway_is_asked_for_some_at_a_time_and_never_for_more(juniper, monkeypatch):
    together, most, meeting = 0, 0, threading.Barrier(3, timeout=20)
    lock = threading.Lock()

    def charge(_gateway, _account, request):
        nonlocal together, most
        assert not tenancy.has_workspace()
        assert clock.now() == NOON
        with lock:
            together += 1
            most = max(most, together)
        meeting.wait()
        with lock:
            together -= 1
        return ChargeOutcome(state="succeeded", ref=request.idempotency_key)

    monkeypatch.setattr(Sandbox, "charge", charge)
    monkeypatch.setattr(Sandbox, "capabilities", replace(Sandbox.capabilities, at_once=3))
    done = rounds.submit(juniper.pk, begun(juniper, *[PAYS] * 6), at=NOON)
    assert [one.gateway_ref for one in done] == [one.idempotency_key for one in done]
    assert most == 3


def test_what_was_not_sent_in_time_is_declined_by_nobody(juniper, monkeypatch):
    monkeypatch.setattr(rounds, "SEND_WITHIN", timedelta(0))
    (done,) = rounds.submit(juniper.pk, begun(juniper, PAYS), at=NOON)
    assert (done.state, done.decline_class, done.decline_code) == ("declined", "soft", charging.NEVER_ARRIVED)
    with workspace(juniper):
        assert not SandboxRecord.objects.filter(kind="charge").exists()
