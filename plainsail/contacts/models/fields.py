"""What a business keeps of its contacts beyond what every business does."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models.people import Contact
from plainsail.kernel.models import SetTiedForeignKey, WorkspaceKey, WorkspaceOwned

MILLION = 1_000_000
"""A custom field's number is stored in millionths: exact, and a plain integer to the database."""


class CustomField(WorkspaceOwned):
    """A fact that this business keeps of its contacts, beyond those that every business does."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        LONG_TEXT = "long_text", _("long text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("one choice")
        CHOICES = "choices", _("several choices")
        YES_NO = "yes_no", _("yes or no")

    workspace = WorkspaceKey(related_name="custom_fields")
    key = models.SlugField(max_length=60)
    """What imports, exports, mail and the API call it; never changes."""
    label = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    hint = models.CharField(_("help"), max_length=300, blank=True)
    choices = models.JSONField(default=list)
    """`[{"id", "label"}]` of a choice: the id is what is stored, so that a label may be changed."""
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "key"], name="custom_field_key"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def has_choices(self) -> bool:
        return self.kind in {self.Kind.CHOICE, self.Kind.CHOICES}

    @property
    def labels(self) -> dict[str, str]:
        """The choices' labels by their ids."""
        return {one["id"]: one["label"] for one in self.choices}


class FieldValue(WorkspaceOwned):
    """What a custom field says of a contact, in the column of its kind; several choices are several rows.

    Rows and plain types, because a condition on JSON, arrays or numerics can't use an index under row-level security.
    """

    # No key of its own for the workspace: the contact has one, and is of the same.
    workspace = WorkspaceKey(related_name="field_values", db_constraint=False)
    field = SetTiedForeignKey(CustomField, on_delete=models.CASCADE, related_name="values", db_index=False)
    contact = SetTiedForeignKey(Contact, on_delete=models.CASCADE, related_name="field_values", db_index=False)
    text = models.CharField(max_length=500, blank=True)
    """A text, or the id of a choice."""
    long_text = models.TextField(blank=True)
    number = models.BigIntegerField(null=True)
    """Millionths of a number; 1 and 0 for yes and no."""
    date = models.DateField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Nothing refers to a value, so there is no tenant's key to refer to.
            models.UniqueConstraint(fields=["workspace", "contact", "field", "text"], name="field_value_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "field", "text", "contact"], condition=~models.Q(text=""), name="field_text"
            ),
            models.Index(
                fields=["workspace", "field", "number", "contact"],
                condition=models.Q(number__isnull=False),
                name="field_number",
            ),
            models.Index(
                fields=["workspace", "field", "date", "contact"],
                condition=models.Q(date__isnull=False),
                name="field_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field_id} of {self.contact_id}"

    @property
    def said(self) -> str | Decimal | datetime.date | bool:
        """The value as it is; of a choice, its label."""
        kind, kinds = self.field.kind, CustomField.Kind
        if kind == kinds.NUMBER and self.number is not None:
            return Decimal(self.number) / MILLION
        if kind == kinds.DATE and self.date is not None:
            return self.date
        if kind == kinds.YES_NO:
            return bool(self.number)
        if kind == kinds.LONG_TEXT:
            return self.long_text
        label: str = self.field.labels.get(self.text, self.text)
        return label
