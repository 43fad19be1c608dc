"""What VIES said of VAT ids: asked when a business buys, kept with its date and consultation number as proof."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from plainsail.commerce.models import VatAnswer, VatCheck
from plainsail.commerce.services import clocks, sellers, vies
from plainsail.commerce.services.vat import BadVatId, Check, VatId
from plainsail.kernel.tenancy import workspace

GOOD_FOR = timedelta(days=1)
"""How long an answer stands for another purchase without asking again."""
QUIET = timedelta(minutes=2)
"""After a question without an answer the next buyer isn't made to wait for another."""


def ask(workspace_id: UUID, vat_id: str, *, at: datetime) -> Check:
    """What VIES says of a well-formed id, asked unless it was lately; `at` is the seller's time. Outside any transaction."""
    with workspace(workspace_id):
        known = _lately(vat_id, at=at)
    return known or ask_again(workspace_id, vat_id, at=at)


def ask_again(workspace_id: UUID, vat_id: str, *, at: datetime) -> Check:
    """The same, whatever is known. Outside any transaction."""
    with workspace(workspace_id):
        own = _own(sellers.of_workspace(at=at).vat_id)
    told = vies.ask(VatId.parse(vat_id), by=own)
    with workspace(workspace_id):
        VatCheck.objects.create(
            vat_id=vat_id,
            asked_by=str(own or ""),
            answer=told.check,
            consultation=told.consultation,
            name=told.name,
            address=told.address,
            fault=told.fault,
            at=at,
            created_at=clocks.wall(at),
        )
    return told.check


def _own(vat_id: str) -> VatId | None:
    try:
        return VatId.parse(vat_id)
    except BadVatId:
        return None


def _lately(vat_id: str, *, at: datetime) -> Check | None:
    last = VatCheck.objects.filter(vat_id=vat_id, at__lte=at).order_by("-at", "-id").first()
    if last is None:
        return None
    lasts = QUIET if last.answer == VatAnswer.PENDING else GOOD_FOR
    return last.answer if at - last.at < lasts else None


def standing(vat_id: str, *, at: datetime) -> Check:
    """What counts for a purchase at a moment: the answer of the last day, else it is not known yet. One query."""
    answers = VatCheck.objects.filter(vat_id=vat_id, at__gt=at - GOOD_FOR, at__lte=at)
    last = answers.exclude(answer=VatAnswer.PENDING).order_by("-at", "-id").first()
    return last.answer if last else "pending"


def proof(vat_id: str, *, at: datetime) -> VatCheck | None:
    """The last clear answer about an id by a moment."""
    answers = VatCheck.objects.filter(vat_id=vat_id, at__lte=at).exclude(answer=VatAnswer.PENDING)
    found: VatCheck | None = answers.order_by("-at", "-id").first()
    return found
