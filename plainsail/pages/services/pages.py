"""Pages as a whole: made from a starter, named, addressed, copied, put away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, themes
from plainsail.blocks.services.documents import Document
from plainsail.contacts.models import List
from plainsail.contacts.services import uses
from plainsail.kernel import postal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, PageRevision, Post, PostTag
from plainsail.pages.services import forms, listing, publishing, redirects, republishing, sites
from plainsail.pages.services.sites import AddressTaken
from plainsail.pages.starters import ALL, Business


def create_from_template(
    workspace: Workspace,
    *,
    starter: str,
    list: List,  # noqa: A002  # the product’s word
    title: str = "",
    path: str = "",
    theme: dict[str, str] | None = None,
    by: User | None = None,
    at: datetime,
) -> Page:
    """A draft made from a starter (see `starters.ALL`), with a form of its own whose contacts join `list`, if it has one.

    Title and address come from the starter where they aren't given; an address that is taken gets a number.
    Raises KeyError for an unknown starter, BadAddress.
    """
    chosen, business = ALL[starter], business_of(workspace)
    title = title or chosen.title(business)
    named = _("Form on “%(title)s”") % {"title": title}
    form = forms.make(workspace, name=named, list=list, at=at) if chosen.has_form else None
    sections = chosen.sections(business, form.id if form else None)
    page = create(
        workspace,
        documents.build({**themes.DEFAULT, **(theme or chosen.theme)}, sections),
        title=title,
        description=chosen.description(business),
        path=path or chosen.slug,
        by=by,
        at=at,
    )
    if chosen.is_alone:
        page.shows_parts = False
        page.save(update_fields=["shows_parts"])
    return page


def business_of(workspace: Workspace) -> Business:
    """What starters need to know to speak for a business."""
    return Business(name=workspace.name, address=postal.line_below(workspace.name, workspace.postal_address))


def create(
    workspace: Workspace,
    document: Document,
    *,
    title: str,
    path: str,
    description: str = "",
    kind: str = Page.Kind.PAGE,
    language: str = "",
    by: User | None = None,
    at: datetime,
) -> Page:
    """A draft that shows a document, at this address or the next free one like it. Raises BadAddress.

    A part of a site (navigation, footer) has a name such as `:footer` in place of an address.
    """
    site = sites.site_of(workspace)
    draft = documents.save(document)
    page = Page(
        workspace=workspace,
        site=site,
        title=title,
        description=description,
        path=path if path.startswith(":") else sites.free_path(site, path),
        kind=kind,
        language=language,
        draft=draft,
        revision=1,
        edited_at=at,
        created_at=at,
    )
    _save_address(page)
    PageRevision.objects.create(page=page, number=1, kind=PageRevision.Kind.MADE, document=draft, by=by, at=at)
    return page


def copy(page: Page, *, by: User | None, at: datetime) -> Page:
    """A second draft with the same sections and the same surroundings, at an address of its own. A post is a post again, of
    today.
    """
    title = _("%(title)s (copy)") % {"title": page.title[:110]}
    kind = page.kind if page.kind in (Page.Kind.PAGE, Page.Kind.POST) else Page.Kind.PAGE
    made = create(
        page.workspace,
        page.document,
        title=title,
        description=page.description,
        path=page.path,
        kind=kind,
        language=page.language,
        by=by,
        at=at,
    )
    made.shows_parts, made.is_hidden = page.shows_parts, page.is_hidden
    made.save(update_fields=["shows_parts", "is_hidden"])
    if (post := page.posts.first()) is not None:
        _copy_post(post, made, at=at)
    return made


def _copy_post(post: Post, page: Page, *, at: datetime) -> None:
    copied = Post.objects.create(
        page=page, author=post.author, posted_at=at, excerpt=post.excerpt, cover=post.cover, created_at=at
    )
    PostTag.objects.bulk_create(
        PostTag(post=copied, workspace_id=copied.workspace_id, name=tag.name, slug=tag.slug)
        for tag in post.tags.order_by("id")
    )


def describe(
    page: Page, *, title: str, description: str, path: str, at: datetime, appears: Mapping[str, Any] | None = None
) -> Page:
    """Change a page's title, description and address, and how it appears elsewhere (see `listing.appear_as`).

    A published page moves, and shows the new title, at once.

    Its old address leads to the new one from then on.

    Raises BadAddress, AddressTaken.
    """
    path = sites.clean_path(path)
    if Page.objects.current().filter(site=page.site_id, path=path).exclude(id=page.id).exists():
        raise AddressTaken
    before = page.path
    page.title, page.description, page.path = title, description, path
    _save_address(page)
    if appears is not None:
        listing.appear_as(page, **appears)
    if page.is_published:
        if path != before:
            redirects.follow_move(page.site, before=before, after=path)
        publishing.move_snapshot(page, at=at)
        variants = Page.objects.filter(variants__test__page=page, state=Page.State.PUBLISHED).exclude(id=page.id)
        publishing.refresh_each(variants.select_related("workspace").order_by("id"), at=at)
        # Lists of posts and translations show its title and lead to its address.
        republishing.follow(page.id, kind=page.kind, at=at)
    return page


def set_kin(page: Page, *, language: str, original: Page | None, shows_parts: bool, at: datetime) -> Page:
    """Say in which language a page is, which page it is a translation of, and whether the site's parts stand around it.

    Pages that were its translations see the change as well.
    """
    key = None
    if original is not None:
        key = original.translations or original.id
        if original.translations is None:
            original.translations = key
            original.save(update_fields=["translations"])
    touched = {each for each in (page.translations, key) if each is not None}
    page.language = "" if language == page.workspace.locale else language
    page.translations, page.shows_parts = key, shows_parts
    page.save(update_fields=["language", "translations", "shows_parts"])
    kin = Page.objects.published().with_address().filter(Q(translations__in=touched) | Q(id=page.id))
    publishing.refresh_each(kin.select_related("workspace").order_by("id"), at=at)
    return page


def original_of(page: Page) -> Page | None:
    """A page that this one is a translation of, the one in the site's own language first."""
    if page.translations is None:
        return None
    kin = Page.objects.current().with_address().filter(translations=page.translations).exclude(id=page.id)
    found: Page | None = kin.order_by("language", "created_at", "id").first()
    return found


def archive(page: Page, *, at: datetime) -> None:
    """Put a page away: off the site, off the list, its address free. Nothing is deleted; `unarchive` brings it back.

    Raises InUse where an automation waits for its visitors, or a link in one leads there.
    """
    for meant in (str(page.id), f"/{page.path.lstrip('/')}"):
        uses.refuse(meant)
    if page.is_published:
        publishing.unpublish(page, at=at)
    page.state = Page.State.ARCHIVED
    page.save(update_fields=["state"])


def unarchive(page: Page) -> None:
    """Bring an archived page back as a draft, at its address or the next free one like it."""
    if page.state != Page.State.ARCHIVED:
        return
    page.path = sites.free_path(page.site, page.path)
    page.state = Page.State.DRAFT
    _save_address(page)


def _save_address(page: Page) -> None:
    """Save a page whose address is new; the database says whether somebody took it at the same moment."""
    try:
        with transaction.atomic():
            page.save()
    except IntegrityError as error:
        if "pages_page_path" not in str(error):
            raise
        raise AddressTaken from error
