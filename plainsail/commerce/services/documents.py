"""What stands on invoices and credit notes: frozen as data when they are numbered, made a PDF when somebody asks."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from plainsail.commerce.models import (
    BillingAccount,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    Seller,
    VatAnswer,
)
from plainsail.commerce.services import girocode, places, rates, vat, vat_checks
from plainsail.commerce.services.places import Named
from plainsail.commerce.sockets import ReceiptNote
from plainsail.kernel import languages, postal
from plainsail.kernel.lazily import Lazily
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.payments.services import transfers

if TYPE_CHECKING:
    import typst
else:
    typst = Lazily("typst")

TEMPLATE = Path(__file__).resolve().parents[1] / "typst" / "document.typ"
TYPED = 60
"""Characters of an address that people would type from paper."""
VERSION = 2
"""2 knows whose tax it is: ids of both, kind and country of each line's tax, and the proofs. Older ones print as they were."""


def seal(document: dict[str, Any]) -> str:
    """Hash of a frozen document, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def of_invoice(
    invoice: Invoice, lines: Sequence[InvoiceLine], *, seller: Seller, buyer: BillingAccount, at: datetime
) -> dict[str, Any]:
    """An invoice as data. Amounts are minor units, days are ISO dates of the seller's zone."""
    return {
        "version": VERSION,
        "kind": "invoice",
        "number": invoice.number,
        "order": invoice.order.number if invoice.order else "",
        "is_test": invoice.is_test,
        "issued_on": local_date(at, seller.timezone).isoformat(),
        "supplied_on": local_date(invoice.created_at, seller.timezone).isoformat(),
        "due_on": invoice.due_on.isoformat() if invoice.due_on else "",
        "currency": invoice.currency,
        "rounding": invoice.rounding,
        "locale": _language(invoice, buyer),
        **_parties(seller, buyer, invoice),
        "place": _place(invoice, at=at),
        **_transfer(invoice),
        "lines": [_line(line) for line in lines],
        "taxes": _taxes([(line, line) for line in lines], seller),
        **_sums(invoice),
    }


def of_credit_note(
    note: CreditNote, lines: Sequence[CreditNoteLine], *, seller: Seller, buyer: BillingAccount, at: datetime
) -> dict[str, Any]:
    """A credit note as data, with the invoice it belongs to."""
    return {
        "version": VERSION,
        "kind": "credit_note",
        "number": note.number,
        "invoice": note.invoice.number,
        "order": note.invoice.order.number if note.invoice.order else "",
        "is_test": note.invoice.is_test,
        "issued_on": local_date(at, seller.timezone).isoformat(),
        "reason": note.reason,
        "currency": note.currency,
        "locale": _language(note.invoice, buyer),
        **_parties(seller, buyer, note.invoice),
        "lines": [
            {
                "description": line.invoice_line.description,
                "quantity": line.invoice_line.quantity,
                "unit_minor": line.invoice_line.unit_minor,
                **_tax(line.invoice_line),
                **_sums(line),
            }
            for line in lines
        ],
        "place": note.invoice.document.get("place", {}),
        "taxes": _taxes([(line.invoice_line, line) for line in lines], seller),
        **_sums(note),
    }


def _language(invoice: Invoice, buyer: BillingAccount) -> str:
    """That of the order's checkout, else the buyer's own, else the business's."""
    order = invoice.order
    return languages.first_known(order.locale if order else "", buyer.locale, buyer.workspace.locale)


def _parties(seller: Seller, buyer: BillingAccount, invoice: Invoice) -> dict[str, Any]:
    """The buyer as the invoice has them; on one drafted before it kept that, as they named themselves with the order."""
    named = places.of_row(invoice.buyer) if invoice.buyer else _named(invoice, buyer)
    return {
        "seller": {
            "name": seller.legal_name,
            "address": seller.address,
            "country": seller.country,
            "email": seller.email,
            "tax_id": seller.tax_id,
            "vat_id": seller.vat_id,
            "tax_name": seller.tax_name,
        },
        "buyer": {
            "name": named.name,
            "company": named.company,
            "email": named.email,
            "country": named.country,
            "vat_id": "" if named.vat_check == VatAnswer.INVALID else named.vat_id,
        },
    }


def _named(invoice: Invoice, buyer: BillingAccount) -> Named:
    return places.of_order(invoice.order) if invoice.order else places.of_account(buyer)


def _place(invoice: Invoice, *, at: datetime) -> dict[str, Any]:
    """What shows where the buyer is: what they named, and what VIES said of their id. No gateway tells a card's country yet."""
    named = invoice.buyer
    found: dict[str, Any] = {"billing_country": named.get("country", ""), "card_country": ""}
    if named.get("vat_check"):
        check = vat_checks.proof(named["vat_id"], at=at)
        found["vat_check"] = {
            "vat_id": named["vat_id"],
            "answer": named["vat_check"],
            "at": check.at.isoformat() if check else "",
            "asked_by": check.asked_by if check else "",
            "consultation": check.consultation if check else "",
        }
    return found


def _transfer(invoice: Invoice) -> dict[str, Any]:
    """Where what is due is to be sent, if by bank transfer: as it was when the invoice was numbered."""
    account = transfers.account_of(invoice.mode) if invoice.payment_reference else None
    to = transfers.details(account) if account else None
    if to is None:
        return {}
    return {
        "payment": {
            "holder": to.holder,
            "iban": to.iban,
            "bic": to.bic,
            "reference": invoice.payment_reference,
            "due_minor": invoice.due.minor,
        }
    }


def _line(line: InvoiceLine) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": line.quantity,
        "unit_minor": line.unit_minor,
        **_tax(line),
        "tax_behavior": line.tax_behavior,
        "period_start": line.period_start.isoformat() if line.period_start else "",
        "period_end": line.period_end.isoformat() if line.period_end else "",
        **_sums(line),
    }


def _tax(line: InvoiceLine) -> dict[str, str]:
    return {"tax_rate": _rate(line.tax_rate), "tax_kind": line.tax_kind, "tax_country": line.tax_country}


def _sums(row: Any) -> dict[str, int]:
    return {"net_minor": row.net_minor, "tax_minor": row.tax_minor, "gross_minor": row.gross_minor}


def _taxes(rows: Sequence[tuple[InvoiceLine, Any]], seller: Seller) -> list[dict[str, Any]]:
    """Net and tax by kind, country and rate, so that any of them can be told apart; what is simply without tax is left out."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line, row in rows:
        key = (line.tax_kind or "home", line.tax_country or seller.country, _rate(line.tax_rate))
        sums[key][0] += row.net_minor
        sums[key][1] += row.tax_minor
    return [
        {"kind": kind, "country": country, "rate": rate, "net_minor": net, "tax_minor": tax}
        for (kind, country, rate), (net, tax) in sorted(sums.items())
        if rate != "0" or kind in vat.UNTAXED
    ]


def _rate(rate: Any) -> str:
    return format(rate.normalize(), "f")


def pdf(document: dict[str, Any], *, paid_with: str = "", notes: Sequence[ReceiptNote] = ()) -> bytes:
    """A frozen document as a PDF (about a tenth of a second). `paid_with` says how it was paid, if it was.

    `notes` are what its receipt says besides, today.
    """
    with override(document["locale"]):
        page = json.dumps(_page(document, paid_with) | {"said": [_said(note) for note in notes]})
    made: bytes = typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"document": page}, ignore_system_fonts=True
    )
    return made


def _said(note: ReceiptNote) -> list[str]:
    """Words, the link's label and address, and the address once more where it can be typed from paper."""
    typed = note.link_url.partition("://")[2]
    return [note.text, note.link_label, note.link_url, typed if len(typed) <= TYPED else ""]


def _page(document: dict[str, Any], paid_with: str) -> dict[str, Any]:
    """The words and amounts as they are printed, in the document's language."""
    locale, currency = document["locale"], document["currency"]

    def money(minor: int) -> str:
        return Money(minor, currency).format(locale)

    def day(iso: str) -> str:
        return date_format(date.fromisoformat(iso), "DATE_FORMAT") if iso else ""

    def days(start: str, end: str) -> str:
        """First and last day, as people name them; the document has the day after the last."""
        last = date.fromisoformat(end) - timedelta(days=1)
        return _("%(start)s to %(end)s") % {"start": day(start), "end": day(last.isoformat())}

    is_credit = document["kind"] == "credit_note"
    facts = [
        (_("Number"), document["number"]),
        (_("Date"), day(document["issued_on"])),
        (_("Supplied"), _supplied(document, day)),
        (_("For invoice"), document.get("invoice", "")),
        (_("Order"), document["order"]),
    ]
    seller, buyer = document["seller"], document["buyer"]
    tax_name, country = seller["tax_name"], _country(buyer["country"], locale)
    taxed = [entry for entry in document["taxes"] if entry["rate"] != "0"]
    return {
        "lang": locale[:2],
        "title": _("Credit note") if is_credit else _("Invoice"),
        "test": _("Test document: no money moved") if document["is_test"] else "",
        "seller": [
            seller["name"],
            *postal.lines_below(seller["name"], seller["address"]),
            _country(seller["country"], locale),
            seller["email"],
        ],
        "tax_id": " · ".join(_ids(seller)),
        "notes": _notes(document),
        "to": pgettext("recipient", "To"),
        "buyer": [
            line
            for line in (buyer["company"], buyer["name"], buyer["email"], country, _vat_id(buyer.get("vat_id", "")))
            if line
        ],
        "facts": [[label, value] for label, value in facts if value],
        "reason": document.get("reason", ""),
        "has_tax": bool(taxed),
        "heads": [pgettext("invoice line", "What"), _("Quantity"), tax_name, _("Amount")],
        "lines": [
            [
                line["description"],
                days(line["period_start"], line["period_end"]) if line.get("period_start") else "",
                str(line["quantity"]),
                f"{line['tax_rate']} %" if line["tax_rate"] != "0" else "–",
                money(line["gross_minor"]),
            ]
            for line in document["lines"]
        ],
        "sums": [
            *([[_("Net"), money(document["net_minor"])]] if document["taxes"] else []),
            *([_tax_words(entry, seller, locale), money(entry["tax_minor"])] for entry in taxed),
        ],
        "total": [_("Total credited") if is_credit else _("Total"), money(document["gross_minor"])],
        "paid": paid_with,
        "transfer": _transfer_page(document, money, day) if not paid_with else {},
    }


def _transfer_page(document: dict[str, Any], money: Callable[[int], str], day: Callable[[str], str]) -> dict[str, Any]:
    """How to pay by bank transfer, as it is printed, with a code for banking apps."""
    to = document.get("payment")
    if not to:
        return {}
    due = Money(to["due_minor"], document["currency"])
    rows = [
        (_("Recipient"), to["holder"]),
        (_("IBAN"), transfers.shown_iban(to["iban"])),
        (_("BIC"), to["bic"]),
        (_("Reference"), transfers.shown_reference(to["reference"])),
        (_("Amount"), money(due.minor)),
        (_("To be paid by"), day(document["due_on"])),
    ]
    code = girocode.payload(holder=to["holder"], iban=to["iban"], bic=to["bic"], reference=to["reference"], amount=due)
    return {
        "title": _("Please pay by bank transfer"),
        "rows": [[label, value] for label, value in rows if value],
        "code": girocode.svg(code) if code else "",
        "words": _("Or scan this code with your banking app.") if code else "",
    }


def _supplied(document: dict[str, Any], day: Callable[[str], str]) -> str:
    """The day of a sale whose invoice came later (art. 226 no. 7); lines with a period say it themselves."""
    supplied = document.get("supplied_on", "")
    has_periods = any(line.get("period_start") for line in document["lines"])
    return "" if has_periods or supplied == document["issued_on"] else day(supplied)


def _ids(seller: dict[str, Any]) -> list[str]:
    number = _("Tax number: %(number)s") % {"number": seller["tax_id"]} if seller["tax_id"] else ""
    return [line for line in (number, _vat_id(seller.get("vat_id", ""))) if line]


def _vat_id(vat_id: str) -> str:
    return _("VAT id: %(id)s") % {"id": vat_id} if vat_id else ""


def _tax_words(entry: dict[str, Any], seller: dict[str, Any], locale: str) -> str:
    """“VAT 19 %”, and whose it is where it isn't the seller's country's."""
    words = f"{seller['tax_name']} {entry['rate']} %"
    abroad = entry.get("kind") == "destination" and entry["country"] != seller["country"]
    return f"{words} ({_country(entry['country'], locale)})" if abroad else words


def _notes(document: dict[str, Any]) -> list[str]:
    """What the law wants said where no tax is charged (VAT Directive, art. 226 no. 11 and 11a)."""
    words = {
        "reverse_charge": _("Reverse charge: the recipient owes the tax (art. 196 of Directive 2006/112/EC)."),
        "intra_community": _("Intra-Community supply, exempt from tax (art. 138 of Directive 2006/112/EC)."),
        "outside": _("Supplied outside the European Union: no value added tax is due there."),
    }
    kinds = {entry.get("kind") for entry in document["taxes"]}
    is_european = document["seller"]["country"] in rates.STANDARD
    return [text for kind, text in words.items() if kind in kinds and (kind != "outside" or is_european)]


def _country(code: str, locale: str) -> str:
    """A country's name in the document's language."""
    names: dict[str, str] = dict(Locale.parse(locale.replace("-", "_")).territories)
    return names.get(code, code)
