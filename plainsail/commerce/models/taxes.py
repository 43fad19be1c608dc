"""What decides how a sale is taxed beyond the seller's own details: rates by country, and what VIES said of VAT ids."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class TaxRate(WorkspaceOwned):
    """A seller's own rate for buyers of a country, instead of the standard one."""

    workspace = WorkspaceKey(related_name="tax_rates")
    country = models.CharField(max_length=2)
    rate = models.DecimalField(max_digits=6, decimal_places=3)
    """Percent."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "country"], name="tax_rate_once_a_country"),
            models.CheckConstraint(condition=Q(rate__gte=0) & Q(rate__lte=100), name="tax_rate_is_a_part"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.rate.normalize():f} %"


class VatAnswer(models.TextChoices):
    """What is known of an id; none was asked for where it is empty."""

    VALID = "valid", _("valid")
    INVALID = "invalid", _("not valid")
    PENDING = "pending", _("not checked yet")


class VatCheck(WorkspaceOwned):
    """One question to VIES about one id, and its answer. Append-only: the proof for having charged no tax."""

    workspace = WorkspaceKey(related_name="vat_checks")
    vat_id = models.CharField(max_length=16)
    asked_by = models.CharField(max_length=16, blank=True)
    """The seller's own id, to which the consultation number belongs."""
    answer = models.CharField(max_length=7, choices=VatAnswer)
    consultation = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=400, blank=True)
    fault = models.CharField(max_length=60, blank=True)
    """Why there was no answer."""
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "vat_id", "-at"], name="vat_checks_of_id")
        ]

    def __str__(self) -> str:
        return f"{self.vat_id}: {self.answer}"
