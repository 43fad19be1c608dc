"""A whole site from a starter: its pages in one look, navigation and footer, its first posts. Drafts, until published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, themes
from plainsail.blocks.services.documents import Document
from plainsail.contacts.models import List
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Post
from plainsail.pages.services import blogging, forms, pages, parts, sites
from plainsail.pages.starters import ALL, SITE_STARTERS, SiteStarter
from plainsail.pages.starters.base import SitePost, picture

SAMPLE_FORM = UUID(int=1)
"""Stands in a starter that is only looked at, where its form will be."""


@transaction.atomic
def create_site(
    workspace: Workspace,
    *,
    key: str,
    list: List,  # noqa: A002  # the product’s word
    by: User | None,
    at: datetime,
) -> list[Page]:
    """Drafts of all pages of a site, with its parts and posts; the first one is its front page.

    What stands at an address already stays: a new page gets the next free one, and parts that are there are kept.
    Raises KeyError for an unknown one.
    """
    chosen = SITE_STARTERS[key]
    site, theme = sites.site_of(workspace), {**themes.DEFAULT, **chosen.theme}
    sites.describe(site, theme=theme)
    made = [
        pages.create_from_template(
            workspace,
            starter=each.starter,
            list=list,
            title="" if each.path == "/" else str(each.title),
            path=each.path,
            theme=theme,
            by=by,
            at=at,
        )
        for each in chosen.pages
    ]
    for page in made:
        _without_own_footer(page)
    if chosen.posts:
        made.append(blogging.open_blog(workspace, by=by, at=at))
        # The first one is the newest; two that begin at one moment would have no order.
        made += [
            write_post(workspace, said, by=by, at=at - timedelta(days=9 * number))
            for number, said in enumerate(chosen.posts)
        ]
    made += _parts(workspace, chosen, made, by=by, at=at)
    return made


def look(key: str, workspace: Workspace) -> tuple[Document, str, dict[tuple[str, UUID], Any]]:
    """A starter as it would look for this business: its document, its title, and the card of the form it will have."""
    chosen, business = ALL[key], pages.business_of(workspace)
    sections = chosen.sections(business, SAMPLE_FORM if chosen.has_form else None)
    document = documents.build({**themes.DEFAULT, **chosen.theme}, sections)
    sample = Form(
        id=SAMPLE_FORM,
        workspace=workspace,
        fields=forms.inputs(asks_first_name=True),
        consent=forms.default_consent(workspace),
    )
    return document, chosen.title(business), {("form", SAMPLE_FORM): forms.card(sample)}


def write_post(workspace: Workspace, said: SitePost, *, by: User | None, at: datetime) -> Page:
    """A post of a site to start from, as a draft."""
    page = blogging.write(
        workspace,
        title=str(said.title),
        author=by.name if by else "",
        sections=[("text", {"text": str(said.text)})],
        excerpt=str(said.excerpt),
        tags=str(said.tags),
        by=by,
        at=at,
    )
    Post.objects.filter(page=page).update(cover=picture(said.picture))
    return page


def _without_own_footer(page: Page) -> None:
    """The site has one for all its pages."""
    kept = page.document.with_blocks(block for block in page.document.blocks if block.type != "footer")
    page.draft = documents.save(kept)
    page.save(update_fields=["draft"])
    page.revisions.filter(number=1).update(document=page.draft)


def _parts(workspace: Workspace, chosen: SiteStarter, made: list[Page], *, by: User | None, at: datetime) -> list[Page]:
    """Navigation and footer that lead to the pages just made; those that were there before stay as they are."""
    shown = [(page.title, page.path) for page, each in zip(made, chosen.pages, strict=False) if not each.is_hidden]
    if chosen.posts:
        shown.append((made[len(chosen.pages)].title, made[len(chosen.pages)].path))
    links = [{"label": title[:40], "link": path} for title, path in shown]
    there = {(page.kind, page.language) for part in parts.parts_of(made[0].site) for page in part.pages}
    opened = []
    for kind in (Page.Kind.HEADER, Page.Kind.FOOTER):
        if (kind, "") in there:
            continue
        part = parts.open_part(workspace, kind=kind, by=by, at=at)
        _fill(part, links, chosen if kind == Page.Kind.HEADER else None)
        opened.append(part)
    return opened


def _fill(part: Page, links: list[dict[str, str]], chosen: SiteStarter | None) -> None:
    props: Mapping[str, Any] = {"items": links}
    if chosen is not None and chosen.button is not None:
        words, target = chosen.button
        props = {**props, "button": str(words), "link": target}
    raw = documents.save(part.document)
    raw["blocks"][0]["props"] |= props
    part.draft = documents.save(documents.load(raw))
    part.save(update_fields=["draft"])
    part.revisions.filter(number=1).update(document=part.draft)
