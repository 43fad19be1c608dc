"""A purchase through the services: paid once whatever happens in between, with consent, invoice, books and access."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection

from plainsail.commerce import queries, sockets
from plainsail.commerce.models import Invoice, Offer, Order, OrderLine
from plainsail.commerce.services import checkout, collecting, sellers
from plainsail.commerce.services.checkout import NotSold, StaleAttempt, TooManyTries
from plainsail.commerce.services.sellers import SellerClosing
from plainsail.commerce.sockets import Recurring
from plainsail.commerce.tests.factories import MAREN, NOON, bought, euros, monthly, offer, pay, placed, seller
from plainsail.contacts.models import Contact
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.kernel.registry import Registry
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, SandboxRecord
from plainsail.payments.services import charging
from plainsail.payments.services.charging import ChargeUnderway
from plainsail.payments.tests.factories import (
    CHECKED_ALWAYS,
    CHECKED_ONCE,
    DECLINED,
    LOST_DECLINED,
    LOST_TAKEN,
    NEVER_ARRIVES,
)
from plainsail.portal.services import grants


@pytest.fixture
def contracts(monkeypatch):
    """Somebody who looks after contracts, and what they were asked to begin."""
    begun: list[tuple[Order, OrderLine, dict]] = []
    registry: Registry[Recurring] = Registry("commerce.recurring")
    registry.register("tests", Recurring(begin=lambda order, line, **facts: begun.append((order, line, facts))))
    for module in ("checkout", "fulfilling"):
        monkeypatch.setattr(f"plainsail.commerce.services.{module}.RECURRING", registry)
    return begun


def told(of) -> list[str]:
    with workspace(of):
        return list(
            EventRow.objects.filter(name__startswith="commerce.")
            .order_by("created_at", "id")
            .values_list("name", flat=True)
        )


def taken(of) -> int:
    """Minor units that the gateway really took."""
    with workspace(of):
        return sum(
            SandboxRecord.objects.filter(kind="charge", state="succeeded").values_list("amount_minor", flat=True)
        )


def test_a_purchase_leaves_a_paid_order_an_invoice_and_even_books(juniper):
    order = bought(juniper)
    with workspace(juniper):
        invoice = order.invoices.get()
        assert (order.state, order.number, order.total, order.paid_at) == ("paid", "TEST-ORD-00001", euros(17500), NOON)
        assert (invoice.state, invoice.number, invoice.paid_minor) == ("paid", "TEST-INV-00001", 17500)
        assert queries.balances() == {("clearing", "sandbox", "EUR"): 17500, ("revenue", "", "EUR"): -17500}
    assert told(juniper) == [
        "commerce.checkout_started",
        "commerce.invoice_issued",
        "commerce.invoice_paid",
        "commerce.order_paid",
    ]


def test_the_events_of_the_rails_find_everything_done(juniper):
    bought(juniper)
    before = told(juniper)
    run_jobs(at=NOON)
    assert (told(juniper), taken(juniper)) == (before, 17500)


def test_the_consent_is_kept_word_for_word(juniper, contracts):
    with workspace(juniper):
        sold = monthly()
    order = placed(juniper, sold)
    with workspace(juniper):
        consent = Order.objects.get(pk=order.pk).consent
    assert consent.text == (
        "I subscribe to “Studio club” from Juniper Pottery Studio: €29.00 every month until you cancel. "
        "My card is charged today and then at the start of each period. I can cancel online at any time."
    )
    facts = (consent.amount_minor, consent.currency, consent.interval, consent.ip, consent.user_agent, consent.at)
    assert facts == (2900, "EUR", "month", "203.0.113.9", "Firefox", NOON)


def test_a_buyer_becomes_a_contact_with_access_and_a_receipt(juniper):
    order = bought(juniper)
    run_jobs(at=NOON)
    with workspace(juniper):
        contact = Contact.objects.get(email="maren@example.com")
        product = order.lines.get().product
        assert (contact.first_name, contact.last_name, contact.source) == ("Maren", "Thiessen", "checkout")
        assert contact.memberships.count() == 0
        assert grants.has_access(contact, product.resource_key, at=NOON)
        assert Delivery.objects.filter(source_kind="commerce.receipt", address="maren@example.com").count() == 1


def test_a_decline_leaves_no_number_no_booking_and_room_to_try_again(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    progress = pay(juniper, order, DECLINED)
    assert (progress.state, "declined" in str(progress.words)) == ("declined", True)
    with workspace(juniper):
        assert (Invoice.objects.get().number, queries.balances()) == ("", {})
    names = ["commerce.checkout_started", "commerce.invoice_declined", "commerce.checkout_declined"]
    assert told(juniper) == names
    assert pay(juniper, order).state == "paid"
    with workspace(juniper):
        assert Invoice.objects.get().number == "TEST-INV-00001"


def test_paying_again_takes_no_second_payment(juniper):
    order = bought(juniper)
    assert [pay(juniper, order).state for _again in range(3)] == ["paid"] * 3
    assert taken(juniper) == 17500


def test_placing_again_is_the_same_order_with_what_was_typed_last(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    again = placed(juniper, sold, order_id=order.pk, buyer=replace(MAREN, email="other@example.com", name="Mo"))
    assert (again.pk, again.number, again.email, again.name) == (order.pk, order.number, "other@example.com", "Mo")
    with workspace(juniper):
        assert (Order.objects.count(), Invoice.objects.count()) == (1, 1)
        assert Invoice.objects.get().billing_account_id == again.billing_account_id


def test_a_paid_order_is_not_retyped(juniper):
    order = bought(juniper)
    with workspace(juniper):
        sold = Offer.objects.get()
    again = placed(juniper, sold, order_id=order.pk, buyer=replace(MAREN, email="thief@example.com"))
    assert again.email == "maren@example.com"


def test_an_order_of_another_offer_is_not_taken_over(juniper):
    with workspace(juniper):
        cheap, dear = offer("Cheap", 100), offer("Dear", 99900)
    order = placed(juniper, cheap)
    with pytest.raises(StaleAttempt):
        placed(juniper, dear, order_id=order.pk)


def test_an_attempt_is_for_one_offer_and_one_price(juniper, acme):
    with workspace(juniper):
        one, two = offer("One"), offer("Two")
        token = checkout.new_attempt(one, terms="€1, once")
        assert checkout.read_attempt(token, one).order_id.version == 7
        for forged in (token[:-2], "", "x" * 9000, checkout.new_attempt(two, terms="€1, once")):
            with pytest.raises(StaleAttempt):
                checkout.read_attempt(forged, one)
        one.price = two.price
        with pytest.raises(StaleAttempt):
            checkout.read_attempt(token, one)


def test_other_terms_than_were_shown_are_not_agreed_to(juniper):
    with workspace(juniper):
        sold = offer()
        attempt = checkout.Attempt(new_id(), checkout.digest("I buy it for €1.00, paid once."))
        with pytest.raises(StaleAttempt):
            checkout.place(sold, attempt=attempt, buyer=MAREN, trace=checkout.Trace(), at=NOON)
        assert Order.objects.count() == 0


def test_somebody_else_s_details_are_not_overwritten_by_typing_their_address(juniper):
    bought(juniper)
    with workspace(juniper):
        sold = Offer.objects.get()
    order = placed(juniper, sold, buyer=replace(MAREN, name="Mallory Intruder", company="Evil Ltd"))
    with workspace(juniper):
        account = order.billing_account
        assert (account.name, account.company, order.name) == ("Maren Thiessen", "", "Mallory Intruder")
        assert Contact.objects.get(email="maren@example.com").first_name == "Maren"


def test_after_ten_tries_an_order_is_closed_to_cards(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    for _try in range(10):
        assert pay(juniper, order, DECLINED).state == "declined"
    with pytest.raises(TooManyTries):
        pay(juniper, order)


def test_the_bank_s_check_comes_between(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    progress = pay(juniper, order, CHECKED_ALWAYS)
    assert (progress.state, progress.url[:15]) == ("action", "/checkout/bank/")
    assert checkout.proceed(juniper.pk, order.pk, at=NOON).state == "action"
    answer(juniper, is_approved=True)
    assert checkout.proceed(juniper.pk, order.pk, at=NOON).state == "paid"


def answer(of, *, is_approved: bool) -> None:
    with workspace(of):
        ref = SandboxRecord.objects.get(state="requires_action").ref
    sandbox.authenticate(of.pk, ref, is_approved=is_approved, at=NOON)


def test_another_card_can_be_taken_instead_of_the_bank_s_check(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    pay(juniper, order, CHECKED_ALWAYS)
    assert pay(juniper, order).state == "paid"
    assert taken(juniper) == 17500


def test_approving_at_the_bank_and_then_paying_again_takes_the_money_once(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    pay(juniper, order, CHECKED_ALWAYS)
    answer(juniper, is_approved=True)
    assert pay(juniper, order).state == "paid"
    assert taken(juniper) == 17500


@pytest.mark.parametrize(("number", "state"), [(LOST_TAKEN, "paid"), (LOST_DECLINED, "open"), (NEVER_ARRIVES, "open")])
def test_a_lost_answer_is_found_out_without_the_buyer(juniper, number, state):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    assert pay(juniper, order, number).state == "processing"
    assert pay(juniper, order).state == "processing"
    run_jobs(at=NOON + timedelta(minutes=5))
    with workspace(juniper):
        assert Order.objects.get().state == state
    assert taken(juniper) == (17500 if state == "paid" else 0)


@pytest.mark.parametrize("when", ["before the gateway", "after the gateway", "after the outcome"])
def test_a_process_killed_in_between_takes_the_money_once_or_not_at_all(juniper, monkeypatch, when):
    class Killed(BaseException):
        pass

    def die(*args, **more):
        raise Killed

    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    places = {
        "before the gateway": ("plainsail.payments.gateways.sandbox.Sandbox.charge", die),
        "after the gateway": ("plainsail.payments.services.charging._record", die),
        "after the outcome": ("plainsail.commerce.services.collecting.settle", die),
    }
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(*places[when])
        pay(juniper, order)
    run_jobs(at=NOON + timedelta(minutes=5))
    with workspace(juniper):
        order.refresh_from_db()
        assert (order.state, not Charge.objects.open().exists()) == (
            "open" if when.startswith("before") else "paid",
            True,
        )
    if when.startswith("before"):
        assert pay(juniper, order, at=NOON + timedelta(minutes=6)).state == "paid"
    assert taken(juniper) == 17500
    run_jobs(at=NOON + timedelta(minutes=10))
    assert told(juniper).count("commerce.order_paid") == 1


def test_a_charge_that_succeeds_after_another_did_is_paid_back(juniper):
    """A first charge was thought lost, a second one paid; then the first turns out to have succeeded."""
    order = bought(juniper)
    with workspace(juniper):
        invoice = order.invoices.get()
        late = charging.begin(
            order.method, subject_id=invoice.pk, amount=euros(17500), initiator=Charge.Initiator.CUSTOMER, at=NOON
        )
    collecting.complete(juniper.pk, late.pk, at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert queries.balances() == {("clearing", "sandbox", "EUR"): 17500, ("revenue", "", "EUR"): -17500}
        assert Invoice.objects.get().paid_minor == 17500
        assert sum(SandboxRecord.objects.filter(kind="refund").values_list("amount_minor", flat=True)) == 17500


def test_a_subscription_begins_with_its_item_and_first_period(juniper, contracts):
    with workspace(juniper):
        sold = monthly()
    order = bought(juniper, sold)
    ((begun, line, facts),) = contracts
    assert (begun.pk, facts["payment_method_id"], facts["at"]) == (order.pk, order.method_id, NOON)
    assert (line.period_start, line.period_end) == (date(2026, 11, 23), date(2026, 12, 23))
    with workspace(juniper):
        billed = order.invoices.get().lines.get()
        assert (billed.kind, billed.item_id, billed.period_start) == ("recurring", line.item_id, line.period_start)
        assert queries.balances()["deferred_revenue", "", "EUR"] == -2900


def test_the_first_day_is_the_seller_s_own(juniper, contracts):
    with workspace(juniper):
        sold = monthly()
    late = NOON.replace(hour=23, minute=30)
    bought(juniper, sold, at=late)
    assert contracts[0][1].period_start == date(2026, 11, 24)


def test_a_trial_begins_without_a_charge_once_the_card_is_good(juniper, contracts):
    with workspace(juniper):
        sold = monthly(trial_days=14)
    order = placed(juniper, sold)
    assert pay(juniper, order, DECLINED).state == "declined"
    assert pay(juniper, order).state == "paid"
    ((_order, line, _facts),) = contracts
    assert (line.trial_ends_on, line.period_start, line.gross_minor) == (date(2026, 12, 7), None, 0)
    with workspace(juniper):
        assert (Invoice.objects.count(), Charge.objects.count()) == (0, 0)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Delivery.objects.filter(source_kind="commerce.receipt").count() == 1


def test_a_trial_waits_for_the_bank_s_check(juniper, contracts):
    with workspace(juniper):
        sold = monthly(trial_days=14)
    order = placed(juniper, sold)
    assert pay(juniper, order, CHECKED_ONCE).state == "action"
    assert contracts == []
    answer(juniper, is_approved=True)
    assert checkout.proceed(juniper.pk, order.pk, at=NOON).state == "paid"
    assert len(contracts) == 1


def test_what_is_free_needs_no_card(juniper):
    with workspace(juniper):
        sold = offer("Glaze chart", 0)
    order = placed(juniper, sold)
    assert checkout.pay(juniper.pk, order.pk, fields={}, return_path="/back/", at=NOON).state == "paid"


def test_without_somebody_to_look_after_contracts_none_is_sold(juniper, monkeypatch):
    monkeypatch.setattr(checkout, "RECURRING", Registry("commerce.recurring"))
    with workspace(juniper):
        sold = monthly()
    with pytest.raises(NotSold):
        placed(juniper, sold)
    assert sockets.RECURRING.name == "commerce.recurring"


def test_a_seller_who_stops_starts_no_charge(juniper):
    with workspace(juniper):
        sold = offer()
        waiting = seller()
    order = placed(juniper, sold)
    with workspace(juniper):
        sellers.stop_selling(waiting)
    with pytest.raises(SellerClosing):
        pay(juniper, order)
    with pytest.raises(SellerClosing):
        placed(juniper, sold)


def test_a_closing_business_starts_no_charge(juniper):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    juniper.state = "closing"
    juniper.save()
    with pytest.raises(SellerClosing):
        pay(juniper, order)


def test_money_that_is_there_but_not_booked_yet_is_not_taken_again(juniper, monkeypatch):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    with monkeypatch.context() as interrupted:
        interrupted.setattr(collecting, "enter", lambda workspace_id, done: done)
        pay(juniper, order)
    with pytest.raises(ChargeUnderway):
        pay(juniper, order)
    assert taken(juniper) == 17500
    run_jobs(at=NOON)
    assert pay(juniper, order).state == "paid"
    assert taken(juniper) == 17500


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_five_times_at_once_is_one_order_and_one_payment(juniper):
    with workspace(juniper):
        sold = offer()
        seller()
    order_id, results, together = new_id(), [], threading.Barrier(5)

    def work():
        together.wait()
        try:
            results.append(pay(juniper, placed(juniper, sold, order_id=order_id)).state)
        except ChargeUnderway:
            results.append("processing")
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) <= {"paid", "processing"}
    assert len(results) == 5
    run_jobs(at=NOON + timedelta(minutes=5))
    with workspace(juniper):
        assert [(one.pk, one.state) for one in Order.objects.all()] == [(order_id, "paid")]
    assert taken(juniper) == 17500
