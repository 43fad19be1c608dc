"""What is for sale: products, their prices (which never change), and the offers under which they are sold."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.kernel.money import Money
from plainsail.kernel.periods import Interval


class TaxBehavior(models.TextChoices):
    INCLUSIVE = "inclusive", _("the price includes tax")
    EXCLUSIVE = "exclusive", _("tax is added to the price")


class Supply(models.TextChoices):
    """What kind of thing is sold; it decides whose tax is due."""

    ONLINE = "online", _("online: courses, downloads, memberships")
    LOCAL = "local", _("at a place: workshops, events, stays")
    GOODS = "goods", _("goods that are sent")


class Product(WorkspaceOwned):
    """Something a business sells. Having bought it gives access to `resource_key`."""

    class State(models.TextChoices):
        ACTIVE = "active", _("for sale")
        ARCHIVED = "archived", _("archived")

    workspace = WorkspaceKey(related_name="products")
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    tax_rate = models.DecimalField(_("tax rate in percent"), max_digits=6, decimal_places=3, null=True, blank=True)
    """Percent, where it differs from the seller's."""
    supply = models.CharField(_("kind"), max_length=6, choices=Supply, default=Supply.ONLINE)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "state", "name", "id"], name="products_by_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def resource_key(self) -> str:
        """What access to this product is called among grants."""
        return f"product:{self.id}"

    @property
    def is_for_sale(self) -> bool:
        return self.state == self.State.ACTIVE


class Price(WorkspaceOwned):
    """What a product costs, and when it is paid. Never changed: a new price is a new row."""

    class Every(models.TextChoices):
        ONCE = "", _("once")
        DAY = "day", _("day")
        WEEK = "week", _("week")
        MONTH = "month", _("month")
        YEAR = "year", _("year")

    workspace = WorkspaceKey(related_name="prices")
    product = TiedForeignKey(Product, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3)
    unit_minor = models.BigIntegerField()
    interval = models.CharField(max_length=5, choices=Every, blank=True)
    interval_count = models.PositiveSmallIntegerField(default=1)
    payments = models.PositiveSmallIntegerField(null=True)
    """How many payments there are in all, or in each cycle; empty for a price paid until it is cancelled."""
    cycle = models.CharField(max_length=5, choices=Every, blank=True)
    """How often that many payments begin anew; empty where they are all there is."""
    cycle_count = models.PositiveSmallIntegerField(default=1)
    trial_days = models.PositiveSmallIntegerField(default=0)
    initial_minor = models.BigIntegerField(default=0)
    """What the trial costs, paid at once; 0 for a free one."""
    tax_behavior = models.CharField(max_length=9, choices=TaxBehavior, default=TaxBehavior.INCLUSIVE)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.CheckConstraint(condition=Q(unit_minor__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=Q(interval_count__gte=1), name="price_interval_count"),
            models.CheckConstraint(
                condition=Q(interval="", trial_days=0) | Q(unit_minor__gt=0), name="price_recurring_is_paid"
            ),
            models.CheckConstraint(
                condition=Q(initial_minor=0) | Q(initial_minor__gt=0, trial_days__gt=0),
                name="price_initial_needs_trial",
            ),
            models.CheckConstraint(
                condition=Q(payments__isnull=True) | (~Q(interval="") & Q(payments__gte=2)),
                name="price_payments_need_interval",
            ),
            models.CheckConstraint(
                condition=Q(cycle="", cycle_count=1) | Q(payments__isnull=False, cycle_count__gte=1),
                name="price_cycle_needs_payments",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "product", "created_at"], name="prices_of_product")
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.interval}".strip()

    @property
    def amount(self) -> Money:
        return Money(self.unit_minor, self.currency)

    @property
    def initial(self) -> Money:
        """What is paid for the trial; nothing where it is free, or there is none."""
        return Money(self.initial_minor, self.currency)

    @property
    def is_recurring(self) -> bool:
        return self.interval != self.Every.ONCE

    @property
    def begins_contract(self) -> bool:
        """Whether a charge is still to come once it is bought."""
        return self.is_recurring or self.trial_days > 0

    @property
    def is_endless(self) -> bool:
        """Paid again and again until it is cancelled, the same each time: what a plan can be changed to."""
        return self.is_recurring and self.payments is None

    @property
    def period_interval(self) -> Interval | None:
        """How often it recurs; None for a price paid once."""
        match self.interval:
            case "day" | "week" | "month" | "year":
                return Interval(self.interval, self.interval_count)
        return None


class OfferQuerySet(OwnedQuerySet["Offer"]):
    def live(self) -> OfferQuerySet:
        """Those that can be bought from now."""
        return self.filter(is_live=True, price__product__state=Product.State.ACTIVE)


class Offer(WorkspaceOwned):
    """A checkout page's address, and the price that it sells."""

    workspace = WorkspaceKey(related_name="offers")
    slug = models.SlugField(max_length=60)
    price = TiedForeignKey(Price, on_delete=models.PROTECT, related_name="offers")
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    is_live = models.BooleanField(default=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(OfferQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="offer_slug"),
        ]

    def __str__(self) -> str:
        return self.name
