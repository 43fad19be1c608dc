"""Contacts on their way in and out: imports, what they did and what they left out, and archives."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import SetTiedForeignKey, TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Import(WorkspaceOwned):
    """A file of contacts on its way in. `rows_done` is where it stands: written in the transaction that wrote the rows."""

    class State(models.TextChoices):
        DRAFT = "draft", _("waits for you to say what is in it")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        RUNNING = "running", _("under way")
        PAUSED = "paused", _("paused")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("stopped halfway")
        FAILED = "failed", _("could not be read")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    class Rule(models.TextChoices):
        FILL = "fill", _("Only fill what is empty")
        OVERWRITE = "overwrite", _("Overwrite with what the file says")

    workspace = WorkspaceKey(related_name="imports")
    name = models.CharField(max_length=200)
    """The file's own name."""
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    layout = models.JSONField(default=dict)
    """How the file is read: `kind` (csv, xlsx, vcard), `encoding`, `delimiter`, `has_head`."""
    columns = models.JSONField(default=list)
    targets = models.JSONField(default=list)
    """What each column is, in their order: a field of the profile, `field:<key>`, `tags`, `lists` …, or nothing."""
    rule = models.CharField(max_length=10, choices=Rule, default=Rule.FILL)
    list_ids = models.JSONField(default=list)
    tag_ids = models.JSONField(default=list)
    basis = models.TextField(blank=True)
    """Where the addresses come from and how these people agreed, as the owner declares it."""
    basis_on = models.DateField(null=True)
    is_announced = models.BooleanField(default=False)
    """Whether automations hear of it."""
    rows_total = models.PositiveIntegerField(null=True)
    rows_done = models.PositiveIntegerField(default=0)
    tally = models.JSONField(default=dict)
    """How many rows were `created`, `changed`, `unchanged`, `repeated`, `refused`; and `held` back from a list."""
    forecast = models.JSONField(default=dict)
    """The same, as the check foresaw it."""
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-created_at"], name="import_newest")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.state in {self.State.CHECKING, self.State.RUNNING, self.State.UNDOING}

    @property
    def is_open(self) -> bool:
        """Whether it may still be set up differently."""
        return self.state in {self.State.DRAFT, self.State.CHECKED}

    @property
    def percent(self) -> int:
        return min(100, self.rows_done * 100 // self.rows_total) if self.rows_total else 0


class ImportFault(WorkspaceOwned):
    """A row that was not taken, or a cell that was left out, and why."""

    workspace = WorkspaceKey(related_name="import_faults")
    origin = TiedForeignKey(Import, on_delete=models.CASCADE, related_name="faults")
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "origin", "row"], name="fault_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"


class ImportedContact(WorkspaceOwned):
    """What an import did to one contact: all that is needed to take it back."""

    workspace = WorkspaceKey(related_name="imported_contacts", db_constraint=False)
    origin = SetTiedForeignKey(Import, on_delete=models.CASCADE, related_name="people", db_index=False)
    contact_id = models.UUIDField()
    is_created = models.BooleanField()
    before = models.JSONField(null=True)
    """What changed fields said before: profile fields by name, custom ones as `field:<id>` with their rows."""
    gained = models.JSONField(null=True)
    """Ids of the `tags` and `lists` that it brought."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "origin", "contact_id"], name="imported_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} by {self.origin_id}"


class ImportMapping(WorkspaceOwned):
    """What the columns of a kind of file are, kept for the next one: `{column's name in lower case: target}`."""

    workspace = WorkspaceKey(related_name="import_mappings")
    name = models.CharField(_("name"), max_length=100)
    targets = models.JSONField(default=dict)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "name"], name="import_mapping_name"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactExport(WorkspaceOwned):
    """An archive of contacts with all that is known of them."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        READY = "ready", _("ready")
        GONE = "gone", _("no longer there")

    workspace = WorkspaceKey(related_name="contact_exports")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked = models.JSONField(default=dict)
    """Whom it is about, as the list of contacts is asked; empty for everybody."""
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-created_at"], name="contact_export_newest")
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.created_at:%Y-%m-%d}"

    @property
    def percent(self) -> int:
        return min(100, self.rows_done * 100 // self.rows_total) if self.rows_total else 0
