"""A purchase: who agreed to what, and what was bought."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models.catalogue import Offer, Price, Product
from plainsail.commerce.models.parties import BillingAccount, Mode
from plainsail.commerce.models.taxes import VatAnswer
from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.kernel.money import Money
from plainsail.payments.models import PaymentMethod


class ConsentRecord(WorkspaceOwned):
    """What a buyer agreed to, word for word, and whence. Append-only: evidence."""

    workspace = WorkspaceKey(related_name="purchase_consents")
    text = models.TextField()
    price = TiedForeignKey(Price, on_delete=models.PROTECT, related_name="consents")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=5, blank=True)
    interval_count = models.PositiveSmallIntegerField(default=1)
    initial_minor = models.BigIntegerField(default=0)
    """What was agreed to for the trial, tax included; the price itself says the rest."""
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text


class OrderQuerySet(OwnedQuerySet["Order"]):
    def paid(self) -> OrderQuerySet:
        return self.filter(state=Order.State.PAID)


class Order(WorkspaceOwned):
    """A purchase at a checkout. What the buyer typed stays with it, whatever becomes of the contact."""

    class State(models.TextChoices):
        OPEN = "open", _("not paid")
        PAID = "paid", _("paid")
        EXPIRED = "expired", _("lapsed")

    workspace = WorkspaceKey(related_name="orders")
    number = models.CharField(max_length=40)
    offer = TiedForeignKey(Offer, on_delete=models.SET_NULL, related_name="orders", null=True)
    billing_account = TiedForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="orders")
    consent = TiedForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="orders")
    method = TiedForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="orders", null=True)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    mode = models.CharField(max_length=4, choices=Mode)
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=150, blank=True)
    country = models.CharField(max_length=2, blank=True)
    vat_id = models.CharField(max_length=16, blank=True)
    vat_check = models.CharField(max_length=7, choices=VatAnswer, blank=True)
    """What VIES said of the id; empty where it wasn't asked."""
    locale = models.CharField(max_length=10, blank=True)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    """What is due at once; nothing while a trial runs."""
    refunded_minor = models.BigIntegerField(default=0)
    """What has been credited and paid back or is on its way back."""
    paid_at = models.DateTimeField(null=True)
    pay_by = models.DateTimeField(null=True)
    """Until when a bank transfer is waited for; empty where none was chosen."""
    given_at = models.DateTimeField(null=True)
    """When what was bought was given before it was paid; empty where it wasn't."""
    bought_for = models.CharField(max_length=60, blank=True)
    """Whom it is bought for, in the words of the area above that led its buyer here (`services.leading`); empty for most."""

    came_by = models.UUIDField(null=True)
    """What led its buyer here: an id of the area above that did. As the address said it, so nothing is owed because of it."""

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(OrderQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "number"], name="order_number"),
            models.CheckConstraint(condition=Q(total_minor__gte=0), name="order_not_negative"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="orders_newest"),
            models.Index(fields=["workspace", "state", "-created_at", "-id"], name="orders_by_state"),
            models.Index(fields=["workspace", "billing_account", "-created_at"], name="orders_of_account"),
            models.Index(fields=["workspace", "email"], name="orders_of_email"),
            models.Index(fields=["workspace", "bought_for"], name="orders_led", condition=~Q(bought_for="")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def is_paid(self) -> bool:
        return self.state == self.State.PAID

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def has_lapsed(self) -> bool:
        """Nobody paid for it in time; it never will be."""
        return self.state == self.State.EXPIRED

    @property
    def is_refunded(self) -> bool:
        return self.total_minor > 0 and self.refunded_minor >= self.total_minor

    @property
    def is_partly_refunded(self) -> bool:
        return 0 < self.refunded_minor < self.total_minor

    @property
    def is_test(self) -> bool:
        return self.mode == Mode.TEST


class OrderLine(WorkspaceOwned):
    """One thing bought. One that begins a contract carries the item's id and the first days that are paid for."""

    workspace = WorkspaceKey(related_name="order_lines")
    order = TiedForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    price = TiedForeignKey(Price, on_delete=models.PROTECT, related_name="order_lines")
    product = TiedForeignKey(Product, on_delete=models.PROTECT, related_name="order_lines")
    description = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(default=1)
    unit_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    """Due at once, tax included; 0 while a trial runs."""
    item_id = models.UUIDField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    trial_ends_on = models.DateField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "order", "position"], name="order_line_position"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "product"], name="lines_of_product")]

    def __str__(self) -> str:
        return self.description

    @property
    def is_recurring(self) -> bool:
        return self.item_id is not None
