"""Who writes: the names and addresses that mail comes from."""

from __future__ import annotations

from email.utils import formataddr
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.mail.models.carriers import Carrier


class Sender(WorkspaceOwned):
    """A name and an address that mail comes from."""

    workspace = WorkspaceKey(related_name="senders")
    name = models.CharField(_("name"), max_length=100)
    address = models.CharField(_("address"), max_length=254)
    reply_to = models.CharField(_("replies go to"), max_length=254, blank=True)
    is_default = models.BooleanField(default=False)
    carrier = TiedForeignKey(
        Carrier, on_delete=models.PROTECT, null=True, blank=True, related_name="senders", db_index=False
    )
    """The mail service that carries its mail; without one, the installation's mail server."""
    paused_at = models.DateTimeField(null=True)
    """Set when a mail server refuses the sender itself; nothing leaves in its name until somebody looks."""
    pause_reason = models.TextField(blank=True)
    most_a_day = models.PositiveIntegerField(null=True)
    """Marketing messages in 24 hours at most; the ramp of a warm-up may allow less."""
    most_an_hour = models.PositiveIntegerField(null=True)
    """To all mailbox providers together."""
    most_an_hour_each = models.PositiveIntegerField(null=True)
    """To any one mailbox provider."""
    warms_up_since = models.DateField(null=True)
    """The first day of a warm-up: providers get to know a new sender by mail that grows day by day."""
    resumed_at = models.DateTimeField(null=True)
    """When somebody last let it write again: what happened before is not held against it."""

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


class Bucket(WorkspaceOwned):
    """How much a sender may still send now: to one mailbox provider, or (with no provider) to all of them.

    A token bucket: it fills at a rate and is emptied message by message. It lies in the database, so that all sending
    processes together keep to it.
    """

    workspace = WorkspaceKey(related_name="mail_buckets")
    sender = TiedForeignKey(Sender, on_delete=models.CASCADE, related_name="buckets", db_index=False)
    provider = models.CharField(max_length=253, blank=True)
    tokens = models.FloatField(default=0)
    filled_at = models.DateTimeField()
    """When `tokens` were counted last."""
    blocked_until = models.DateTimeField(null=True)
    """The provider asked to be left alone (421, 4.7.x)."""
    strikes = models.PositiveSmallIntegerField(default=0)
    """How often in a row it asked; each time it is left alone for longer."""
    day = models.DateField(null=True)
    used = models.PositiveIntegerField(default=0)
    """Messages of `day` (UTC), where there is no provider: what the daily limit counts."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "sender", "provider"], name="mail_bucket_once"),
        ]

    def __str__(self) -> str:
        return self.provider or str(self.sender_id)


class Exchange(WorkspaceOwned):
    """Who takes the mail of a domain: many domains of one mailbox provider share its limits. Known for a while from DNS."""

    workspace = WorkspaceKey(related_name="mail_exchanges")
    domain = models.CharField(max_length=253)
    provider = models.CharField(max_length=253)
    """The registrable part of its first mail exchanger's name, such as `google.com`; else the domain itself."""
    looked_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "domain"], name="mail_exchange_once"),
        ]

    def __str__(self) -> str:
        return self.domain
