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

    def frozen(self) -> PageQuerySet:
        """Those of which visitors see a snapshot, also as a variant or a pop-up. Parts are frozen with each page."""
        return self.filter(state=Page.State.PUBLISHED).exclude(kind__in=(Page.Kind.HEADER, Page.Kind.FOOTER))

    def changed(self) -> PageQuerySet:
        """Those whose visitors see something older than the draft."""
        return self.published().exclude(published_revision=models.F("revision"))

    def with_address(self) -> PageQuerySet:
        """Those that visitors can go to: no parts of other pages."""
        return self.filter(kind__in=ADDRESSED)


class Page(WorkspaceOwned):
    """One page: a draft that is edited, and, once published, a frozen snapshot that visitors see."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    class Kind(models.TextChoices):
        PAGE = "page", _("Page")
        POST = "post", _("Post")
        BLOG = "blog", _("List of posts")
        HEADER = "header", _("Navigation")
        FOOTER = "footer", _("Footer")
        MISSING = "missing", _("Page not found")

    workspace = WorkspaceKey(related_name="pages")
    site = TiedForeignKey(Site, on_delete=models.CASCADE, related_name="pages")
    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    path = models.CharField(_("address"), max_length=300)
    """Leading slash, no trailing one; `/` is the site's first page. Parts of a site have names such as `:footer`."""
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PAGE)
    language = models.CharField(_("language"), max_length=10, blank=True)
    """Where it isn't the business's own."""
    translations = models.UUIDField(null=True)
    """The same for pages that say the same in several languages."""
    shows_parts = models.BooleanField(_("with the site’s navigation and footer"), default=True)
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
    publish_at = models.DateTimeField(null=True)
    """When the draft, as it is then, goes live by itself."""
    unpublish_at = models.DateTimeField(null=True)
    """When it is taken off the site by itself."""
    trouble = models.CharField(max_length=300, blank=True)
    """Why the last publishing that nobody watched did not come about."""
    edited_at = models.DateTimeField()

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(PageQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "site", "path"], condition=~models.Q(state="archived"), name="pages_page_path"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "translations"],
                condition=models.Q(translations__isnull=False),
                name="pages_page_translations",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_part(self) -> bool:
        """A piece of other pages, without an address of its own."""
        return self.kind not in ADDRESSED

    @property
    def is_beside(self) -> bool:
        """A variant of another page, or a pop-up: at no address of its own."""
        return self.path.startswith(BESIDE)

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


ADDRESSED = frozenset({Page.Kind.PAGE, Page.Kind.POST, Page.Kind.BLOG})


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
