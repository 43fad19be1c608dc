"""What a page has besides, when it is a post of the blog."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.pages import Page


class Post(WorkspaceOwned):
    """A page's by-line: who wrote it, when, what it is about."""

    workspace = WorkspaceKey(related_name="posts")
    page = TiedForeignKey(Page, on_delete=models.CASCADE, related_name="posts")
    author = models.CharField(_("author"), max_length=120, blank=True)
    posted_at = models.DateTimeField(_("date"))
    """The date that readers see; posts are in this order."""
    excerpt = models.CharField(_("excerpt"), max_length=400, blank=True)
    cover = models.JSONField(default=dict)
    """A picture as blocks store it: `{picture, url, width, height, alt}`."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "page"], name="pages_post_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "-posted_at", "-id"], name="pages_post_newest")
        ]

    def __str__(self) -> str:
        return f"{self.author} · {self.posted_at:%Y-%m-%d}"


class PostTag(WorkspaceOwned):
    """A word that a post stands under."""

    workspace = WorkspaceKey(related_name="post_tags")
    post = TiedForeignKey(Post, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=60)
    slug = models.CharField(max_length=60)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "post", "slug"], name="pages_posttag_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "slug"], name="pages_posttag_slug")]

    def __str__(self) -> str:
        return self.name
