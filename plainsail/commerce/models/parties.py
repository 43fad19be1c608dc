"""Who sells, who buys, and by which clock and which numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact
from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.payments.models import GatewayAccount


class Rounding(models.TextChoices):
    """How tax is rounded over a document. The names are pretix's."""

    LINE = "line", _("each line on its own")
    SUM_BY_NET = "sum_by_net", _("on the sum of net amounts")
    SUM_BY_NET_KEEP_GROSS = "sum_by_net_keep_gross", _("on the sum, keeping the prices shown")


class SellerRounding(models.TextChoices):
    """A seller's choice: one way for everybody, or as fits whoever buys."""

    BY_BUYER = "by_buyer", _("as fits the buyer")
    LINE = Rounding.LINE.value, Rounding.LINE.label
    SUM_BY_NET = Rounding.SUM_BY_NET.value, Rounding.SUM_BY_NET.label
    SUM_BY_NET_KEEP_GROSS = Rounding.SUM_BY_NET_KEEP_GROSS.value, Rounding.SUM_BY_NET_KEEP_GROSS.label


class Mode(models.TextChoices):
    TEST = "test", _("test")
    LIVE = "live", _("live")


class Seller(WorkspaceOwned):
    """The business as a seller: what stands on its invoices, and where its money comes in. One per workspace."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        CLOSING = "closing", _("closing")
        CLOSED = "closed", _("closed")

    workspace = WorkspaceKey(related_name="sellers")
    legal_name = models.CharField(_("legal name"), max_length=150)
    address = models.TextField(_("address"), blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    email = models.CharField(_("e-mail address for questions"), max_length=254, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=40, blank=True)
    vat_id = models.CharField(_("VAT id"), max_length=16, blank=True)
    has_oss = models.BooleanField(_("registered for the One-Stop-Shop"), default=False)
    """Consumers in other countries of the Union pay their own country's tax; else that at home."""
    tax_name = models.CharField(_("name of the tax"), max_length=20, default="VAT")
    tax_rate = models.DecimalField(_("tax rate in percent"), max_digits=6, decimal_places=3, null=True, blank=True)
    """Percent, for products without a rate of their own; none means that no tax is shown."""
    timezone = models.CharField(max_length=64)
    rounding = models.CharField(
        _("rounding of tax"), max_length=24, choices=SellerRounding, default=SellerRounding.BY_BUYER
    )
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.TEST)
    state = models.CharField(max_length=7, choices=State, default=State.ACTIVE)
    gateway_account = TiedForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="sellers")

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace"], name="seller_once"),
        ]

    def __str__(self) -> str:
        return self.legal_name

    @property
    def is_test(self) -> bool:
        return self.mode == Mode.TEST

    @property
    def is_selling(self) -> bool:
        return self.state == self.State.ACTIVE


class SandboxClock(WorkspaceOwned):
    """How far a seller in test mode has moved the clock ahead. It ticks on from there."""

    workspace = WorkspaceKey(related_name="sandbox_clocks")
    ahead = models.DurationField(default=timedelta(0))

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace"], name="sandbox_clock_once"),
            models.CheckConstraint(condition=Q(ahead__gte=timedelta(0)), name="sandbox_clock_only_ahead"),
        ]

    def __str__(self) -> str:
        return str(self.ahead)


class NumberSeries(WorkspaceOwned):
    """The next number of a kind of document. Taken under a row lock in the transaction of the document: no gaps."""

    class Series(models.TextChoices):
        INVOICE = "invoice", _("invoices")
        CREDIT_NOTE = "credit_note", _("credit notes")
        ORDER = "order", _("orders")

    workspace = WorkspaceKey(related_name="number_series")
    series = models.CharField(max_length=12, choices=Series)
    mode = models.CharField(max_length=4, choices=Mode)
    prefix = models.CharField(max_length=20, blank=True)
    next_number = models.PositiveBigIntegerField(default=1)
    last_at = models.DateTimeField(null=True)
    """The moment that the last number bears; no later number bears an earlier one."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "series", "mode"], name="number_series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.series}: {self.prefix}{self.next_number}"


class BillingAccount(WorkspaceOwned):
    """A buyer as the books know them. Its id is the payer's key at the gateway."""

    workspace = WorkspaceKey(related_name="billing_accounts")
    contact = TiedForeignKey(Contact, on_delete=models.SET_NULL, related_name="billing_accounts", null=True)
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=150, blank=True)
    country = models.CharField(max_length=2, blank=True)
    locale = models.CharField(max_length=10, blank=True)
    is_consumer = models.BooleanField(default=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "contact"], condition=Q(contact__isnull=False), name="billing_account_of_contact"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email
