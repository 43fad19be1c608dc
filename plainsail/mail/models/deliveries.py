"""The ledger of every message."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    SetTiedForeignKey,
    TiedOneToOneField,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.mail.models.emails import Edition


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
    edition = SetTiedForeignKey(Edition, on_delete=models.PROTECT, null=True, related_name="deliveries", db_index=False)
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
    put_off_since = models.DateTimeField(null=True)
    """When a busy or absent server first put it off: from then on its three days count, not from when it was written."""
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
