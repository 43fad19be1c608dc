"""A declaration about a contract that is cancelled already: kept, answered with the receipt that counts, no work for staff."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.services import declaring
from plainsail.subscriptions.tests.factories import subscribed

LATER = NOON + timedelta(days=20)


def say(of, contract: str, *, kind: str = "ordinary") -> CancellationRequest:
    values = {"name": "Maren", "contract": contract, "email": "maren@example.com"}
    with workspace(of):
        declaration = (
            declaring.from_withdrawal_page(values)
            if kind == "withdrawal"
            else declaring.from_public_page(values | {"kind": kind, "cause": "Fire"})
        )
        made = declaring.declare_publicly(declaration, at=LATER)
    run_jobs(at=LATER)
    return made


def receipts() -> int:
    return Delivery.objects.filter(source_kind="subscriptions.cancellation").count()


@pytest.fixture(params=["period_end", "now"])
def cancelled(juniper, request):
    """A contract that ends, and one that has ended."""
    contract = subscribed(juniper)
    with workspace(juniper):
        data = {"when": request.param, "shown_refund": 0}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON)
    return contract


@pytest.mark.parametrize("kind", ["ordinary", "withdrawal"])
def test_it_is_matched_and_answered_with_the_receipt_in_force(juniper, cancelled, kind):
    made = say(juniper, cancelled.reference, kind=kind)
    with workspace(juniper):
        assert list(queries.unmatched(juniper)) == []
        assert made.repetition.cancellation == Cancellation.objects.get()
        assert receipts() == 2


def test_said_again_and_again_it_is_answered_once_a_day(juniper, cancelled):
    for _time in range(3):
        say(juniper, cancelled.reference)
    with workspace(juniper):
        assert (receipts(), len(queries.unmatched(juniper))) == (2, 0)


def test_the_number_of_an_ended_contract_never_means_another_one_of_the_same_address(juniper, cancelled):
    other = subscribed(juniper, name="Other club")
    say(juniper, cancelled.reference)
    with workspace(juniper):
        assert queries.in_force(other) is None


def test_staff_match_it_to_a_contract_that_has_ended(juniper, cancelled):
    made = say(juniper, "my club", kind="extraordinary")
    with workspace(juniper):
        if cancelled.is_ended:
            declaring.match(made, cancelled, at=LATER)
        assert made.repetition.cancellation.subscription_id == cancelled.id if cancelled.is_ended else True


def test_a_withdrawal_in_time_from_a_contract_that_has_ended_is_for_a_person(juniper):
    contract = subscribed(juniper, at=LATER - timedelta(days=3))
    with workspace(juniper):
        data = {"when": "now", "shown_refund": 0}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=LATER - timedelta(days=2))
    say(juniper, contract.reference, kind="withdrawal")
    with workspace(juniper):
        assert len(queries.unmatched(juniper)) == 1
