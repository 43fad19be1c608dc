"""The blog: posts with their by-lines, the list of them page by page and tag by tag, and the way from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from plainsail.blocks import sockets as blocks
from plainsail.blocks.schema import Image
from plainsail.blocks.services.presenting import Presenter, Shown
from plainsail.blocks.services.rendering import PageHead
from plainsail.files.services import library
from plainsail.kernel.tenancy import has_workspace
from plainsail.pages.models import Page, Post, PostTag
from plainsail.pages.services import sites
from plainsail.pages.services.frames import Frame

PER_PAGE = 12
FEED_LENGTH = 20
BLOG_PATH = "/blog"


@dataclass(frozen=True, kw_only=True)
class PostCard:
    """A published post as lists show it."""

    title: str
    path: str
    excerpt: str
    author: str
    posted_at: datetime
    cover: Shown | None
    tags: Sequence[tuple[str, str]]
    """(name, path of its list)."""
    language: str = ""
    page_id: UUID | None = None
    published_at: datetime | None = None
    """When its words were published last, which may be long after its date."""

    @property
    def changed_at(self) -> datetime:
        return max(self.published_at or self.posted_at, self.posted_at)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the list of posts. `number` counts from 1; `tag` is a (name, slug) where it is one tag's list."""

    base: str
    cards: Sequence[PostCard]
    number: int = 1
    count: int = 1
    tag: tuple[str, str] | None = None
    tags: Sequence[tuple[str, str]] = ()

    @property
    def first_path(self) -> str:
        return f"{self.base.rstrip('/')}/tag/{self.tag[1]}" if self.tag else self.base

    @property
    def path(self) -> str:
        return self.path_of(self.number)

    @property
    def previous_path(self) -> str:
        return self.path_of(self.number - 1) if self.number > 1 else ""

    @property
    def next_path(self) -> str:
        return self.path_of(self.number + 1) if self.number < self.count else ""

    def path_of(self, number: int) -> str:
        return self.first_path if number == 1 else f"{self.first_path.rstrip('/')}/page/{number}"

    def title_for(self, title: str) -> str:
        """A title of its own for each page of the list, as search engines want it."""
        parts = [self.tag[0] if self.tag else "", title]
        if self.number > 1:
            parts.append(_("page %(number)s") % {"number": self.number})
        return " · ".join(filter(None, parts))


def blog_path(site_id: UUID) -> str:
    """Where posts stand below: the address of the list of posts, `/blog` until there is one."""
    there = Page.objects.current().filter(site=site_id, kind=Page.Kind.BLOG).order_by("id").first()
    return there.path if there and there.path != "/" else BLOG_PATH


def published(site_id: UUID | None = None) -> QuerySet[Post]:
    """Posts that visitors can read, newest first, with their pages and tags; of one site if it is named."""
    posts = Post.objects.filter(page__site=site_id) if site_id else Post.objects.all()
    found: QuerySet[Post] = (
        posts.filter(page__state=Page.State.PUBLISHED)
        .select_related("page")
        .prefetch_related("tags")
        .order_by("-posted_at", "-id")
    )
    return found


def cards(posts: Sequence[Post], *, base: str) -> list[PostCard]:
    """Posts as lists show them. One query beyond what `published` loads, where one has a picture of the business's own."""
    presenter = _presenter(posts)
    return [
        PostCard(
            title=post.page.title,
            path=post.page.path,
            excerpt=post.excerpt or post.page.description,
            author=post.author,
            posted_at=post.posted_at,
            cover=_cover(post, presenter),
            tags=[(tag.name, tag_path(base, tag.slug)) for tag in _sorted(post)],
            language=post.page.language,
            page_id=post.page_id,
            published_at=post.page.published_at,
        )
        for post in posts
    ]


def tag_path(base: str, slug: str) -> str:
    return f"{base.rstrip('/')}/tag/{slug}"


def feed(props: Mapping[str, Any]) -> list[blocks.PostCard]:
    """The newest posts for a section that lists them, of one tag if it names one; see `blocks.sockets.Feed`. Two queries."""
    if not has_workspace():
        return []
    posts = published()
    if word := str(props.get("tag") or "").strip():
        posts = posts.filter(tags__slug=sites.slug_from(word))
    found = cards(list(posts[: int(props.get("most") or 3)]), base=BLOG_PATH)
    return [_as_block(card) for card in found]


def _as_block(card: PostCard) -> blocks.PostCard:
    cover = card.cover
    picture = (
        {} if cover is None or not cover.url else {"picture": cover.url, "width": cover.width, "height": cover.height}
    )
    return blocks.PostCard(
        url=card.path,
        title=card.title,
        text=card.excerpt,
        day=timezone.localdate(card.posted_at),
        tags=[name for name, _path in card.tags],
        alt=cover.alt if cover else "",
        **picture,  # type: ignore[arg-type]  # an address and two sizes
    )


def first_listing(page: Page) -> Listing:
    """What the list of posts shows first."""
    return next(_pages_of(published(page.site_id), page.path, tags=tags_in_use(page.site_id, page.path)))


def listings(page: Page) -> Iterator[Listing]:
    """Every page of the list, all posts first, then tag by tag. Two queries a tag and page."""
    posts, used = published(page.site_id), tags_in_use(page.site_id, page.path)
    yield from _pages_of(posts, page.path, tags=used)
    for name, slug in _used_slugs(page.site_id):
        yield from _pages_of(posts.filter(tags__slug=slug), page.path, tag=(name, slug), tags=used)


def tags_in_use(site_id: UUID, base: str) -> list[tuple[str, str]]:
    """(name, path) of tags that published posts stand under, by name."""
    return [(name, tag_path(base, slug)) for name, slug in _used_slugs(site_id)]


def around_list(page: Page, head: PageHead, listing: Listing, *, has_title: bool) -> PageHead:
    """The list of posts below the page's own sections."""
    context = {"listing": listing, "has_title": has_title}
    below = render_to_string("pages/site/posts.html", context)
    return replace(head, below=mark_safe(below))  # noqa: S308  # rendered by a template


def around_post(page: Page, head: PageHead, frame: Frame) -> PageHead:
    """A post's headline, by-line and picture above its sections; tags and the way to its neighbours below. Three queries."""
    post = Post.objects.filter(page=page).prefetch_related("tags").first()
    if post is None:
        return head
    base = frame.blog_path or BLOG_PATH
    before, after = neighbours(post, page)
    context = {
        "page": page,
        "post": post,
        "cover": _cover(post, _presenter([post])),
        "tags": [(tag.name, tag_path(base, tag.slug) if frame.blog_path else "") for tag in _sorted(post)],
        "before": before,
        "after": after,
        "blog": frame.blog_path,
    }
    above = mark_safe(render_to_string("pages/site/post_head.html", context))  # noqa: S308  # rendered by a template
    below = mark_safe(render_to_string("pages/site/post_foot.html", context))  # noqa: S308  # the same
    return replace(head, above=above, below=below, has_title=True, description=head.description or post.excerpt)


def neighbours(post: Post, page: Page) -> tuple[Page | None, Page | None]:
    """The published post before it and the one after, in the order of their dates. Two queries."""
    others = published(page.site_id).exclude(id=post.id).prefetch_related(None)
    here = (post.posted_at, post.id)
    older = others.filter(Q(posted_at__lt=here[0]) | Q(posted_at=here[0], id__lt=here[1])).first()
    newer = (
        others.filter(Q(posted_at__gt=here[0]) | Q(posted_at=here[0], id__gt=here[1]))
        .order_by("posted_at", "id")
        .first()
    )
    return (older.page if older else None, newer.page if newer else None)


def _pages_of(
    posts: QuerySet[Post], base: str, *, tags: Sequence[tuple[str, str]], tag: tuple[str, str] | None = None
) -> Iterator[Listing]:
    total = posts.count()
    count = max(1, -(-total // PER_PAGE))
    for number in range(1, count + 1):
        shown = posts[(number - 1) * PER_PAGE : number * PER_PAGE]
        yield Listing(base=base, cards=cards(list(shown), base=base), number=number, count=count, tag=tag, tags=tags)


def _used_slugs(site_id: UUID) -> list[tuple[str, str]]:
    """(name, slug), each slug once under the name that most posts write."""
    rows = (
        PostTag.objects.filter(post__page__site=site_id, post__page__state=Page.State.PUBLISHED)
        .values_list("slug", "name")
        .annotate(number=Count("id"))
        .order_by("slug", F("number").asc(), "name")
    )
    return sorted((name, slug) for slug, name in {slug: name for slug, name, _number in rows}.items())


def _presenter(posts: Sequence[Post]) -> Presenter:
    """What shows the covers of these posts."""
    named = [Image(label="").references(post.cover) for post in posts]
    found = library.cards({row_id for each in named for _kind, row_id in each})
    return Presenter(surface="page", cards={("picture", row_id): card for row_id, card in found.items()})


def _cover(post: Post, presenter: Presenter) -> Shown | None:
    return presenter.image({**Image(label="").empty, **post.cover})


def _sorted(post: Post) -> list[PostTag]:
    return sorted(post.tags.all(), key=lambda tag: tag.name)
