"""Invoices and credit notes as the European norm wants them: EN 16931, in UN/CEFACT's Cross Industry Invoice (D16B). Pure.

Made of the frozen document (`services.documents`) and nothing else, so that both say the same. The profile is that of
Factur-X/ZUGFeRD “EN 16931”; a card payment isn't named, since at the time of numbering it may not be known.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from django.utils.translation import gettext as _
from django.utils.translation import override

from plainsail.kernel.money import Money
from plainsail.kernel.postal import lines_below

RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
for prefix, space in (("rsm", RSM), ("ram", RAM), ("udt", UDT)):
    ET.register_namespace(prefix, space)
NORM = "urn:cen.eu:en16931:2017"
INVOICE, CREDIT_NOTE = "380", "381"
"""UNTDID 1001."""
PIECE = "C62"
SEPA_TRANSFER = "58"
CATEGORIES = {"reverse_charge": ("AE", "VATEX-EU-AE"), "intra_community": ("K", "VATEX-EU-IC")}
"""UNTDID 5305, and why no tax is charged (VATEX)."""

Document = Mapping[str, Any]


def can_be_made(document: Document) -> bool:
    """Whether the norm can be met: it wants to know both countries (BT-40, BT-55)."""
    return bool(document["seller"]["country"] and document["buyer"]["country"])


def seal(xml: str) -> str:
    """Hash of an e-invoice, byte by byte."""
    return hashlib.sha256(xml.encode()).hexdigest()


def of(document: Document) -> str:
    """A frozen document as XML; empty where the norm can't be met."""
    if not can_be_made(document):
        return ""
    with override(document["locale"]):
        root = _root(document)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _root(document: Document) -> ET.Element:
    root = ET.Element(f"{{{RSM}}}CrossIndustryInvoice")
    context = ET.SubElement(root, f"{{{RSM}}}ExchangedDocumentContext")
    _put(context, "GuidelineSpecifiedDocumentContextParameter/ID", NORM)
    head = ET.SubElement(root, f"{{{RSM}}}ExchangedDocument")
    _put(head, "ID", document["number"])
    _put(head, "TypeCode", CREDIT_NOTE if _is_credit(document) else INVOICE)
    _day(head, "IssueDateTime", document["issued_on"])
    for text in (document.get("reason", ""), _("Test document: no money moved") if document["is_test"] else ""):
        if text:
            _put(head, "IncludedNote/Content", text)
    trade = ET.SubElement(root, f"{{{RSM}}}SupplyChainTradeTransaction")
    for number, line in enumerate(document["lines"], start=1):
        _line(trade, document, line, number)
    _agreement(trade, document)
    _delivery(trade, document)
    _settlement(trade, document)
    return root


def _is_credit(document: Document) -> bool:
    return bool(document["kind"] == "credit_note")


def _line(trade: ET.Element, document: Document, line: Document, number: int) -> None:
    net = _amount(line["net_minor"], document)
    # Where money is taken off, the price stays positive and the count is negative (BR-27).
    quantity = Decimal(line["quantity"] * (-1 if net < 0 else 1))
    item = _sub(trade, "IncludedSupplyChainTradeLineItem")
    _put(item, "AssociatedDocumentLineDocument/LineID", str(number))
    _put(item, "SpecifiedTradeProduct/Name", line["description"] or "–")
    price = (Decimal(net) / quantity).quantize(Decimal("0.000001")).normalize()
    _put(item, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount", format(price, "f"))
    _put(item, "SpecifiedLineTradeDelivery/BilledQuantity", format(quantity, "f"), unitCode=PIECE)
    settled = _sub(item, "SpecifiedLineTradeSettlement")
    tax = _sub(settled, "ApplicableTradeTax")
    _put(tax, "TypeCode", "VAT")
    category, _code = _category(document, line.get("tax_kind", ""), line["tax_rate"])
    _put(tax, "CategoryCode", category)
    if category != "O":
        _put(tax, "RateApplicablePercent", line["tax_rate"])
    if line.get("period_start"):
        period = _sub(settled, "BillingSpecifiedPeriod")
        _day(period, "StartDateTime", line["period_start"])
        _day(period, "EndDateTime", _before(line["period_end"]))
    _put(settled, "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount", str(net))


def _agreement(trade: ET.Element, document: Document) -> None:
    agreement = _sub(trade, "ApplicableHeaderTradeAgreement")
    seller, buyer = document["seller"], document["buyer"]
    hides_ids = _is_outside_all_tax(document)
    vat_id = "" if hides_ids else seller.get("vat_id", "")
    party = _sub(agreement, "SellerTradeParty")
    if seller["tax_id"] and not vat_id:
        _put(party, "ID", seller["tax_id"])  # something must tell the seller (BR-CO-26)
    _put(party, "Name", seller["name"])
    lines = [line for line in lines_below(seller["name"], seller["address"]) if line][:3]
    _address(party, seller["country"], lines)
    _mail(party, seller["email"])
    _registered(party, vat_id, "VA")
    _registered(party, seller["tax_id"], "FC")
    party = _sub(agreement, "BuyerTradeParty")
    _put(party, "Name", buyer["company"] or buyer["name"] or buyer["email"])
    _address(party, buyer["country"], [])
    _mail(party, buyer["email"])
    _registered(party, "" if hides_ids else buyer.get("vat_id", ""), "VA")
    if document["order"]:
        _put(agreement, "SellerOrderReferencedDocument/IssuerAssignedID", document["order"])


def _delivery(trade: ET.Element, document: Document) -> None:
    delivery = _sub(trade, "ApplicableHeaderTradeDelivery")
    if any(entry.get("kind") == "intra_community" for entry in document["taxes"]):
        _address(_sub(delivery, "ShipToTradeParty"), document["buyer"]["country"], [])
    _day(
        delivery,
        "ActualDeliverySupplyChainEvent/OccurrenceDateTime",
        document.get("supplied_on") or document["issued_on"],
    )


def _settlement(trade: ET.Element, document: Document) -> None:
    settled = _sub(trade, "ApplicableHeaderTradeSettlement")
    payment = document.get("payment")
    if payment:
        _put(settled, "PaymentReference", payment["reference"])
    _put(settled, "InvoiceCurrencyCode", document["currency"])
    if payment:
        means = _sub(settled, "SpecifiedTradeSettlementPaymentMeans")
        _put(means, "TypeCode", SEPA_TRANSFER)
        account = _sub(means, "PayeePartyCreditorFinancialAccount")
        _put(account, "IBANID", payment["iban"])
        _put(account, "AccountName", payment["holder"])
        if payment["bic"]:
            _put(means, "PayeeSpecifiedCreditorFinancialInstitution/BICID", payment["bic"])
    for (category, code, rate), (net, tax) in sorted(_taxes(document).items()):
        _tax(settled, document, category=category, code=code, rate=rate, net=net, tax=tax)
    terms = _sub(settled, "SpecifiedTradePaymentTerms")
    if document.get("due_on"):
        _day(terms, "DueDateDateTime", document["due_on"])
    else:
        _put(terms, "Description", _("To be credited"))
    _sums(settled, document)
    if document.get("invoice"):
        _put(settled, "InvoiceReferencedDocument/IssuerAssignedID", document["invoice"])


def _tax(settled: ET.Element, document: Document, *, category: str, code: str, rate: str, net: int, tax: int) -> None:
    entry = _sub(settled, "ApplicableTradeTax")
    _put(entry, "CalculatedAmount", str(_amount(tax, document)))
    _put(entry, "TypeCode", "VAT")
    if category in {"E", "O", "AE", "K", "G"}:
        _put(entry, "ExemptionReason", str(_reason(category)))
    _put(entry, "BasisAmount", str(_amount(net, document)))
    _put(entry, "CategoryCode", category)
    if code:
        _put(entry, "ExemptionReasonCode", code)
    if category != "O":
        _put(entry, "RateApplicablePercent", rate)


def _reason(category: str) -> str:
    return {
        "AE": _("Reverse charge"),
        "K": _("Intra-Community supply"),
        "G": _("Supplied outside the European Union"),
        "O": _("Not subject to VAT"),
        "E": _("No VAT is charged"),
    }[category]


def _sums(settled: ET.Element, document: Document) -> None:
    net, tax, gross = (_amount(document[f"{name}_minor"], document) for name in ("net", "tax", "gross"))
    sums = _sub(settled, "SpecifiedTradeSettlementHeaderMonetarySummation")
    _put(sums, "LineTotalAmount", str(net))
    _put(sums, "TaxBasisTotalAmount", str(net))
    _put(sums, "TaxTotalAmount", str(tax), currencyID=document["currency"])
    _put(sums, "GrandTotalAmount", str(gross))
    payment = document.get("payment")
    due: int = payment["due_minor"] if payment else document["gross_minor"]
    paid = _amount(document["gross_minor"] - due, document)
    if paid:
        _put(sums, "TotalPrepaidAmount", str(paid))
    _put(sums, "DuePayableAmount", str(_amount(due, document)))


def _taxes(document: Document) -> dict[tuple[str, str, str], list[int]]:
    """Net and tax by category, reason and rate: summed from the lines, so that also what bears no tax is among them."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in document["lines"]:
        category, code = _category(document, line.get("tax_kind", ""), line["tax_rate"])
        found = sums[category, code, line["tax_rate"]]
        found[0] += line["net_minor"]
        found[1] += line["tax_minor"]
    return sums


def _category(document: Document, kind: str, rate: str) -> tuple[str, str]:
    """Category and reason of a line's tax. What leaves the Union is “not subject” where nothing else is on the document."""
    if kind in CATEGORIES:
        return CATEGORIES[kind]
    if kind == "outside":
        return ("O", "VATEX-EU-O") if _is_outside_all_tax(document) else ("G", "VATEX-EU-G")
    if rate != "0":
        return "S", ""
    seller = document["seller"]
    return ("E", "") if seller.get("vat_id") or seller["tax_id"] else ("O", "VATEX-EU-O")


def _is_outside_all_tax(document: Document) -> bool:
    return all(line.get("tax_kind") == "outside" for line in document["lines"])


def _amount(minor: int, document: Document) -> Decimal:
    return Money(minor, document["currency"]).decimal


def _address(party: ET.Element, country: str, lines: Iterable[str]) -> None:
    address = _sub(party, "PostalTradeAddress")
    for name, line in zip(("LineOne", "LineTwo", "LineThree"), lines, strict=False):
        _put(address, name, line)
    _put(address, "CountryID", country)


def _mail(party: ET.Element, email: str) -> None:
    if email:
        _put(party, "URIUniversalCommunication/URIID", email, schemeID="EM")


def _registered(party: ET.Element, number: str, scheme: str) -> None:
    if number:
        _put(party, "SpecifiedTaxRegistration/ID", number, schemeID=scheme)


def _before(iso: str) -> str:
    """The day before: the document has the day after the last."""
    return (date.fromisoformat(iso) - timedelta(days=1)).isoformat()


def _day(parent: ET.Element, path: str, iso: str) -> None:
    if not iso:
        return
    for name in path.split("/"):
        parent = _sub(parent, name)
    node = ET.SubElement(parent, f"{{{UDT}}}DateTimeString", format="102")
    node.text = iso.replace("-", "")


def _put(parent: ET.Element, path: str, text: str, **attributes: str) -> None:
    for name in path.split("/"):
        parent = _sub(parent, name)
    parent.text = "".join(character for character in text if character.isprintable() or character in "\n\t")
    parent.attrib.update(attributes)


def _sub(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{RAM}}}{name}")
