"""Refunds that didn't get there: told, listed until the customer has the money, tried again or paid back by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from plainsail.accounts.sockets import AUDIT_ACTIONS
from plainsail.commerce import queries
from plainsail.commerce.models import CreditNote, HandRefund, Invoice, JournalEntry
from plainsail.commerce.services import chasing, refunding, team_letters
from plainsail.commerce.services.chasing import NothingOwed
from plainsail.commerce.tests.factories import NOON, bought, euros
from plainsail.kernel import clock
from plainsail.kernel.events import publish
from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.events import RefundFailed
from plainsail.payments.models import Refund
from plainsail.payments.tests.factories import DISPUTED, FAILING_REFUND

PAGE = "/w/juniper/sales/refunds/"
LATER = NOON + timedelta(minutes=5)


def failed(juniper) -> CreditNote:
    order = bought(juniper, number=FAILING_REFUND)
    with workspace(juniper):
        note = refunding.refund_order(order, amount=euros(17500), reason="Could not come", at=NOON)
    run_jobs(at=NOON)
    run_jobs(at=LATER)
    return note


def owed(juniper) -> list[Money]:
    with workspace(juniper):
        return [one.amount for one in queries.refunds_owed(juniper)]


def test_what_came_back_is_owed_until_it_is_tried_again_and_owed_again_if_that_fails_too(juniper):
    note = failed(juniper)
    assert owed(juniper) == [euros(17500)]
    with workspace(juniper):
        chasing.try_again(note.pk, at=LATER)
    assert owed(juniper) == []
    with workspace(juniper), pytest.raises(NothingOwed):
        chasing.try_again(note.pk, at=LATER)
    run_jobs(at=LATER)
    run_jobs(at=LATER + timedelta(minutes=5))
    assert owed(juniper) == [euros(17500)]


def test_what_is_paid_back_by_hand_evens_the_books_and_says_who_and_how(juniper, ada):
    note = failed(juniper)
    with workspace(juniper):
        made = chasing.paid_by_hand(note.pk, how="Bank transfer", by=ada, at=LATER)
        assert (made.amount, made.how, made.by, made.at) == (euros(17500), "Bank transfer", ada.email, LATER)
        assert queries.balances() == {("clearing", "sandbox", "EUR"): 17500, ("clearing", "by_hand", "EUR"): -17500}
        assert refunding.pay_back(note, at=LATER) == []
        with pytest.raises(NothingOwed):
            chasing.paid_by_hand(note.pk, how="Again", by=ada, at=LATER)
        with pytest.raises(DatabaseError), transaction.atomic():
            HandRefund.objects.update(how="Never")
    assert owed(juniper) == []
    assert "commerce.refunded_by_hand" in AUDIT_ACTIONS


def test_a_refund_that_had_arrived_and_is_sent_back_is_owed_again_once(juniper):
    order = bought(juniper)
    with workspace(juniper):
        refunding.refund_order(order, amount=euros(17500), reason="Could not come", at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert queries.balances() == {}
        Refund.objects.update(state=Refund.State.FAILED, failure_code="lost_or_stolen_card", settled_at=LATER)
        sent_back = Refund.objects.get()
        for _twice in range(2):
            publish(RefundFailed(refund_id=sent_back.id, charge_id=sent_back.charge_id, failure_code="x", at=LATER))
    run_jobs(at=LATER)
    assert owed(juniper) == [euros(17500)]
    with workspace(juniper):
        assert {key[0]: amount for key, amount in queries.balances().items()} == {
            "clearing": 17500,
            "refunds_payable": -17500,
        }
        assert JournalEntry.objects.filter(source_type="refund_returned").count() == 1
        assert EventRow.objects.filter(name="commerce.refund_failed").count() == 1


def test_the_owners_are_told_of_it_where_real_money_moves(juniper, ada, outbox):
    failed(juniper)
    with workspace(juniper):
        invoice = Invoice.objects.select_related("billing_account__workspace").get()
        team_letters.tell_bounced(invoice, euros(17500), refund_id=invoice.pk, at=LATER)
        invoice.mode = "live"
        for _twice in range(2):
            team_letters.tell_bounced(invoice, euros(17500), refund_id=invoice.pk, at=LATER)
        team_letters.tell_disputed(invoice, charge_id=invoice.pk, at=LATER)
        team_letters.tell_accepted(invoice, charge_id=invoice.pk, at=LATER)
    run_jobs(at=LATER)
    told = [(mail["To"], mail["Subject"]) for mail in outbox if mail["To"] == ada.email]
    assert told == [
        (ada.email, "A refund came back: €175.00"),
        (ada.email, "A payment is disputed: €175.00"),
        (ada.email, "A disputed payment goes back: €175.00"),
    ]


def test_the_page_leads_to_both_ways_and_is_empty_afterwards(juniper, as_ada):
    assert "Nothing was paid back yet" in as_ada.get(PAGE).content.decode()
    note = failed(juniper)
    page = as_ada.get(PAGE).content.decode()
    assert [
        words
        for words in ("€175.00", "maren@example.com", "7 December 2026", "the account is closed", note.number)
        if words not in page
    ] == []
    assert as_ada.post(f"{PAGE}{note.pk}/by-hand/", {"how": " "}).status_code == 422
    assert as_ada.post(f"{PAGE}{note.pk}/by-hand/", {"how": "Cash"}).status_code == 302
    assert "Didn’t get there" not in as_ada.get(PAGE).content.decode()
    again = as_ada.post(f"{PAGE}{note.pk}/try/", follow=True).content.decode()
    assert "Nothing of this is open any more" in again


def test_disputes_stand_there_too(juniper, as_ada):
    bought(juniper, number=DISPUTED)
    run_jobs(at=NOON + timedelta(hours=1))
    page = as_ada.get(PAGE).content.decode()
    assert ("Disputed payments" in page, "didn’t pay this" in page) == (True, True)
    assert "Answer by" in page
    with clock.fixed(NOON + timedelta(days=15)):
        assert "The time for an answer is over." in as_ada.get(PAGE).content.decode()


def test_only_who_may_refund_acts_and_strangers_find_nothing(juniper, as_ben, as_cleo):
    note = failed(juniper)
    assert as_ben.post(f"{PAGE}{note.pk}/try/").status_code == 403
    assert as_cleo.post(f"{PAGE}{note.pk}/by-hand/", {"how": "Cash"}).status_code == 404
    assert as_cleo.get(PAGE).status_code == 404
    assert owed(juniper) == [euros(17500)]


def test_looking_changes_nothing(juniper, as_ada):
    note = failed(juniper)
    for path in (f"{note.pk}/try/", f"{note.pk}/by-hand/"):
        assert as_ada.get(PAGE + path).status_code == 405
    assert owed(juniper) == [euros(17500)]
