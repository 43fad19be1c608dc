"""Single messages that a business's own programs send: from a template or in words of their own, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import merging, rendering
from plainsail.contacts.models import Contact
from plainsail.contacts.queries import values_of
from plainsail.contacts.services.addresses import normalise
from plainsail.kernel.errors import Refusal
from plainsail.kernel.html import plain
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Delivery, Email
from plainsail.mail.services import branches, headers, merge_fields, origins, own_text, transactional
from plainsail.mail.services.bodies import Attachment, Body

KIND = "api"


class NothingToSay(Refusal):
    """Neither a template nor words."""

    code = "nothing_to_say"
    message = _("Give a template, or a subject with “html” or “text”.")
    status = 422


class MissingValues(Refusal):
    """Fields of the template that would leave a hole."""

    code = "missing_values"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a program says itself. The text is made from the HTML where there is none."""

    subject: str
    html: str = ""
    text: str = ""


@transaction.atomic
def send_words(
    words: Words, *, to: str, values: Mapping[str, str], attachments: Sequence[Attachment], at: datetime
) -> Delivery:
    """Send words of the program's own; merge fields in them are filled from `values`. Raises NothingToSay, MissingValues, Unmailable."""
    if not words.subject.strip() or not (words.html or words.text):
        raise NothingToSay
    _refuse_holes([words.subject, words.html, words.text], values)
    to = _address(to)
    html = merging.parse(words.html).fill(values, escape=merging.html_escape)
    text = merging.parse(words.text).fill(values) if words.text else plain(html)
    subject = merging.parse(words.subject).fill(values)
    return _send(Body(subject=subject, text=text, html=html or None, attachments=attachments), to=to, at=at)


@transaction.atomic
def send_template(
    template: Email,
    business: Workspace,
    *,
    to: str,
    values: Mapping[str, str],
    attachments: Sequence[Attachment],
    at: datetime,
) -> Delivery:
    """Send what a mail of the business says. Its fields say what `values` says, else what is known of the contact.

    Its foot offers no way out, because a message that is owed has none. Raises MissingValues, Unmailable, InvalidDocument.
    """
    to = _address(to)
    contact = Contact.objects.alive().filter(email=normalise(to)).first()
    known = merge_fields.values(contact, values_of([contact])[contact.id]) if contact is not None else {"email": to}
    said = {**known, **values}
    body = rendering.render_mail(
        template.read(),
        business=rendering.Business(name=business.name, postal_address=business.postal_address),
        base_url=origins.site_of(business),
        preview_text=template.preheader,
        title=template.subject,
        language=business.locale,
        footer=rendering.Footer.TRANSACTIONAL,
    )
    facts = branches.facts_of(body.conditions, [contact.id], at=at)[contact.id] if contact else frozenset[int]()
    source = body.text_template
    if template.text:
        source = own_text.owed(template.text, body.conditions, source=source)
    html, text = branches.seen(body.html_template, facts), branches.seen(source, facts)
    _refuse_holes([template.subject, html, text], said)
    return _send(
        Body(
            subject=merging.parse(template.subject).fill(said),
            text=merging.parse(text).fill(said),
            html=merging.parse(html).fill(said, escape=merging.html_escape),
            attachments=attachments,
        ),
        to=to,
        at=at,
        contact_id=contact.id if contact else None,
    )


def _refuse_holes(texts: Sequence[str], values: Mapping[str, str]) -> None:
    asked = {name for text in texts for name, fallback in merging.parse(text).holes if not fallback}
    if missing := sorted(name for name in asked if not values.get(name)):
        raise MissingValues(_("No value for: %(names)s") % {"names": ", ".join(missing)}, field="values")


def _address(to: str) -> str:
    try:
        return headers.recipient(to)
    except headers.Unmailable:
        raise headers.Unmailable(field="to") from None


def _send(body: Body, *, to: str, at: datetime, contact_id: UUID | None = None) -> Delivery:
    return transactional.send(
        KIND,
        to=to,
        subject=body.subject,
        text=body.text,
        html=body.html,
        attachments=body.attachments,
        key=str(new_id()),
        at=at,
        contact_id=contact_id,
    )
