"""Declarations that belong to no contract: an order is paid back, all else is put aside, and nothing is done twice."""

from __future__ import annotations

import pytest

from plainsail.commerce.models import CreditNote
from plainsail.commerce.tests.factories import NOON, bought
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Refund
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import CancellationRequest, SettledRequest
from plainsail.subscriptions.services import declaring, setting_aside
from plainsail.subscriptions.tests.factories import subscribed

INBOX = "/w/juniper/sales/cancellations/"


def withdrawn(of, *, contract: str = "", email: str = "maren@example.com") -> CancellationRequest:
    with workspace(of):
        values = {"name": "Maren", "contract": contract, "email": email}
        made = declaring.declare_publicly(declaring.from_withdrawal_page(values), at=NOON)
    run_jobs(at=NOON)
    return made


def meant(of, notice: CancellationRequest) -> list[str]:
    with workspace(of):
        return [order.number for order in queries.orders_meant(notice, most=5)]


def waiting(of) -> int:
    with workspace(of):
        return queries.unmatched(of).count()


def test_an_order_is_found_by_its_number_its_invoice_s_and_its_address(juniper):
    order = bought(juniper)
    with workspace(juniper):
        number = order.invoices.get().number
    elsewhere = "maren@work.example"
    assert meant(juniper, withdrawn(juniper)) == [order.number]
    assert meant(juniper, withdrawn(juniper, contract=order.number.lower(), email=elsewhere)) == [order.number]
    assert meant(juniper, withdrawn(juniper, contract=number, email=elsewhere)) == [order.number]
    assert meant(juniper, withdrawn(juniper, contract="something", email=elsewhere)) == []


def test_an_order_that_began_a_contract_is_no_order_to_pay_back(juniper):
    contract = subscribed(juniper)
    notice = withdrawn(juniper, contract="another one", email="nobody@example.com")
    with workspace(juniper):
        notice.email = contract.account.email
    assert meant(juniper, notice) == []


def test_paying_an_order_back_credits_all_of_it_and_tells_the_customer_once(juniper, ada, as_ada):
    order, notice = bought(juniper), withdrawn(juniper)
    for status in ("first", "pressed again"):
        answer = as_ada.post(f"{INBOX}{notice.pk}/refund/{order.pk}/")
        assert (status, answer.status_code) == (status, 302)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert CreditNote.objects.get().gross_minor == order.total_minor
        assert Refund.objects.get().amount_minor == order.total_minor
        assert Delivery.objects.filter(source_kind="commerce.refund").count() == 1
        settled = SettledRequest.objects.get()
        assert (settled.order_id, settled.by, settled.settled_at) == (order.pk, ada.email, NOON)
        with pytest.raises(setting_aside.SettledAlready):
            setting_aside.put_aside(notice.pk, words="Advertising", by=ada, at=NOON)
        setting_aside.take_up_again(notice.pk)
    assert waiting(juniper) == 0


def test_what_means_nothing_is_put_aside_with_a_word_and_can_be_taken_up_again(juniper, as_ada):
    notice = withdrawn(juniper, email="spam@example.com")
    assert waiting(juniper) == 1
    refused = as_ada.post(f"{INBOX}{notice.pk}/aside/", {f"{notice.pk}-words": ""})
    assert refused.status_code == 422
    assert "aria-invalid" in refused.content.decode()
    as_ada.post(f"{INBOX}{notice.pk}/aside/", {f"{notice.pk}-words": "Advertising"})
    assert waiting(juniper) == 0
    assert "Advertising" in as_ada.get(INBOX).content.decode()
    as_ada.post(f"{INBOX}{notice.pk}/again/")
    assert waiting(juniper) == 1


def test_a_viewer_and_a_stranger_can_t_pay_anything_back(juniper, acme, as_cleo, client):
    order, notice = bought(juniper), withdrawn(juniper)
    for place in ("juniper", "acme"):
        path = f"/w/{place}/sales/cancellations/{notice.pk}/"
        assert as_cleo.post(f"{path}refund/{order.pk}/").status_code == 404
        assert as_cleo.post(f"{path}aside/", {f"{notice.pk}-words": "x"}).status_code == 404
    with workspace(juniper):
        assert not SettledRequest.objects.exists()


def test_looking_changes_nothing(juniper, as_ada):
    order, notice = bought(juniper), withdrawn(juniper)
    for path in (f"refund/{order.pk}/", "aside/", "again/"):
        assert as_ada.get(f"{INBOX}{notice.pk}/{path}").status_code == 405
    assert waiting(juniper) == 1


def test_an_order_that_the_declaration_can_not_mean_is_not_paid_back(juniper, as_ada):
    contract, notice = subscribed(juniper), withdrawn(juniper, email="somebody@example.com")
    other = bought(juniper)
    for order_id in (contract.order_id, other.pk):
        answer = as_ada.post(f"{INBOX}{notice.pk}/refund/{order_id}/", follow=True)
        assert "mean that order any more" in answer.content.decode()
    with workspace(juniper):
        assert not CreditNote.objects.exists()
    assert waiting(juniper) == 1


def test_a_flood_of_declarations_is_shown_in_pages(juniper, as_ada):
    for number in range(12):
        withdrawn(juniper, email=f"spam-{number}@example.com")
    assert as_ada.get(INBOX).content.decode().count("belongs to no contract yet") == 10
    assert as_ada.get(f"{INBOX}?waiting=2").content.decode().count("belongs to no contract yet") == 2
