"""Sales as staff see them: who may what, constant queries, refunds from the order page, products, the test clock."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from plainsail.accounts.models import AuditEntry, Membership
from plainsail.commerce import queries
from plainsail.commerce.models import Invoice, Offer, Order, Price, Product, Seller
from plainsail.commerce.services import clocks, refunding
from plainsail.commerce.services.history import history_of
from plainsail.commerce.tests.factories import NOON, bought, euros, monthly, offer, pay, placed, seller
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import EVENT_WORDING, SEGMENT_FIELDS, Asked
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Refund
from plainsail.payments.tests.factories import DECLINED, DISPUTED, FAILING_REFUND

SALES = "/w/juniper/sales/"


@pytest.fixture
def as_admin(as_ben, ben):
    Membership.objects.filter(user=ben).update(role="admin")
    return as_ben


def paths(of) -> list[str]:
    """Every staff page that an order and a product have."""
    order = bought(of)
    with workspace(of):
        invoice, product = order.invoices.get(), order.lines.get().product
        note = refunding.refund_order(order, amount=euros(100), reason="x", at=NOON)
    return [
        SALES,
        f"{SALES}orders/{order.id}/",
        f"{SALES}invoices/",
        f"{SALES}invoices/{invoice.id}.pdf",
        f"{SALES}credit-notes/{note.id}.pdf",
        f"{SALES}products/",
        f"{SALES}products/new/",
        f"{SALES}products/{product.id}/",
        "/w/juniper/settings/selling/",
        "/w/juniper/settings/selling/test-mode/",
    ]


def test_the_owner_sees_every_page(juniper, as_ada):
    assert [as_ada.get(path).status_code for path in paths(juniper)] == [200] * 10


def test_a_stranger_finds_none(juniper, as_cleo, client):
    for path in paths(juniper):
        assert as_cleo.get(path).status_code == 404
        assert as_cleo.get(path.replace("/juniper/", "/acme/")).status_code in {200, 404}
        assert client.get(path).status_code in {302, 404}


def test_another_business_s_rows_are_not_found_under_one_s_own(juniper, acme, as_cleo):
    order = bought(juniper)
    with workspace(juniper):
        sold = Offer.objects.get()
        ids = [
            f"orders/{order.id}/",
            f"invoices/{order.invoices.get().id}.pdf",
            f"products/{Product.objects.get().id}/",
        ]
    for path in ids:
        assert as_cleo.get(f"/w/acme/sales/{path}").status_code == 404
    for path in (f"orders/{order.id}/refunds/", f"offers/{sold.id}/"):
        assert as_cleo.post(f"/w/acme/sales/{path}", {"amount": "1", "slug": "x"}).status_code == 404


def test_a_viewer_changes_nothing_and_an_editor_refunds_nothing(juniper, as_ben, ben):
    order = bought(juniper)
    refund = f"{SALES}orders/{order.id}/refunds/"
    assert as_ben.post(refund, {"amount": "1"}).status_code == 403
    assert as_ben.get("/w/juniper/settings/selling/").status_code == 403
    Membership.objects.filter(user=ben).update(role="viewer")
    assert as_ben.get(f"{SALES}products/new/").status_code == 403
    assert (
        "Refund"
        not in as_ben.get(f"{SALES}orders/{order.id}/").content.decode().split("</main>")[0].split("History")[0]
    )


def test_a_viewer_sees_a_product_and_is_offered_nothing_that_is_refused(juniper, as_ben, ben):
    with workspace(juniper):
        product = offer().price.product
    Membership.objects.filter(user=ben).update(role="viewer")
    page = as_ben.get(f"{SALES}products/{product.id}/").content.decode()
    assert "€175.00" in page
    for refused in ("/archive/", "/prices/", "/details/", f"{SALES}offers/"):
        assert refused not in page


def test_a_price_that_was_refused_stands_open_with_what_was_typed(juniper, as_admin):
    with workspace(juniper):
        product = offer().price.product
    answer = as_admin.post(f"{SALES}products/{product.id}/prices/", {"amount": "abc", "currency": "EUR"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="abc"' in page
    assert 'id="add-price"' not in page


def test_what_was_received_tells_real_money_from_test_money(juniper):
    bought(juniper)
    sold = bought(juniper)
    with workspace(juniper):
        Order.objects.filter(id=sold.id).update(mode="live")
        assert [(one.is_test, one.orders) for one in queries.takings(juniper)] == [(False, 1), (True, 1)]


def test_refunding_from_the_order_page(juniper, as_admin):
    order = bought(juniper)
    answer = as_admin.post(f"{SALES}orders/{order.id}/refunds/", {"amount": "50.00", "reason": "Rain\r\nBcc: x"})
    assert answer.status_code == 302
    with workspace(juniper):
        order.refresh_from_db()
        assert (order.refunded, order.is_partly_refunded) == (euros(5000), True)
        assert [one.state for one in Refund.objects.all()] == ["succeeded"]
        assert queries.notes_of_order(order)[0].reason == "Rain Bcc: x"
        assert AuditEntry.objects.get(action="commerce.order_refunded").subject == "TEST-ORD-00001 (50.00 EUR)"
    page = as_admin.get(f"{SALES}orders/{order.id}/").content.decode()
    assert "€50.00 paid back" in page
    assert 'value="125.00"' in page


@pytest.mark.parametrize("amount", ["", "abc", "0", "-5", "175.01", "1e3", "12.345", "9" * 40, "NaN"])
def test_a_nonsense_refund_is_said_at_the_amount(juniper, as_admin, amount):
    order = bought(juniper)
    answer = as_admin.post(f"{SALES}orders/{order.id}/refunds/", {"amount": amount})
    assert (answer.status_code, 'id="id_amount_error"' in answer.content.decode()) == (422, True)
    with workspace(juniper):
        assert Refund.objects.count() == 0


def test_refunding_twice_by_a_double_click_refunds_the_rest_at_most(juniper, as_admin):
    order = bought(juniper)
    answers = [
        as_admin.post(f"{SALES}orders/{order.id}/refunds/", {"amount": "175"}).status_code for _twice in range(2)
    ]
    assert answers == [302, 422]
    with workspace(juniper):
        assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 17500


def test_a_refund_that_takes_its_time_says_so(juniper, as_admin):
    order = bought(juniper, number=FAILING_REFUND)
    answer = as_admin.post(f"{SALES}orders/{order.id}/refunds/", {"amount": "175"}, follow=True)
    assert "on its way" in answer.content.decode()


def test_the_order_s_history_tells_it_in_order(juniper, as_ada):
    with workspace(juniper):
        sold = offer()
    order = placed(juniper, sold)
    pay(juniper, order, DECLINED, at=NOON + timedelta(minutes=1))
    pay(juniper, order, DISPUTED, at=NOON + timedelta(minutes=2))
    run_jobs(at=NOON + timedelta(hours=1))
    with workspace(juniper):
        titles = [one.title for one in history_of(order)]
    assert titles == [
        "The customer disputes €175.00 with the bank",
        "Invoice TEST-INV-00001 issued",
        "Paid €175.00",
        "Payment declined",
        "Ordered",
    ]
    assert "holds the money" in as_ada.get(f"{SALES}orders/{order.id}/").content.decode()


def test_orders_are_searched_and_filtered(juniper, as_ada):
    bought(juniper)
    with workspace(juniper):
        sold = offer("Anvil")
    placed(juniper, sold)

    def numbers(query: str) -> list[str]:
        return re.findall(r"TEST-ORD-\d+", as_ada.get(f"{SALES}{query}").content.decode())

    assert numbers("") == ["TEST-ORD-00002", "TEST-ORD-00001"]
    assert numbers("?state=paid") == ["TEST-ORD-00001"]
    assert numbers("?state=open") == ["TEST-ORD-00002"]
    assert numbers("?state=refunded") == []
    assert numbers("?text=test-ord-00001") == ["TEST-ORD-00001"]
    assert numbers("?text=nobody") == []
    assert numbers("?text=%25&state=%27;--&page=zz") == []


@pytest.mark.parametrize("path", ["", "products/", "invoices/"])
def test_lists_ask_the_same_number_of_queries_at_one_row_and_at_three(juniper, as_ada, path, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    bought(juniper)
    as_ada.get(SALES + path)
    with CaptureQueriesContext(connection) as few:
        as_ada.get(SALES + path)
    for _more in range(2):
        bought(juniper)
    with django_assert_num_queries(len(few)):
        as_ada.get(SALES + path)


def product_fields(**changes) -> dict[str, str]:
    return {
        "name": "Glaze course",
        "amount": "49,00",
        "currency": "EUR",
        "interval": "",
        "tax_behavior": "inclusive",
    } | changes


def test_a_product_is_made_with_its_checkout_link(juniper, as_ben):
    answer = as_ben.post(f"{SALES}products/new/", product_fields(), follow=True)
    assert "http://juniper.localhost:8000/checkout/glaze-course/" in answer.content.decode()
    with workspace(juniper):
        assert Price.objects.get().amount == euros(4900)


def test_a_second_product_of_the_same_name_gets_an_address_of_its_own(juniper, as_ben):
    for _twice in range(2):
        as_ben.post(f"{SALES}products/new/", product_fields())
    with workspace(juniper):
        slugs = list(Offer.objects.order_by("created_at", "id").values_list("slug", flat=True))
    assert slugs[0] == "glaze-course"
    assert re.fullmatch(r"glaze-course-[0-9a-f]{6}", slugs[1])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"amount": "free"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "9999999999999"}, "amount"),
        ({"amount": "12.5", "currency": "JPY"}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"amount": "0", "interval": "month"}, "amount"),
        ({"trial_days": "14", "amount": "0"}, "amount"),
        ({"initial_price": "9"}, "trial_days"),
        ({"initial_price": "cheap", "trial_days": "14"}, "initial_price"),
        ({"initial_price": "-9", "trial_days": "14"}, "initial_price"),
        ({"kind": "parts"}, "payments"),
        ({"kind": "parts", "payments": "1"}, "payments"),
        ({"kind": "again", "interval": "month", "payments": "13"}, "cycle"),
        ({"trial_days": "9999", "interval": "month"}, "trial_days"),
        ({"interval": "century"}, "interval"),
        ({"interval_count": "0", "interval": "month"}, "interval_count"),
        ({"tax_rate": "101"}, "tax_rate"),
        ({"tax_rate": "-1"}, "tax_rate"),
    ],
)
def test_what_is_wrong_with_a_product_is_said_at_its_field(juniper, as_ben, changes, field):
    answer = as_ben.post(f"{SALES}products/new/", product_fields(**changes))
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    with workspace(juniper):
        assert Product.objects.count() == 0


def test_another_price_opens_another_page_and_leaves_the_first(juniper, as_ben):
    with workspace(juniper):
        product = monthly().price.product
    fields = {"amount": "290", "currency": "EUR", "interval": "year", "trial_days": "14", "tax_behavior": "inclusive"}
    page = as_ben.post(f"{SALES}products/{product.id}/prices/", fields, follow=True).content.decode()
    assert "€29.00 every month until you cancel" in page
    assert "Free for 14 days, then €290.00 every year until you cancel" in page


def test_a_checkout_page_can_be_closed_and_moved_but_not_onto_another(juniper, as_ben):
    with workspace(juniper):
        one, two = offer("One"), offer("Two")
    assert as_ben.post(f"{SALES}offers/{one.id}/", {"slug": "two", "is_live": "on"}).status_code == 422
    assert as_ben.post(f"{SALES}offers/{one.id}/", {"slug": "no blanks"}).status_code == 422
    assert as_ben.post(f"{SALES}offers/{one.id}/", {"slug": "first"}).status_code == 302
    with workspace(juniper):
        one.refresh_from_db()
        assert (one.slug, one.is_live, Offer.objects.live().get().id) == ("first", False, two.id)


def test_taking_a_product_off_sale_can_be_undone(juniper, as_ben):
    with workspace(juniper):
        product = offer().price.product
    page = as_ben.post(f"{SALES}products/{product.id}/archive/", follow=True).content.decode()
    undo = re.search(r'action="([^"]+/return/)"', page)[1]
    as_ben.post(undo)
    with workspace(juniper):
        assert Product.objects.get().is_for_sale


def test_the_seller_s_details_are_saved_and_checked(juniper, as_admin):
    fields = {"legal_name": "Juniper GmbH", "country": "DE", "tax_name": "USt", "tax_rate": "19", "rounding": "line"}
    assert as_admin.post("/w/juniper/settings/selling/", fields).status_code == 302
    assert as_admin.post("/w/juniper/settings/selling/", fields | {"tax_rate": "190"}).status_code == 422
    with workspace(juniper):
        assert (Seller.objects.get().legal_name, str(Seller.objects.get().tax_rate)) == ("Juniper GmbH", "19.000")


def test_the_test_clock_moves_by_a_button(juniper, as_admin):
    before = clock.now()
    page = as_admin.post("/w/juniper/settings/selling/test-mode/clock/", {"by": "month"}, follow=True)
    with workspace(juniper):
        ahead = clocks.ahead()
    assert timedelta(days=27) < ahead < timedelta(days=32)
    assert "The clock is moved" in page.content.decode()
    assert (before + ahead).day == before.day or (before + ahead).day >= 28


@pytest.mark.parametrize("by", ["", "century", "-1", "x" * 10000])
def test_nonsense_moves_no_clock(juniper, as_admin, by):
    with workspace(juniper):
        seller()
    as_admin.post("/w/juniper/settings/selling/test-mode/clock/", {"by": by})
    with workspace(juniper):
        assert clocks.ahead() == timedelta(0)


def test_the_help_page_lists_every_card(juniper, as_admin):
    page = as_admin.get("/w/juniper/settings/selling/test-mode/").content.decode()
    assert len(re.findall(r"<code>\d{4} \d{4} \d{4} \d{4}</code>", page)) == 26


def test_segments_know_who_bought(juniper):
    order = bought(juniper)
    with workspace(juniper):
        Contact.objects.create(email="other@example.com", address_hash="x")
        field, product = SEGMENT_FIELDS["bought"], order.lines.get().product
        assert [c.email for c in Contact.objects.filter(field.compile(Asked(op="has", value=product.id, at=NOON)))] == [
            "maren@example.com"
        ]
        assert [
            c.email for c in Contact.objects.filter(field.compile(Asked(op="has_not", value=product.id, at=NOON)))
        ] == ["other@example.com"]
        assert Contact.objects.filter(field.compile(Asked(op="has", value=new_id(), at=NOON))).count() == 0


def test_a_contact_s_timeline_tells_of_purchases(juniper):
    bought(juniper)
    with workspace(juniper):
        row = EventRow.objects.select_related("workspace").get(name="commerce.order_paid")
        wording = EVENT_WORDING["commerce.order_paid"]
        assert wording.say(row) == "Bought “Full weekend” (€175.00)"
        assert wording.link(row) == f"{SALES}orders/{Order.objects.get().id}/"


def test_buying_starts_automations():
    from plainsail.automations.sockets import TRIGGERS
    from plainsail.commerce.events import OrderPaid

    trigger, product = TRIGGERS["commerce.order_paid"], str(new_id())
    event = OrderPaid(order_id=new_id(), product_ids=[product], amount_minor=1, currency="EUR", at=NOON)
    wanted = [trigger.wants({"product": wish}) for wish in ("", product, str(new_id()))]
    assert [not one or one in trigger.about(event) for one in wanted] == [True, True, False]


def test_draft_invoices_are_nobody_s_business(juniper, as_ada):
    with workspace(juniper):
        sold = offer()
    placed(juniper, sold)
    with workspace(juniper):
        draft = Invoice.objects.get()
    assert as_ada.get(f"{SALES}invoices/{draft.id}.pdf").status_code == 404
    assert "No invoices yet" in as_ada.get(f"{SALES}invoices/").content.decode()
