"""Receipts of what consumers buy for good tell them of their right to withdraw: on the page, on paper and by mail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.commerce.models import Product
from plainsail.commerce.services import documents, receipts, refunding, withdrawing
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import NOON, bought, euros, monthly, offer
from plainsail.commerce.tests.test_receipts import letter_of
from plainsail.kernel.clock import fixed
from plainsail.kernel.tenancy import workspace

UNTIL = "Until the end of 7 December 2026 you can withdraw from this order"
PAGE = "http://juniper.localhost:8000/withdraw/"


def told(of, order, *, at=NOON) -> list[str]:
    with workspace(of):
        order.refresh_from_db()
        return [note.text for note in withdrawing.of_order(order, at=at)]


def test_the_mail_and_the_page_say_until_when_and_lead_to_where(juniper, site_client):
    order = bought(juniper)
    letter = letter_of(juniper, order)
    assert (UNTIL in letter, PAGE in letter) == (True, True)
    page = site_client.get(f"/receipt/{receipts.token_of(order)}/").content.decode()
    assert (UNTIL in page, f'href="{PAGE}"' in page) == (True, True)


def test_the_invoice_on_paper_says_it_too_while_it_holds(juniper, site_client, monkeypatch):
    order, printed = bought(juniper), []
    really = documents.pdf

    def pdf(document, **said):
        printed.append([note.text for note in said["notes"]])
        return really(document, **said)

    monkeypatch.setattr(documents, "pdf", pdf)
    path = f"/receipt/{receipts.token_of(order)}/invoice.pdf"
    assert site_client.get(path).content.startswith(b"%PDF-")
    with fixed(NOON + timedelta(days=15)):
        assert site_client.get(path).status_code == 200
    assert [[text.startswith(UNTIL) for text in texts] for texts in printed] == [[True], []]


@pytest.mark.parametrize(("days", "is_told"), [(0, True), (14, True), (15, False)])
def test_it_is_said_to_the_end_of_the_fourteenth_day(juniper, days, is_told):
    assert bool(told(juniper, bought(juniper), at=NOON + timedelta(days=days))) is is_told


def test_for_goods_the_time_runs_from_the_day_they_arrive(juniper):
    order = bought(juniper)
    with workspace(juniper):
        Product.objects.update(supply="goods")
    [text] = told(juniper, order, at=NOON + timedelta(days=20))
    assert text.startswith("Until fourteen days after the last of the goods has reached you")


def test_what_takes_place_on_a_day_cant_be_withdrawn_from(juniper):
    order = bought(juniper)
    with workspace(juniper):
        Product.objects.update(supply="local")
    assert told(juniper, order) == []


def test_a_business_isnt_told_of_a_consumers_right(juniper):
    firm = Buyer(email="office@kilnworks.example", name="Kiln Works", company="Kiln Works GmbH", country="DE")
    assert told(juniper, bought(juniper, buyer=firm)) == []


def test_what_was_free_or_is_paid_back_isnt_withdrawn_from(juniper):
    order = bought(juniper)
    with workspace(juniper):
        refunding.refund_order(order, amount=euros(17500), reason="Could not come", at=NOON)
        free = offer("Leaflet", 0)
    assert told(juniper, order) == []
    assert told(juniper, bought(juniper, free)) == []


def test_a_contracts_receipt_says_it_once(juniper):
    with workspace(juniper):
        club = monthly()
    letter = letter_of(juniper, bought(juniper, club))
    assert letter.count("without giving a reason") == 1
    assert "withdraw from this contract" in letter
