"""Messages that are owed to one person: receipts, confirmations, links. Sent once for each key, sealed until handed over."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from plainsail.kernel import clock
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import for_each_workspace, outside_transaction
from plainsail.mail.models import Delivery, SealedBody, Stream
from plainsail.mail.services import bodies, headers, sending
from plainsail.mail.services.bodies import Attachment, Body

__all__ = ["Attachment", "forget_old_bodies", "send", "source_of"]

FORGET_AFTER = timedelta(days=7)
"""How long the words of a message are kept of which nobody knows whether it arrived."""


def send(
    kind: str,
    *,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    key: str,
    at: datetime,
    contact_id: UUID | None = None,
    attachments: Sequence[Attachment] = (),
    when_uncertain: Delivery.WhenUncertain = Delivery.WhenUncertain.ASK,
) -> Delivery:
    """Put a message into the ledger; it leaves right after the commit. The same kind and key again gives the same row.

    Needs no marketing consent, but an address that bounced or complained is not written to. `when_uncertain` says what
    happens if a worker dies while handing it over: wait for a person, or send it again (under the same Message-ID).
    Raises Unmailable.
    """
    source_id = source_of(kind, key)
    found: Delivery | None = Delivery.objects.filter(source_kind=kind, source_id=source_id, occurrence="").first()
    if found is not None:
        return found
    address = headers.recipient(to)
    delivery: Delivery
    delivery, is_new = Delivery.objects.get_or_create(
        source_kind=kind,
        source_id=source_id,
        occurrence="",
        recipient_key=bodies.recipient_key(address, contact_id),
        defaults={
            "stream": Stream.TRANSACTIONAL,
            "contact_id": contact_id,
            "address": address,
            "subject": headers.one_line(subject)[:200],
            "when_uncertain": when_uncertain,
            "due_at": at,
            "created_at": at,
        },
    )
    if is_new:
        body = Body(subject=headers.one_line(subject), text=text, html=html, attachments=attachments)
        SealedBody.objects.create(delivery=delivery, sealed=bodies.seal(body))
        sending.wake(source_id, at=at)
    return delivery


def source_of(kind: str, key: str) -> UUID:
    """The ledger's source of a keyed message: always the same for the same kind and key."""
    return UUID(bytes=hashlib.blake2b(f"{kind}\0{key}".encode(), digest_size=16).digest())


@job("mail.forget_old_bodies")
@outside_transaction
def forget_old_bodies() -> None:
    """Delete what is still sealed of messages whose fate has been uncertain for a week: nobody decided to repeat them."""
    at = clock.now()

    def forget() -> None:
        SealedBody.objects.filter(
            delivery__state=Delivery.State.UNCERTAIN, delivery__settled_at__lt=at - FORGET_AFTER
        ).delete()

    for_each_workspace(forget, reason="words of messages whose fate stayed uncertain")
