"""The checkout page in a browser's hands: honest ones, clumsy ones, hostile ones."""

from __future__ import annotations

import re

import pytest

from plainsail.commerce.models import Order
from plainsail.commerce.services import catalogue, receipts
from plainsail.commerce.tests.factories import NOON, bought, euros, offer
from plainsail.contacts.models import Contact
from plainsail.kernel.crypto import sign
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, SandboxRecord
from plainsail.payments.tests.factories import CHECKED_ALWAYS, DECLINED, LOST_TAKEN

URL = "/checkout/full-weekend/"


@pytest.fixture
def on_sale(juniper):
    with workspace(juniper):
        return offer()


def typed(**changes) -> dict[str, str]:
    fields = {
        "email": "maren@example.com",
        "name": "Maren Thiessen",
        "company": "",
        "country": "DE",
        "number": "4242 4242 4242 4242",
        "expiry": "04/35",
        "cvc": "123",
    }
    return fields | changes


def attempt(client, url: str = URL) -> str:
    return re.search(r'name="attempt" value="([^"]+)"', client.get(url).content.decode())[1]


def send(client, url: str = URL, **changes):
    return client.post(url, {"attempt": attempt(client, url)} | typed(**changes))


def orders(of) -> list[Order]:
    with workspace(of):
        return list(Order.objects.order_by("created_at"))


def taken(of) -> int:
    with workspace(of):
        return sum(
            SandboxRecord.objects.filter(kind="charge", state="succeeded").values_list("amount_minor", flat=True)
        )


def test_the_page_says_what_it_costs_and_fills_itself_in(on_sale, site_client):
    page = site_client.get(URL).content.decode()
    assert page.count("€175.00") >= 3
    for name in ("email", "name", "organization", "country", "cc-number", "cc-exp", "cc-csc"):
        assert f'autocomplete="{name}"' in page
    assert "no money moves" in page


def test_buying_leads_to_the_receipt(juniper, on_sale, site_client):
    answer = send(site_client)
    assert answer.status_code == 302
    receipt = site_client.get(answer["Location"])
    assert (receipt.status_code, "Thank you, Maren Thiessen" in receipt.content.decode()) == (200, True)
    assert [(one.state, one.total) for one in orders(juniper)] == [("paid", euros(17500))]


def test_the_terms_of_a_subscription_stand_before_the_button(juniper, site_client):
    with workspace(juniper):
        offer("Studio club", 2900, interval="month")
    page = site_client.get("/checkout/studio-club/").content.decode()
    terms, button = page.index("€29.00 every month until you cancel"), page.index("Subscribe and pay €29.00")
    assert terms < button


def test_the_receipt_of_a_trial_says_what_is_taken_when_it_ends(juniper, site_client):
    with workspace(juniper):
        offer("Glaze school", 24000, interval="year", trial_days=14)
    receipt = site_client.get(send(site_client, "/checkout/glaze-school/")["Location"]).content.decode()
    assert "Nothing was charged today" in receipt
    assert "The first payment of €240.00 is taken then, unless you cancel before" in receipt


def test_a_decline_is_said_in_plain_words_at_the_card_and_can_be_tried_again(juniper, on_sale, site_client):
    token = attempt(site_client)
    answer = site_client.post(URL, {"attempt": token} | typed(number=DECLINED))
    page = answer.content.decode()
    assert (answer.status_code, "The bank declined the payment" in page) == (422, True)
    assert "0002" not in page
    again = site_client.post(URL, {"attempt": re.search(r'name="attempt" value="([^"]+)"', page)[1]} | typed())
    assert (again.status_code, len(orders(juniper)), taken(juniper)) == (302, 1, 17500)


def test_nobody_tries_out_cards_by_the_dozen(juniper, on_sale, site_client):
    answers = [send(site_client, number=DECLINED).status_code for _card in range(21)]
    assert answers == [422] * 20 + [429]
    assert send(site_client).status_code == 429
    assert taken(juniper) == 0


def test_a_page_that_comes_back_says_why_the_card_is_gone(on_sale, site_client):
    again = "Please type it once more"
    assert again not in site_client.get(URL).content.decode()
    assert again in send(site_client, email="x").content.decode()


def test_no_page_ever_sends_a_card_number_back(on_sale, site_client):
    for changes in ({"email": "x"}, {"cvc": "1"}, {"number": "4111111111111111"}, {"number": DECLINED}):
        page = send(site_client, **changes).content.decode()
        assert "4111111111111111" not in page
        assert 'name="number" value' not in page
        assert 'value="123"' not in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a" * 300 + "@example.com"}, "email"),
        ({"name": ""}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"country": "XX"}, "country"),
        ({"number": "4111 1111 1111 1111"}, "number"),
        ({"number": "9" * 5000}, "number"),
        ({"expiry": "01/20"}, "expiry"),
        ({"cvc": "abc"}, "cvc"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(juniper, on_sale, site_client, changes, field):
    answer = send(site_client, **changes)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert taken(juniper) == 0


@pytest.mark.parametrize(
    "extra",
    [
        {"amount": "1", "total": "1", "price": "1", "unit_minor": "1", "total_minor": "1"},
        {"currency": "JPY", "quantity": "-1", "trial_days": "9999", "interval": ""},
        {"state": "paid", "offer": "00000000-0000-0000-0000-000000000000", "method": "x", "coupon": "100"},
    ],
)
def test_amounts_from_the_browser_count_for_nothing(juniper, on_sale, site_client, extra):
    send(site_client, **extra)
    assert taken(juniper) == 17500


def test_a_form_sent_again_is_the_same_order(juniper, on_sale, site_client):
    token = attempt(site_client)
    answers = [site_client.post(URL, {"attempt": token} | typed()) for _each in range(3)]
    assert len({answer["Location"] for answer in answers}) == 1
    assert (len(orders(juniper)), taken(juniper)) == (1, 17500)


def test_trying_again_what_was_paid_meanwhile_leads_to_its_receipt(juniper, on_sale, site_client):
    receipt = send(site_client)["Location"]
    token = receipt.split("/")[2]
    assert site_client.get(f"{URL}?again={token}")["Location"] == receipt
    assert (len(orders(juniper)), taken(juniper)) == (1, 17500)


def test_a_fresh_form_is_another_order(juniper, on_sale, site_client):
    for token in [attempt(site_client), attempt(site_client)]:
        site_client.post(URL, {"attempt": token} | typed())
    assert (len(orders(juniper)), taken(juniper)) == (2, 35000)


def test_who_goes_back_from_the_receipt_finds_no_form_but_what_has_been_bought(juniper, on_sale, site_client):
    with workspace(juniper):
        offer("Glaze box", 2500)
    receipt = send(site_client)["Location"]
    page = site_client.get(URL).content.decode()
    assert ("You have just bought this" in page, f'href="{receipt}"' in page, "<form" in page) == (True, True, False)
    assert "just bought" not in site_client.get("/checkout/glaze-box/").content.decode()
    site_client.cookies["ps_bought"] = "forged"
    assert "just bought" not in site_client.get(URL).content.decode()


def test_buying_once_more_takes_one_press_more(juniper, on_sale, site_client):
    send(site_client)
    more = re.search(r'href="(\?more=1)"', site_client.get(URL).content.decode())[1]
    assert send(site_client, URL + more).status_code == 302
    assert (len(orders(juniper)), taken(juniper)) == (2, 35000)


@pytest.mark.parametrize(
    "token",
    ["", "x", "x" * 3000, sign("another.purpose", b"{}"), sign("commerce.attempt", b"{}"), "é"],
    ids=lambda value: f"forged-{len(str(value))}",
)
def test_a_forged_attempt_is_shown_the_total_again(juniper, on_sale, site_client, token):
    answer = site_client.post(URL, {"attempt": token} | typed())
    assert answer.status_code in {409, 422}
    assert orders(juniper) == []
    fresh = re.search(r'name="attempt" value="([^"]+)"', answer.content.decode())[1]
    assert site_client.post(URL, {"attempt": fresh} | typed()).status_code == 302


def test_an_attempt_for_another_offer_is_refused(juniper, on_sale, site_client):
    with workspace(juniper):
        offer("Cheap thing", 100)
    cheap = attempt(site_client, "/checkout/cheap-thing/")
    assert site_client.post(URL, {"attempt": cheap} | typed()).status_code == 409
    assert taken(juniper) == 0


def test_a_price_changed_while_the_page_was_open_is_shown_first(juniper, on_sale, site_client):
    token = attempt(site_client)
    with workspace(juniper):
        dearer = catalogue.add_price(
            on_sale.price.product, terms=catalogue.PriceTerms(amount=euros(19900)), at=on_sale.created_at
        )
        on_sale.price = dearer.price
        on_sale.save()
    answer = site_client.post(URL, {"attempt": token} | typed())
    assert (answer.status_code, "€199.00" in answer.content.decode(), taken(juniper)) == (409, True, 0)


def test_another_business_s_offers_and_tokens_are_not_found_here(juniper, acme, on_sale, site_client):
    with workspace(acme):
        offer("Anvil", 5000)
    assert site_client.get("/checkout/anvil/").status_code == 404
    order = bought(acme)
    with workspace(acme):
        token = receipts.token_of(order)
    for path in (
        f"/receipt/{token}/",
        f"/receipt/{token}/invoice.pdf",
        f"/checkout/payment/{token}/",
        f"{URL}?again={token}",
    ):
        assert site_client.get(path).status_code == 404


@pytest.mark.parametrize("slug", ["nothing", "x" * 300, "../../etc", "offer'--"])
def test_what_is_not_sold_is_not_found(juniper, on_sale, site_client, slug):
    assert site_client.get(f"/checkout/{slug}/").status_code == 404


@pytest.mark.parametrize("how", ["closed", "archived"])
def test_what_is_off_sale_is_not_found(juniper, on_sale, site_client, how):
    token = attempt(site_client)
    with workspace(juniper):
        if how == "closed":
            catalogue.change_offer(on_sale, slug=on_sale.slug, is_live=False, at=NOON)
        else:
            catalogue.archive(on_sale.price.product, at=NOON)
    assert site_client.get(URL).status_code == 404
    assert site_client.post(URL, {"attempt": token} | typed()).status_code == 404


def test_markup_in_a_name_stays_text(juniper, on_sale, site_client):
    answer = send(site_client, name="<script>alert(1)</script>\r\nBcc: x@example.com")
    page = site_client.get(answer["Location"]).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_bank_s_check_goes_there_and_back(juniper, on_sale, site_client):
    answer = send(site_client, number=CHECKED_ALWAYS)
    bank = answer["Location"]
    assert bank.startswith("/checkout/bank/")
    back = site_client.post(bank, {"answer": "confirm"})["Location"]
    assert back.startswith("/checkout/payment/")
    assert site_client.get(back)["Location"].startswith("/receipt/")
    assert taken(juniper) == 17500


def test_refusing_at_the_bank_leads_back_to_the_form_with_what_was_typed(juniper, on_sale, site_client):
    bank = send(site_client, number=CHECKED_ALWAYS)["Location"]
    back = site_client.post(bank, {"answer": "refuse"})["Location"]
    page = site_client.get(back).content.decode()
    assert "check wasn’t passed" in page
    again = re.search(r'href="(/checkout/full-weekend/\?again=[^"]+)"', page)[1]
    assert "Maren Thiessen" in site_client.get(again).content.decode()
    assert site_client.post(again, {"attempt": attempt(site_client, again)} | typed()).status_code == 302
    assert (len(orders(juniper)), taken(juniper)) == (1, 17500)


def test_while_the_outcome_is_not_known_one_waits_and_is_not_charged_again(juniper, on_sale, site_client, monkeypatch):
    monkeypatch.setattr("plainsail.payments.gateways.sandbox.Sandbox.fetch_charge", lost)
    answer = send(site_client, number=LOST_TAKEN)
    page = site_client.get(answer["Location"])
    assert (page.status_code, "Just a moment" in page.content.decode()) == (200, True)
    monkeypatch.undo()
    assert site_client.get(answer["Location"])["Location"].startswith("/receipt/")
    assert taken(juniper) == 17500


def lost(*args, **more):
    from plainsail.payments.gateways.base import ChargeOutcome

    return ChargeOutcome(state="unknown")


def test_looking_charges_nothing(juniper, on_sale, site_client):
    site_client.get(URL)
    site_client.head(URL)
    assert orders(juniper) == []


def test_the_page_asks_for_a_constant_number_of_queries(on_sale, site_client, django_assert_max_num_queries):
    site_client.get(URL)
    with django_assert_max_num_queries(16):
        site_client.get(URL)


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_the_words_agreed_to_are_the_words_shown(juniper, on_sale, site_client, locale):
    site_client.defaults["HTTP_ACCEPT_LANGUAGE"] = locale
    page = site_client.get(URL).content.decode().replace("&#x27;", "'")
    assert send(site_client).status_code == 302
    with workspace(juniper):
        assert Order.objects.get().consent.text in page


@pytest.mark.parametrize(
    ("language", "button", "total"),
    [
        ("de", "Zahlungspflichtig bestellen (175,00\xa0€)", "Heute zu zahlen"),
        ("fr", "Commander et payer 175,00\xa0€", "Total à payer aujourd’hui"),
    ],
)
def test_the_page_speaks_the_buyers_language_and_so_does_the_invoice(
    juniper, on_sale, site_client, language, button, total
):
    site_client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    page = site_client.get(URL).content.decode()
    assert f'<html lang="{language}"' in page
    assert [words for words in (button, total) if words not in page] == []
    send(site_client)
    with workspace(juniper):
        order = Order.objects.get()
        assert (order.locale, order.invoices.get().document["locale"]) == (language, language)


def test_a_receipt_shows_refunds_and_gives_papers(juniper, site_client):
    from plainsail.commerce.services import refunding

    order = bought(juniper)
    with workspace(juniper):
        note = refunding.refund_order(order, amount=euros(5000), reason="Rain", at=order.paid_at)
        path = f"/receipt/{receipts.token_of(order)}/"
    page = site_client.get(path).content.decode()
    assert "−€50.00" in page
    pdf = site_client.get(f"{path}invoice.pdf")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert "TEST-INV-00001.pdf" in pdf["Content-Disposition"]
    data = site_client.get(f"{path}invoice.json").json()
    assert (data["document"]["gross_minor"], len(data["sha256"])) == (17500, 64)
    assert site_client.get(f"{path}credit-notes/{note.id}.pdf").content[:5] == b"%PDF-"
    told = site_client.get(f"{path}credit-notes/{note.id}.json").json()
    assert (told["document"]["number"], told["sha256"]) == (note.number, note.document_hash)


def test_the_receipt_of_what_is_not_paid_does_not_exist(juniper, on_sale, site_client):
    send(site_client, number=DECLINED)
    with workspace(juniper):
        order = Order.objects.get()
        tokens = [
            receipts.token_of(order),
            receipts.token_of(order.invoices.get()),
            "x",
            sign("commerce.receipt", b"zzz"),
        ]
    assert [site_client.get(f"/receipt/{token}/").status_code for token in tokens] == [404] * 4


def test_a_receipt_tells_no_other_site_its_address(juniper, site_client):
    order = bought(juniper)
    with workspace(juniper):
        answer = site_client.get(f"/receipt/{receipts.token_of(order)}/")
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in answer["Cache-Control"]


def test_a_customer_finds_their_receipts_in_their_account(juniper, site_client):
    from plainsail.commerce.hooks import purchases
    from plainsail.commerce.tests.factories import NOON

    bought(juniper, at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        template, context = purchases(None, Contact.objects.get())
    assert template == "commerce/portal_purchases.html"
    assert [(row.what, row.total, row.is_paid) for row, _token in context["rows"]] == [
        ("Full weekend", euros(17500), True)
    ]


def test_of_ten_tries_with_bad_cards_the_last_is_the_last(juniper, on_sale, site_client):
    token = attempt(site_client)
    statuses = [site_client.post(URL, {"attempt": token} | typed(number=DECLINED)).status_code for _try in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    with workspace(juniper):
        assert Charge.objects.count() == 10
