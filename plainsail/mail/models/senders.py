"""Who writes: the names and addresses that mail comes from."""

from __future__ import annotations

from email.utils import formataddr
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
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
