"""Orders, invoices and the clock by API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.accounts.models import Role
from plainsail.accounts.tests.factories import program
from plainsail.commerce.models import Mode, SandboxClock, Seller
from plainsail.commerce.services import documents, refunding
from plainsail.commerce.tests.factories import NOON, bought, euros, offer, placed, seller
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(juniper):
    return program(juniper, "commerce:write")


def test_an_order_is_read_with_its_lines_and_its_invoice(juniper, books):
    order = bought(juniper)
    said = books.ask("get", f"orders/{order.id}").json()
    assert said == books.ask("get", "orders").json()["data"][0]
    assert (said["number"], said["state"], said["is_test"]) == (order.number, "paid", True)
    assert said["total"] == {"minor": 17500, "currency": "EUR"}
    assert [(line["description"], line["total"]["minor"]) for line in said["lines"]] == [("Full weekend", 17500)]
    invoice = books.ask("get", f"invoices/{said['invoice_ids'][0]}").json()
    assert (invoice["order_id"], invoice["gross"], invoice["due"]["minor"]) == (said["id"], said["total"], 0)


def test_orders_are_asked_for_by_state_and_address(juniper, books):
    order = bought(juniper)
    with workspace(juniper):
        other = offer(name="Other")
    placed(juniper, other)
    for question, number in (("state=paid", 1), ("state=open", 1), ("email=maren@example.com", 2), ("limit=1", 1)):
        assert len(books.ask("get", f"orders?{question}").json()["data"]) == number
    assert books.ask("get", "orders?state=paid").json()["data"][0]["id"] == str(order.id)
    assert books.ask("get", "orders?state=nonsense").status_code == 422


def test_an_invoice_carries_its_document_and_the_seal_that_proves_it(juniper, books):
    bought(juniper)
    listed = books.ask("get", "invoices?state=paid").json()["data"]
    whole = books.ask("get", f"invoices/{listed[0]['id']}").json()
    assert whole["sha256"] == documents.seal(whole["document"])
    assert whole["document"]["number"] == whole["number"]
    assert listed[0].items() <= whole.items()
    assert whole["credit_notes"] == []


def test_what_was_credited_stands_with_the_invoice(juniper, books):
    order = bought(juniper)
    with workspace(juniper):
        note = refunding.refund_order(order, amount=euros(500), reason="Rain", at=NOON)
    whole = books.ask("get", f"invoices/{note.invoice_id}").json()
    assert [(one["number"], one["gross"]["minor"], one["reason"]) for one in whole["credit_notes"]] == [
        (note.number, 500, "Rain")
    ]


def test_drafts_are_no_invoices_yet(juniper, books):
    with workspace(juniper):
        sold = offer()
    placed(juniper, sold)
    assert books.ask("get", "invoices").json()["data"] == []


def test_the_clock_is_read_and_moved_and_what_falls_due_happens(juniper, books):
    with workspace(juniper):
        seller()
    assert books.ask("get", "clock").json() == {"mode": "test", "now": "2026-11-23T12:00:00Z", "ahead_seconds": 0}
    later = NOON + timedelta(days=40)
    moved = books.ask("post", "clock", {"to": later.isoformat()})
    assert moved.status_code == 200
    assert moved.json()["now"] == "2027-01-02T12:00:00Z"
    assert books.ask("get", "clock").json()["ahead_seconds"] == 40 * 86400


@pytest.mark.parametrize("to", ["2026-11-22T12:00:00Z", "2099-01-01T00:00:00Z"])
def test_the_clock_goes_neither_back_nor_for_ages(juniper, books, to):
    with workspace(juniper):
        seller()
    answer = books.ask("post", "clock", {"to": to})
    assert (answer.status_code, answer.json()["code"]) == (409, "clock_goes_forward")


@pytest.mark.parametrize("to", ["tomorrow", "2026-12-01", "2026-12-01T00:00:00", None, 5, "9999-12-31T23:59:59-14:00"])
def test_a_moment_without_its_zone_moves_nothing(juniper, books, to):
    with workspace(juniper):
        seller()
    assert books.ask("post", "clock", {"to": to}).status_code in {409, 422}
    with workspace(juniper):
        assert not SandboxClock.objects.exists()


def test_a_seller_for_real_money_has_no_clock_to_move(juniper, books):
    with workspace(juniper):
        seller()
        Seller.objects.update(mode=Mode.LIVE)
    assert books.ask("get", "clock").json()["mode"] == "live"
    answer = books.ask("post", "clock", {"to": "2026-12-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_test_clock")


def test_reading_the_clock_makes_no_seller(juniper, books):
    assert books.ask("get", "clock").json()["mode"] == "test"
    with workspace(juniper):
        assert not Seller.objects.exists()


def test_moving_the_clock_takes_somebody_who_may_change_settings(juniper):
    editor = program(juniper, "commerce:write", role=Role.EDITOR)
    assert editor.ask("post", "clock", {"to": "2026-12-01T00:00:00Z"}).status_code == 403


def test_the_clock_moved_twice_with_one_key_moves_once(juniper, books):
    with workspace(juniper):
        seller()
    body = {"to": "2026-12-01T00:00:00Z"}
    first, second = (books.ask("post", "clock", body, idempotency_key="1") for _twice in range(2))
    assert first.json() == second.json()
    assert (first.status_code, second["Idempotency-Replayed"]) == (200, "true")


def test_a_clock_that_was_refused_can_be_moved_with_the_same_key(juniper, books):
    with workspace(juniper):
        seller()
    assert books.ask("post", "clock", {"to": "2020-01-01T00:00:00Z"}, idempotency_key="1").status_code == 409
    assert books.ask("post", "clock", {"to": "2026-12-01T00:00:00Z"}, idempotency_key="1").status_code == 200


@pytest.mark.parametrize("number", [1, 3])
def test_a_page_of_orders_takes_as_many_queries_for_one_as_for_three(juniper, books, number, django_assert_num_queries):
    for each in range(number):
        with workspace(juniper):
            sold = offer(name=f"Offer {each}")
        bought(juniper, sold)
    books.ask("get", "orders")
    with django_assert_num_queries(18):
        books.ask("get", "orders")
