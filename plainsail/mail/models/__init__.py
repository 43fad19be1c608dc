"""Who writes (senders, domains), what (e-mails), to whom (broadcasts), every message (deliveries), what came back (feedback)."""

from plainsail.mail.models.broadcasts import Broadcast
from plainsail.mail.models.deliveries import Delivery, SealedBody, Stream
from plainsail.mail.models.domains import DkimKey, GateOverride, SendingDomain
from plainsail.mail.models.emails import Edition, Email, EmailChange
from plainsail.mail.models.feedback import Feedback, StrayMail
from plainsail.mail.models.senders import Bucket, Exchange, Sender

__all__ = [
    "Broadcast",
    "Bucket",
    "Delivery",
    "DkimKey",
    "Edition",
    "Email",
    "EmailChange",
    "Exchange",
    "Feedback",
    "GateOverride",
    "SealedBody",
    "Sender",
    "SendingDomain",
    "StrayMail",
    "Stream",
]
