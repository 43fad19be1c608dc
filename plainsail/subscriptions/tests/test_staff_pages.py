"""Contracts and cancellations on the staff's screens: nothing is out of reach, and nobody is offered what the role can't do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plainsail.accounts.models import Membership
from plainsail.commerce.services import invoicing, receipts, refunding
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.services import notices
from plainsail.mail.sockets import NOTICES
from plainsail.payments.tests.factories import INSUFFICIENT
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.services import declaring, dunning, refund_letters, renewal
from plainsail.subscriptions.tests.factories import charged_by, subscribed

SALES = "/w/juniper/sales/"
DAY = timedelta(days=1)


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


def test_contracts_are_found_by_reference_address_and_name(juniper, as_ada):
    ours = subscribed(juniper)
    other = subscribed(juniper, buyer=Buyer(email="jonas@example.com", name="Jonas Weber", country="DE"))

    def found(text: str) -> set[str]:
        page = as_ada.get(f"{SALES}subscriptions/", {"text": text}).content.decode()
        return {one.reference for one in (ours, other) if str(one.id) in page}

    assert found(ours.reference.lower()) == {ours.reference}
    assert found("jonas@") == {other.reference}
    assert found("thiess") == {ours.reference}
    assert found("nobody") == set()
    assert found("%") == set()
    assert found("") == {ours.reference, other.reference}


def test_a_search_counts_what_it_finds_keeps_to_a_state_and_leads_back(juniper, contract, as_ada):
    page = as_ada.get(f"{SALES}subscriptions/", {"text": "maren", "state": "ended"})
    words = page.content.decode()
    assert [number for _key, _label, number in page.context["states"]] == [1, 1, 0, 0]
    assert "No contract found" in words
    assert 'href="?state=running&amp;text=maren"' in words
    assert '<input type="hidden" name="state" value="ended">' in words


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_at_any_length(juniper, as_ada, rows):
    for _each in range(rows):
        subscribed(juniper)
    path = f"{SALES}subscriptions/?text=maren"
    as_ada.get(path)
    with CaptureQueriesContext(connection) as seen:
        as_ada.get(path)
    assert len([one for one in seen if "subscriptions_" in one["sql"]]) == 7


def test_a_contract_shows_that_it_is_paid_and_by_which_card(contract, as_ada):
    words = as_ada.get(f"{SALES}subscriptions/{contract.id}/").content.decode()
    assert [one for one in ("Paid up", "Visa •••• 4242", "good until 04/2030") if one not in words] == []


def test_a_renewal_that_was_declined_is_open_and_leads_to_what_comes_next(juniper, contract, as_ada):
    charged_by(contract, INSUFFICIENT)
    renewal.renew(juniper.pk, contract.pk, at=NOON + 30 * DAY)
    words = as_ada.get(f"{SALES}subscriptions/{contract.id}/").content.decode()
    assert [one for one in ("A payment is open", "€29.00 is open.", f"{SALES}unpaid/") if one not in words] == []
    with workspace(juniper):
        contract.refresh_from_db()
        dunning.give_up(contract, at=NOON + 50 * DAY)
        assert queries.paid_of(contract, at=NOON + 50 * DAY).standing == "uncollectible"


def test_a_bank_transfer_is_no_debt_before_its_day(juniper, contract):
    with workspace(juniper):
        item = contract.items.get()
        line = LineSpec(description="Studio club", unit=euros(2900), item_id=item.id)
        due_on = (NOON + 7 * DAY).date()
        invoicing.issue(contract.account, lines=[line], at=NOON, due_on=due_on)
        stood = [str(queries.paid_of(contract, at=NOON + days * DAY).standing) for days in (7, 8)]
    assert stood == ["current", "past_due"]


def test_what_goes_back_of_a_renewal_is_told_by_a_letter_of_its_own_once(juniper, contract, outbox):
    renewal.renew(juniper.pk, contract.pk, at=NOON + 30 * DAY)
    with workspace(juniper):
        bill = queries.invoices_of(contract).filter(order=None).get()
        refunding.refund_invoice(bill, amount=euros(1000), reason="The kiln was cold", at=NOON + 31 * DAY)
        tell(bill.credit_notes.get())
    run_jobs(at=NOON + 31 * DAY)
    with workspace(juniper):
        tell(bill.credit_notes.get())
        number, receipt = bill.number, receipts.url(bill)
    run_jobs(at=NOON + 32 * DAY)
    [letter] = [mail for mail in outbox if mail["Subject"] == f"Your refund: €10.00 ({contract.reference})"]
    text = letter.get_body(("plain",)).get_content()
    assert [
        one for one in (number, "The kiln was cold", "€10.00 is on its way back to you", receipt) if one not in text
    ] == []


def test_a_business_may_do_without_the_letter_about_a_refund(juniper, contract, outbox):
    renewal.renew(juniper.pk, contract.pk, at=NOON + 30 * DAY)
    with workspace(juniper):
        assert NOTICES["subscriptions.refund"].may_be_silent
        notices.switch("subscriptions.refund", is_on=False)
        bill = queries.invoices_of(contract).filter(order=None).get()
        refunding.refund_invoice(bill, amount=euros(1000), reason="The kiln was cold", at=NOON + 31 * DAY)
    run_jobs(at=NOON + 31 * DAY)
    assert [mail for mail in outbox if mail["Subject"].startswith("Your refund")] == []


def tell(note) -> None:
    refund_letters.tell(note, at=NOON + 31 * DAY)
