"""Mail that comes back: taken in once, judged, stored for good, and acted upon.

Each door (the port for bounces, a mailbox read over IMAP, a provider's messages) hands what it got to `take_in` or
`take_event` and answers only when that is committed. Only a hard bounce and a complaint stop mail to an address at once;
soft ones need several in a row with no delivery between; a refusal of the sender pauses the sender, never the contact.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.errors import MessageError
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from plainsail.contacts.events import ContactChanged
from plainsail.contacts.models import Contact, Suppression
from plainsail.contacts.queries import events_of
from plainsail.contacts.services import suppression
from plainsail.kernel import clock
from plainsail.kernel.crypto import encrypt
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Delivery, Feedback, StrayMail
from plainsail.mail.services import books, brakes, dmarc, dmarc_addresses, mail_parts, return_paths, senders, verdicts
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.return_paths import Row
from plainsail.mail.services.verdicts import Kind, Verdict

logger = logging.getLogger("plainsail.mail")

IN_A_ROW = 5
"""Soft bounces one after the other, with no delivery between, until an address is written to no more."""
REPORTED_BY = 3
"""Refusals of the sender for reasons of their own, from so many messages within a day, until it is paused."""
AT_ONCE = {"not_authenticated", "blocklisted", "sent_too_much"}
"""Reasons that hold for all mail of a sender: it is paused at the first."""
EXCERPT = 4000
STRAY_BYTES = 65_536
STRAYS_KEPT = timedelta(days=90)

Effect = Feedback.Effect


class Fate(StrEnum):
    """What became of mail that was taken in."""

    KEPT = "kept"
    REPEATED = "repeated"
    STRAY = "stray"
    """It belongs to no message of ours; kept for the operator."""


@dataclass(frozen=True)
class Taken:
    """The outcome of taking something in; `why` for strays."""

    fate: Fate
    verdict: Verdict
    why: str = ""


@outside_transaction
def take_in(raw: bytes, *, received_at: datetime, to: Sequence[str] = (), via: str = "smtp") -> Taken:
    """Take in one mail as it came: `to` is whom the envelope named, where that is known. The same bytes again change nothing.

    Whatever it is, it ends as a row: what belongs to a message as its feedback, all else as a stray. Commits by itself.
    """
    if (place := dmarc_addresses.first(to or _reached(raw))) is not None:
        return _report(raw, place, at=received_at)
    verdict = verdicts.judge(raw)
    row, is_forged = _row_of(raw, to=to, verdict=verdict)
    digest = hashlib.blake2b(raw, digest_size=32).hexdigest()
    if row is None:
        return _stray(raw, digest, "forged" if is_forged else "no_token", verdict, at=received_at)
    if not Workspace.objects.filter(id=row.workspace_id).exists():
        return _stray(raw, digest, "no_workspace", verdict, at=received_at)
    taken = _keep(row, verdict, digest=digest, via=via, at=received_at, raw=raw)
    return taken or _stray(raw, digest, "no_delivery", verdict, at=received_at)


def _report(raw: bytes, place: dmarc_addresses.Place, *, at: datetime) -> Taken:
    """A report about a sending domain: kept with the others, or put aside with the reason why it can't be believed."""
    nothing = Verdict(kind=Kind.OTHER)
    fate = dmarc.take_in(raw, place, received_at=at)
    if fate in (Fate.KEPT, Fate.REPEATED):
        return Taken(Fate(fate), nothing)
    return _stray(raw, hashlib.blake2b(raw, digest_size=32).hexdigest(), f"dmarc_{fate}"[:20], nothing, at=at)


@outside_transaction
def take_event(row: Row, verdict: Verdict, *, event_id: str, received_at: datetime) -> Taken:
    """Take in a provider's event about a message; the same event again changes nothing. Commits by itself."""
    digest = hashlib.blake2b(event_id.encode(), digest_size=32).hexdigest()
    taken = _keep(row, verdict, digest=digest, via="provider", at=received_at)
    return taken or Taken(Fate.STRAY, verdict, why="no_delivery")


def _keep(row: Row, verdict: Verdict, *, digest: str, via: str, at: datetime, raw: bytes = b"") -> Taken | None:
    with workspace(row.workspace_id):
        delivery = Delivery.objects.filter(id=row.delivery_id).first()
        if delivery is None:
            return None
        # Two reports about one message wait for each other here, so that each is acted upon once.
        Delivery.objects.select_for_update().get(id=delivery.id)
        if Feedback.objects.filter(delivery_id=delivery.id, digest=digest).exists():
            return Taken(Fate.REPEATED, verdict)
        contact = Contact.objects.filter(id=delivery.contact_id).first() if delivery.contact_id else None
        sender = books.sender_of(delivery.source_id)
        address = contact.email if contact is not None else delivery.address
        kept = Feedback(
            digest=digest,
            received_at=at,
            created_at=at,
            via=via,
            kind=verdict.kind.value,
            cause=verdict.cause.value if verdict.cause else "",
            reason=verdict.reason,
            status=verdict.status[:12],
            words=verdict.words,
            excerpt=_excerpt(raw) if verdict.kind == Kind.OTHER else "",
            delivery_id=delivery.id,
            contact_id=delivery.contact_id,
            source_id=delivery.source_id,
            sender_id=sender.id,
            list_id=delivery.list_id,
            domain=address.rpartition("@")[2].lower()[:253],
        )
        kept.effect = _act(kept, delivery, contact, at=at)
        kept.save(force_insert=True)
        if kept.effect == Effect.PAUSED:
            senders.pause(sender, reason=_why_paused(kept), at=at)
        brakes.look(sender, kept, at=at)
    return Taken(Fate.KEPT, verdict)


def _act(kept: Feedback, delivery: Delivery, contact: Contact | None, *, at: datetime) -> Feedback.Effect:
    """What follows from it; suppresses where an address is dead or its owner complained."""
    if kept.kind == Feedback.Kind.COMPLAINT:
        return _suppress(delivery, contact, Suppression.Reason.COMPLAINT, at=at)
    if kept.kind == Feedback.Kind.BOUNCE and kept.cause == Cause.HARD:
        return _suppress(delivery, contact, Suppression.Reason.HARD_BOUNCE, at=at)
    if kept.kind == Feedback.Kind.BOUNCE and kept.cause == Cause.SOFT_RECIPIENT:
        too_often = is_too_often(delivery)
        return _suppress(delivery, contact, Suppression.Reason.SOFT_BOUNCES, at=at) if too_often else Effect.COUNTED
    if kept.cause == Cause.SENDER_REPUTATION and _is_about_all_mail(kept, at=at):
        return Effect.PAUSED
    return Effect.NONE


def _suppress(
    delivery: Delivery, contact: Contact | None, reason: Suppression.Reason, *, at: datetime
) -> Feedback.Effect:
    address = delivery.address
    if not address and contact is not None:
        if _has_moved(contact, since=delivery.settled_at):
            return Effect.OTHER_ADDRESS
        address = contact.email
    if not address:
        return Effect.NONE
    suppression.add_address(address, reason=reason, at=at)
    return Effect.SUPPRESSED


def _has_moved(contact: Contact, *, since: datetime | None) -> bool:
    """Whether the contact got another address after the message left: the new one did not bounce."""
    if since is None:
        return False
    changes = events_of(contact, clock.now(), 50, names=[ContactChanged.name])
    return any(change.at > since and "email" in change.payload.get("changed", ()) for change in changes)


def is_too_often(delivery: Delivery) -> bool:
    """Whether the last messages to its contact all came back softly, this one among them: none was delivered between.

    One index range of the contact's messages.
    """
    if delivery.contact_id is None:
        return False
    settled = Delivery.objects.filter(contact_id=delivery.contact_id).exclude(id=delivery.id)
    before = list(
        settled.filter(state__in=("accepted", "failed"))
        .order_by("-due_at", "-id")
        .values_list("id", "state", "cause")[: IN_A_ROW - 1]
    )
    if len(before) < IN_A_ROW - 1:
        return False
    came_back = set(
        Feedback.objects.filter(
            delivery_id__in=[row_id for row_id, _state, _cause in before], cause=Cause.SOFT_RECIPIENT
        ).values_list("delivery_id", flat=True)
    )
    return all(
        row_id in came_back or (state == "failed" and cause == Cause.SOFT_RECIPIENT) for row_id, state, cause in before
    )


def hear_soft(delivery: Delivery, *, at: datetime) -> None:
    """A server refused a message softly in the conversation itself: the last of too many in a row stops mail there."""
    if is_too_often(delivery):
        contact = Contact.objects.filter(id=delivery.contact_id).first()
        _suppress(delivery, contact, Suppression.Reason.SOFT_BOUNCES, at=at)


def hear_softs(source_id: UUID, *, since: datetime, at: datetime) -> None:
    """The same for all refusals of a source that were written down since a moment. One statement, and some for each of them."""
    rows = Delivery.objects.filter(
        source_id=source_id, state=Delivery.State.FAILED, cause=Cause.SOFT_RECIPIENT, settled_at__gte=since
    )
    for delivery in rows.order_by("id"):
        hear_soft(delivery, at=at)


def _is_about_all_mail(kept: Feedback, *, at: datetime) -> bool:
    if kept.reason in AT_ONCE:
        return True
    said = Feedback.objects.filter(
        sender_id=kept.sender_id, cause=Cause.SENDER_REPUTATION, received_at__gt=at - timedelta(days=1)
    ).exclude(delivery_id=kept.delivery_id)
    return int(said.values("delivery_id").distinct().count()) >= REPORTED_BY - 1


def _why_paused(kept: Feedback) -> str:
    return kept.words or f"{kept.status} {kept.reason}".strip()


def _row_of(raw: bytes, *, to: Sequence[str], verdict: Verdict) -> tuple[Row | None, bool]:
    """Which message it is about: by the envelope; without one by the headers of whom it reached; a complaint also by what
    it quotes. What the body of a bounce quotes is believed only then: anybody may quote anything.
    """
    row, is_forged = return_paths.first(to)
    if row is not None:
        return row, is_forged
    if not to:
        row, also = return_paths.first(_reached(raw))
        is_forged |= also
    if row is None and verdict.kind == Kind.COMPLAINT:
        row, also = return_paths.first(_quoted(raw))
        is_forged |= also
    return row, is_forged


def _reached(raw: bytes) -> Iterator[str]:
    head = raw[: EXCERPT * 8].replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    try:
        mail = message_from_bytes(head + b"\n\n")
        for name in ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To"):
            yield from (str(value) for value in mail.get_all(name, []))
    except (MessageError, ValueError, LookupError, TypeError):
        return


def _quoted(raw: bytes) -> Iterator[str]:
    """The report's fields and the original's headers, as they stand, and as they are encoded."""
    yield raw[: mail_parts.MOST_READ].decode("latin-1").replace("=\r\n", "").replace("=\n", "")
    yield from mail_parts.texts(raw)


def _excerpt(raw: bytes) -> str:
    text = raw[:EXCERPT].decode("utf-8", "replace")
    return "".join(each for each in text if each.isprintable() or each == "\n")


def _stray(raw: bytes, digest: str, why: str, verdict: Verdict, *, at: datetime) -> Taken:
    sealed = encrypt("mail.stray", raw[:STRAY_BYTES].decode("latin-1"))
    with transaction.atomic():
        _row, is_new = StrayMail.objects.get_or_create(
            digest=digest, defaults={"received_at": at, "why": why, "size": len(raw), "sealed": sealed}
        )
    logger.warning("mail came back that belongs to no message", extra={"why": why, "bytes": len(raw)})
    return Taken(Fate.STRAY if is_new else Fate.REPEATED, verdict, why=why)


@job("mail.forget_strays")
def forget_strays() -> None:
    """Delete strays after ninety days."""
    StrayMail.objects.filter(received_at__lt=clock.now() - STRAYS_KEPT).delete()
