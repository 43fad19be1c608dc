"""Who writes (senders), what is written (e-mails), to whom (broadcasts), and the ledger of every message (deliveries)."""

from __future__ import annotations

from datetime import datetime
from email.utils import formataddr
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import documents, merging
from plainsail.kernel.models import (
    TiedForeignKey,
    TiedOneToOneField,
    WorkspaceKey,
    WorkspaceOwned,
)


class Sender(WorkspaceOwned):
    """A name and an address that mail comes from."""

    workspace = WorkspaceKey(related_name="senders")
    name = models.CharField(_("name"), max_length=100)
    address = models.CharField(_("address"), max_length=254)
    reply_to = models.CharField(_("replies go to"), max_length=254, blank=True)
    is_default = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True)
    """Set when a mail server refuses the sender itself; nothing leaves in its name until somebody looks."""
    pause_reason = models.TextField(blank=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "address"], name="mail_sender_address"),
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(is_default=True), name="mail_sender_default_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"

    @property
    def mailbox(self) -> str:
        """`name <address>` as a header has it."""
        return formataddr((self.name, self.address), charset="utf-8")

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class Email(WorkspaceOwned):
    """A mail as it is being written. What is sent is an edition of it."""

    workspace = WorkspaceKey(related_name="emails")
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    preheader = models.CharField(_("preview text"), max_length=200, blank=True)
    document = models.JSONField()
    """The block document, as `documents.save` gives it."""
    revision = models.PositiveIntegerField(default=0)
    """Rises with every change; an edit says on which it was made."""
    undoable = models.PositiveIntegerField(default=0)
    """Number of the change that Undo takes back next; 0 if there is none."""
    undone = models.JSONField(default=list)
    """Numbers of the changes that Redo brings back, the next one last."""
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return merging.parse(self.subject).fill({}).strip() or str(_("Without a subject"))

    def read(self) -> documents.Document:
        """The block document. Raises InvalidDocument where it can't be read."""
        return documents.load(self.document)

    @property
    def can_undo(self) -> bool:
        return self.undoable > 0

    @property
    def can_redo(self) -> bool:
        return bool(self.undone)


class EmailChange(WorkspaceOwned):
    """One edit of a mail with what takes it back."""

    workspace = WorkspaceKey(related_name="email_changes")
    email = TiedForeignKey(Email, on_delete=models.CASCADE, related_name="changes", db_index=False)
    number = models.PositiveIntegerField()
    operations = models.JSONField()
    inverse = models.JSONField()
    before = models.PositiveIntegerField(default=0)
    """The change that Undo takes back after this one."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "number"], name="mail_change_number"),
        ]

    def __str__(self) -> str:
        return str(self.number)


class Edition(WorkspaceOwned):
    """A mail frozen as it is sent. Messages are made from it anew; no rendered body is kept per recipient."""

    workspace = WorkspaceKey(related_name="editions")
    email = TiedForeignKey(Email, on_delete=models.CASCADE, related_name="editions", db_index=False)
    revision = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    preheader = models.CharField(max_length=200, blank=True)
    document = models.JSONField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "email", "revision"], name="mail_edition_once"),
        ]

    def __str__(self) -> str:
        return merging.parse(self.subject).fill({}).strip()

    def read(self) -> documents.Document:
        return documents.load(self.document)


class Broadcast(WorkspaceOwned):
    """One mail to many people, once."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        HOLDING = "holding", _("About to leave")
        PREPARING = "preparing", _("Preparing")
        SENDING = "sending", _("Sending")
        COMPLETE = "complete", _("Sent")
        STOPPED = "stopped", _("Stopped")

    IN_FLIGHT = (State.SCHEDULED, State.HOLDING, State.PREPARING, State.SENDING)

    workspace = WorkspaceKey(related_name="broadcasts")
    email = TiedForeignKey(Email, on_delete=models.PROTECT, related_name="broadcasts")
    sender = TiedForeignKey(Sender, on_delete=models.PROTECT, null=True, related_name="broadcasts")
    list = TiedForeignKey("contacts.List", on_delete=models.PROTECT, null=True, related_name="broadcasts")
    segment = TiedForeignKey("contacts.Segment", on_delete=models.PROTECT, null=True, related_name="broadcasts")
    """Narrows the list down."""
    edition = TiedForeignKey(Edition, on_delete=models.PROTECT, null=True, related_name="broadcasts")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    scheduled_at = models.DateTimeField(null=True)
    """When the audience is resolved and the first message leaves: the chosen time, or the end of the hold."""
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    prepared_to = models.UUIDField(null=True)
    """The last contact whose row is in the ledger; the audience is written in the order of contact ids."""
    audience = models.PositiveIntegerField(default=0)
    """Rows written to the ledger, counted as they were written, apart from what became of them."""
    accepted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)
    excluded = models.PositiveIntegerField(default=0)
    uncertain = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    """Readers who followed a link, each counted once; programs that check links left out. So for the next three."""
    opened = models.PositiveIntegerField(default=0)
    machine_opened = models.PositiveIntegerField(default=0)
    """Opened by a mail service's proxy alone: somebody may have read it, or nobody."""
    unsubscribed = models.PositiveIntegerField(default=0)
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-edited_at"], name="mail_broadcast_recent"),
            models.Index(fields=["workspace", "scheduled_at"], name="mail_broadcast_due"),
        ]

    def __str__(self) -> str:
        return str(self.email)

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def can_be_stopped(self) -> bool:
        return self.state in self.IN_FLIGHT

    @property
    def settled(self) -> int:
        """Messages whose fate is known, or known to be uncertain."""
        return self.accepted + self.failed + self.suppressed + self.excluded + self.uncertain

    @property
    def is_balanced(self) -> bool:
        """Everybody the audience counted is accounted for; only then is a broadcast complete."""
        return self.audience == self.settled


class Stream(models.TextChoices):
    """Marketing needs consent; a transactional message is owed."""

    MARKETING = "marketing", _("marketing")
    TRANSACTIONAL = "transactional", _("transactional")


class Delivery(WorkspaceOwned):
    """The ledger: one row per intended message, whatever becomes of it. Its unique key is why nothing goes out twice."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        HANDING_OVER = "handing_over", _("Being handed over")
        ACCEPTED = "accepted", _("Accepted")
        FAILED = "failed", _("Failed")
        SUPPRESSED = "suppressed", _("Suppressed")
        EXCLUDED = "excluded", _("Left out")
        UNCERTAIN = "uncertain", _("Uncertain")

    OPEN = (State.QUEUED, State.HANDING_OVER)

    class WhenUncertain(models.TextChoices):
        ASK = "ask", _("wait for somebody to decide")
        RESEND = "resend", _("send again")

    workspace = WorkspaceKey(related_name="deliveries")
    stream = models.CharField(max_length=13, choices=Stream)
    source_kind = models.CharField(max_length=40)
    """`broadcast`, `automation`, or the kind of a transactional message such as `order_receipt`."""
    source_id = models.UUIDField()
    occurrence = models.CharField(max_length=80, blank=True)
    """Tells apart what one source may send to one person more than once: an automation's step and visit."""
    recipient_key = models.CharField(max_length=40)
    """The contact's id in hex, or a keyed hash of the address for people who are no contacts."""
    contact_id = models.UUIDField(null=True)
    """Loose on purpose: the ledger outlives the contact."""
    edition = TiedForeignKey(Edition, on_delete=models.PROTECT, null=True, related_name="deliveries", db_index=False)
    list_id = models.UUIDField(null=True)
    """The topic whose consent covers a marketing message."""
    address = models.CharField(max_length=254, blank=True)
    """Where a transactional message went. Marketing asks the contact at claim time and keeps no copy."""
    subject = models.CharField(max_length=200, blank=True)
    """What a transactional message is called; a marketing one has its edition."""
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    when_uncertain = models.CharField(max_length=6, choices=WhenUncertain, default=WhenUncertain.ASK)
    due_at = models.DateTimeField()
    claim = models.UUIDField(null=True)
    """Who is handing it over; an outcome is only taken from that one."""
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    """Times it was handed to a server that answered; put off by a busy server doesn't count."""
    cause = models.CharField(max_length=40, blank=True)
    """Why it ended as it did: `hard`, `message_fault`, `no_consent` …"""
    reply = models.CharField(max_length=500, blank=True)
    """The server's last words."""
    settled_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    machine_opened_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "source_kind", "source_id", "occurrence", "recipient_key"],
                name="mail_delivery_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "source_id", "due_at", "id"],
                condition=models.Q(state="queued"),
                name="mail_delivery_queue",
            ),
            models.Index(
                fields=["workspace", "leased_until"],
                condition=models.Q(state="handing_over"),
                name="mail_delivery_leases",
            ),
            models.Index(fields=["workspace", "contact_id", "-due_at"], name="mail_delivery_contact"),
            models.Index(fields=["workspace", "edition", "state"], name="mail_delivery_edition"),
        ]

    def __str__(self) -> str:
        return f"{self.source_kind} · {self.state}"

    @property
    def is_settled(self) -> bool:
        return self.state not in self.OPEN

    def is_late(self, at: datetime) -> bool:
        """Being handed over for longer than its lease: nobody knows whether the server took it."""
        return self.state == self.State.HANDING_OVER and self.leased_until is not None and self.leased_until < at


class SealedBody(WorkspaceOwned):
    """What a transactional message says, encrypted, until it is handed over; then it is deleted."""

    workspace = WorkspaceKey(related_name="sealed_bodies")
    delivery = TiedOneToOneField(Delivery, on_delete=models.CASCADE, related_name="sealed_body")
    sealed = models.TextField()

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return str(self.delivery_id)
