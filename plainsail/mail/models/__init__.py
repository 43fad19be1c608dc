"""Who writes (senders), what is written (e-mails), to whom (broadcasts), and the ledger of every message (deliveries),
and what came of it (results)."""

from plainsail.mail.models.broadcasts import Broadcast, ListArchive
from plainsail.mail.models.deliveries import Delivery, SealedBody, Stream
from plainsail.mail.models.emails import Edition, Email, EmailChange, Inspection
from plainsail.mail.models.notices import NoticeSwitch, NoticeWords
from plainsail.mail.models.results import LinkClick, Sale, Tally
from plainsail.mail.models.senders import Sender

__all__ = [
    "Broadcast",
    "Delivery",
    "Edition",
    "Email",
    "EmailChange",
    "Inspection",
    "LinkClick",
    "ListArchive",
    "NoticeSwitch",
    "NoticeWords",
    "Sale",
    "SealedBody",
    "Sender",
    "Stream",
    "Tally",
]
