"""Countdowns: until when, for everybody or for each person, and what holds afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Countdown(WorkspaceOwned):
    """A deadline. What ends for each person has its beginning on the server, so clearing a browser begins nothing anew."""

    class Kind(models.TextChoices):
        FIXED = "fixed", _("One moment for everybody")
        VISIT = "visit", _("From somebody’s first look at the page")
        LIST = "list", _("From joining a list")
        TAG = "tag", _("From getting a tag")
        SEQUENCE = "sequence", _("From entering an automation")

    class Then(models.TextChoices):
        HIDE = "hide", _("The section goes")
        WORDS = "words", _("Other words stand there")
        GO = "go", _("The page leads to another address")

    workspace = WorkspaceKey(related_name="countdowns")
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("ends"), max_length=10, choices=Kind, default=Kind.FIXED)
    ends_at = models.DateTimeField(null=True)
    minutes = models.PositiveIntegerField(default=0)
    """How long it lasts for each person."""
    list = TiedForeignKey("contacts.List", on_delete=models.PROTECT, null=True, related_name="countdowns")
    tag = TiedForeignKey("contacts.Tag", on_delete=models.SET_NULL, null=True, related_name="countdowns")
    automation = TiedForeignKey(
        "automations.Automation", on_delete=models.SET_NULL, null=True, related_name="countdowns"
    )
    then = models.CharField(_("afterwards"), max_length=10, choices=Then, default=Then.WORDS)
    words = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    closes = models.JSONField(default=dict)
    """`{"offers": [id]}`: what can’t be bought any more by whoever’s time is up."""
    is_archived = models.BooleanField(default=False)

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.name

    @property
    def is_personal(self) -> bool:
        return self.kind != self.Kind.FIXED


class CountdownStart(WorkspaceOwned):
    """When a countdown began for a browser, or for a contact: never moved, so that the deadline is one."""

    workspace = WorkspaceKey(related_name="countdown_starts")
    countdown = TiedForeignKey(Countdown, on_delete=models.CASCADE, related_name="starts", db_index=False)
    visitor_id = models.UUIDField(null=True)
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, null=True, related_name="countdown_starts")
    started_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "countdown", "visitor_id"], name="pages_countdown_visitor"),
            models.UniqueConstraint(fields=["workspace", "countdown", "contact"], name="pages_countdown_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.countdown_id} {self.started_at:%Y-%m-%d %H:%M}"
