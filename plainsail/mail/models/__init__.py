"""Who writes (senders), what is written (e-mails), to whom (broadcasts), and the ledger of every message (deliveries)."""

from plainsail.mail.models.broadcasts import Broadcast
from plainsail.mail.models.deliveries import Delivery, SealedBody, Stream
from plainsail.mail.models.emails import Edition, Email, EmailChange
from plainsail.mail.models.senders import Bucket, Exchange, Sender

__all__ = [
    "Broadcast",
    "Bucket",
    "Delivery",
    "Edition",
    "Email",
    "EmailChange",
    "Exchange",
    "SealedBody",
    "Sender",
    "Stream",
]
