"""What visitors see: frozen pages."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.pages import Page


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
    split = models.JSONField(default=dict, db_default={})
    """Of a page that is being tested: `{test, variants: [[letter, share of a hundred, path of the variant’s snapshot]]}`, A
    first and with no path; of a variant: `{shown_at}`, the page's address."""
    live = models.JSONField(default=dict, db_default={})
    """What only some visitors see, never served as it is: `{parts, style, popups, countdowns}`, see `services/living.py`."""
    published_at = models.DateTimeField()
    """When it was frozen, also because something around the page had changed."""
    said = models.CharField(max_length=32, blank=True, default="", db_default="")
    """A fingerprint of what the page itself says, without what its site puts around it."""
    changed_at = models.DateTimeField(null=True)
    """When that was different last; none where it was frozen before anybody asked."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "path"], name="pages_snapshot_path"),
        ]

    def __str__(self) -> str:
        return self.path
