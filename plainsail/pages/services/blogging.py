"""Writing for the blog: a post's draft, its by-line and tags, and the page that lists posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from plainsail.accounts.models import User
from plainsail.blocks.schema import Image
from plainsail.blocks.services import documents, themes
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, Post, PostTag
from plainsail.pages.services import pages, sites
from plainsail.pages.services.posting import BLOG_PATH, blog_path


def write(
    workspace: Workspace,
    *,
    title: str,
    author: str = "",
    sections: Sequence[tuple[str, dict[str, Any]]] = (),
    excerpt: str = "",
    tags: str = "",
    by: User | None,
    at: datetime,
) -> Page:
    """A draft of a post, at an address below the blog's, with a section of text to begin with."""
    site = sites.site_of(workspace)
    theme = {**themes.DEFAULT, **site.theme}
    begun = list(sections) or [("text", {"text": _("<p>Write here.</p>")})]
    base = blog_path(site.id)
    page = pages.create(
        workspace,
        documents.build(theme, begun),
        title=title,
        path=f"{base.rstrip('/')}{sites.path_from(title)}",
        kind=Page.Kind.POST,
        by=by,
        at=at,
    )
    post = Post.objects.create(page=page, author=author, posted_at=at, excerpt=excerpt, cover=Image(label="").empty)
    _tag(post, tags)
    return page


def open_blog(workspace: Workspace, *, title: str = "", by: User | None, at: datetime) -> Page:
    """The page that lists posts: the one that is there, else a new draft at `/blog`."""
    site = sites.site_of(workspace)
    there: Page | None = Page.objects.current().filter(site=site, kind=Page.Kind.BLOG).order_by("id").first()
    if there is not None:
        return there
    heading = ("heading", {"heading": title or _("Blog")})
    document = documents.build({**themes.DEFAULT, **site.theme}, [heading])
    return pages.create(
        workspace, document, title=title or _("Blog"), path=BLOG_PATH, kind=Page.Kind.BLOG, by=by, at=at
    )


@transaction.atomic
def describe(
    post: Post, *, author: str, posted_at: datetime, excerpt: str, tags: str, cover: dict[str, Any] | None = None
) -> Post:
    """Change a post's by-line. `tags` are words with commas between. What visitors see follows when it is published."""
    post.author, post.posted_at, post.excerpt = author, posted_at, excerpt
    if cover is not None:
        post.cover = cover
    post.save(update_fields=["author", "posted_at", "excerpt", "cover"])
    _tag(post, tags)
    return post


def tags_as_words(post: Post) -> str:
    return ", ".join(post.tags.order_by("name", "id").values_list("name", flat=True))


def _tag(post: Post, words: str) -> None:
    """Put a post under these tags and no others."""
    named = {sites.slug_from(word): " ".join(word.split())[:60] for word in words.split(",") if word.strip()}
    post.tags.exclude(slug__in=named).delete()
    there = set(post.tags.values_list("slug", flat=True))
    PostTag.objects.bulk_create(
        PostTag(post=post, workspace_id=post.workspace_id, slug=slug, name=name)
        for slug, name in list(named.items())[:20]
        if slug not in there
    )
