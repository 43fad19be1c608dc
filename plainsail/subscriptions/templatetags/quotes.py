"""Why a cancellation gives money back, in the words of the policy or the law that does."""

from __future__ import annotations

from django import template

from plainsail.subscriptions.services import wording
from plainsail.subscriptions.services.quoting import Quote

register = template.Library()


@register.filter
def because(quote: Quote) -> list[str]:
    """The sentences for what a quote pays back; one for all of it, or one for each line where they differ."""
    return wording.because(quote)
