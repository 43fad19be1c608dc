"""Spans of time that laws give every consumer, whatever a business promises. Pure."""

from __future__ import annotations

from datetime import date, datetime

from plainsail.kernel.periods import Span, local_date

WITHDRAWAL = Span(days=14)
"""Consumer Rights Directive (2011/83/EU), art. 9; UK Consumer Contracts Regulations 2013, reg. 30."""


def withdrawal_until(made_at: datetime, *, zone: str) -> date:
    """The last local day on which a contract made at a moment can be withdrawn from."""
    return WITHDRAWAL.after(local_date(made_at, zone))
