"""Single messages for programs: receipts, tickets, codes. What goes to many is a broadcast, and needs consent."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator

from plainsail.kernel import rest
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Field, Input, Output, Status, allows
from plainsail.mail.models import Delivery, Email
from plainsail.mail.services import posting
from plainsail.mail.services.bodies import Attachment

router = rest.router("Messages")

MOST_ATTACHED = 5 * 1024 * 1024
"""Bytes of all attachments of a message together."""
LARGEST = 7_500_000
"""Bytes of a request: the attachments as base64, and the words."""


class TooMuchAttached(Refusal):
    """More than mail servers take gladly."""

    code = "too_much_attached"
    message = _("All attachments together have at most 5 MB.")
    status = 422


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is no base64") from None
    return value


class NewAttachment(Input):
    """A file that goes along."""

    name: str = Field(min_length=1, max_length=200)
    content: Annotated[str, AfterValidator(_base64)] = Field(description="The file as base64.", max_length=LARGEST)
    type: str = Field("application/octet-stream", max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+$")


class NewMessage(Input):
    """One message to one address: from a template, or with a subject and words."""

    to: str = Field(max_length=254, description="A bare address.")
    template: UUID | None = Field(None, description="Id of a mail of yours: it stands in the address of its editor.")
    subject: str = Field("", max_length=500)
    html: str = Field("", max_length=400_000)
    text: str = Field("", max_length=400_000, description="Where it is left out, it is made from the HTML.")
    values: dict[str, str] = Field(
        default_factory=dict, max_length=200, description="What merge fields say, such as first_name."
    )
    attachments: list[NewAttachment] = Field(default_factory=list, max_length=20)


class Message(Output):
    """A message and what became of it. `accepted`: the reader's mail server took it; more nobody can tell."""

    id: UUID
    to: str
    subject: str
    state: Literal["queued", "handing_over", "accepted", "failed", "suppressed", "excluded", "uncertain"]
    cause: str = Field(description="Why it failed or was not sent, such as hard or suppressed; else empty.")
    reply: str = Field(description="The mail server's last words.")
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Message:
        return cls(
            id=delivery.id,
            to=delivery.address,
            subject=delivery.subject,
            state=delivery.state,  # type: ignore[arg-type]  # its choices
            cause=delivery.cause,
            reply=delivery.reply,
            created_at=delivery.created_at,
            settled_at=delivery.settled_at,
        )


@router.post("/messages", response={201: Message}, summary="Send a message")
@rest.takes(LARGEST)
@allows("mail.send")
def send_message(request: Request, body: NewMessage, response: HttpResponse) -> Status[Message]:
    """For what somebody is owed: it needs no consent, and is not sent to an address that bounced or complained. Send an
    `Idempotency-Key` with it, and the same request again sends nothing more."""
    files = [
        Attachment(name=each.name, content=base64.b64decode(each.content), type=each.type) for each in body.attachments
    ]
    if sum(len(each.content) for each in files) > MOST_ATTACHED:
        raise TooMuchAttached(field="attachments")
    if body.template is not None:
        template: Email = get_object_or_404(request.workspace.emails, id=body.template)
        made = posting.send_template(
            template, request.workspace, to=body.to, values=body.values, attachments=files, at=request.now
        )
    else:
        words = posting.Words(subject=body.subject, html=body.html, text=body.text)
        made = posting.send_words(words, to=body.to, values=body.values, attachments=files, at=request.now)
    response["Location"] = f"{rest.API_PATH}messages/{made.id}"
    return Status(201, Message.of(made))


@router.get("/messages/{uuid:message_id}", response=Message, summary="What became of a message")
@allows("mail.view")
def get_message(request: Request, message_id: UUID) -> Message:
    """A message that was sent by this API."""
    found: Delivery = get_object_or_404(request.workspace.deliveries.filter(source_kind=posting.KIND), id=message_id)
    return Message.of(found)
