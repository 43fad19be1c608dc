"""A seller's own tax rates for buyers of a country: set and removed in Settings. Documents made already stay as they are."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from plainsail.commerce.models import TaxRate


@transaction.atomic
def set_rate(country: str, *, rate: Decimal) -> TaxRate:
    """From now on buyers of a country (ISO 3166) are taxed at this rate, in percent."""
    found: TaxRate
    found, _is_new = TaxRate.objects.update_or_create(country=country, defaults={"rate": rate})
    return found


@transaction.atomic
def remove_rate(rate: TaxRate) -> None:
    """From now on the standard rate holds again, or none outside the Union."""
    TaxRate.objects.filter(id=rate.id).delete()
