"""Visitors’ forms as they were worded at each time, what was sent with them, and what was begun and not sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.pages import Page


class Form(WorkspaceOwned):
    """What visitors are asked for, what they agree to, and what follows when they have sent it."""

    class After(models.TextChoices):
        MESSAGE = "message", _("A few words of thanks")
        PAGE = "page", _("A page of this site")
        ADDRESS = "address", _("Another web address")

    workspace = WorkspaceKey(related_name="forms")
    name = models.CharField(_("name"), max_length=120)
    more_lists = models.JSONField(default=list)
    """Ids of lists that everybody joins besides."""
    offered_lists = models.JSONField(default=list)
    """Ids of lists among which visitors choose."""
    tags = models.JSONField(default=list)
    """Ids of tags that whoever sends the form gets."""
    boxes = models.JSONField(default=list)
    """`[{id, wording, required}]`: what visitors tick to agree to; what they ticked is kept word by word."""
    # Below what is a list by default: from here on the word means this.
    list = TiedForeignKey(
        "contacts.List", on_delete=models.PROTECT, null=True, related_name="forms", verbose_name=_("list")
    )
    """Whoever sends the form joins it; none for a form that only asks."""
    fields = models.JSONField()
    """`[{name, kind, label, required, max_length, help, choices, step, value}]`, kinds as `questions` knows them; there is
    always a required `email`. See `services/questions.py`."""
    consent = models.TextField(_("consent wording"), max_length=600)
    """Stands under the form; kept with each consent as its proof."""
    confirms = models.BooleanField(default=True)
    """Whoever sends the form confirms by mail before they are on a list."""
    prefills = models.BooleanField(default=False)
    """Browsers that are known find their first name and address filled in."""
    after = models.CharField(max_length=10, choices=After, default=After.MESSAGE)
    thanks_title = models.CharField(_("headline afterwards"), max_length=120)
    thanks_text = models.TextField(_("text afterwards"), max_length=600)
    thanks_page = TiedForeignKey(Page, on_delete=models.SET_NULL, null=True, related_name="thanking_forms")
    thanks_url = models.CharField(max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1)
    """Rises with each change, so that a submission says what it was shown."""
    is_archived = models.BooleanField(default=False)

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.name

    @property
    def steps(self) -> int:
        """How many screens it is asked on."""
        return max((int(field.get("step", 1)) for field in self.fields), default=1)


class FormVersion(WorkspaceOwned):
    """What a form asked and said at one time. Append-only: a submission's number leads to the words that were agreed to."""

    workspace = WorkspaceKey(related_name="form_versions")
    form = TiedForeignKey(Form, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    fields = models.JSONField()
    consent = models.TextField()
    boxes = models.JSONField(default=list)
    confirms = models.BooleanField(default=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "form", "number"], name="pages_form_version"),
        ]

    def __str__(self) -> str:
        return f"{self.form_id} · {self.number}"


class SubmissionQuerySet(OwnedQuerySet["Submission"]):
    """Words for choosing submissions."""

    def accepted(self) -> SubmissionQuerySet:
        return self.filter(held_for="")

    def held(self) -> SubmissionQuerySet:
        """Those that look like a program's, until somebody lets them in."""
        return self.exclude(held_for="")


class Submission(WorkspaceOwned):
    """One form post. `landing_id` is the row it arrived in, and makes taking it in twice impossible."""

    class Held(models.TextChoices):
        FAST = "fast", _("sent within two seconds of seeing the page")
        MANY = "many", _("one of very many from the same place")

    workspace = WorkspaceKey(related_name="submissions")
    landing_id = models.UUIDField()
    form = TiedForeignKey(Form, on_delete=models.CASCADE, related_name="submissions")
    page = TiedForeignKey(Page, on_delete=models.SET_NULL, null=True, related_name="submissions")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.SET_NULL, null=True, related_name="submissions")
    form_version = models.PositiveIntegerField()
    values = models.JSONField()
    consent = models.TextField()
    agreed = models.JSONField(default=list)
    """`[{id, wording}]` of the boxes that were ticked."""
    campaign = models.JSONField(default=dict)
    """`utm_…` of the address at which the form stood, or at which its sender came."""
    held_for = models.CharField(max_length=10, choices=Held, blank=True)
    """Why it made nobody a contact yet; empty where it did."""
    path = models.CharField(max_length=500, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(SubmissionQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "landing_id"], name="pages_submission_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "page", "-at"], name="pages_submission_page"),
            models.Index(fields=["workspace", "form", "-at"], name="pages_submission_form"),
        ]

    def __str__(self) -> str:
        return f"{self.form_id} · {self.at:%Y-%m-%d}"


class Unfinished(WorkspaceOwned):
    """A form of several steps of which some are sent. Goes when the last one is, or after 30 days."""

    workspace = WorkspaceKey(related_name="unfinished_forms")
    form = TiedForeignKey(Form, on_delete=models.CASCADE, related_name="unfinished", db_index=False)
    page = TiedForeignKey(Page, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    key_hash = models.CharField(max_length=64)
    """Of the secret in the address: whoever has that goes on."""
    step = models.PositiveSmallIntegerField()
    """The first step that is not sent yet."""
    values = models.JSONField()
    path = models.CharField(max_length=500, blank=True)
    campaign = models.JSONField(default=dict)
    begun_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key_hash"], name="pages_unfinished_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "form", "-changed_at"], name="pages_unfinished_form"),
            models.Index(fields=["workspace", "changed_at"], name="pages_unfinished_old"),
        ]

    def __str__(self) -> str:
        return f"{self.form_id} · {self.step}"
