"""The blog as its writers see it: posts with their state, a new one, a post's by-line."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plainsail.accounts.models import User
from plainsail.kernel.http import Request, can, workspace_url
from plainsail.pages import queries
from plainsail.pages.models import Post
from plainsail.pages.services import blogging, publishing, republishing
from plainsail.pages.site_forms import NewPostForm, PostForm
from plainsail.pages.views.pages import asked

PER_PAGE = 30


@require_http_methods(["GET", "POST"])
@can("pages.change")
def posts(request: Request) -> HttpResponse:
    """The posts, and a new one."""
    form = NewPostForm(request.POST or None)
    if form.is_valid():
        person = cast(User, request.user)
        page = blogging.write(request.workspace, author=person.name, by=person, at=request.now, **form.cleaned_data)
        return redirect(workspace_url(request.workspace, "pages:page", page.id))
    words = asked(request)
    context = {
        "form": form,
        "q": words,
        "page": Paginator(queries.posts_of(request.workspace, words=words), PER_PAGE).get_page(request.GET.get("page")),
        "index": queries.blog_of(request.workspace),
        "feed_url": publishing.address(request.workspace, "/blog/feed.xml"),
    }
    return render(request, "pages/posts.html", context, status=422 if form.is_bound else 200)


@require_POST
@can("pages.change")
def index(request: Request) -> HttpResponse:
    """Open the page that lists posts in the editor, made first if there is none."""
    page = blogging.open_blog(request.workspace, by=request.user, at=request.now)  # type: ignore[arg-type]  # a member
    return redirect(workspace_url(request.workspace, "pages:page", page.id))


@require_http_methods(["GET", "POST"])
@can("pages.change")
def byline(request: Request, post_id: UUID) -> HttpResponse:
    post: Post = get_object_or_404(request.workspace.posts.select_related("page"), id=post_id)
    form = PostForm(request.POST or None, initial=_values(post))
    if form.is_valid():
        names = ("author", "posted_at", "excerpt", "tags")
        blogging.describe(post, cover=form.cover, **{name: form.cleaned_data[name] for name in names})
        if post.page.is_published:
            publishing.refresh(post.page, at=request.now)
            republishing.follow(post.page_id, kind=post.page.kind, at=request.now)
        messages.success(request, _("Saved."))
        return redirect(workspace_url(request.workspace, "pages:posts"))
    return render(request, "pages/byline.html", {"post": post, "form": form}, status=422 if form.is_bound else 200)


def _values(post: Post) -> dict[str, object]:
    return {
        "author": post.author,
        "posted_at": post.posted_at,
        "excerpt": post.excerpt,
        "tags": blogging.tags_as_words(post),
        "file": post.cover.get("file", ""),
        "picture": post.cover.get("picture", ""),
        "picture_url": post.cover.get("url", ""),
        "picture_alt": post.cover.get("alt", ""),
    }
