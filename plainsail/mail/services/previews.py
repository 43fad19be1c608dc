"""A mail as one reader would get it, without sending anything; and tests to one's own address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.blocks.services import merging
from plainsail.contacts.models import Contact, List
from plainsail.contacts.queries import values_of
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Delivery, Email, Sender
from plainsail.mail.services import merge_fields, origins, senders, transactional
from plainsail.mail.services.compiling import Compiled

EXAMPLE = {"first_name": "Maren", "last_name": "Thiessen", "name": "Maren Thiessen", "email": "maren@example.com"}


@dataclass(frozen=True)
class Preview:
    """What one reader would see."""

    subject: str
    html: str
    text: str
    sender: Sender


def show(email: Email, business: Workspace, *, topic: List | None = None, sender: Sender | None = None) -> Preview:
    """The mail for a newest contact of the list, or for an example one. Untracked; the way out leads nowhere."""
    sender = sender or senders.default()
    compiled = _compiled(email, business, sender, topic)
    values = _values(topic) | {"unsubscribe_url": "#", "preferences_url": "#"}
    return Preview(
        subject=compiled.subject.fill(values),
        html=merging.parse(compiled.html_source).fill(values, escape=merging.html_escape),
        text=merging.parse(compiled.text_source).fill(values),
        sender=sender,
    )


def send_test(broadcast: Broadcast, business: Workspace, *, to: str, at: datetime) -> Delivery:
    """Send the mail as it is now to one address, marked as a test. Raises Unmailable, InvalidDocument."""
    shown = show(broadcast.email, business, topic=broadcast.list, sender=broadcast.sender)
    return transactional.send(
        "broadcast_test",
        to=to,
        subject=_("Test: %(subject)s") % {"subject": shown.subject or _("no subject yet")},
        text=shown.text,
        html=shown.html,
        key=f"{broadcast.id}:{new_id()}",
        at=at,
    )


def _compiled(email: Email, business: Workspace, sender: Sender, topic: List | None) -> Compiled:
    origin = origins.origin(business, sender, source_id=UUID(int=0), topic=topic, is_tracked=False)
    return origins.compile_written(email, origin, language=business.locale)


def _values(topic: List | None) -> dict[str, str]:
    contact = Contact.objects.mailable(topic).order_by("-id").first() if topic is not None else None
    return merge_fields.values(contact, values_of([contact])[contact.id]) if contact is not None else dict(EXAMPLE)
