"""Django's mail backend: whatever accounts and allauth send goes through the queue, as mail of the installation itself."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from plainsail.kernel.ids import new_id
from plainsail.mail.services import headers, operator_mail
from plainsail.mail.services.messages import message_id


class LedgerBackend(BaseEmailBackend):
    """Queues each message once for each of its recipients, sealed, in the caller's transaction."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Returns how many messages were queued. Raises Unmailable for an address that can't be one."""
        return sum(self._queue(message) for message in email_messages)

    def _queue(self, message: EmailMessage) -> bool:
        recipients = [headers.address(parseaddr(to)[1]) for to in message.recipients()]
        if not recipients:
            return False
        sender = headers.address(parseaddr(message.from_email)[1])
        message.extra_headers.setdefault("Message-ID", message_id(new_id(), sender.rpartition("@")[2]))
        message.extra_headers.setdefault("Auto-Submitted", "auto-generated")
        written: Any = message.message()  # Django's own kind of message, which knows line ends
        content: bytes = written.as_bytes(linesep="\r\n")
        for to in recipients:
            operator_mail.queue(content, sender=sender, to=to)
        return True
