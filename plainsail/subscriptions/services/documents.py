"""The cancellation receipt as a page's context and as a PDF."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import gettext as _

from plainsail.kernel.money import Money
from plainsail.subscriptions.models import Cancellation
from plainsail.subscriptions.services import letters
from plainsail.subscriptions.services.quoting import Quote, from_json

TEMPLATE = Path(__file__).resolve().parents[1] / "templates" / "subscriptions" / "receipt.typ"


def promise_of(made: Cancellation) -> Quote:
    """What was shown and promised when it was confirmed."""
    return from_json(made.quote.result)


def receipt(made: Cancellation, *, now: datetime) -> dict[str, Any]:
    """Everything the receipt's page shows."""
    promise = promise_of(made)
    return {
        "cancellation": made,
        "rows": letters.receipt_rows(made, promise),
        "refund": Money(promise.refund_minor, promise.currency),
        "is_undone": made.is_undone,
        "can_undo": not made.is_undone and not made.subscription.is_ended and made.effective_at > now,
        "next_charge": letters.next_charge(made.subscription),
    }


def receipt_pdf(made: Cancellation) -> bytes:
    """The receipt on one page of paper."""
    data = {
        "title": _("Cancellation receipt"),
        "seller": made.workspace.name,
        "address": made.workspace.postal_address,
        "rows": letters.receipt_rows(made, promise_of(made)),
    }
    return bytes(typst.compile(TEMPLATE.read_bytes(), sys_inputs={"data": json.dumps(data)}))
