"""E-invoices meet the schema of the European norm's profile, say what the document says, and never change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import facturx
import pytest
from django.db import IntegrityError, transaction
from lxml import etree

from plainsail.commerce.models import CreditNote, Invoice, Order
from plainsail.commerce.services import (
    crediting,
    einvoices,
    invoicing,
    receipts,
    refunding,
    transfer_orders,
    vat_checks,
)
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.tests.factories import NOON, account, bought, euros, offer, placed, seller
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.payments.services import transfers
from plainsail.payments.services.transfers import BankAccount

FOLDER = Path(facturx.__file__).parent / "xsd_and_schematron" / "facturx-en16931"
NAMES = {"ram": einvoices.RAM, "rsm": einvoices.RSM, "udt": einvoices.UDT}
AT_HOME = {
    "country": "DE",
    "vat_id": "DE123456788",
    "address": "Kiln Lane 3\n10115 Berlin",
    "email": "a@juniper.example",
}


@pytest.fixture(scope="session")
def schema():
    return etree.XMLSchema(etree.parse(str(FOLDER / "Factur-X_EN16931.xsd")))


@pytest.fixture
def german(juniper):
    with workspace(juniper):
        seller(**AT_HOME, tax_rate=Decimal(19))


def read(xml, schema):
    root = etree.fromstring(xml.encode())
    schema.assertValid(root)
    return root


def words(root, path):
    return [node.text for node in root.iterfind(f".//{path}", NAMES)]


def test_an_order_s_invoice_is_valid_and_says_what_the_document_says(juniper, german, schema):
    bought(juniper)
    with workspace(juniper):
        invoice = Invoice.objects.get()
    root = read(invoice.einvoice, schema)
    assert invoice.einvoice_hash == einvoices.seal(invoice.einvoice)
    assert words(root, "rsm:ExchangedDocument/ram:ID") == [invoice.number]
    assert words(root, "rsm:ExchangedDocument/ram:TypeCode") == ["380"]
    assert words(root, "ram:LineTotalAmount") == ["147.06", "147.06"]
    assert words(root, "ram:TaxTotalAmount") == ["27.94"]
    assert words(root, "ram:DuePayableAmount") == ["175.00"]
    assert words(root, "ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode") == ["S"]
    assert words(root, "ram:SellerTradeParty/ram:PostalTradeAddress/ram:LineTwo") == ["10115 Berlin"]


def test_a_credit_note_names_its_invoice(juniper, german, schema):
    bought(juniper)
    with workspace(juniper):
        refunding.refund_order(Order.objects.get(), amount=euros(5000), reason="Rain", at=NOON)
        note = CreditNote.objects.select_related("invoice").get()
    root = read(note.einvoice, schema)
    assert words(root, "rsm:ExchangedDocument/ram:TypeCode") == ["381"]
    assert words(root, "ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == [note.invoice.number]
    assert words(root, "ram:GrandTotalAmount") == ["50.00"]


def test_one_to_be_paid_by_transfer_says_where_to(juniper, german, schema):
    to = BankAccount(holder="Juniper Kites", iban="DE89370400440532013000", bic="COBADEFFXXX")
    with workspace(juniper):
        transfers.set_up(to, mode="test", at=NOON)
        sold = offer()
    order = placed(juniper, sold)
    transfer_orders.ask(juniper.pk, order.pk, at=NOON)
    with workspace(juniper):
        invoice = Invoice.objects.get()
    root = read(invoice.einvoice, schema)
    assert words(root, "ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["58"]
    assert words(root, "ram:IBANID") == [to.iban]
    assert words(root, "ram:PaymentReference") == [invoice.payment_reference]


def test_reverse_charge_has_its_category_and_both_ids(juniper, german, schema):
    buyer = Buyer(email="rossi@example.com", name="Rossi", company="ROSSI SRL", country="IT", vat_id="IT00743110157")
    vat_checks.ask(juniper.pk, buyer.vat_id, at=NOON)
    bought(juniper, buyer=buyer)
    with workspace(juniper):
        root = read(Invoice.objects.get().einvoice, schema)
    assert words(root, "ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode") == ["AE"]
    assert words(root, "ram:ExemptionReasonCode") == ["VATEX-EU-AE"]
    assert words(root, "ram:BuyerTradeParty/ram:SpecifiedTaxRegistration/ram:ID") == ["IT00743110157"]


def test_lines_of_every_kind_are_valid(juniper, german, schema):
    with workspace(juniper):
        day = local_date(NOON, "Europe/Berlin")
        lines = [
            LineSpec(description="Kite", unit=euros(999), quantity=3, tax_rate=Decimal(7)),
            LineSpec(description="A month", unit=euros(2900), period_start=day, period_end=day.replace(day=30)),
            LineSpec(description="Taken off", unit=euros(-500)),
            LineSpec(description="Free", unit=euros(0)),
        ]
        named = Buyer(email="maren@example.com", name="Maren", country="DE")
        buyer = account()
        buyer.country = named.country
        buyer.save()
        invoice = invoicing.issue(buyer, lines=lines, at=NOON)
        root = read(invoice.einvoice, schema)
        assert len(words(root, "ram:BillingSpecifiedPeriod/ram:EndDateTime/udt:DateTimeString")) == 1
        assert sum(
            map(Decimal, words(root, "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"))
        ) == (Decimal(words(root, "ram:TaxBasisTotalAmount")[0]))
        assert all(Decimal(price) >= 0 for price in words(root, "ram:ChargeAmount"))
        note = crediting.void(invoice, reason="Mistake", at=NOON)
        read(note.einvoice, schema)


def test_a_seller_without_tax_is_exempt_and_one_without_ids_not_subject(juniper, schema):
    for fields, category in (({"vat_id": "", "tax_id": "12/345"}, "E"), ({"vat_id": "", "tax_id": ""}, "O")):
        with workspace(juniper):
            seller(**AT_HOME | fields)
            sold = offer(f"Kite {category}")
        bought(juniper, sold)
        with workspace(juniper):
            root = read(Invoice.objects.order_by("-created_at", "-id").first().einvoice, schema)
        path = "ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode"
        assert words(root, path) == [category]


def test_there_is_none_where_a_country_is_not_known(juniper, as_ada):
    bought(juniper)
    with workspace(juniper):
        invoice = Invoice.objects.get()
    assert (invoice.einvoice, invoice.einvoice_hash) == ("", "")
    assert as_ada.get(f"/w/juniper/sales/invoices/{invoice.pk}.xml").status_code == 404


def test_it_never_changes(juniper, german):
    bought(juniper)
    with workspace(juniper), pytest.raises(IntegrityError, match="is final"), transaction.atomic():
        Invoice.objects.update(einvoice="<other/>")


def test_buyer_and_seller_can_download_it(juniper, german, as_ada, site_client):
    bought(juniper)
    with workspace(juniper):
        refunding.refund_order(Order.objects.get(), amount=euros(5000), reason="Rain", at=NOON)
        token = receipts.token_of(Order.objects.get())
        invoice, note = Invoice.objects.get(), CreditNote.objects.get()
    for client, path in (
        (as_ada, f"/w/juniper/sales/invoices/{invoice.pk}.xml"),
        (site_client, f"/receipt/{token}/invoice.xml"),
    ):
        answer = client.get(path)
        assert answer.content.decode() == invoice.einvoice
        assert answer["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    for client, path in (
        (as_ada, f"/w/juniper/sales/credit-notes/{note.pk}.xml"),
        (site_client, f"/receipt/{token}/credit-notes/{note.pk}.xml"),
    ):
        assert client.get(path).content.decode() == note.einvoice
    assert "E-invoice" in site_client.get(f"/receipt/{token}/").content.decode()
