"""The cancellation receipt as a page's context and as a PDF."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.kernel.lazily import Lazily
from plainsail.kernel.models import Workspace
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, CancellationRequest
from plainsail.subscriptions.services import cancellation, letters, links
from plainsail.subscriptions.services.quoting import Quote, from_json

if TYPE_CHECKING:
    import typst
else:
    typst = Lazily("typst")

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
        "is_undone": made.is_undone,
        "replaced_by": _replaced_by(made),
        "can_undo": not made.is_undone
        and not made.request.is_sellers
        and not made.subscription.is_ended
        and made.effective_at > now,
    }


def _replaced_by(made: Cancellation) -> str:
    """Path of the receipt that counts instead, where a later declaration took this one's place."""
    if not made.is_undone or made.undo.by != cancellation.SUPERSEDED:
        return ""
    return links.receipt_path(queries.in_force(made.subscription) or queries.last_cancellation(made.subscription))


def receipt_pdf(made: Cancellation) -> bytes:
    """The receipt on one page of paper."""
    return _paper(_("Cancellation receipt"), letters.receipt_rows(made, promise_of(made)), seller=made.workspace)


def declaration_pdf(request: CancellationRequest) -> bytes:
    """A declaration with the time of its arrival, on one page of paper."""
    return _paper(_("Your declaration has arrived"), letters.declared(request), seller=request.workspace)


def _paper(title: str, rows: letters.Rows, *, seller: Workspace) -> bytes:
    data = {
        "title": title,
        "seller": [seller.name, *seller.address_lines],
        "rows": rows,
        "lang": (get_language() or "en")[:2],
    }
    inputs = {"data": json.dumps(data)}
    return bytes(typst.compile(TEMPLATE.read_bytes(), sys_inputs=inputs, ignore_system_fonts=True))
