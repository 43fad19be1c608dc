"""Pausing, moving the next charge, ending later and paying with another card, on their pages. Looking changes nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from plainsail.accounts.models import AuditEntry, Membership
from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery
from plainsail.payments.models import Charge
from plainsail.payments.tests.factories import DECLINED, PAYS, card
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, DateMove, Pause, PolicyVersion, Subscription
from plainsail.subscriptions.services import forgiving, links
from plainsail.subscriptions.tests.factories import charged_by, subscribed

SALES = "/w/juniper/sales/"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
DECLINES = "4000 0000 0000 0341"
GENEROUS = {"version": 2, "by_customers": True, "most_days": 60, "access": "close", "move_days": 10}


@pytest.fixture
def contract(juniper) -> Subscription:
    return subscribed(juniper, minor=3100)


@pytest.fixture
def maren(juniper, contract, site_client):
    with workspace(juniper):
        site_client.cookies["ps_account"] = session_key(customer(MAREN.email))
        PolicyVersion.objects.create(kind="pausing", version=2, text=GENEROUS, made_at=NOON)
    return site_client


def hidden(page: str) -> dict[str, str]:
    return {name: value for name, value in HIDDEN.findall(page) if name != "csrfmiddlewaretoken"}


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.get(pk=contract.pk)


class TestOwnAccount:
    def test_a_pause_is_shown_then_pressed_then_taken_back(self, maren, contract, juniper):
        path = f"/account/subscriptions/{contract.id}/pause/"
        assert f'href="{path}"' in maren.get("/account/").content.decode()
        page = maren.get(f"{path}?resumes_on=2027-01-08").content.decode()
        assert ("€15.00" in page, fresh(contract).state) == (True, "active")
        assert maren.post(path, hidden(page)).status_code == 302
        with workspace(juniper):
            pause = Pause.objects.get()
            assert (pause.by, str(pause.resumes_on), pause.shown_minor) == ("customer", "2027-01-08", 1500)
            assert pause.consent.text in page.replace("&#x27;", "'")
        account = maren.get("/account/").content.decode()
        assert "It goes on by itself on Jan. 8, 2027" in account or "8 January 2027" in account
        back = maren.get(f"{path}end/").content.decode()
        assert "Take the pause back" in back
        maren.post(f"{path}end/", hidden(back))
        assert fresh(contract).state == "active"

    def test_a_day_too_far_is_said_at_its_field(self, maren, contract):
        page = maren.get(f"/account/subscriptions/{contract.id}/pause/?resumes_on=2027-12-01").content.decode()
        assert "A pause ends after the time you have paid for" in page

    def test_the_next_charge_is_moved_as_it_was_shown(self, maren, contract, juniper):
        path = f"/account/subscriptions/{contract.id}/date/"
        page = maren.get(f"{path}?to_on=2026-12-30").content.decode()
        assert ("7 days: €7.23 on" in page, fresh(contract).anchor_on.day) == (True, 23)
        maren.post(path, hidden(page))
        with workspace(juniper):
            move = DateMove.objects.get()
            assert (move.by, move.days, move.consent is not None) == ("customer", "charged", True)

    def test_a_wrong_figure_is_shown_anew_and_changes_nothing(self, maren, contract, juniper):
        answer = maren.post(f"/account/subscriptions/{contract.id}/date/", {"to_on": "2026-12-30", "shown": "x"})
        assert (answer.status_code, "€7.23" in answer.content.decode()) == (422, True)
        with workspace(juniper):
            assert not DateMove.objects.exists()

    def test_what_the_policy_doesnt_allow_isnt_offered_nor_done(self, contract, juniper, site_client):
        with workspace(juniper):
            site_client.cookies["ps_account"] = session_key(customer(MAREN.email))
        assert "/pause/" not in site_client.get("/account/").content.decode()
        page = site_client.get(f"/account/subscriptions/{contract.id}/pause/").content.decode()
        assert "Please write to us" in page
        site_client.post(f"/account/subscriptions/{contract.id}/pause/", {"resumes_on": "2027-01-08"})
        assert fresh(contract).state == "active"

    @pytest.mark.parametrize("page", ["pause/", "pause/end/", "date/"])
    def test_strangers_are_asked_who_they_are(self, contract, site_client, page):
        answer = site_client.get(f"/account/subscriptions/{contract.id}/{page}")
        assert answer["Location"].startswith("/account/sign-in/")


class TestCancelPage:
    def test_a_later_end_is_shown_with_its_charges_before_it_is_pressed(self, contract, juniper, site_client):
        with workspace(juniper):
            path = links.cancel_path(contract)
        wanted = {"when": "later", "end_on": "2027-01-31"}
        page = site_client.post(path, wanted)
        words = page.content.decode()
        assert (page.status_code, "€31.00 on" in words, "€9.00 on" in words) == (200, True, True)
        with workspace(juniper):
            assert not Cancellation.objects.exists()
        done = site_client.post(path, wanted | hidden(words))
        receipt = site_client.get(done["Location"]).content.decode()
        assert "€9.00 on 23 January 2027" in receipt

    def test_a_later_end_needs_its_day(self, contract, juniper, site_client):
        with workspace(juniper):
            path = links.cancel_path(contract)
        answer = site_client.post(path, {"when": "later", "end_on": ""})
        assert (answer.status_code, "Please say on which day." in answer.content.decode()) == (422, True)


class TestStaff:
    def test_staff_pause_and_move_for_a_customer(self, as_ada, contract, juniper):
        base = f"{SALES}subscriptions/{contract.id}/"
        page = as_ada.get(f"{base}date/?to_on=2027-01-05&days=given").content.decode()
        assert "13 days, free of charge" in page
        as_ada.post(f"{base}date/", hidden(page))
        page = as_ada.get(f"{base}pause/?resumes_on=").content.decode()
        as_ada.post(f"{base}pause/", hidden(page))
        shown = as_ada.get(base).content.decode()
        assert ("Until the customer or you say that it goes on" in shown, "days in between: given" in shown) == (
            True,
            True,
        )
        page = as_ada.get(f"{base}pause/end/").content.decode()
        as_ada.post(f"{base}pause/end/", hidden(page))
        assert fresh(contract).state == "active"

    def test_a_letter_can_ask_for_a_later_end(self, as_ada, contract, juniper):
        data = {"received_at": "2026-11-23T12:00", "when": "later", "end_on": "2027-01-31", "note": "A letter"}
        as_ada.post(f"{SALES}subscriptions/{contract.id}/cancellation/", data)
        with workspace(juniper):
            assert str(queries.in_force(contract).effective_at.date()) == "2027-01-31"

    def test_a_viewer_is_offered_none_of_it(self, as_ben, ben, contract):
        Membership.objects.filter(user=ben).update(role="viewer")
        assert "/pause/" not in as_ben.get(f"{SALES}subscriptions/{contract.id}/").content.decode()
        assert as_ben.post(f"{SALES}subscriptions/{contract.id}/pause/").status_code == 403

    def test_the_policy_is_changed_as_a_version(self, as_ada, juniper):
        page = "/w/juniper/settings/policies/pauses/"
        assert as_ada.get(page).status_code == 200
        typed = {"since": 1, "by_customers": "on", "most_days": "400", "access": "keep", "move_days": "14"}
        assert "Between 0 and 366 days." in as_ada.post(page, typed).content.decode()
        as_ada.post(page, typed | {"most_days": "60"})
        words = as_ada.get("/w/juniper/settings/policies/").content.decode()
        assert "Customers can pause by themselves, for 60 days at most." in words


@pytest.fixture
def overdue(juniper, contract) -> Subscription:
    """The first renewal was declined."""
    charged_by(contract, DECLINES)
    clocks.advance(juniper.pk, to=datetime(2026, 12, 23, 12, tzinfo=UTC), at=NOON)
    return contract


class TestUnpaid:
    def test_the_page_says_who_how_much_and_what_comes_next(self, as_ada, overdue, juniper):
        words = as_ada.get(f"{SALES}unpaid/").content.decode()
        with workspace(juniper):
            link = links.pay_path(overdue)
        for part in (overdue.reference, "€31.00", "1 of 4", link, "1 declined at first, 1 still open"):
            assert part in words, part

    def test_nothing_unpaid_is_said(self, as_ada, contract):
        assert "Nothing is unpaid" in as_ada.get(f"{SALES}unpaid/").content.decode()

    def test_trying_now_counts_as_a_try_and_stays_below_the_caps(self, as_ada, overdue, juniper):
        with workspace(juniper):
            case = overdue.dunning_cases.get(closed_at=None)
        as_ada.post(f"{SALES}unpaid/{case.id}/try/")
        with workspace(juniper):
            case.refresh_from_db()
            assert (case.tries, Charge.objects.filter(subject_id=case.invoice_id).count()) == (2, 2)
            charge = Charge.objects.filter(subject_id=case.invoice_id).first()
            for number in range(2):
                Charge.objects.create(
                    account=charge.account,
                    method=charge.method,
                    subject_id=case.invoice_id,
                    amount_minor=3100,
                    currency="EUR",
                    idempotency_key=f"more-{number}",
                    initiator="merchant",
                    state="declined",
                    settled_at=NOON,
                )
        answer = as_ada.post(f"{SALES}unpaid/{case.id}/try/", follow=True)
        assert "as often as is wise" in answer.content.decode()
        with workspace(juniper):
            assert Charge.objects.filter(subject_id=case.invoice_id).count() == 4

    def test_a_good_card_pays_when_it_is_tried_now(self, as_ada, overdue, juniper):
        charged_by(overdue, PAYS)
        with workspace(juniper):
            case = overdue.dunning_cases.get(closed_at=None)
        assert "Paid." in as_ada.post(f"{SALES}unpaid/{case.id}/try/", follow=True).content.decode()
        words = as_ada.get(f"{SALES}unpaid/").content.decode()
        assert ("100 %" in words, "1 renewal" in words) == (True, True)

    def test_stopping_ends_the_contract_as_the_last_try_would(self, as_ada, overdue, juniper):
        with workspace(juniper):
            case = overdue.dunning_cases.get(closed_at=None)
        as_ada.post(f"{SALES}unpaid/{case.id}/end/")
        over = fresh(overdue)
        assert (over.state, over.end_reason) == ("ended", "payment_failed")
        assert "Nothing is open here" in as_ada.post(f"{SALES}unpaid/{case.id}/end/", follow=True).content.decode()

    def test_forgiving_is_shown_first_and_then_owes_nothing_while_the_contract_goes_on(
        self, as_ada, ada, overdue, juniper
    ):
        with workspace(juniper):
            case = overdue.dunning_cases.get(closed_at=None)
        before, path = fresh(overdue), f"{SALES}unpaid/{case.id}/forgiveness/"
        assert path in as_ada.get(f"{SALES}unpaid/").content.decode()
        shown = as_ada.get(path).content.decode()
        assert ("Forgive €31.00" in shown, overdue.reference in shown) == (True, True)
        with workspace(juniper):
            assert not CreditNote.objects.exists()
        assert "Forgiven." in as_ada.post(path, follow=True).content.decode()
        after = fresh(overdue)
        assert (after.state, after.renews_at) == ("active", before.renews_at)
        with workspace(juniper):
            invoice, note = Invoice.objects.get(id=case.invoice_id), CreditNote.objects.get()
            assert (invoice.due.minor, invoice.paid_minor, note.gross_minor, note.payable_minor) == (0, 0, 3100, 0)
            # Never billed anew, whatever comes.
            assert not invoice.lines.filter(is_voided=True).exists()
            entry = AuditEntry.objects.get(action="subscriptions.forgiven")
            assert (entry.person, entry.subject) == (ada, overdue.reference)
            assert Delivery.objects.filter(source_kind="subscriptions.forgiven").count() == 1
        assert "Nothing is open here" in as_ada.post(path, follow=True).content.decode()
        with workspace(juniper):
            assert CreditNote.objects.count() == 1

    def test_what_was_forgiven_did_not_come_in(self, as_ada, overdue, juniper):
        with workspace(juniper):
            forgiving.forgive(overdue.dunning_cases.get().id, by=None, at=NOON)
        words = as_ada.get(f"{SALES}unpaid/").content.decode()
        assert ("0 %" in words, "1 declined at first, 0 still open" in words) == (True, True)

    def test_the_next_period_is_charged_as_ever(self, overdue, juniper):
        with workspace(juniper):
            forgiving.forgive(overdue.dunning_cases.get().id, by=None, at=NOON)
        charged_by(overdue, PAYS)
        clocks.advance(juniper.pk, to=datetime(2027, 1, 23, 12, tzinfo=UTC), at=NOON)
        with workspace(juniper):
            newest = Invoice.objects.order_by("-number").first()
            assert (newest.state, newest.paid_minor) == ("paid", 3100)

    def test_nothing_is_forgiven_while_a_charge_is_under_way(self, overdue, juniper):
        with workspace(juniper):
            case = overdue.dunning_cases.get()
            Charge.objects.filter(subject_id=case.invoice_id).update(state="unknown", settled_at=None)
            with pytest.raises(forgiving.BeingPaid):
                forgiving.forgive(case.id, by=None, at=NOON)

    def test_only_who_manages_contracts_forgives(self, as_ben, as_cleo, overdue, juniper):
        with workspace(juniper):
            case = overdue.dunning_cases.get()
        assert as_ben.post(f"{SALES}unpaid/{case.id}/forgiveness/").status_code == 403
        assert as_cleo.post(f"{SALES}unpaid/{case.id}/forgiveness/").status_code == 404
        with workspace(juniper):
            assert not CreditNote.objects.exists()


class TestPayPage:
    def path(self, contract) -> str:
        with workspace(contract.workspace_id):
            return links.pay_path(contract)

    def test_another_card_pays_what_is_open_and_pays_from_then_on(self, site_client, overdue, juniper):
        path = self.path(overdue)
        page = site_client.get(path).content.decode()
        assert "Pay €31.00" in page
        answer = site_client.post(path, card(PAYS))
        assert answer["Location"] == f"{path}?done=1"
        assert "Nothing is open" in site_client.get(answer["Location"]).content.decode()
        with workspace(juniper):
            paid = Charge.objects.latest("created_at")
            assert (paid.state, paid.initiator) == ("succeeded", "customer")
            assert fresh(overdue).payment_method_id == paid.method_id
            assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
            assert not overdue.dunning_cases.filter(closed_at=None).exists()

    def test_a_declined_card_is_said_and_the_old_one_stays(self, site_client, overdue, juniper):
        before = fresh(overdue).payment_method_id
        answer = site_client.post(self.path(overdue), card(DECLINED))
        assert (answer.status_code, "4000" in answer.content.decode()) == (422, False)
        assert fresh(overdue).payment_method_id == before

    def test_looking_charges_nothing_and_a_wrong_link_leads_nowhere(self, site_client, overdue, juniper):
        with workspace(juniper):
            before = Charge.objects.count()
        site_client.get(self.path(overdue))
        assert site_client.get("/pay/nonsense/").status_code == 404
        with workspace(juniper):
            assert Charge.objects.count() == before

    def test_where_nothing_is_open_the_card_is_just_changed(self, site_client, contract, juniper):
        path = self.path(contract)
        before = fresh(contract).payment_method_id
        assert site_client.post(path, card("5555 5555 5555 4444")).status_code == 302
        assert fresh(contract).payment_method_id != before
        with workspace(juniper):
            assert Charge.objects.count() == 1
