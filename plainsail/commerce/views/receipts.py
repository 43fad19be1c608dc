"""Receipts and their documents, for whoever has the link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plainsail.commerce.models import CreditNote, Invoice
from plainsail.commerce.services import clocks, documents, receipts
from plainsail.commerce.services.receipts import Receipt
from plainsail.commerce.sockets import ReceiptNote
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, public


@never_cache
@require_safe
@public
def receipt(request: Request, token: str) -> HttpResponse:
    """What was bought, paid and paid back, with documents to keep."""
    found = find(request, token)
    notes = request.workspace.credit_notes.filter(invoice=found.invoice).order_by("issued_at", "id")
    context = {"receipt": found, "token": token, "credit_notes": notes if found.invoice else []}
    response = render(request, "commerce/receipt.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    # The address is the key to the page: no other site shall learn it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_safe
@public
def invoice_pdf(request: Request, token: str) -> HttpResponse:
    """The invoice on paper."""
    found = find(request, token)
    if found.invoice is None:
        raise Http404
    with override(found.invoice.document["locale"]):
        # What it says besides is worded in the invoice's language, too.
        said = receipts.receipt(found.invoice, at=clocks.seller_now(request.now)).notes
        return paper(found.invoice.document, found.invoice.number, paid_with=paid_with(found), notes=said)


@never_cache
@require_safe
@public
def invoice_json(request: Request, token: str) -> HttpResponse:
    """The invoice as data, with the hash by which it was sealed."""
    found = find(request, token)
    if found.invoice is None:
        raise Http404
    return as_data(found.invoice.document, found.invoice.document_hash, found.invoice.number)


@never_cache
@require_safe
@public
def invoice_xml(request: Request, token: str) -> HttpResponse:
    """The invoice as XML (EN 16931)."""
    found = find(request, token)
    if found.invoice is None:
        raise Http404
    return as_xml(found.invoice)


@never_cache
@require_safe
@public
def note_xml(request: Request, token: str, note_id: UUID) -> HttpResponse:
    """A credit note as XML (EN 16931)."""
    found = find(request, token)
    note: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id, invoice=found.invoice)
    return as_xml(note)


@never_cache
@require_safe
@public
def credit_note_pdf(request: Request, token: str, note_id: UUID) -> HttpResponse:
    """A credit note on paper."""
    found = find(request, token)
    note: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id, invoice=found.invoice)
    return paper(note.document, note.number)


@never_cache
@require_safe
@public
def note_json(request: Request, token: str, note_id: UUID) -> HttpResponse:
    """A credit note as data."""
    found = find(request, token)
    note: CreditNote = get_object_or_404(request.workspace.credit_notes, id=note_id, invoice=found.invoice)
    return as_data(note.document, note.document_hash, note.number)


def find(request: Request, token: str) -> Receipt:
    """The receipt of a token, in this business, of something issued or paid. Raises Http404."""
    try:
        subject = receipts.subject_of(token)
    except BadToken as error:
        raise Http404 from error
    is_there = (subject.is_waiting or not subject.is_draft) if isinstance(subject, Invoice) else subject.is_paid
    if not is_there:
        raise Http404
    return receipts.receipt(subject, at=clocks.seller_now(request.now))


def paid_with(found: Receipt) -> str:
    """How it was paid, in words; empty where it wasn't."""
    if found.charge is None:
        return ""
    if found.charge.method.is_by_transfer:
        return _("Paid by bank transfer.")
    return _("Paid with %(brand)s ending in %(last4)s.") % {
        "brand": found.charge.method.brand,
        "last4": found.charge.method.last4,
    }


def as_data(document: dict[str, Any], sha256: str, number: str) -> HttpResponse:
    """A frozen document as JSON to be kept, with the hash by which it was sealed."""
    response = JsonResponse({"document": document, "sha256": sha256})
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.json"'
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def as_xml(found: Invoice | CreditNote) -> HttpResponse:
    """An e-invoice to be kept, with the hash by which it was sealed. Raises Http404 where there is none."""
    if not found.einvoice:
        raise Http404
    response = HttpResponse(found.einvoice, content_type="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.xml"'
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["X-Content-SHA256"] = found.einvoice_hash
    return response


def paper(
    document: dict[str, Any], number: str, *, paid_with: str = "", notes: Sequence[ReceiptNote] = ()
) -> HttpResponse:
    """A document as a PDF to be kept."""
    made = documents.pdf(document, paid_with=paid_with, notes=notes)
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    response.headers["X-Robots-Tag"] = "noindex"
    return response
