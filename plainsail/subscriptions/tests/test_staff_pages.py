"""Contracts and cancellations on the staff's screens: nothing is out of reach, and nobody is offered what the role can't do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.accounts.models import Membership
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.services import declaring
from plainsail.subscriptions.tests.factories import subscribed

SALES = "/w/juniper/sales/"


@pytest.fixture
def contract(juniper):
    return subscribed(juniper)


@pytest.fixture
def notice(juniper) -> CancellationRequest:
    """A declaration that names no contract."""
    with workspace(juniper):
        said = {"name": "Maren", "contract": "my pottery club", "email": "who@example.com", "kind": "ordinary"}
        return declaring.declare(declaring.from_public_page(said), received_at=NOON)


@pytest.fixture
def as_viewer(as_ben, ben):
    Membership.objects.filter(user=ben).update(role="viewer")
    return as_ben


def test_contracts_stand_in_the_room_of_sales_with_its_tabs(contract, as_ada):
    for path in ("subscriptions/", f"subscriptions/{contract.id}/", "cancellations/"):
        page = as_ada.get(SALES + path)
        rooms = {str(link.label): link.is_current for link in page.context["chrome"].menu}
        assert (path, rooms["Sales"], rooms["Home"]) == (path, True, False)
    words = as_ada.get(f"{SALES}subscriptions/").content.decode()
    assert f'href="{SALES}products/"' in words


def test_a_state_without_contracts_says_so_and_leads_back(contract, as_ada):
    words = as_ada.get(f"{SALES}subscriptions/?state=ended").content.decode()
    assert "None in this state" in words
    assert "Show all" in words


def test_an_unknown_state_shows_all(contract, as_ada):
    assert contract.account.email in as_ada.get(f"{SALES}subscriptions/?state=nonsense").content.decode()


def test_every_contract_is_within_reach_page_by_page(juniper, as_ada, monkeypatch):
    monkeypatch.setattr("plainsail.subscriptions.views.staff.PER_PAGE", 1)
    subscribed(juniper)
    with workspace(juniper):
        juniper.offers.all().update(slug="before")
    subscribed(juniper)
    pages = [as_ada.get(f"{SALES}subscriptions/?page={number}").context["page"] for number in (1, 2)]
    assert [len(page.object_list) for page in pages] == [1, 1]


def test_a_viewer_is_offered_nothing_to_press(contract, notice, as_viewer):
    assert "Record a cancellation" not in as_viewer.get(f"{SALES}subscriptions/{contract.id}/").content.decode()
    assert "/match/" not in as_viewer.get(f"{SALES}cancellations/").content.decode()


def test_a_declaration_is_shown_in_words_and_matched_by_a_number_in_any_case(contract, notice, as_ada, juniper):
    assert "Confirmation to" in as_ada.get(f"{SALES}cancellations/").content.decode()
    as_ada.post(f"{SALES}cancellations/{notice.id}/match/", {"subscription": f" {contract.reference.lower()} "})
    with workspace(juniper):
        assert Cancellation.objects.get().request_id == notice.id


@pytest.mark.parametrize("number", ["S-NOTHING", "", "x" * 5000])
def test_a_number_of_no_contract_is_said_and_changes_nothing(contract, notice, as_ada, juniper, number):
    answer = as_ada.post(f"{SALES}cancellations/{notice.id}/match/", {"subscription": number}, follow=True)
    assert "No contract has the number" in answer.content.decode()
    with workspace(juniper):
        assert not Cancellation.objects.exists()


def test_why_people_left_is_told_in_the_words_they_chose(contract, as_ada, juniper):
    with workspace(juniper):
        said = {"when": "period_end", "reason": "unused"}
        door = CancellationRequest.Door.PORTAL
        declaring.declare(declaring.from_confirm_page(said, contract, door=door), received_at=NOON)
    assert "I don’t use it" in as_ada.get(f"{SALES}cancellations/").content.decode()


def test_the_moment_of_arrival_is_offered_to_the_minute(contract, as_ada):
    words = as_ada.get(f"{SALES}subscriptions/{contract.id}/cancellation/").content.decode()
    assert 'value="2026-11-23T12:00"' in words or 'value="2026-11-23T13:00"' in words


@pytest.mark.parametrize(
    ("said", "kind", "day"),
    [
        ({"when": "later", "end_on": "2027-01-31"}, "ordinary", "2027-01-31"),
        ({"when": "withdrawal"}, "withdrawal", "2026-11-23"),
    ],
)
def test_a_notice_is_recorded_with_the_end_that_it_asks_for(contract, as_ada, juniper, said, kind, day):
    path = f"{SALES}subscriptions/{contract.id}/cancellation/"
    assert 'name="end_on"' in as_ada.get(path).content.decode()
    as_ada.post(path, {"received_at": "2026-11-23T13:00", "note": "A letter", **said})
    with workspace(juniper):
        made = Cancellation.objects.select_related("request").get()
        last = local_date(made.effective_at - timedelta(seconds=1), contract.timezone)
        assert (made.request.kind, last.isoformat()) == (kind, day)
