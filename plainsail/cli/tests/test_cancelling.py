"""A notice recorded on the command line: the same outcome as at any other door."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plainsail.cli import cancelling
from plainsail.cli.cancelling import CannotCancel, NoSuchContract
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.tests.factories import subscribed


@pytest.fixture(autouse=True)
def noon():
    with clock.fixed(NOON):
        yield


@pytest.fixture
def contract(juniper):
    return subscribed(juniper)


def test_a_preview_says_what_cancelling_does_and_does_nothing(juniper, contract):
    said = cancelling.preview("juniper", contract.reference, when="now", arrived=None, at=NOON)
    assert said.splitlines() == [
        f"{contract.reference} ends on 2026-11-23 13:00 (Europe/Berlin).",
        "€29.00 comes back by 2026-12-07.",
        "Nothing more is charged.",
    ]
    with workspace(juniper):
        assert not CancellationRequest.objects.exists()


def test_a_notice_counts_from_its_arrival(juniper, contract):
    later = NOON + timedelta(days=20)
    with clock.fixed(later):
        said = cancelling.cancel(
            "juniper", contract.reference.lower(), when="now", arrived=NOON, note="By letter", at=later
        )
    with workspace(juniper):
        made = Cancellation.objects.select_related("request", "subscription").get()
        assert (made.request.received_at, made.request.payload["note"]) == (NOON, "By letter")
        assert made.subscription.is_ended
    assert "€29.00 comes back" in said
    assert said.endswith(f"Confirmed as {made.request.reference}.")


def test_a_later_end_is_met_and_says_what_is_still_charged(juniper, contract):
    words = [
        f"{contract.reference} ends on 2027-01-01 00:00 (Europe/Berlin).",
        "Nothing comes back.",
        "€8.42 is charged on 2026-12-23: Studio club.",
        "Nothing else is charged.",
    ]
    asked = {"when": "period_end", "until": date(2026, 12, 31), "arrived": None, "at": NOON}
    assert cancelling.preview("juniper", contract.reference, **asked).splitlines() == words
    assert cancelling.cancel("juniper", contract.reference, note="", **asked).splitlines()[:-1] == words
    with workspace(juniper):
        assert CancellationRequest.objects.get().payload["end_on"] == "2026-12-31"


def test_a_later_end_that_cant_be_had_is_said(juniper, contract):
    asked = {"when": "period_end", "until": date(2040, 1, 1), "arrived": None, "at": NOON}
    said = cancelling.preview("juniper", contract.reference, **asked).splitlines()
    assert (said[0].split()[3], "five years" in said[1], said[-1]) == ("2026-12-23", True, "Nothing more is charged.")


def test_twice_is_once(juniper, contract):
    first, second = (
        cancelling.cancel("juniper", contract.reference, when="period_end", arrived=None, note="", at=NOON)
        for _ in range(2)
    )
    assert first == second
    assert "ends on 2026-12-23 00:00 (Europe/Berlin).\nNothing comes back." in first


def test_what_cant_be_found_or_has_ended_is_said(juniper, acme, contract):
    for slug, number in (("nobody", contract.reference), ("juniper", "S-NONE"), ("acme", contract.reference)):
        with pytest.raises(NoSuchContract):
            cancelling.cancel(slug, number, when="now", arrived=None, note="", at=NOON)
    cancelling.cancel("juniper", contract.reference, when="now", arrived=None, note="", at=NOON)
    with pytest.raises(CannotCancel, match="already ended"):
        cancelling.preview("juniper", contract.reference, when="now", arrived=None, at=NOON)
    with pytest.raises(CannotCancel, match="already ended"):
        cancelling.cancel("juniper", contract.reference, when="now", arrived=None, note="", at=NOON)
