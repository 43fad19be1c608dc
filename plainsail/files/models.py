"""A file that a business has uploaded. What lies on disk is named by its content and never changes; the row says what it is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import OwnedManager, OwnedQuerySet, WorkspaceKey, WorkspaceOwned


class FileQuerySet(OwnedQuerySet["File"]):
    """Words for choosing files."""

    def pictures(self) -> FileQuerySet:
        return self.filter(kind=File.Kind.PICTURE)

    def named_like(self, words: str) -> FileQuerySet:
        """Those whose name or description contains these words."""
        return self.filter(models.Q(name__icontains=words) | models.Q(alt__icontains=words))


class File(WorkspaceOwned):
    """A picture or another file, once for each content."""

    class Kind(models.TextChoices):
        PICTURE = "picture", _("Picture")
        FILE = "file", _("File")

    workspace = WorkspaceKey(related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=150)
    sha256 = models.CharField(max_length=64)
    """Of what is kept of what was uploaded, in hex."""
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    """Bytes of what is kept of what was uploaded."""
    stored = models.PositiveBigIntegerField(default=0)
    """Bytes of all that lies on disk for it, renditions of earlier crops too: what counts against the quota."""
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    """Pixels of the whole picture, upright."""
    crop = models.JSONField(null=True)
    """`{x, y, width, height}` in pixels of the whole picture; null shows all of it."""
    focus_x = models.PositiveSmallIntegerField(default=50)
    focus_y = models.PositiveSmallIntegerField(default=50)
    """What must stay visible where the picture is cut to fit, in hundredths of what is shown."""
    alt = models.CharField(_("description"), max_length=300, blank=True)
    renditions = models.JSONField(default=list)
    """`[{type, width, height, name, size}]`: the files of the present crop, each with the name it is fetched by."""
    is_ready = models.BooleanField(default=False)
    """All renditions are made; until then the first ones are shown."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(FileQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "sha256"], name="files_file_content"),
            models.CheckConstraint(
                condition=models.Q(focus_x__lte=100) & models.Q(focus_y__lte=100), name="files_file_focus"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "kind", "-created_at", "-id"], name="files_file_newest")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        return self.kind == self.Kind.PICTURE

    @property
    def shown(self) -> dict[str, Any]:
        """The part of the picture that is shown, in pixels of the whole."""
        return self.crop or {"x": 0, "y": 0, "width": self.width, "height": self.height}
