"""What a transactional message says, sealed for the database, and how its recipient is recognised."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from plainsail.kernel.crypto import BadToken, decrypt, encrypt, keyed_hash
from plainsail.mail.models import Delivery, SealedBody

BODY = "mail.sealed_body"
RECIPIENT = "mail.recipient"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes along: `type` is its media type, such as `application/pdf`."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Body:
    """What one message says."""

    subject: str
    text: str
    html: str | None = None
    attachments: Sequence[Attachment] = ()


def recipient_key(address: str, contact_id: UUID | None) -> str:
    """The contact's id, or for people who are none a hash that only this installation can make of the address."""
    return contact_id.hex if contact_id else keyed_hash(RECIPIENT, address.lower())


def seal(body: Body) -> str:
    """A body encrypted for the database."""
    value: dict[str, Any] = {
        "subject": body.subject,
        "text": body.text,
        "html": body.html,
        "attachments": [
            {"name": each.name, "type": each.type, "content": base64.b64encode(each.content).decode()}
            for each in body.attachments
        ],
    }
    return encrypt(BODY, json.dumps(value))


def unseal(sealed: str) -> Body:
    """What `seal` sealed. Raises BadToken."""
    value = json.loads(decrypt(BODY, sealed))
    attachments = [
        Attachment(name=each["name"], type=each["type"], content=base64.b64decode(each["content"]))
        for each in value["attachments"]
    ]
    return Body(subject=value["subject"], text=value["text"], html=value["html"], attachments=attachments)


def find(delivery: Delivery) -> Body | None:
    """The body that waits for a delivery; None where it is gone, or was sealed under another SECRET_KEY."""
    try:
        return unseal(delivery.sealed_body.sealed)
    except (SealedBody.DoesNotExist, BadToken):
        return None
