"""To whom: one mail to many people, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import (
    TiedForeignKey,
    WorkspaceKey,
    WorkspaceOwned,
)
from plainsail.mail.models.emails import Edition, Email
from plainsail.mail.models.senders import Sender


class Broadcast(WorkspaceOwned):
    """One mail to many people, once."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        HOLDING = "holding", _("About to leave")
        PREPARING = "preparing", _("Preparing")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        COMPLETE = "complete", _("Sent")
        STOPPED = "stopped", _("Stopped")

    class WhenPassed(models.TextChoices):
        AT_ONCE = "at_once", _("get it at once")
        NEXT_DAY = "next_day", _("get it at that time on the next day")

    class DecidedBy(models.TextChoices):
        CLICKS = "clicks", _("people who clicked")
        SALES = "sales", _("people who bought")

    IN_FLIGHT = (State.SCHEDULED, State.HOLDING, State.PREPARING, State.SENDING, State.PAUSED)

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
    local_at = models.CharField(max_length=16, blank=True)
    """The time on each reader's own clock, such as `2026-12-01T09:00`; empty where it leaves for everybody at once."""
    when_passed = models.CharField(max_length=8, choices=WhenPassed, default=WhenPassed.AT_ONCE)
    """What happens to people on whose clock that time is over when it leaves."""
    resend_of = TiedForeignKey("self", on_delete=models.PROTECT, null=True, related_name="resends", db_index=False)
    """The broadcast whose readers get it who neither opened nor clicked."""
    test_of = TiedForeignKey("self", on_delete=models.CASCADE, null=True, related_name="variants", db_index=False)
    """The broadcast that this one is a variant of; that one goes to the rest, with the winner's words."""
    letter = models.CharField(max_length=1, blank=True)
    """A to E, for a variant."""
    slice_from = models.PositiveSmallIntegerField(default=0)
    slice_to = models.PositiveSmallIntegerField(default=0)
    """The ten-thousandths of the audience that a variant goes to: from, and up to but without."""
    hours_later = models.PositiveSmallIntegerField(default=0)
    """How long after the first variant this one leaves: what is tested may be the time."""
    test_share = models.PositiveSmallIntegerField(default=0)
    """Percent of the audience that the variants share; 0 where nothing is tested."""
    decided_by = models.CharField(max_length=6, choices=DecidedBy, default=DecidedBy.CLICKS)
    decide_after = models.PositiveSmallIntegerField(default=4)
    """Hours from the first variant to the decision."""
    decision = models.JSONField(default=dict)
    """How the winner was found: `{"letter", "rule", "at", "rows": [{"letter", "sent", "people", "chance", "low", "high"}]}`."""
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    prepared_to = models.UUIDField(null=True)
    """The last contact whose row is in the ledger; the audience is written in the order of contact ids."""
    prepared_at = models.DateTimeField(null=True)
    """When the last of the audience was written; a pause before that goes on with the writing."""
    audience = models.PositiveIntegerField(default=0)
    """Rows written to the ledger, counted as they were written, apart from what became of them."""
    accepted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)
    excluded = models.PositiveIntegerField(default=0)
    uncertain = models.PositiveIntegerField(default=0)
    pace = models.FloatField(null=True)
    """Messages settled a second, over the last seconds in which any were."""
    paced_at = models.DateTimeField(null=True)
    paced_from = models.PositiveIntegerField(default=0)
    """How many were settled at `paced_at`, where the next measuring of the pace begins."""
    clicked = models.PositiveIntegerField(default=0)
    """Readers who followed a link, each counted once; programs that check links left out. So for the next three."""
    opened = models.PositiveIntegerField(default=0)
    machine_opened = models.PositiveIntegerField(default=0)
    """Opened by a mail service's proxy alone: somebody may have read it, or nobody."""
    unsubscribed = models.PositiveIntegerField(default=0)
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            # Whoever said nothing twice is left alone.
            models.UniqueConstraint(fields=["workspace", "resend_of"], name="mail_broadcast_resent_once"),
            models.UniqueConstraint(fields=["workspace", "test_of", "letter"], name="mail_broadcast_letter_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-edited_at"], name="mail_broadcast_recent"),
            models.Index(fields=["workspace", "test_of", "letter"], name="mail_broadcast_variants"),
            models.Index(fields=["workspace", "scheduled_at"], name="mail_broadcast_due"),
        ]

    def __str__(self) -> str:
        return str(self.email)

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_variant(self) -> bool:
        return self.test_of_id is not None

    @property
    def is_test(self) -> bool:
        """Whether parts of its audience get variants first."""
        return self.test_share > 0

    @property
    def is_local(self) -> bool:
        """Whether it leaves at a time on each reader's own clock."""
        return bool(self.local_at)

    @property
    def local_time(self) -> datetime | None:
        """The time on the readers' clocks, without a zone; None where it leaves for everybody at once."""
        return datetime.fromisoformat(self.local_at) if self.local_at else None

    @property
    def can_be_stopped(self) -> bool:
        return self.state in self.IN_FLIGHT

    @property
    def can_be_paused(self) -> bool:
        return self.state in (self.State.PREPARING, self.State.SENDING)

    @property
    def is_paused(self) -> bool:
        return self.state == self.State.PAUSED

    @property
    def is_held(self) -> bool:
        """Whether it should have left and nothing of it was written down: no message of it can have left."""
        return self.is_paused and self.prepared_at is None and not self.audience

    @property
    def waiting(self) -> int:
        """Messages whose fate is open: they wait, or are being handed over right now."""
        return max(0, self.audience - self.settled)

    @property
    def settled(self) -> int:
        """Messages whose fate is known, or known to be uncertain."""
        return self.accepted + self.failed + self.suppressed + self.excluded + self.uncertain

    @property
    def is_balanced(self) -> bool:
        """Everybody the audience counted is accounted for; only then is a broadcast complete."""
        return self.audience == self.settled


class ListArchive(WorkspaceOwned):
    """A public page with what was sent to everybody on a list. There is none unless the owner wants it."""

    workspace = WorkspaceKey(related_name="list_archives")
    list = TiedForeignKey("contacts.List", on_delete=models.CASCADE, related_name="archives", db_index=False)
    opened_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "list"], name="mail_archive_once"),
        ]

    def __str__(self) -> str:
        return str(self.list)
