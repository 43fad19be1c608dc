"""How to pay an invoice by bank transfer, for whoever has the link."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import girocode, receipts, transfer_orders
from plainsail.commerce.views.receipts import paper
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.http import Request, public


@never_cache
@require_safe
@public
def transfer(request: Request, token: str) -> HttpResponse:
    """Where to send how much, with a code for banking apps; the receipt once it is paid."""
    invoice = find(request, token)
    told = transfer_orders.instructions(invoice)
    if told is None and (invoice.is_paid or invoice.paid_minor):
        return redirect("commerce:receipt", receipts.token_of(invoice))
    context = {"invoice": invoice, "told": told, "token": token, "order": invoice.order}
    response = render(request, "commerce/transfer.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    # The address is the key to the page: no other site shall learn it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_safe
@public
def code_svg(request: Request, token: str) -> HttpResponse:
    """The code for banking apps, for the page."""
    return picture(request, token, lambda code: girocode.svg(code).encode(), "image/svg+xml")


@never_cache
@require_safe
@public
def code_png(request: Request, token: str) -> HttpResponse:
    """The same for mail."""
    return picture(request, token, girocode.png, "image/png")


def picture(request: Request, token: str, draw: Callable[[str], bytes], kind: str) -> HttpResponse:
    told = transfer_orders.instructions(find(request, token))
    if told is None or not told.code:
        raise Http404
    return HttpResponse(draw(told.code), content_type=kind)


@never_cache
@require_safe
@public
def transfer_pdf(request: Request, token: str) -> HttpResponse:
    """The invoice on paper, before it is paid."""
    invoice = find(request, token)
    if not invoice.number:
        raise Http404
    with override(invoice.document["locale"]):
        return paper(invoice.document, invoice.number)


def find(request: Request, token: str) -> Invoice:
    """The invoice of a receipt's token for which a transfer was asked. Raises Http404."""
    try:
        subject = receipts.subject_of(token)
    except BadToken as error:
        raise Http404 from error
    invoice = subject.invoices.order_by("created_at").first() if isinstance(subject, Order) else subject
    if invoice is None or not invoice.payment_reference:
        raise Http404
    found: Invoice = invoice
    return found
