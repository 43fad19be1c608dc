"""Words that a business puts on its contacts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models.people import Contact
from plainsail.kernel.models import SetTiedForeignKey, WorkspaceKey, WorkspaceOwned


class Tag(WorkspaceOwned):
    """A word that groups contacts. For segmenting, never for consent."""

    workspace = WorkspaceKey(related_name="tags")
    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(max_length=60)
    category = models.CharField(_("category"), max_length=60, blank=True)
    lasts_days = models.PositiveSmallIntegerField(null=True)
    """Days after which the tag comes off by itself; None for never."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="tag_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactTag(WorkspaceOwned):
    """A tag on a contact."""

    workspace = WorkspaceKey(related_name="contact_tags", db_constraint=False)
    tag = SetTiedForeignKey(Tag, on_delete=models.CASCADE, related_name="contact_tags", db_index=False)
    contact = SetTiedForeignKey(Contact, on_delete=models.CASCADE, related_name="contact_tags", db_index=False)
    expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # As with the values of own fields: nothing refers to these rows.
            models.UniqueConstraint(fields=["workspace", "tag", "contact"], name="contact_tag_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact"], name="tags_of_contact"),
            models.Index(
                fields=["workspace", "expires_at"],
                condition=models.Q(expires_at__isnull=False),
                name="contact_tag_expiry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.contact_id}"
