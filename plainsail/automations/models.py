"""Automations: what is drawn, what is live, who is in it and how far they came."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import SetTiedForeignKey, TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Automation(WorkspaceOwned):
    """Steps that people go through, one by one, each in their own time."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")

    workspace = WorkspaceKey(related_name="automations")
    name = models.CharField(_("name"), max_length=100)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    draft = models.JSONField()
    """The flow as it is being drawn: `{v, trigger, entry, steps}`, see `services.flows`."""
    revision = models.PositiveIntegerField(default=0)
    """Rises with every change; a change says on which it was made."""
    history = models.JSONField(default=list)
    """The drafts before, the newest last, for Undo; behind them `{"undone": draft}` for Redo, the next one first."""
    published_revision = models.PositiveIntegerField(null=True)
    version = TiedForeignKey(
        "automations.AutomationVersion", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    """What newcomers go through now."""
    listens_to = models.CharField(max_length=80, blank=True)
    """Key of the live version's trigger."""
    listens_for = models.CharField(max_length=200, blank=True)
    """What of it alone, such as a list's id, as the trigger says it of an event; empty where it looks at each itself."""
    looked_at = models.DateTimeField(null=True)
    """Up to when the clock was read for it: a trigger of days or times finds what has come since."""
    edited_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "listens_to", "listens_for"], name="automations_listening"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def has_unpublished_changes(self) -> bool:
        """Newcomers go through something older than the draft."""
        return self.published_revision is not None and self.published_revision != self.revision

    @property
    def changes(self) -> tuple[list[Any], list[Any]]:
        """The drafts that Undo goes back to, the nearest last, and those that Redo brings back, the nearest first."""
        undone = [one["undone"] for one in self.history if "undone" in one]
        return self.history[: len(self.history) - len(undone)], undone

    @property
    def can_undo(self) -> bool:
        return bool(self.changes[0])

    @property
    def can_redo(self) -> bool:
        return bool(self.changes[1])


class AutomationVersion(WorkspaceOwned):
    """A flow as it went live. Its document never changes: whoever is under way stays on the version they entered, unless moved."""

    workspace = WorkspaceKey(related_name="automation_versions")
    automation = TiedForeignKey(Automation, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    published_at = models.DateTimeField()
    is_asking = models.BooleanField(default=False)
    """Whether people may have to be moved while they wait: it has a goal, an exit, or a wait until something is so."""
    asked_after = models.UUIDField(null=True)
    """From which event's id on something was told that was not asked about yet; ids are in the order of time."""
    asked_all_at = models.DateTimeField(null=True)
    """When it was last asked about everybody under way."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "automation", "number"], name="automations_version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.automation_id} · {self.number}"


class Run(WorkspaceOwned):
    """One person on their way through an automation. A row with a due time; each step is one transaction."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Under way")
        DONE = "done", _("Through")
        STOPPED = "stopped", _("Taken out")
        PARKED = "parked", _("Needs attention")

    workspace = WorkspaceKey(related_name="automation_runs")
    automation = TiedForeignKey(Automation, on_delete=models.CASCADE, related_name="runs", db_index=False)
    version = TiedForeignKey(AutomationVersion, on_delete=models.CASCADE, related_name="runs", db_index=False)
    contact = TiedForeignKey(
        "contacts.Contact", on_delete=models.CASCADE, related_name="automation_runs", db_index=False
    )
    entry = models.CharField(max_length=40)
    """What makes an entry the same one: `once`, or a fingerprint of the event that let them in."""
    is_exclusive = models.BooleanField(default=True)
    """Nobody is twice in it at the same time, unless the automation runs for every event."""
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    step = models.CharField(max_length=40, blank=True)
    """Id of the step where they are; empty behind the last one."""
    is_in_wait = models.BooleanField(default=False)
    """The step is a wait that has begun; at `due_at` it is over."""
    due_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    """How often the step that comes next has failed so far."""
    error = models.TextField(blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    """Counts up when they are moved to another version, in which a step that they took may come again: another visit."""
    counted_on = models.DateField(null=True)
    steps_that_day = models.PositiveIntegerField(default=0)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # What refers to these rows is tied in sets, along the primary key.
            # The contact comes first, for their runs are also looked for without an automation.
            models.UniqueConstraint(
                fields=["workspace", "contact", "automation", "entry"], name="automations_run_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "automation", "contact"],
                condition=models.Q(ended_at=None, is_exclusive=True),
                name="automations_run_alone",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Which steps have people due is read from here alone, without their rows.
            models.Index(
                fields=["workspace", "due_at", "id"],
                include=["automation", "version", "step"],
                condition=models.Q(state="waiting"),
                name="automations_run_due",
            ),
            models.Index(fields=["workspace", "automation", "state", "step"], name="automations_run_where"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.automation_id}"


class StepLog(WorkspaceOwned):
    """A step that somebody has taken. The unique key is why none is taken twice."""

    workspace = WorkspaceKey(related_name="automation_steps", db_constraint=False)
    run = SetTiedForeignKey(Run, on_delete=models.CASCADE, related_name="log", db_index=False)
    automation = SetTiedForeignKey(Automation, on_delete=models.CASCADE, related_name="+", db_index=False)
    step = models.CharField(max_length=40)
    visit = models.PositiveIntegerField(default=1)
    outcome = models.CharField(max_length=40)
    """`done`, `waiting`, `yes`, `no`, `skipped`, `end`, `met`, `late`, `exit`, `jumped`, `moved`, or the id of a way."""
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Nothing refers to these rows, so they need no key with the workspace.
            models.UniqueConstraint(fields=["workspace", "run", "step", "visit"], name="automations_step_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "automation", "step", "outcome"], name="automations_step_count"),
        ]

    def __str__(self) -> str:
        return f"{self.step} · {self.outcome}"


class Call(WorkspaceOwned):
    """A message that a step owes another program: written down with the step, handed over afterwards, tried again.

    Its key is why the same step calls once.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Taken")
        FAILED = "failed", _("Not taken")

    workspace = WorkspaceKey(related_name="automation_calls")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="automation_calls")
    key = models.CharField(max_length=80)
    """Run, step and visit; also what the other side is told, to know it again."""
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=100)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.CharField(max_length=300, blank=True)
    """The last status, or what went wrong."""
    settled_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key"], name="automations_call_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "due_at", "id"], condition=models.Q(state="waiting"), name="automations_call_due"
            ),
            models.Index(
                fields=["workspace", "id"], condition=models.Q(state="failed"), name="automations_call_failed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.url} · {self.state}"
