"""Closing a business and taking it back: customers first, then the doors, then thirty days in which nothing happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.commerce.models import Invoice
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.sellers import SellerClosing
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.hosting.models import Closure, ClosureFact
from plainsail.hosting.services import advancing, closing, retention
from plainsail.hosting.services.closing import CustomersFirst, IsOperator, NothingToReopen
from plainsail.hosting.tests import rows
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import CARD
from plainsail.kernel import due
from plainsail.kernel.models import Due, Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.services import transactional
from plainsail.payments.models import Charge
from plainsail.payments.models import Refund as Repayment
from plainsail.subscriptions.models import PolicyVersion, Subscription
from plainsail.subscriptions.tests.factories import subscribed

DAY = timedelta(days=1)
PAGE = "/w/juniper/settings/closing/"
LOGS = {"hosting.closure", "hosting.closurefact", "accounts.auditentry"}
"""Tables that say what was done; they grow by a closing and its undoing."""


def close(business, *, customers="period_end", at=NOON):
    made = closing.close(business, customers=customers, by=None, email="ada@example.com", at=at)
    advancing.advance.function(workspace_id=business.pk, at=at)
    return made


def standing(business) -> Closure:
    business.refresh_from_db()
    with workspace(business):
        return Closure.objects.order_by("-asked_at").first()


def test_a_business_without_customers_closes_at_once_and_is_to_be_erased_thirty_days_later(juniper, ada):
    close(juniper)
    found = standing(juniper)
    assert (found.state, juniper.state) == ("closing", "closing")
    assert found.erase_at - NOON > 30 * DAY
    assert found.erase_at - NOON <= 31 * DAY


def test_what_the_policies_page_says_is_what_closing_does(juniper, ada, as_ada):
    kept = {"since": 1, "grace_days": 60, "documents_years": 12}
    as_ada.post("/w/juniper/settings/policies/data/", kept)
    assert "taken back for 60 days" in as_ada.get("/w/juniper/settings/policies/").content.decode()
    assert "You have 60 days to change your mind" in as_ada.get(PAGE).content.decode()
    close(juniper)
    found = standing(juniper)
    assert 60 * DAY < found.erase_at - NOON <= 61 * DAY
    assert found.policy["classes"]["invoices"] == found.policy["classes"]["ledger"]
    until = retention.until(found.policy, "invoices", since=NOON, erased_at=NOON, zone="Europe/Berlin")
    assert until.year == 2038
    as_ada.post("/w/juniper/settings/policies/data/", {"since": 2, "grace_days": 7, "documents_years": 10})
    advancing.advance.function(workspace_id=juniper.pk, at=NOON + DAY)
    assert standing(juniper).erase_at == found.erase_at


@pytest.mark.parametrize(("promised", "grace"), [(45, "P45D"), (10, "P30D")])
def test_the_days_that_the_plan_promised_are_the_least(juniper, as_ada, promised, grace):
    with workspace(operator()):
        text = {"version": 2, "grace_days": promised, "documents_years": 10}
        PolicyVersion.objects.create(kind="retention", version=2, text=text, made_at=NOON)
    as_ada.post("/w/juniper/settings/billing/plan/", CARD)
    assert f"You have {grace[1:3]} days to change your mind" in as_ada.get(PAGE).content.decode()
    close(juniper)
    assert standing(juniper).policy["grace"] == grace


def test_books_are_kept_as_long_as_the_law_of_todays_country_asks(juniper, ada):
    with workspace(juniper):
        PolicyVersion.objects.create(
            kind="retention", version=2, text={"version": 2, "grace_days": 30, "documents_years": 6}, made_at=NOON
        )
        assert retention.standing(promised_days=0, at=NOON)["classes"]["invoices"]["keep"] == "P10Y"


def test_closing_twice_is_closing_once(juniper, ada):
    close(juniper)
    close(juniper, at=NOON + DAY)
    with workspace(juniper):
        assert Closure.objects.count() == 1
    assert standing(juniper).closed_at == NOON


def test_taking_it_back_restores_every_row(juniper, ada, outbox):
    subscribed(juniper, minor=2900)
    with workspace(juniper):
        contract = Subscription.objects.get()
        commerce.issued(5000)
        ContactFactory(email="nora@example.com")
    run_jobs()
    end_of(juniper, contract)
    run_jobs()
    before = rows.of(juniper)
    close(juniper)
    assert standing(juniper).state == "closing"
    run_jobs(at=NOON + 10 * DAY)
    closing.reopen(juniper, by=None, at=NOON + 20 * DAY)
    after = rows.of(juniper)
    assert {label for label in after if after[label] != before.get(label)} <= LOGS
    assert all(before[label].items() <= after[label].items() for label in before)
    assert standing(juniper).state == "open"


def end_of(business, contract):
    """The contract is over before the test begins."""
    from plainsail.subscriptions.services import ending

    with workspace(business):
        ending.end(contract, reason=Subscription.EndReason.CANCELLED, at=NOON)


def test_it_can_be_closed_again_after_it_was_taken_back(juniper, ada):
    close(juniper)
    closing.reopen(juniper, by=None, at=NOON + DAY)
    close(juniper, at=NOON + 2 * DAY)
    assert standing(juniper).state == "closing"
    with workspace(juniper):
        assert Closure.objects.count() == 2


def test_there_is_nothing_to_take_back_in_an_open_business(juniper):
    with pytest.raises(NothingToReopen):
        closing.reopen(juniper, by=None, at=NOON)


def test_the_operators_own_business_is_not_closed_from_inside(db):
    with pytest.raises(IsOperator):
        closing.close(operator(), customers="now", by=None, email="", at=NOON)


def test_what_happened_can_not_be_changed(juniper):
    from django.db import IntegrityError, transaction

    close(juniper)
    with workspace(juniper):
        for change in (lambda: ClosureFact.objects.update(kind="x"), lambda: ClosureFact.objects.all().delete()):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()


# Winding down: a monthly customer, an annual one, one in a trial (billing notes, scenario e).


@pytest.fixture
def three_customers(juniper, ada, outbox):
    subscribed(juniper, minor=2900, buyer=Buyer(email="monthly@example.com", name="M", country="DE"))
    with workspace(juniper):
        yearly = commerce.offer("Year", 12000, interval="year")
        trial = commerce.monthly("Trial", 1900, trial_days=14)
    at = NOON
    commerce.bought(juniper, yearly, at=at, buyer=Buyer(email="annual@example.com", name="A", country="DE"))
    commerce.bought(juniper, trial, at=at, buyer=Buyer(email="trial@example.com", name="T", country="DE"))
    run_jobs()
    return juniper


def test_customers_are_served_until_what_they_paid_for_is_over_and_charged_never_again(three_customers, outbox):
    business = three_customers
    with workspace(business):
        charged, invoiced = Charge.objects.count(), Invoice.objects.count()
    later = NOON + 20 * DAY
    close(business, at=later - 10 * DAY)
    assert standing(business).state == "winding_down"
    assert business.state == "open"
    run_jobs(at=later)
    letters = {mail["To"] for mail in outbox if mail["Subject"].startswith("Cancelled")}
    assert letters == {"monthly@example.com", "annual@example.com", "trial@example.com"}
    for days in range(21, 400, 30):
        run_jobs(at=NOON + days * DAY)
    with workspace(business):
        assert (Charge.objects.count(), Invoice.objects.count()) == (charged, invoiced)
        ends = {
            one.account.email: (one.scheduled_end_at - NOON).days
            for one in Subscription.objects.select_related("account")
        }
        assert {one.end_reason for one in Subscription.objects.all()} == {"seller_closed"}
    assert 29 <= ends["monthly@example.com"] <= 31
    assert 364 <= ends["annual@example.com"] <= 366
    assert ends["trial@example.com"] <= 14
    run_jobs(at=NOON + 400 * DAY)
    assert standing(business).state == "closing"


def test_ending_now_pays_back_what_is_not_served(three_customers, outbox):
    business = three_customers
    at = NOON + 20 * DAY
    run_jobs(at=at)
    close(business, customers="now", at=at)
    run_jobs(at=at)
    with workspace(business):
        assert not Subscription.objects.filter(ended_at=None).exists()
        back = {one.amount_minor for one in Repayment.objects.all()}
        assert {one.state for one in Repayment.objects.all()} == {"succeeded"}
    # Ten of thirty days of the month, 345 of 365 of the year; the trial ended on the fourteenth day and was charged once.
    assert min(back) > 900
    assert max(back) == 12000 * 345 // 365 + 1 or max(back) == round(12000 * 345 / 365)
    run_jobs(at=at + timedelta(hours=1))
    assert standing(business).state == "closing"


def test_a_choice_that_is_better_for_customers_takes_the_former_ones_place_and_never_the_other_way(three_customers):
    business = three_customers
    close(business)
    close(business, customers="now", at=NOON + DAY)
    with workspace(business):
        assert not Subscription.objects.filter(ended_at=None).exists()
    close(business, customers="period_end", at=NOON + 2 * DAY)
    assert standing(business).customers == "now"


def test_taking_it_back_while_winding_down_keeps_the_contracts(three_customers, outbox):
    business = three_customers
    close(business)
    run_jobs()
    closing.reopen(business, by=None, at=NOON + DAY)
    run_jobs(at=NOON + DAY)
    with workspace(business):
        assert [one.scheduled_end_at for one in Subscription.objects.all()] == [None, None, None]
    assert len([mail for mail in outbox if mail["Subject"].startswith("Your contract goes on")]) == 3
    run_jobs(at=NOON + 31 * DAY)
    with workspace(business):
        assert Charge.objects.filter(created_at__gt=NOON + 20 * DAY).exists()


def test_a_customer_can_not_take_the_end_back(three_customers):
    from plainsail.subscriptions.services import cancellation
    from plainsail.subscriptions.services.cancellation import NothingToUndo

    close(three_customers)
    with workspace(three_customers):
        for contract in Subscription.objects.all():
            with pytest.raises(NothingToUndo):
                cancellation.undo(contract, by="customer", at=NOON + DAY)


def test_nothing_more_is_sold(three_customers, site_client):
    close(three_customers)
    with workspace(three_customers):
        sold = commerce.offer("Bowl", 4000)
    with pytest.raises(SellerClosing):
        commerce.placed(three_customers, sold)
    page = site_client.get(f"/checkout/{sold.slug}/")
    assert page.status_code == 409
    assert b"sell any more" in page.content


def test_a_seller_that_closes_issues_no_renewal_invoice(juniper, ada, outbox):
    from plainsail.commerce.services import sellers

    subscribed(juniper)
    run_jobs()
    with workspace(juniper):
        sellers.stop_selling(sellers.of_workspace(at=NOON))
        before = Invoice.objects.count()
    run_jobs(at=NOON + 70 * DAY)
    with workspace(juniper):
        assert Invoice.objects.count() == before
        assert Subscription.objects.get().end_reason == "seller_closed"


# The grace.


def test_in_the_grace_due_work_waits_and_comes_when_it_is_taken_back(juniper):
    with workspace(juniper):
        due.schedule("mail.departures", NOON + DAY)
    close(juniper)
    assert {kind for _id, kind in due.claim(at=NOON + 2 * DAY)} <= {"hosting.closure"}
    assert Due.objects.filter(workspace=juniper, kind="mail.departures").get().due_at == NOON + DAY
    closing.reopen(juniper, by=None, at=NOON + 3 * DAY)
    assert (juniper.pk, "mail.departures") in due.claim(at=NOON + 3 * DAY)


def test_in_the_grace_no_mail_leaves(juniper, ada, outbox):
    from plainsail.mail.services.letters import letter

    close(juniper)
    with workspace(juniper):
        html, text = letter("Hello", ["Hello"])
        transactional.send("test.hello", to="x@example.com", subject="Held", text=text, html=html, key="1", at=NOON)
    run_jobs(at=NOON + timedelta(minutes=30))
    assert [mail["Subject"] for mail in outbox if mail["Subject"] == "Held"] == []
    closing.reopen(juniper, by=None, at=NOON + DAY)
    run_jobs(at=NOON + DAY)
    assert [mail["Subject"] for mail in outbox if mail["Subject"] == "Held"] == ["Held"]


def test_visitors_read_that_the_site_is_closed_until_it_is_taken_back(juniper, site_client):
    assert site_client.get("/").status_code != 410
    close(juniper)
    assert site_client.get("/").status_code == 410
    assert site_client.post("/f/x/").status_code == 410
    closing.reopen(juniper, by=None, at=NOON + DAY)
    assert site_client.get("/").status_code != 410


def test_the_owner_is_told_at_once_a_week_before_and_with_a_certificate_at_the_end(juniper, ada, outbox):
    close(juniper)
    for days in range(1, 33):
        run_jobs(at=NOON + days * DAY)
    subjects = [mail["Subject"] for mail in outbox if mail["To"] == "ada@example.com"]
    assert subjects[0] == "Juniper Pottery Studio is closed"
    assert "will be erased on" in subjects[1]
    assert subjects[2] == "Juniper Pottery Studio is erased"
    assert len(subjects) == 3
    assert standing(juniper).state == "erased"


def test_the_plan_of_this_installation_ends_with_the_time_paid_for(juniper, as_ada, outbox):
    seller = operator()
    as_ada.post("/w/juniper/settings/billing/plan/", CARD)
    close(juniper, at=NOON + DAY)
    with workspace(seller):
        assert Subscription.objects.get().scheduled_end_at is not None
    closing.reopen(juniper, by=None, at=NOON + 2 * DAY)
    with workspace(seller):
        assert Subscription.objects.get().scheduled_end_at is None


# Views.


def test_the_page_names_the_three_acts_the_customers_and_what_is_kept(three_customers, as_ada):
    page = as_ada.get(PAGE)
    words = page.content.decode()
    for needed in ("Take everything along", "Close the business", "Erase everything now", "3 contracts", "€120.00"):
        assert needed in words
    assert "Invoices and credit notes" in words
    assert 'name="sure"' not in words


def test_the_owner_closes_looks_and_takes_it_back(juniper, as_ada):
    assert as_ada.post(f"{PAGE}closure/").status_code == 302
    assert as_ada.post(f"{PAGE}closure/").status_code == 302
    assert b"Your business closed on" in as_ada.get(PAGE).content
    assert b"nothing can be changed" in as_ada.get("/w/juniper/contacts/").content
    refused = as_ada.post("/w/juniper/settings/business/", {"name": "Other"})
    assert refused.status_code == 409
    assert as_ada.post(f"{PAGE}closure/undo/").status_code == 302
    assert Workspace.objects.get(slug="juniper").state == "open"
    with workspace(juniper):
        assert Closure.objects.count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_only_the_owner_closes(juniper, as_ben, ben, role):
    Membership.objects.filter(user=ben).update(role=role)
    assert as_ben.get(PAGE).status_code == 403
    for path in ("closure/", "closure/undo/", "erasure/", "exports/", "refunds/"):
        assert as_ben.post(PAGE + path).status_code == 403
    with workspace(juniper):
        assert not Closure.objects.exists()


def test_nothing_happens_on_get(juniper, as_ada):
    for path in ("closure/", "closure/undo/", "erasure/", "exports/", "refunds/"):
        assert as_ada.get(PAGE + path).status_code == 405
    assert as_ada.get(PAGE + "?customers=now&sure=on").status_code == 200
    with workspace(juniper):
        assert not Closure.objects.exists()


def test_erasing_asks_for_the_box_and_the_password(juniper, as_ada, ada):
    ada.set_password("correct horse")
    ada.save()
    as_ada.force_login(ada)
    for values in ({}, {"sure": "on"}, {"password": "correct horse"}, {"sure": "on", "password": "wrong"}):
        assert as_ada.post(f"{PAGE}erasure/", values).status_code == 422
    with workspace(juniper):
        assert not Closure.objects.exists()
    gone = as_ada.post(f"{PAGE}erasure/", {"sure": "on", "password": "correct horse"})
    assert gone["Location"].startswith("/erased/")
    again = as_ada.post(f"{PAGE}erasure/", {"sure": "on", "password": "correct horse"})
    assert again["Location"] == gone["Location"]
    assert b"Being erased" in as_ada.get(gone["Location"]).content
    run_jobs()
    assert b"Certificate of erasure" in as_ada.get(gone["Location"]).content
    assert as_ada.get(f"{gone['Location']}certificate.pdf").content[:5] == b"%PDF-"
    assert as_ada.get(PAGE).status_code == 404


def test_erasing_with_running_contracts_leads_to_closing_first(juniper, ada):
    subscribed(juniper)
    with pytest.raises(CustomersFirst):
        closing.ask_erasure(juniper, by=ada, email=ada.email, at=NOON)


def test_an_erasure_that_was_asked_for_has_a_day_by_which_it_is_answered(juniper, ada, outbox):
    subscribed(juniper)
    close(juniper)
    asked = closing.ask_erasure(juniper, by=ada, email=ada.email, at=NOON + DAY)
    assert str(asked.answer_by) == "2026-12-24"
    advancing.advance.function(workspace_id=juniper.pk, at=NOON + DAY)
    assert standing(juniper).state == "winding_down"
    for days in range(2, 36, 3):
        run_jobs(at=NOON + days * DAY)
    assert standing(juniper).state == "erased"


def test_who_asked_to_be_erased_hears_within_the_month_what_it_waits_for(juniper, ada, outbox):
    with workspace(juniper):
        yearly = commerce.offer("Year", 12000, interval="year")
    commerce.bought(juniper, yearly, at=NOON)
    run_jobs()
    close(juniper)
    closing.ask_erasure(juniper, by=ada, email=ada.email, at=NOON)
    for days in range(1, 40, 2):
        run_jobs(at=NOON + days * DAY)
    (letter,) = [mail for mail in outbox if mail["Subject"] == "Juniper Pottery Studio can’t be erased yet"]
    words = letter.get_body(("plain",)).get_content()
    assert "1 contract with a customer of yours still runs." in words


def test_the_grace_is_counted_in_whole_days_of_the_business():
    at = NOON.replace(hour=23, minute=30)
    assert (
        retention.after(retention.POLICY, "grace", at, zone="Europe/Berlin").isoformat().startswith("2026-12-24T23:00")
    )
