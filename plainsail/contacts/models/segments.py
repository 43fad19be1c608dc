"""Saved questions about contacts, and who is in them where somebody listens."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models.people import Contact
from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Segment(WorkspaceOwned):
    """A question about contacts, asked anew each time: a tree of conditions over registered fields."""

    workspace = WorkspaceKey(related_name="segments")
    name = models.CharField(_("name"), max_length=100)
    tree = models.JSONField(default=dict)
    counted = models.PositiveIntegerField(null=True)
    """How many answered it at `counted_at`; None while nobody has counted since it changed."""
    counted_at = models.DateTimeField(null=True)
    watched_at = models.DateTimeField(null=True)
    """Since when it is kept who is in it, because something listens to who comes and goes; None where nothing does."""

    next_at = models.DateTimeField(null=True)
    """When a watched one is compared as a whole again, because time alone changes who is in it; None for at once."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "name"], name="segment_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SegmentMember(WorkspaceOwned):
    """Somebody in a segment when it was last looked at. Kept only where something listens to who comes and goes."""

    workspace = WorkspaceKey(related_name="segment_members")
    segment = TiedForeignKey(Segment, on_delete=models.CASCADE, related_name="members", db_index=False)
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="segment_memberships", db_index=False)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "segment", "contact"], name="segment_member_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact"], name="segments_of_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.segment_id}"


class ChangedContact(WorkspaceOwned):
    """A contact of whom something was told that watched segments have not looked at yet.

    Written by the database with each set of events, where a segment is watched at all; taken away by the next look, in
    whose transaction the same contact and reason count once. The id is the event's.
    """

    workspace = WorkspaceKey(related_name="changed_contacts", db_constraint=False)
    changed_id = models.UUIDField()
    what = models.TextField()
    """The event's name, and after a blank the fields that changed, as JSON, where it says them."""

    def __str__(self) -> str:
        return f"{self.changed_id}: {self.what}"
