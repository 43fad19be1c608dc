"""Who writes (senders, domains), what (e-mails), to whom (broadcasts), every message (deliveries), what came back (feedback, results)."""

from plainsail.mail.models.broadcasts import Broadcast, ListArchive
from plainsail.mail.models.carriers import Carrier
from plainsail.mail.models.deliveries import Delivery, SealedBody, Stream
from plainsail.mail.models.dmarc import DmarcDay, DmarcReport
from plainsail.mail.models.domains import DkimKey, GateOverride, SendingDomain
from plainsail.mail.models.emails import Edition, Email, EmailChange, Inspection
from plainsail.mail.models.feedback import Feedback, StrayMail
from plainsail.mail.models.notices import NoticeSwitch, NoticeWords
from plainsail.mail.models.results import LinkClick, Sale, Tally
from plainsail.mail.models.senders import Bucket, Exchange, Sender

__all__ = [
    "Broadcast",
    "Bucket",
    "Carrier",
    "Delivery",
    "DkimKey",
    "DmarcDay",
    "DmarcReport",
    "Edition",
    "Email",
    "EmailChange",
    "Exchange",
    "Feedback",
    "GateOverride",
    "Inspection",
    "LinkClick",
    "ListArchive",
    "NoticeSwitch",
    "NoticeWords",
    "Sale",
    "SealedBody",
    "Sender",
    "SendingDomain",
    "StrayMail",
    "Stream",
    "Tally",
]
