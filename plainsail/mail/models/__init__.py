"""Who writes (senders), what is written (e-mails), to whom (broadcasts), and the ledger of every message (deliveries)."""

from plainsail.mail.models.broadcasts import Broadcast
from plainsail.mail.models.deliveries import Delivery, SealedBody, Stream
from plainsail.mail.models.emails import Edition, Email, EmailChange
from plainsail.mail.models.senders import Sender

__all__ = [
    "Broadcast",
    "Delivery",
    "Edition",
    "Email",
    "EmailChange",
    "SealedBody",
    "Sender",
    "Stream",
]
