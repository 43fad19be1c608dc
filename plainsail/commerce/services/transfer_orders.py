"""Buying by bank transfer: the invoice is issued at once and says where to send what is due; what was bought comes when it is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from plainsail.accounts.services import hosts
from plainsail.commerce.models import Invoice, Order, Seller
from plainsail.commerce.services import clocks, fulfilling, girocode, invoicing, lapsing, receipts, receiving, sellers
from plainsail.commerce.services.checkout import Progress
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start, local_date
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction, workspace
from plainsail.mail.models import Delivery
from plainsail.mail.services import letters, notices, transactional
from plainsail.payments.models import GatewayAccount, PaymentMethod
from plainsail.payments.services import transfers
from plainsail.payments.services.transfers import BankAccount

LETTER, REMINDER = "commerce.transfer", "commerce.transfer_reminder"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which people take for digits."""
LENGTH = 8
"""34 to the eighth: a trillion and a half. Who mistypes one doesn't meet another's."""


class NotOffered(Refusal):
    """The seller takes no bank transfers, or nothing is to be paid."""

    code = "no_transfers"
    message = gettext_lazy("This business takes no bank transfers at the moment. Please choose another way to pay.")


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """What a payer has to know: how much, where to, with which words, until when. `code` is empty where there can be none."""

    to: BankAccount
    due: Money
    reference: str
    due_on: date | None
    code: str
    is_test: bool

    @property
    def shown_reference(self) -> str:
        return transfers.shown_reference(self.reference)


def offered(seller: Seller) -> BankAccount | None:
    """Where buyers may send their money, if the seller offers it at the checkout. One query."""
    account = transfers.account_of(seller.mode)
    to = transfers.details(account) if account else None
    return to if to and to.is_offered else None


def new_reference() -> str:
    """A short payment reference of its own, with check characters that banks and apps know (ISO 11649)."""
    return transfers.reference("".join(secrets.choice(ALPHABET) for _position in range(LENGTH)))


def ask(workspace_id: UUID, order_id: UUID, *, at: datetime) -> Progress:
    """Have an open order paid by bank transfer; outside any transaction, `at` is the seller's time. Twice is fine.

    A trial begins at once. Raises NotOffered, SellerClosing.
    """
    with workspace(workspace_id):
        seller, wall = sellers.selling(at=at), clocks.wall(at)
        account = transfers.account_of(seller.mode)
        order = Order.objects.get(id=order_id)
        if account is None or offered(seller) is None or order.mode != seller.mode:
            raise NotOffered
    payer_key = order.billing_account_id
    method = transfers.method_of(workspace_id, account_id=account.id, payer_key=payer_key, at=wall)
    with workspace(workspace_id):
        asked = _await(order_id, account, method, at=at)
    for invoice_id in asked:
        receiving.draw(workspace_id, invoice_id, at=at)
    with workspace(workspace_id):
        is_paid = Order.objects.get(id=order_id).is_paid
    return Progress("paid" if is_paid else "transfer")


@transaction.atomic
def _await(order_id: UUID, account: GatewayAccount, method: PaymentMethod, *, at: datetime) -> list[UUID]:
    """Let an order wait; returns the invoices that were issued for it now."""
    # Invoice before order, as where a payment is entered.
    drafts = list(Invoice.objects.select_for_update().filter(order_id=order_id).order_by("id"))
    order = Order.objects.select_for_update().get(id=order_id)
    to = transfers.details(account)
    if not order.is_open or to is None:
        return []
    order.method = method
    if not drafts:
        order.save(update_fields=["method"])
        fulfilling.fulfil(order_id, method_id=method.id, at=at)
        return []
    zone = sellers.of_workspace(at=at).timezone
    due_on = local_date(at, zone) + timedelta(days=to.days)
    order.pay_by = order.pay_by or day_start(due_on + timedelta(days=1), zone)
    order.save(update_fields=["method", "pay_by"])
    lapsing.watch(order, at=at)
    new = [invoice for invoice in drafts if invoice.is_draft and not invoice.payment_reference]
    for invoice in new:
        _issue(invoice, due_on=due_on, at=at)
    if to.gives_at_once:
        fulfilling.give_ahead(order, method_id=method.id, at=at)
    return [invoice.id for invoice in new]


def _issue(invoice: Invoice, *, due_on: date, at: datetime) -> None:
    """Issue a draft with a reference; a job says how to pay it, or draws on what its payer sent before."""
    invoice.payment_reference, invoice.due_on = new_reference(), due_on
    invoice.save(update_fields=["payment_reference", "due_on"])
    invoicing.finalize(invoice, at=at)
    tell_later.later(invoice_id=invoice.id)


@job("commerce.tell_transfer")
@outside_transaction
def tell_later(*, workspace_id: UUID, invoice_id: UUID) -> None:
    """Say how to pay an invoice, once what its payer sent before is drawn upon."""
    with workspace(workspace_id):
        at = clocks.seller_now(clock.now())
    tell(workspace_id, invoice_id, at=at)


def tell(workspace_id: UUID, invoice_id: UUID, *, at: datetime) -> None:
    """Draw on its payer's credit, and mail how to pay what is left, if anything is. Outside any transaction."""
    receiving.draw(workspace_id, invoice_id, at=at)
    with workspace(workspace_id):
        send(Invoice.objects.select_related("order", "billing_account").get(id=invoice_id), at=at)


def instructions(invoice: Invoice) -> Instructions | None:
    """How to pay what is due on an invoice by bank transfer; nothing where that isn't waited for. One query at most."""
    if not invoice.awaits_transfer:
        return None
    printed = invoice.document.get("payment")
    account = transfers.account_of(invoice.mode)
    to = BankAccount(**{name: printed[name] for name in ("holder", "iban", "bic")}) if printed else None
    to = to or (transfers.details(account) if account else None)
    if to is None:
        return None
    code = girocode.payload(
        holder=to.holder, iban=to.iban, bic=to.bic, reference=invoice.payment_reference, amount=invoice.due
    )
    return Instructions(
        to=to,
        due=invoice.due,
        reference=invoice.payment_reference,
        due_on=invoice.due_on,
        code=code,
        is_test=invoice.is_test,
    )


def send(invoice: Invoice, *, at: datetime, reminder: int = 0) -> None:
    """Mail how to pay an invoice, once, and once for each reminder, in the buyer's language. Raises Unmailable."""
    with override(receipts.language_of(invoice)):
        told = instructions(invoice)
        if told is None:
            return
        kind, words = (REMINDER, _reminding) if reminder else (LETTER, _asking)
        facts = {"amount": told.due.format(get_language() or "en"), "business": invoice.workspace.name}
        subject, opening = words(facts)
        said = notices.said(kind, subject=subject, paragraphs=[opening], values=facts)
        letter = _letter(invoice, told, said.paragraphs)
        transactional.send(
            LETTER,
            to=invoice.order.email if invoice.order else invoice.billing_account.email,
            subject=said.subject,
            text=letter.text,
            html=letter.html,
            key=f"{invoice.id}:{reminder}" if reminder else str(invoice.id),
            at=clocks.wall(at),
            contact_id=invoice.billing_account.contact_id,
            when_uncertain=Delivery.WhenUncertain.RESEND,
        )


def _asking(facts: Mapping[str, str]) -> tuple[str, str]:
    return (
        _("Please transfer %(amount)s") % facts,
        _("Thank you. Please send the amount below by bank transfer, with the reference as it stands here."),
    )


def _reminding(facts: Mapping[str, str]) -> tuple[str, str]:
    return (
        _("Reminder: please transfer %(amount)s") % facts,
        _("We haven’t seen your payment yet. If it is on its way, you need do nothing."),
    )


def original() -> tuple[str, str]:
    """Subject and opening words of how to pay, with their fields in braces, in the active language."""
    return _asking({"amount": "{{amount}}"})


def original_reminder() -> tuple[str, str]:
    """The same of a reminder."""
    return _reminding({"amount": "{{amount}}"})


def _letter(invoice: Invoice, told: Instructions, opening: Sequence[str]) -> letters.Letter:
    paragraphs = [*opening, _("By its reference your payment is recognised, whoever sends it.")]
    if told.is_test:
        paragraphs.append(_("This is a test: please send no money."))
    rows = [
        (_("Invoice"), invoice.number),
        (_("Recipient"), told.to.holder),
        (_("IBAN"), told.to.shown_iban),
        (_("BIC"), told.to.bic),
        (_("Reference"), told.shown_reference),
        (_("To be paid by"), date_format(told.due_on, "DATE_FORMAT") if told.due_on else ""),
        (_("Amount"), told.due.format(get_language() or "en")),
    ]
    page = url(invoice)
    return letters.letter(
        _("Please pay by bank transfer"),
        paragraphs,
        rows=[(label, value) for label, value in rows if value],
        picture=(_("Code for your banking app"), f"{page}code.png") if told.code else None,
        button=(_("See how to pay"), page),
        footer=_("The page shows a code that your banking app can scan, and your invoice."),
    )


def url(invoice: Invoice) -> str:
    """Absolute address of the page that says how to pay. One query."""
    business = Workspace.objects.get(id=current_workspace_id())
    return hosts.public_url(business, f"/transfer/{receipts.token_of(invoice)}/")
