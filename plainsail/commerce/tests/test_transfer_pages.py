"""Bank transfer on screen: set up in Settings, chosen at the checkout, looked after by staff."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from plainsail.commerce import queries
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import receipts, receiving, refunding
from plainsail.commerce.tests.factories import NOON, euros, offer
from plainsail.commerce.tests.test_transfers import DAY, TO, billed, entry, imported, ordered
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Transfer
from plainsail.payments.services import transfers

SETTINGS, SALES = "/w/juniper/settings/payments/bank/", "/w/juniper/sales/transfers/"
URL = "/checkout/full-weekend/"
FILLED = {"holder": "Juniper Kites", "iban": "de89 3704 0044 0532 0130 00", "bic": "", "days": "10", "is_offered": "on"}


@pytest.fixture
def account(juniper):
    with workspace(juniper):
        return transfers.set_up(TO, mode="test", at=NOON)


@pytest.fixture
def on_sale(juniper):
    with workspace(juniper):
        return offer()


def send(client, **changes):
    attempt = re.search(r'name="attempt" value="([^"]+)"', client.get(URL).content.decode())[1]
    buyer = {"email": "maren@example.com", "name": "Maren Thiessen", "country": "DE"}
    return client.post(URL, {"attempt": attempt, **buyer, **changes})


def test_an_owner_enters_the_bank_account(juniper, as_ada):
    answer = as_ada.post(SETTINGS, FILLED, follow=True)
    assert "Offered at the checkout" in answer.content.decode()
    with workspace(juniper):
        kept = transfers.details(transfers.account_of("test"))
    assert (kept.iban, kept.days, kept.gives_at_once) == ("DE89370400440532013000", 10, False)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("iban", "DE88370400440532013000", "check digits"), ("bic", "NOPE", "eight or eleven"), ("days", "0", "greater")],
)
def test_what_is_wrong_with_a_bank_account_is_said_at_the_field(juniper, as_ada, field, value, words):
    answer = as_ada.post(SETTINGS, FILLED | {field: value})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    with workspace(juniper):
        assert transfers.account_of("test") is None


def test_the_checkout_offers_it_once_it_is_set_up(juniper, on_sale, site_client):
    assert 'name="pays_by"' not in site_client.get(URL).content.decode()
    with workspace(juniper):
        transfers.set_up(TO, mode="test", at=NOON)
    assert 'name="pays_by"' in site_client.get(URL).content.decode()


def test_buying_by_transfer_leads_to_the_page_that_says_where_to_send_it(juniper, on_sale, account, site_client):
    answer = send(site_client, pays_by="transfer")
    page = site_client.get(site_client.get(answer["Location"])["Location"])
    words = page.content.decode()
    reference = transfers.shown_reference(billed(juniper).payment_reference)
    assert all(part in words for part in ("DE89 3704 0044 0532 0130 00", reference, "€175.00", "code.svg"))
    assert page["Referrer-Policy"] == "no-referrer"
    with workspace(juniper):
        token = receipts.token_of(Order.objects.get())
    assert site_client.get(f"/transfer/{token}/code.svg")["Content-Type"] == "image/svg+xml"
    assert site_client.get(f"/transfer/{token}/code.png").content.startswith(b"\x89PNG")
    assert site_client.get(f"/transfer/{token}/invoice.pdf").content.startswith(b"%PDF")


def test_a_card_is_still_needed_by_whoever_pays_by_card(juniper, on_sale, account, site_client):
    answer = send(site_client, pays_by="card")
    assert (answer.status_code, answer.content.decode().count("Please fill this in.")) == (422, 6)
    card = {"number": "4242 4242 4242 4242", "expiry": "04/35", "cvc": "123"}
    assert "/receipt/" in send(site_client, pays_by="card", **card)["Location"]


def test_the_page_leads_to_the_receipt_once_it_is_paid(juniper, account, site_client):
    ordered(juniper)
    with workspace(juniper):
        token = receipts.token_of(Order.objects.get())
    imported(juniper, entry(billed(juniper)))
    run_jobs(at=NOON + timedelta(days=2))
    assert "/receipt/" in site_client.get(f"/transfer/{token}/")["Location"]
    receipt = site_client.get(site_client.get(f"/transfer/{token}/")["Location"]).content.decode()
    assert "Bank transfer •••• 3000" in receipt


def test_a_forged_link_leads_nowhere(juniper, account, site_client):
    ordered(juniper)
    assert site_client.get("/transfer/forged/").status_code == 404


def test_staff_see_what_is_awaited_and_note_what_came(juniper, account, as_ada):
    ordered(juniper)
    invoice = billed(juniper)
    assert invoice.payment_reference in as_ada.get(SALES).content.decode()
    path = f"{SALES}awaited/{invoice.pk}/"
    assert as_ada.post(path, {"booked_on": "2026-11-25", "amount": "nothing"}).status_code == 422
    as_ada.post(path, {"booked_on": "2026-11-25", "amount": "175,00", "payer_name": "Maren"})
    assert billed(juniper).state == "paid"
    assert "Nothing is awaited" in as_ada.get(SALES).content.decode()


CAMT = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Ntry><Amt Ccy="EUR">175.00'
    "</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt><NtryDtls><TxDtls><RmtInf>"
    "<Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
)


def test_a_camt_statement_is_read_at_once(juniper, account, as_ada):
    ordered(juniper)
    file = SimpleUploadedFile("s.xml", CAMT.format(billed(juniper).payment_reference).encode())
    answer = as_ada.post(f"{SALES}statement/", {"statement": file}, follow=True)
    assert "1 new payment read, 1 matched." in answer.content.decode()
    assert billed(juniper).state == "paid"


def test_a_csv_is_read_once_its_columns_are_confirmed(juniper, account, as_ada):
    ordered(juniper)
    table = f"Day;What;Sum;Who\n25.11.2026;{billed(juniper).payment_reference};175,00;Maren\n26.11.2026;rent;-9,00;L\n"
    file = SimpleUploadedFile("s.csv", table.encode())
    page = as_ada.post(f"{SALES}statement/", {"statement": file})
    assert (page.status_code, "Which column is what?" in page.content.decode()) == (200, True)
    chosen = {"content": table, "date": "0", "text": "1", "amount": "2", "name": "3", "iban": "-1", "currency": "-1"}
    assert as_ada.post(f"{SALES}statement/columns/", chosen | {"amount": "1"}).status_code == 422
    answer = as_ada.post(f"{SALES}statement/columns/", chosen, follow=True)
    assert "1 new payment read, 1 matched." in answer.content.decode()
    again = as_ada.post(f"{SALES}statement/columns/", chosen, follow=True)
    assert "0 new payments read, 0 matched." in again.content.decode()


def test_a_file_that_is_no_statement_is_refused_in_words(juniper, account, as_ada):
    for content in (b"<x", b"words"):
        answer = as_ada.post(f"{SALES}statement/", {"statement": SimpleUploadedFile("s", content)})
        assert (answer.status_code, "can’t be read as a bank statement" in answer.content.decode()) == (422, True)


def test_money_without_a_reference_is_matched_or_set_aside_by_a_person(juniper, account, as_ada):
    ordered(juniper)
    lost = [transfers_entry(key) for key in ("C/0", "C/1")]
    imported(juniper, *lost)
    with workspace(juniper):
        first, second = Transfer.objects.order_by("key")
    assert "not matched yet" in as_ada.get(SALES).content.decode().lower()
    wrong = as_ada.post(f"{SALES}{first.pk}/invoice/", {"invoice": "R-0"}, follow=True)
    assert "no open invoice" in wrong.content.decode()
    as_ada.post(f"{SALES}{first.pk}/invoice/", {"invoice": billed(juniper).number})
    as_ada.post(f"{SALES}{second.pk}/removal/")
    with workspace(juniper):
        assert sorted(Transfer.objects.values_list("state", flat=True)) == ["credited", "set_aside"]
    assert billed(juniper).state == "paid"


def transfers_entry(key):
    from plainsail.payments.services.statements import Entry

    return Entry(key=key, booked_on=DAY, amount=euros(17500), text="no idea")


def test_refunds_and_credits_are_ticked_off_when_sent(juniper, account, as_ada):
    ordered(juniper)
    imported(juniper, entry(billed(juniper), 20000))
    with workspace(juniper):
        refunding.refund_order(Order.objects.get(), amount=euros(5000), reason="Rain", at=NOON + timedelta(days=2))
    run_jobs(at=NOON + timedelta(days=2))
    page = as_ada.get(SALES).content.decode()
    assert ("NL91ABNA0417164300" in page, "€25.00" in page) == (True, True)
    with workspace(juniper):
        (refund,), (credit,) = queries.refunds_to_send(juniper), queries.customer_credits(juniper)
    as_ada.post(f"{SALES}refunds/{refund.pk}/")
    as_ada.post(f"{SALES}credits/{credit.account.pk}/EUR/")
    with workspace(juniper):
        assert (list(queries.refunds_to_send(juniper)), queries.customer_credits(juniper)) == ([], [])


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_transfers_takes_as_many_queries_for_three_as_for_one(
    juniper, account, as_ada, count, django_assert_max_num_queries
):
    with workspace(juniper):
        sold = offer()
    for _number in range(count):
        ordered(juniper, sold)
    with workspace(juniper):
        assert Invoice.objects.count() == count
    with django_assert_max_num_queries(32):
        as_ada.get(SALES)


def test_an_editor_sees_it_but_moves_no_money(juniper, account, as_ben):
    ordered(juniper)
    page = as_ben.get(SALES).content.decode()
    assert "Import a statement" not in page
    assert as_ben.get(f"{SALES}awaited/{billed(juniper).pk}/").status_code == 403
    with pytest.raises(receiving.NotSetUp):
        receiving.import_entries(juniper.pk, [], mode="live", at=NOON)
