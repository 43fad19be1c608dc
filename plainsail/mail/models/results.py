"""What came of a mail: counters that reports read, and the rows that keep each reader counted once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class Tally(WorkspaceOwned):
    """Counters of one source by a key of a kind: a link, an hour, a mailbox provider, a currency. Reports add nothing up."""

    class Kind(models.TextChoices):
        LINK = "link", _("link")
        HOUR = "hour", _("hour")
        PROVIDER = "provider", _("mailbox provider")
        SALE = "sale", _("sales in a currency")

    workspace = WorkspaceKey(related_name="mail_tallies")
    source_id = models.UUIDField()
    """The broadcast, or the mail of an automation's step, as in the ledger."""
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.TextField()
    """A target, an hour in UTC (`2026-12-01T09`), a provider's name, a currency."""
    key_hash = models.CharField(max_length=32)
    """Of the key: addresses may be longer than an index can hold."""
    accepted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    machine_opened = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    """People; for a link those who followed it."""
    clicks = models.PositiveIntegerField(default=0)
    """Times, by people; programs that check links are left out."""
    unsubscribed = models.PositiveIntegerField(default=0)
    complained = models.PositiveIntegerField(default=0)
    bought = models.PositiveIntegerField(default=0)
    minor = models.BigIntegerField(default=0)
    """Money in minor units of the currency that is the key."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "source_id", "kind", "key_hash"], name="mail_tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class LinkClick(WorkspaceOwned):
    """That one reader followed one link: why a link's people are each counted once."""

    workspace = WorkspaceKey(related_name="link_clicks")
    delivery_id = models.UUIDField()
    """Loose on purpose, as the ledger's contact is."""
    source_id = models.UUIDField()
    url_hash = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "delivery_id", "url_hash"], name="mail_link_click_once"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} · {self.url_hash}"


class Sale(WorkspaceOwned):
    """An order that came from a mail: placed within a week of a click in it, and counted once."""

    workspace = WorkspaceKey(related_name="mail_sales")
    order_id = models.UUIDField()
    """Of whoever sells; nothing here knows orders."""
    delivery_id = models.UUIDField()
    source_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "order_id"], name="mail_sale_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "source_id", "delivery_id"], name="mail_sale_source"),
        ]

    def __str__(self) -> str:
        return f"{self.minor} {self.currency}"
