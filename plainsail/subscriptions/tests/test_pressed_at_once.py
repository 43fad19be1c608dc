"""The same button pressed several times at the same moment, from several windows: one outcome, and no error on any of them."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.web import Browser
from plainsail.subscriptions.models import Cancellation, CancellationRequest, CancellationUndo
from plainsail.subscriptions.services import links
from plainsail.subscriptions.tests.factories import subscribed

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(path: str, *, times: int = 5, **values: str) -> set[tuple[int, bool]]:
    """Status of each answer, and whether it leads to a receipt."""
    answers, together = [], threading.Barrier(times)

    def press() -> None:
        together.wait()
        answer = Browser(headers={"host": "juniper.localhost"}).post(path, values)
        answers.append((answer.status_code, answer.headers.get("Location", "").startswith("/cancel/receipt/")))
        connection.close()

    threads = [threading.Thread(target=press) for _each in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return set(answers)


@pytest.mark.parametrize("when", ["period_end", "now"])
def test_cancelling_is_cancelled_once(juniper, when):
    contract = subscribed(juniper)
    with workspace(juniper):
        path = links.cancel_path(contract)
    assert at_once(path, when=when, shown_refund="0") == {(302, True)}
    with workspace(juniper):
        assert Cancellation.objects.count() == 1


def test_taking_back_is_taken_back_once(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        path = links.cancel_path(contract)
    receipt = Browser(headers={"host": "juniper.localhost"}).post(path, {"when": "period_end"})["Location"]
    assert at_once(f"{receipt}undo/") == {(302, True)}
    with workspace(juniper):
        assert CancellationUndo.objects.count() == 1
        assert CancellationRequest.objects.count() == 1
