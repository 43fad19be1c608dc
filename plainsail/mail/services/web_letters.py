"""A message that was sent, to be seen in a browser: for the reader whose link it is, and for anybody in a list's archive."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from plainsail.blocks.services import merging
from plainsail.contacts.models import Contact, List
from plainsail.contacts.queries import values_of
from plainsail.contacts.services import links
from plainsail.kernel.crypto import BadToken, verify
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.models import Broadcast, Delivery, ListArchive
from plainsail.mail.services import books, branches, merge_fields, previews
from plainsail.mail.services.compiling import WEB_PURPOSE
from plainsail.mail.services.previews import Preview


def read(token: str) -> Delivery:
    """The message that a link is about. Raises BadToken, also where it is of another business, or has no mail of ours."""
    payload = verify(WEB_PURPOSE, token)
    if len(payload) != 32 or payload[:16] != current_workspace_id().bytes:
        raise BadToken
    found: Delivery | None = (
        Delivery.objects.select_related("edition").filter(id=UUID(bytes=payload[16:]), edition__isnull=False).first()
    )
    if found is None:
        raise BadToken
    return found


def show(delivery: Delivery, business: Workspace, *, at: datetime) -> Preview:
    """The message as its reader got it, by what is known of them now. Without their contact, as for anybody."""
    edition = delivery.edition
    assert edition is not None, "looked for in `read`"
    topic = List.objects.filter(id=delivery.list_id).first() if delivery.list_id else None
    sender = books.sender_of(delivery.source_id)
    contact = Contact.objects.filter(id=delivery.contact_id, deleted_at=None).first() if delivery.contact_id else None
    if contact is None:
        return previews.show_to_anybody(edition, business, sender=sender, topic=topic)
    compiled = previews.compiled_for(edition, business, sender, topic)
    facts = branches.facts_of(compiled.conditions, [contact.id], at=at)[contact.id]
    values = merge_fields.values(contact, values_of([contact])[contact.id]) | {
        "unsubscribe_url": links.unsubscribe_url(business, contact.id, delivery.list_id),
        "preferences_url": links.preferences_url(business, contact.id),
        "web_url": "#",
    }
    html = merging.parse(branches.seen(compiled.html_source, facts)).fill(values, escape=merging.html_escape)
    text = merging.parse(branches.seen(compiled.text_source, facts)).fill(values)
    return Preview(subject=compiled.subject.fill(values), html=html, text=text, sender=sender)


def is_open(topic: List) -> bool:
    """Whether a list has a public archive."""
    return bool(ListArchive.objects.filter(list=topic).exists())


def open_archive(topic: List, *, at: datetime) -> None:
    """Let anybody read what was sent to everybody on this list."""
    ListArchive.objects.get_or_create(list=topic, defaults={"opened_at": at})


def close_archive(topic: List) -> None:
    """The archive's page is gone at once."""
    ListArchive.objects.filter(list=topic).delete()


def archived(topic: List) -> QuerySet[Broadcast]:
    """What a list's archive shows, newest first: sent to everybody on it, once. Nothing that some got only, or got again."""
    sent: QuerySet[Broadcast] = Broadcast.objects.filter(
        list=topic, segment=None, resend_of=None, test_of=None, state=Broadcast.State.COMPLETE, edition__isnull=False
    )
    return sent.select_related("edition", "sender").order_by("-started_at", "-id")
