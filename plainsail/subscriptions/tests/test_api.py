"""Contracts by API: a door like the others, with the same declaration, quote, receipt and mails."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from plainsail.accounts.models import Role
from plainsail.accounts.tests.factories import program
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.subscriptions import api
from plainsail.subscriptions.forms import REASONS
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.services import cancellation
from plainsail.subscriptions.tests.factories import subscribed

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract(juniper):
    return subscribed(juniper)


@pytest.fixture
def shop(juniper):
    return program(juniper, "subscriptions:write")


def declared(juniper):
    with workspace(juniper):
        return list(CancellationRequest.objects.order_by("received_at", "id"))


def test_a_contract_is_read_as_it_stands(shop, contract):
    said = shop.ask("get", f"contracts/{contract.id}").json()
    assert said == shop.ask("get", "contracts").json()["data"][0]
    assert (said["reference"], said["state"], said["customer"]["email"]) == (
        contract.reference,
        "active",
        "maren@example.com",
    )
    assert [(item["role"], item["price"]) for item in said["items"]] == [("base", {"minor": 2900, "currency": "EUR"})]
    assert (said["ends_at"], said["cancellation"]) == (None, None)


def test_contracts_are_asked_for_by_state_address_and_number(shop, contract):
    for question, number in (
        ("state=running", 1),
        ("state=ended", 0),
        ("email=maren@example.com", 1),
        ("email=other@example.com", 0),
        (f"reference={contract.reference.lower()}", 1),
    ):
        assert len(shop.ask("get", f"contracts?{question}").json()["data"]) == number
    assert shop.ask("get", "contracts?state=nonsense").status_code == 422


@pytest.mark.parametrize("when", ["period_end", "now"])
def test_what_is_quoted_is_what_happens(shop, contract, juniper, when):
    path = f"contracts/{contract.id}/cancellation"
    quoted = shop.ask("get", f"{path}/quote?when={when}").json()
    assert declared(juniper) == []
    body = {"when": when, "shown_refund_minor": quoted["refund"]["minor"], "reason": "unused", "feedback": "Thanks"}
    made = shop.ask("post", path, body)
    assert made.status_code == 201
    said = made.json()
    assert (said["effective_at"], said["refund"], said["refund_by"]) == (
        quoted["effective_at"],
        quoted["refund"],
        quoted["refund_by"],
    )
    assert (said["door"], said["received_at"], said["in_force"]) == ("api", "2026-11-23T12:00:00Z", True)
    (request,) = declared(juniper)
    assert (request.reason_code, request.feedback) == ("unused", "Thanks")


def test_the_customer_gets_the_receipt_by_mail(shop, contract, outbox):
    shop.ask("post", f"contracts/{contract.id}/cancellation", {})
    run_jobs()
    assert [mail["To"] for mail in outbox if mail["Subject"] == f"Cancelled: {contract.reference}"] == [
        "maren@example.com"
    ]


def test_cancelling_twice_leaves_one_in_force_and_keeps_both_declarations(shop, contract, juniper):
    path = f"contracts/{contract.id}/cancellation"
    first, second = (shop.ask("post", path, {}) for _twice in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json() == shop.ask("get", path).json()
    with workspace(juniper):
        assert Cancellation.objects.in_force().count() == 1
    assert len(declared(juniper)) == 2


def test_a_repeated_request_with_its_key_is_one_declaration(shop, contract, juniper):
    path = f"contracts/{contract.id}/cancellation"
    first, second = (shop.ask("post", path, {}, idempotency_key="c-1") for _twice in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert len(declared(juniper)) == 1


def test_less_than_was_shown_is_refused(shop, contract, juniper):
    body = {"when": "now", "shown_refund_minor": 10**9}
    answer = shop.ask("post", f"contracts/{contract.id}/cancellation", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "quote_changed")
    assert declared(juniper) == []


def test_what_has_ended_can_not_be_cancelled(shop, contract):
    path = f"contracts/{contract.id}/cancellation"
    shop.ask("post", path, {"when": "now"})
    for method, where in (("post", path), ("get", f"{path}/quote")):
        answer = shop.ask(method, where, {} if method == "post" else None)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_ended")


class TestALaterEnd:
    def test_what_it_costs_is_quoted_confirmed_and_listed(self, shop, contract, juniper):
        path = f"contracts/{contract.id}/cancellation"
        quoted = shop.ask("get", f"{path}/quote?end_on=2026-12-31").json()
        assert quoted["charges"] == [
            {"on": "2026-12-23", "what": "Studio club", "amount": {"minor": 842, "currency": "EUR"}}
        ]
        body = {"end_on": "2026-12-31", "shown_charges": quoted["charges_digest"]}
        made = shop.ask("post", path, body)
        assert made.status_code == 201
        said = made.json()
        assert (said["effective_at"], said["end_answer"], said["charges"]) == (
            quoted["effective_at"],
            "met",
            quoted["charges"],
        )
        assert said["effective_at"] == "2026-12-31T23:00:00Z"
        (request,) = declared(juniper)
        assert (request.payload["end"], request.payload["end_on"]) == ("later", "2026-12-31")

    @pytest.mark.parametrize("shown", ["", "0" * 20])
    def test_charges_that_nobody_was_shown_are_refused(self, shop, contract, juniper, shown):
        body = {"end_on": "2026-12-31", "shown_charges": shown}
        answer = shop.ask("post", f"contracts/{contract.id}/cancellation", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "quote_changed")
        assert declared(juniper) == []

    def test_a_letter_may_ask_for_it(self, shop, contract):
        body = {"received_at": "2026-11-20T10:00:00Z", "end_on": "2026-12-31"}
        said = shop.ask("post", f"contracts/{contract.id}/notices", body).json()
        assert (said["effective_at"], len(said["charges"])) == ("2026-12-31T23:00:00Z", 1)

    def test_one_that_cant_be_had_is_said(self, shop, contract):
        quoted = shop.ask("get", f"contracts/{contract.id}/cancellation/quote?end_on=2040-01-01").json()
        assert (quoted["end_answer"], quoted["charges"]) == ("far", [])

    def test_now_and_later_are_not_both(self, shop, contract, juniper):
        body = {"when": "now", "end_on": "2026-12-31"}
        for method, path, sent in (
            ("post", "cancellation", body),
            ("post", "notices", body | {"received_at": "2026-11-20T10:00:00Z"}),
            ("get", "cancellation/quote?when=now&end_on=2026-12-31", None),
        ):
            answer = shop.ask(method, f"contracts/{contract.id}/{path}", sent)
            assert (answer.status_code, answer.json()["code"]) == (422, "now_or_later")
        assert declared(juniper) == []


def test_a_notice_counts_from_when_it_arrived(shop, contract, juniper):
    renewed_at = NOON + timedelta(days=31)
    clocks.advance(juniper.pk, to=renewed_at, at=NOON)
    arrived = NOON + timedelta(days=20)
    quoted = shop.ask(
        "get", f"contracts/{contract.id}/cancellation/quote?received_at={arrived:%Y-%m-%dT%H:%M:%SZ}"
    ).json()
    body = {"received_at": arrived.astimezone(ZoneInfo("Europe/Berlin")).isoformat(), "note": "A letter"}
    made = shop.ask("post", f"contracts/{contract.id}/notices", body)
    assert made.status_code == 201
    said = made.json()
    assert (said["door"], said["received_at"]) == ("staff", "2026-12-13T12:00:00Z")
    read = shop.ask("get", f"contracts/{contract.id}/cancellation")
    assert (read.json(), read["ETag"]) == (said, made["ETag"])
    assert said["refund"] == quoted["refund"] == {"minor": 2900, "currency": "EUR"}
    (request,) = declared(juniper)
    assert request.payload["note"] == "A letter"


def test_a_letter_may_withdraw_from_the_contract_and_everything_comes_back(shop, contract, juniper):
    arrived = "2026-11-23T12:00:00Z"
    quoted = shop.ask("get", f"contracts/{contract.id}/cancellation/quote?when=withdrawal&received_at={arrived}").json()
    made = shop.ask("post", f"contracts/{contract.id}/notices", {"received_at": arrived, "when": "withdrawal"}).json()
    assert (made["kind"], made["door"], made["effective_at"]) == ("withdrawal", "staff", arrived)
    assert made["refund"] == quoted["refund"] == {"minor": 2900, "currency": "EUR"}


@pytest.mark.parametrize("moment", ["2026-11-23T12:00:01Z", "2999-01-01T00:00:00Z"])
def test_no_notice_arrives_in_the_future(shop, contract, juniper, moment):
    answer = shop.ask("post", f"contracts/{contract.id}/notices", {"received_at": moment})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_arrived_yet")
    assert declared(juniper) == []


@pytest.mark.parametrize(
    "body", [{}, {"received_at": "2026-11-20"}, {"received_at": "2026-11-20T10:00:00"}, {"when": "x"}]
)
def test_a_notice_says_when_it_came(shop, contract, body):
    assert shop.ask("post", f"contracts/{contract.id}/notices", body).status_code == 422


def test_a_notice_older_than_the_contract_counts_from_its_start(shop, contract):
    body = {"received_at": "1990-01-01T00:00:00Z"}
    assert shop.ask("post", f"contracts/{contract.id}/notices", body).status_code == 201


def test_a_cancellation_is_taken_back_once(shop, contract, juniper):
    path = f"contracts/{contract.id}/cancellation"
    made = shop.ask("post", path, {})
    assert shop.ask("get", f"contracts/{contract.id}").json()["ends_at"] == made.json()["effective_at"]
    assert shop.ask("delete", path, if_match='"other"').status_code == 412
    back = shop.ask("delete", path, if_match=made["ETag"])
    assert (back.status_code, back.json()["ends_at"], back.json()["cancellation"]) == (200, None, None)
    again = shop.ask("delete", path)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_undo")
    assert shop.ask("get", path).status_code == 404


def test_every_door_sees_what_the_api_did(shop, contract, juniper, as_ada):
    said = shop.ask("post", f"contracts/{contract.id}/cancellation", {}).json()
    words = as_ada.get("/w/juniper/sales/cancellations/").content.decode()
    assert said["reference"] in words
    with workspace(juniper), clock.fixed(NOON):
        contract.refresh_from_db()
        assert cancellation.undo(contract, by="staff", at=NOON)
    assert shop.ask("get", f"contracts/{contract.id}").json()["cancellation"] is None


def test_reading_is_no_licence_to_cancel(juniper, contract):
    reader = program(juniper, "subscriptions:read")
    viewer = program(juniper, "subscriptions:read", role=Role.VIEWER, name="Viewer")
    for one in (reader, viewer):
        assert one.ask("get", f"contracts/{contract.id}/cancellation/quote").status_code == 200
        assert one.ask("post", f"contracts/{contract.id}/cancellation", {}).status_code == 403
    assert declared(juniper) == []


def test_reasons_are_those_of_the_page():
    assert api.Reason.__args__ == tuple(code for code, _words in REASONS)


@pytest.mark.parametrize("number", [1, 3])
def test_a_page_takes_as_many_queries_for_one_as_for_three(shop, juniper, number, django_assert_num_queries):
    for each in range(number):
        made = subscribed(juniper)
        shop.ask("post", f"contracts/{made.id}/cancellation", {})
        with workspace(juniper):
            juniper.offers.filter(slug="studio-club").update(slug=f"before-{each}")
    shop.ask("get", "contracts")
    with django_assert_num_queries(19):
        shop.ask("get", "contracts")
