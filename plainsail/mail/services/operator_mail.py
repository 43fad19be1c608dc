"""Mail of the installation itself, outside any business: sign-in links, confirmations of addresses, invitations.

It stands in no tenant's table. The job's arguments carry it sealed; the queue deletes them when it is handed over.
"""

from __future__ import annotations

import base64
import json
import logging
from uuid import UUID

from plainsail.kernel import environment
from plainsail.kernel.crypto import decrypt, encrypt
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import outside_transaction
from plainsail.mail.services import pipelines
from plainsail.mail.services.smtp import Fate, Server

logger = logging.getLogger("plainsail.mail")

SEALED = "mail.operator"


class NotTakenYet(Exception):
    """The server is away or busy: the queue tries again later."""


def queue(content: bytes, *, sender: str, to: str) -> None:
    """Have one message handed over right after the commit. `content` is the whole message, addresses are bare."""
    value = {"content": base64.b64encode(content).decode(), "sender": sender, "to": to}
    deliver_sealed.later(sealed=encrypt(SEALED, json.dumps(value)))


@job("mail.deliver_sealed", also_when_closed=True)
@outside_transaction
def deliver_sealed(*, sealed: str, workspace_id: UUID | None = None) -> None:
    """Hand over a sealed message. Raises NotTakenYet or Unreachable where the queue should try again.

    A worker that dies in between leads to a second copy, under the same Message-ID: who waits for a sign-in link is
    better served by two than by none.
    """
    value = json.loads(decrypt(SEALED, sealed))
    server, content = Server.from_url(environment.current().smtp_url), base64.b64decode(value["content"])
    answer = pipelines.hand_over_one(server, content, sender=value["sender"], to=value["to"])
    if answer.fate in (Fate.PUT_OFF, Fate.UNKNOWN):
        raise NotTakenYet(answer.reply)
    if answer.fate == Fate.REFUSED:
        logger.error("the installation's own mail was refused", extra={"reply": answer.reply})
