"""A business's site, its pages as block documents with their history, its forms, and what is published of them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import documents
from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Site(WorkspaceOwned):
    """What a business shows under its own host. One for each workspace."""

    workspace = WorkspaceKey(related_name="sites")
    name = models.CharField(max_length=120)
    theme = models.JSONField(default=dict)
    """`{name, corners, spacing}`: the look of new pages, mails and the site's own notices."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace"], name="pages_site_once"),
        ]

    def __str__(self) -> str:
        return self.name


class PageQuerySet(OwnedQuerySet["Page"]):
    """Words for choosing pages."""

    def current(self) -> PageQuerySet:
        """Those that are not archived."""
        return self.exclude(state=Page.State.ARCHIVED)

    def published(self) -> PageQuerySet:
        return self.filter(state=Page.State.PUBLISHED)


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
    is_hidden = models.BooleanField(_("hide from search engines"), default=False)
    canonical_url = models.CharField(_("original"), max_length=500, blank=True)
    """Full address of the page that search engines shall list in this one's place; empty: this one."""
    social_title = models.CharField(_("title when shared"), max_length=120, blank=True)
    social_text = models.CharField(_("text when shared"), max_length=300, blank=True)
    social_image = TiedForeignKey(
        "files.File", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("picture")
    )
    draft = models.JSONField()
    """The block document, as `documents.save` gives it."""
    revision = models.PositiveIntegerField(default=0)
    """Number of the newest revision; an edit says on which it was made."""
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


class PageRevisionQuerySet(OwnedQuerySet["PageRevision"]):
    """Words for choosing revisions."""

    def versions(self) -> PageRevisionQuerySet:
        """Those that hold the whole page: made, published, named, restored."""
        return self.filter(document__isnull=False)

    def steps(self) -> PageRevisionQuerySet:
        """Those that changed the draft by somebody's hand, and what was taken back and brought back of them."""
        kind = PageRevision.Kind
        return self.filter(kind__in=[kind.EDIT, kind.RESTORE, kind.UNDO, kind.REDO])


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
    of = models.PositiveIntegerField(null=True)
    """For Undo and Redo: number of the edit that is taken back, or brought back."""
    token = models.UUIDField(null=True)
    """What the window called this change: the same change that arrives twice is made once."""
    document = models.JSONField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(PageRevisionQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "page", "number"], name="pages_revision_number"),
            models.UniqueConstraint(
                fields=["workspace", "page", "token"],
                condition=models.Q(token__isnull=False),
                name="pages_revision_token",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.number}"


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


class PublishedSnapshot(WorkspaceOwned):
    """What the edge serves at an address: frozen HTML and its compressed forms.

    Read by the edge: see its query before changing a column.
    """

    workspace = WorkspaceKey(related_name="published_snapshots")
    page = TiedForeignKey(Page, on_delete=models.CASCADE, related_name="snapshots")
    path = models.CharField(max_length=500)
    etag = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100, default="text/html; charset=utf-8")
    body = models.BinaryField()
    body_gzip = models.BinaryField(default=bytes, db_default=b"")
    body_br = models.BinaryField(default=bytes, db_default=b"")
    headers = models.JSONField(default=dict)
    forms = models.JSONField(default=dict)
    published_at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "path"], name="pages_snapshot_path"),
        ]

    def __str__(self) -> str:
        return self.path
