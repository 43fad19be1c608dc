"""Visitors’ forms, and what was sent with them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.pages import Page


class Form(WorkspaceOwned):
    """What a page asks visitors for, and which list they join with it."""

    workspace = WorkspaceKey(related_name="forms")
    name = models.CharField(_("name"), max_length=120)
    list = TiedForeignKey("contacts.List", on_delete=models.PROTECT, related_name="forms", verbose_name=_("list"))
    fields = models.JSONField()
    """`[{name, kind, label, required, max_length}]`, kinds as the edge knows them; there is always a required `email`."""
    consent = models.TextField(_("consent wording"), max_length=600)
    """Stands under the form; kept with each consent as its proof."""
    thanks_title = models.CharField(_("headline afterwards"), max_length=120)
    thanks_text = models.TextField(_("text afterwards"), max_length=600)
    version = models.PositiveIntegerField(default=1)
    """Rises with each change, so that a submission says what it was shown."""
    is_archived = models.BooleanField(default=False)

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.name


class Submission(WorkspaceOwned):
    """One accepted form post. `landing_id` is the row it arrived in, and makes accepting it twice impossible."""

    workspace = WorkspaceKey(related_name="submissions")
    landing_id = models.UUIDField()
    form = TiedForeignKey(Form, on_delete=models.CASCADE, related_name="submissions")
    page = TiedForeignKey(Page, on_delete=models.SET_NULL, null=True, related_name="submissions")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.SET_NULL, null=True, related_name="submissions")
    form_version = models.PositiveIntegerField()
    values = models.JSONField()
    consent = models.TextField()
    path = models.CharField(max_length=500, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

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
