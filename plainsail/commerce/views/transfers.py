"""Sales → Bank transfers: what is waited for, what came in, what goes back. And where money is to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.commerce import queries
from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, receiving, refunding, sellers
from plainsail.commerce.transfer_forms import AssignForm, ColumnsForm, ReceivedForm, StatementForm
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.payments.models import Transfer
from plainsail.payments.services import statements
from plainsail.payments.services import transfers as rail
from plainsail.payments.services.statements import BadStatement

AT_ONCE = 200


@require_GET
@can("commerce.view")
def transfers(request: Request) -> HttpResponse:
    """All that a person has to do about bank transfers."""
    return show(request)


def show(request: Request, *, status: int = 200, **forms: Any) -> HttpResponse:
    seller = sellers.of_workspace(at=request.now)
    account = rail.account_of(seller.mode)
    context = {
        "account": rail.details(account) if account else None,
        "awaited": queries.awaited_transfers(request.workspace)[:AT_ONCE],
        "unclaimed": queries.unclaimed_transfers(request.workspace)[:AT_ONCE],
        "to_send": queries.refunds_to_send(request.workspace)[:AT_ONCE],
        "credits": queries.customer_credits(request.workspace),
        "may": request.role.allows("commerce.refund"),
        "today": local_date(clocks.seller_now(request.now), seller.timezone),
        "statement": StatementForm(),
        **forms,
    }
    return render(request, "commerce/transfers.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@can("commerce.refund")
@outside_transaction
def received(request: Request, invoice_id: UUID) -> HttpResponse:
    """Note by hand that an invoice, or a part of it, was paid."""
    with workspace(request.workspace):
        invoice = find(request, invoice_id)
        at = clocks.seller_now(request.now)
        today = local_date(at, sellers.of_workspace(at=at).timezone)
    initial = {"booked_on": today, "amount": invoice.due.decimal}
    form = ReceivedForm(request.POST or None, currency=invoice.currency, initial=initial)
    if form.is_valid() and is_noted(request, invoice, form, at=at):
        return back(request)
    context = {"invoice": invoice, "form": form}
    return render(request, "commerce/received.html", context, status=422 if form.is_bound else 200)


def is_noted(request: Request, invoice: Invoice, form: ReceivedForm, *, at: datetime) -> bool:
    """Note what came in, or say at the form why not."""
    try:
        receiving.mark_paid(request.workspace.pk, invoice.pk, at=at, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    note(request, "commerce.transfer_noted", f"{invoice} ({form.cleaned_data['amount']})")
    messages.success(request, _("Noted."))
    return True


@require_POST
@can("commerce.refund")
@outside_transaction
def assign(request: Request, transfer_id: UUID) -> HttpResponse:
    """Say which invoice money was for."""
    transfer, form = find_transfer(request, transfer_id), AssignForm(request.POST)
    with workspace(request.workspace):
        at = clocks.seller_now(request.now)
    try:
        named = form.cleaned_data["invoice"] if form.is_valid() else ""
        invoice = receiving.assign(request.workspace.pk, transfer.pk, named=named, at=at)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        note(request, "commerce.transfer_noted", f"{invoice} ({transfer.amount})")
        messages.success(request, _("Matched."))
    return back(request)


@require_POST
@can("commerce.refund")
def set_aside(request: Request, transfer_id: UUID) -> HttpResponse:
    """Money that is no buyer's payment."""
    transfer: Transfer = get_object_or_404(request.workspace.transfers, id=transfer_id)
    if rail.set_aside(transfer):
        note(request, "commerce.transfer_set_aside", str(transfer))
    messages.success(request, _("Set aside."))
    return back(request)


@require_POST
@can("commerce.refund")
@outside_transaction
def refund_sent(request: Request, refund_id: UUID) -> HttpResponse:
    """Somebody sent a refund."""
    with workspace(request.workspace):
        refund = get_object_or_404(queries.refunds_to_send(request.workspace), id=refund_id)
    rail.confirm_sent(request.workspace.pk, refund.id, at=request.now)
    with workspace(request.workspace):
        refunding.settle(refund.id)
    note(request, "commerce.refund_sent", str(refund.amount))
    messages.success(request, _("Noted: it is paid back."))
    return back(request)


@require_POST
@can("commerce.refund")
@outside_transaction
def credit_sent(request: Request, account_id: UUID, currency: str) -> HttpResponse:
    """Somebody sent a customer's whole credit back."""
    with workspace(request.workspace):
        get_object_or_404(request.workspace.billing_accounts, id=account_id)
        at = clocks.seller_now(request.now)
        found = [one for one in queries.customer_credits(request.workspace) if one.account.id == account_id]
        amount = next((one.amount for one in found if one.amount.currency == currency), None)
    try:
        receiving.pay_back_credit(request.workspace.pk, account_id, amount=amount or Money.zero("EUR"), at=at)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        note(request, "commerce.refund_sent", str(amount))
        messages.success(request, _("Noted: it is paid back."))
    return back(request)


@require_POST
@can("commerce.refund")
@outside_transaction
def statement(request: Request) -> HttpResponse:
    """Read a statement: CAMT at once, a CSV once its columns are known."""
    form = StatementForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["statement"]
        try:
            if statements.is_xml(content):
                return take(request, statements.of_camt(content))
            return ask_columns(request, content)
        except Refusal as refusal:
            form.add_error("statement", str(refusal))
    with workspace(request.workspace):
        return show(request, status=422, statement=form)


def ask_columns(request: Request, content: bytes) -> HttpResponse:
    """Show what was understood of a CSV, to be confirmed. Raises BadStatement."""
    table = statements.table(content)
    initial = {**table.guess, "content": statements.decoded(content)}
    form = ColumnsForm(heads=table.heads, initial=initial)
    context = {"form": form, "heads": table.heads, "rows": table.rows[:5]}
    return render(request, "commerce/statement.html", context)


@require_POST
@can("commerce.refund")
@outside_transaction
def columns(request: Request) -> HttpResponse:
    """Read a CSV whose columns a person has named."""
    try:
        table = statements.table(request.POST.get("content", "").encode())
    except BadStatement as refusal:
        messages.error(request, str(refusal))
        return back(request)
    form = ColumnsForm(request.POST, heads=table.heads)
    if form.is_valid():
        with workspace(request.workspace):
            currency = request.workspace.currency
        try:
            return take(request, statements.of_table(table, form.columns, currency=currency))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "heads": table.heads, "rows": table.rows[:5]}
    return render(request, "commerce/statement.html", context, status=422)


def take(request: Request, entries: list[statements.Entry]) -> HttpResponse:
    """Import what a statement tells, and say what came of it. Raises NotSetUp."""
    with workspace(request.workspace):
        at = clocks.seller_now(request.now)
        mode = sellers.of_workspace(at=at).mode
    done = receiving.import_entries(request.workspace.pk, entries, mode=mode, at=at)
    note(request, "commerce.statement_read", f"{done.new}")
    read = ngettext("%(count)d new payment read,", "%(count)d new payments read,", done.new) % {"count": done.new}
    matched = ngettext("%(count)d matched.", "%(count)d matched.", done.matched) % {"count": done.matched}
    messages.success(request, f"{read} {matched}")
    return back(request)


def find(request: Request, invoice_id: UUID) -> Invoice:
    """An invoice that a transfer is waited for. Raises Http404."""
    found: Invoice = get_object_or_404(queries.awaited_transfers(request.workspace), id=invoice_id)
    return found


def find_transfer(request: Request, transfer_id: UUID) -> Transfer:
    """A transfer of this business. Raises Http404."""
    with workspace(request.workspace):
        found: Transfer = get_object_or_404(request.workspace.transfers, id=transfer_id)
        return found


def note(request: Request, action: str, subject: str) -> None:
    with workspace(request.workspace):
        audit.record(action, by=cast(User, request.user), at=request.now, subject=subject)


def back(request: Request) -> HttpResponse:
    return redirect(workspace_url(request.workspace, "commerce:transfers"))
