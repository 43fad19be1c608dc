"""Documents: invoices and credit notes. Once numbered they never change; a trigger of the database sees to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from plainsail.commerce.models.catalogue import Product, TaxBehavior
from plainsail.commerce.models.orders import Order
from plainsail.commerce.models.parties import BillingAccount, Mode, Rounding
from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.kernel.money import Money


class Invoice(WorkspaceOwned):
    """What a buyer owes or has paid. Amounts are minor units; `gross = net + tax`, of each line and of the whole."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        PAID = "paid", _("paid")
        VOID = "void", pgettext_lazy("invoice", "cancelled")
        UNCOLLECTIBLE = "uncollectible", _("uncollectible")

    workspace = WorkspaceKey(related_name="invoices")
    number = models.CharField(max_length=40, blank=True)
    billing_account = TiedForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="invoices")
    order = TiedForeignKey(Order, on_delete=models.PROTECT, related_name="invoices", null=True)
    state = models.CharField(max_length=13, choices=State, default=State.DRAFT)
    mode = models.CharField(max_length=4, choices=Mode)
    is_waiting = models.BooleanField(default=False)
    """A draft that would be numbered already, had VIES answered. It can be paid, and is charged as a consumer's meanwhile."""
    buyer = models.JSONField(default=dict)
    """Who is billed, as they named themselves: name, company, email, country, vat_id, vat_check. Empty on older ones."""
    currency = models.CharField(max_length=3)
    rounding = models.CharField(max_length=24, choices=Rounding)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField(default=0)
    credited_minor = models.BigIntegerField(default=0)
    """What credit notes have taken off the amount due."""
    payable_minor = models.BigIntegerField(default=0)
    """What credit notes give back of the amount paid."""
    payment_reference = models.CharField(max_length=25, blank=True)
    """What a bank transfer for it is recognised by (ISO 11649); empty where none is waited for."""
    issued_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    paid_at = models.DateTimeField(null=True)
    document = models.JSONField(default=dict)
    """All that stands on it, frozen when it was numbered; the PDF is made from this."""
    document_hash = models.CharField(max_length=64, blank=True)
    einvoice = models.TextField(blank=True)
    """The same as XML (EN 16931); empty where a country isn't known."""
    einvoice_hash = models.CharField(max_length=64, blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "number"], condition=~Q(number=""), name="invoice_number"),
            models.UniqueConstraint(
                fields=["workspace", "payment_reference"],
                condition=~Q(payment_reference=""),
                name="invoice_payment_reference",
            ),
            models.CheckConstraint(
                condition=Q(gross_minor=models.F("net_minor") + models.F("tax_minor")), name="invoice_adds_up"
            ),
            models.CheckConstraint(condition=Q(gross_minor__gte=0), name="invoice_not_negative"),
            models.CheckConstraint(
                condition=Q(gross_minor__gte=models.F("paid_minor") + models.F("credited_minor")),
                name="invoice_not_overpaid",
            ),
            models.CheckConstraint(
                condition=Q(paid_minor__gte=models.F("payable_minor")) & Q(payable_minor__gte=0),
                name="invoice_gives_back_what_was_paid",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-issued_at", "-id"], name="invoices_newest"),
            models.Index(fields=["workspace", "state", "due_on"], name="invoices_by_state"),
            models.Index(fields=["workspace", "billing_account", "-created_at"], name="invoices_of_account"),
            models.Index(fields=["workspace", "order"], name="invoices_of_order"),
        ]

    def __str__(self) -> str:
        return self.number or str(self.id)

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, self.currency)

    @property
    def due(self) -> Money:
        """What is still to be paid."""
        return Money(self.gross_minor - self.paid_minor - self.credited_minor, self.currency)

    @property
    def returnable(self) -> Money:
        """What was paid and not given back yet."""
        return Money(self.paid_minor - self.payable_minor, self.currency)

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def awaits_transfer(self) -> bool:
        """Somebody was asked to send what is due."""
        is_asked_for = self.is_waiting or self.state == self.State.OPEN
        return bool(self.payment_reference) and is_asked_for and self.due.minor > 0

    @property
    def is_test(self) -> bool:
        return self.mode == Mode.TEST

    @property
    def is_paid(self) -> bool:
        """Nothing is due, also where its number still waits."""
        return self.state == self.State.PAID or (self.is_waiting and self.paid_at is not None)


class InvoiceLine(WorkspaceOwned):
    """One line of an invoice. A recurring item has one line per period: the database refuses a second."""

    class Kind(models.TextChoices):
        ONE_OFF = "one_off", _("once")
        RECURRING = "recurring", _("for a period")

    workspace = WorkspaceKey(related_name="invoice_lines")
    invoice = TiedForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9, choices=Kind)
    description = models.CharField(max_length=300)
    quantity = models.PositiveIntegerField(default=1)
    unit_minor = models.BigIntegerField()
    list_minor = models.BigIntegerField(default=0)
    """The price of one before its tax was left out, where none is due; 0 on lines older than this."""
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3)
    tax_behavior = models.CharField(max_length=9, choices=TaxBehavior)
    tax_kind = models.CharField(max_length=15, blank=True)
    """How it is taxed (`services.vat.Kind`); empty on older lines: at home."""
    tax_country = models.CharField(max_length=2, blank=True)
    """Whose tax it is; empty means the seller's country as it stands on the document."""
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    product = TiedForeignKey(Product, on_delete=models.PROTECT, related_name="invoice_lines", null=True)
    item_id = models.UUIDField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    is_voided = models.BooleanField(default=False)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "invoice", "position"], name="invoice_line_position"),
            models.UniqueConstraint(
                fields=["workspace", "item_id", "period_start"],
                condition=Q(kind="recurring", is_voided=False),
                name="invoice_line_period_once",
            ),
            models.CheckConstraint(
                condition=Q(gross_minor=models.F("net_minor") + models.F("tax_minor")), name="invoice_line_adds_up"
            ),
            models.CheckConstraint(
                condition=~Q(kind="recurring")
                | Q(item_id__isnull=False, period_start__isnull=False, period_end__gt=models.F("period_start")),
                name="invoice_line_period",
            ),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, self.invoice.currency)


class CreditNote(WorkspaceOwned):
    """Takes back an invoice or a part of it. Append-only."""

    workspace = WorkspaceKey(related_name="credit_notes")
    number = models.CharField(max_length=40)
    invoice = TiedForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    reason = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    receivable_minor = models.BigIntegerField()
    """What it takes off the amount due."""
    payable_minor = models.BigIntegerField()
    """What is to be paid back."""
    issued_at = models.DateTimeField()
    document = models.JSONField(default=dict)
    document_hash = models.CharField(max_length=64)
    einvoice = models.TextField(blank=True)
    """The same as XML (EN 16931); empty where a country isn't known."""
    einvoice_hash = models.CharField(max_length=64, blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "number"], name="credit_note_number"),
            models.CheckConstraint(
                condition=Q(gross_minor=models.F("net_minor") + models.F("tax_minor"))
                & Q(gross_minor=models.F("receivable_minor") + models.F("payable_minor")),
                name="credit_note_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(receivable_minor__gte=0) & Q(payable_minor__gte=0), name="credit_note_not_negative"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "invoice", "issued_at"], name="notes_of_invoice")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, self.currency)

    @property
    def payable(self) -> Money:
        return Money(self.payable_minor, self.currency)


class CreditNoteLine(WorkspaceOwned):
    """What a credit note takes back of one line."""

    workspace = WorkspaceKey(related_name="credit_note_lines")
    note = TiedForeignKey(CreditNote, on_delete=models.CASCADE, related_name="lines")
    invoice_line = TiedForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credits")
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "note", "invoice_line"], name="credit_note_line_once"),
            models.CheckConstraint(
                condition=Q(gross_minor=models.F("net_minor") + models.F("tax_minor")), name="credit_note_line_adds_up"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "invoice_line"], name="credits_of_line")
        ]

    def __str__(self) -> str:
        return f"{self.gross_minor} of {self.invoice_line_id}"


class HandRefund(WorkspaceOwned):
    """What a gateway could not pay back went back another way: how, who says so (nobody, if a bank took it), when. Append-only."""

    workspace = WorkspaceKey(related_name="hand_refunds")
    note = TiedForeignKey(CreditNote, on_delete=models.PROTECT, related_name="hand_refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    how = models.CharField(max_length=200)
    by = models.CharField(max_length=254)
    """Who noted it, in words that outlive the account."""
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hand_refund_is_positive"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "note"], name="hand_refunds_of_note")
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.how}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
