"""Pages as block documents, with their history."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import documents
from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.sites import Site

BESIDE = "~"
"""What the path of a page begins with that stands at no address: a variant of another page, a pop-up. No address can."""


class PageQuerySet(OwnedQuerySet["Page"]):
    """Words for choosing pages."""

    def editable(self) -> PageQuerySet:
        """Those that are not archived, with what stands beside the site."""
        return self.exclude(state=Page.State.ARCHIVED)

    def current(self) -> PageQuerySet:
        """Those of the site that are not archived."""
        return self.editable().exclude(path__startswith=BESIDE)

    def published(self) -> PageQuerySet:
        return self.filter(state=Page.State.PUBLISHED).exclude(path__startswith=BESIDE)


class Page(WorkspaceOwned):
    """One page: a draft that is edited, and, once published, a frozen snapshot that visitors see."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    workspace = WorkspaceKey(related_name="pages")
    site = TiedForeignKey(Site, on_delete=models.CASCADE, related_name="pages")
    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    path = models.CharField(_("address"), max_length=300)
    """Leading slash, no trailing one; `/` is the site's first page."""
    draft = models.JSONField()
    """The block document, as `documents.save` gives it."""
    revision = models.PositiveIntegerField(default=0)
    """Number of the newest revision; an edit says on which it was made."""
    undoable = models.PositiveIntegerField(default=0)
    """Number of the edit that Undo takes back next; 0 if there is none."""
    undone = models.JSONField(default=list)
    """Numbers of the edits that Redo brings back, the next one last."""
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    published_revision = models.PositiveIntegerField(null=True)
    published_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField()

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(PageQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "site", "path"], condition=~models.Q(state="archived"), name="pages_page_path"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def document(self) -> documents.Document:
        return documents.load(self.draft)

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def has_unpublished_changes(self) -> bool:
        """Visitors see something older than the draft."""
        return self.is_published and self.published_revision != self.revision

    @property
    def can_undo(self) -> bool:
        return self.undoable > 0

    @property
    def can_redo(self) -> bool:
        return bool(self.undone)


class PageRevisionQuerySet(OwnedQuerySet["PageRevision"]):
    """Words for choosing revisions."""

    def versions(self) -> PageRevisionQuerySet:
        """Those that hold the whole page: made, published, named, restored."""
        return self.filter(document__isnull=False)


class PageRevision(WorkspaceOwned):
    """One step in a page's history. Append-only: undoing and restoring add steps, nothing is taken away.

    Every step holds its operations and those that take it back; a version holds the whole document too.
    """

    class Kind(models.TextChoices):
        MADE = "made", _("Made")
        EDIT = "edit", _("Edited")
        UNDO = "undo", _("Undone")
        REDO = "redo", _("Redone")
        RESTORE = "restore", _("Restored")
        NAMED = "named", _("Named")
        PUBLISHED = "published", _("Published")

    workspace = WorkspaceKey(related_name="page_revisions")
    page = TiedForeignKey(Page, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=80, blank=True)
    operations = models.JSONField(default=list)
    inverse = models.JSONField(default=list)
    before = models.PositiveIntegerField(default=0)
    """For an edit: the edit that Undo takes back after this one."""
    document = models.JSONField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(PageRevisionQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "page", "number"], name="pages_revision_number"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.number}"
