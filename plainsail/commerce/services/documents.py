"""What stands on invoices and credit notes: frozen as data when they are numbered, made a PDF when somebody asks."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import typst
from babel import Locale
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from plainsail.commerce.models import BillingAccount, CreditNote, CreditNoteLine, Invoice, InvoiceLine, Seller
from plainsail.kernel import languages, postal
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date

TEMPLATE = Path(__file__).resolve().parents[1] / "typst" / "document.typ"
VERSION = 1


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
        "due_on": invoice.due_on.isoformat() if invoice.due_on else "",
        "currency": invoice.currency,
        "rounding": invoice.rounding,
        "locale": _language(invoice, buyer),
        **_parties(seller, buyer, invoice),
        "lines": [_line(line) for line in lines],
        "taxes": _taxes([(line.tax_rate, line) for line in lines]),
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
                "tax_rate": _rate(line.invoice_line.tax_rate),
                **_sums(line),
            }
            for line in lines
        ],
        "taxes": _taxes([(line.invoice_line.tax_rate, line) for line in lines]),
        **_sums(note),
    }


def _language(invoice: Invoice, buyer: BillingAccount) -> str:
    """That of the order's checkout, else the buyer's own, else the business's."""
    order = invoice.order
    return languages.first_known(order.locale if order else "", buyer.locale, buyer.workspace.locale)


def _parties(seller: Seller, buyer: BillingAccount, invoice: Invoice) -> dict[str, Any]:
    """The buyer as they named themselves with the order, if there is one."""
    named = invoice.order or buyer
    return {
        "seller": {
            "name": seller.legal_name,
            "address": seller.address,
            "country": seller.country,
            "email": seller.email,
            "tax_id": seller.tax_id,
            "tax_name": seller.tax_name,
        },
        "buyer": {"name": named.name, "company": named.company, "email": named.email, "country": named.country},
    }


def _line(line: InvoiceLine) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": line.quantity,
        "unit_minor": line.unit_minor,
        "tax_rate": _rate(line.tax_rate),
        "tax_behavior": line.tax_behavior,
        "period_start": line.period_start.isoformat() if line.period_start else "",
        "period_end": line.period_end.isoformat() if line.period_end else "",
        **_sums(line),
    }


def _sums(row: Any) -> dict[str, int]:
    return {"net_minor": row.net_minor, "tax_minor": row.tax_minor, "gross_minor": row.gross_minor}


def _taxes(rows: Sequence[tuple[Any, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for rate, row in rows:
        sums[_rate(rate)][0] += row.net_minor
        sums[_rate(rate)][1] += row.tax_minor
    return [
        {"rate": rate, "net_minor": net, "tax_minor": tax} for rate, (net, tax) in sorted(sums.items()) if rate != "0"
    ]


def _rate(rate: Any) -> str:
    return format(rate.normalize(), "f")


def pdf(document: dict[str, Any], *, paid_with: str = "") -> bytes:
    """A frozen document as a PDF (about a tenth of a second). `paid_with` says how it was paid, if it was."""
    with override(document["locale"]):
        page = json.dumps(_page(document, paid_with))
    made: bytes = typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"document": page}, ignore_system_fonts=True
    )
    return made


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
        (_("For invoice"), document.get("invoice", "")),
        (_("Order"), document["order"]),
    ]
    seller, buyer = document["seller"], document["buyer"]
    tax_name, country = seller["tax_name"], _country(buyer["country"], locale)
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
        "tax_id": _("Tax number: %(number)s") % {"number": seller["tax_id"]} if seller["tax_id"] else "",
        "to": pgettext("recipient", "To"),
        "buyer": [line for line in (buyer["company"], buyer["name"], buyer["email"], country) if line],
        "facts": [[label, value] for label, value in facts if value],
        "reason": document.get("reason", ""),
        "has_tax": bool(document["taxes"]),
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
            *([f"{tax_name} {entry['rate']} %", money(entry["tax_minor"])] for entry in document["taxes"]),
        ],
        "total": [_("Total credited") if is_credit else _("Total"), money(document["gross_minor"])],
        "paid": paid_with,
    }


def _country(code: str, locale: str) -> str:
    """A country's name in the document's language."""
    names: dict[str, str] = dict(Locale.parse(locale.replace("-", "_")).territories)
    return names.get(code, code)
