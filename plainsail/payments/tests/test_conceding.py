"""A dispute that the business accepts: told to the gateway until it has heard, and then lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways.sandbox import Sandbox
from plainsail.payments.models import Charge, Dispute
from plainsail.payments.services import charging, conceding
from plainsail.payments.tests.factories import DISPUTED, NOON, charged

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def dispute(juniper) -> Dispute:
    charge = charged(juniper, DISPUTED)
    charging.look_up(juniper.pk, charge.pk, at=LATER)
    with workspace(juniper):
        return Dispute.objects.get()


def accept(of, dispute: Dispute) -> bool:
    with workspace(of):
        return conceding.accept(dispute, at=LATER)


def state(of) -> tuple[str, int]:
    with workspace(of):
        decided = EventRow.objects.filter(name="payments.dispute_decided", payload__is_won=False)
        return Dispute.objects.get().state, decided.count()


def test_what_is_accepted_is_lost_as_soon_as_the_gateway_has_heard(juniper, dispute):
    assert accept(juniper, dispute) is True
    run_jobs(at=LATER)
    assert state(juniper) == ("lost", 1)


def test_accepting_twice_and_telling_twice_changes_nothing(juniper, dispute):
    assert (accept(juniper, dispute), accept(juniper, dispute)) == (True, False)
    for _each in range(2):
        conceding.tell(juniper.pk, dispute.pk, at=LATER)
    assert state(juniper) == ("lost", 1)
    assert accept(juniper, dispute) is False


def test_nobody_tells_of_a_dispute_that_wasnt_accepted(juniper, dispute):
    conceding.tell(juniper.pk, dispute.pk, at=LATER)
    assert state(juniper) == ("open", 0)


def test_a_gateway_that_is_silent_is_told_again(juniper, dispute, monkeypatch):
    answers = iter([False, False])
    really = Sandbox.accept_dispute
    monkeypatch.setattr(
        Sandbox, "accept_dispute", lambda *told, **at: next(answers, None) is None and really(*told, **at)
    )
    accept(juniper, dispute)
    run_jobs(at=LATER)
    assert state(juniper) == ("open", 0)
    run_jobs(at=LATER + timedelta(minutes=3))
    run_jobs(at=LATER + timedelta(minutes=30))
    assert state(juniper) == ("lost", 1)
    with workspace(juniper):
        assert Charge.objects.get().has_succeeded
