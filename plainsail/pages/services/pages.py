"""Pages as a whole: made from a starter, named, addressed, copied, put away."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, themes
from plainsail.blocks.services.documents import Document
from plainsail.contacts.models import List
from plainsail.contacts.services import uses
from plainsail.kernel import postal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, PageRevision
from plainsail.pages.services import forms, publishing, sites
from plainsail.pages.services.sites import AddressTaken
from plainsail.pages.starters import STARTERS, Business


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
    """A draft made from a starter (`opt-in`, `sales`, `links`), with a form of its own whose contacts join `list`.

    Title and address come from the starter where they aren't given; an address that is taken gets a number.
    Raises KeyError for an unknown starter, BadAddress.
    """
    chosen = STARTERS[starter]
    business = Business(name=workspace.name, address=postal.line_below(workspace.name, workspace.postal_address))
    title = title or chosen.title(business)
    form = forms.make(workspace, name=_("Form on “%(title)s”") % {"title": title}, list=list, at=at)
    document = documents.build({**themes.DEFAULT, **(theme or chosen.theme)}, chosen.sections(business, form.id))
    return create(
        workspace,
        document,
        title=title,
        description=chosen.description(business),
        path=path or chosen.slug,
        by=by,
        at=at,
    )


def create(
    workspace: Workspace,
    document: Document,
    *,
    title: str,
    path: str,
    description: str = "",
    by: User | None = None,
    at: datetime,
) -> Page:
    """A draft that shows a document, at this address or the next free one like it. Raises BadAddress."""
    site = sites.site_of(workspace)
    draft = documents.save(document)
    page = Page(
        workspace=workspace,
        site=site,
        title=title,
        description=description,
        path=sites.free_path(site, path),
        draft=draft,
        revision=1,
        edited_at=at,
        created_at=at,
    )
    _save_address(page)
    PageRevision.objects.create(page=page, number=1, kind=PageRevision.Kind.MADE, document=draft, by=by, at=at)
    return page


def copy(page: Page, *, by: User | None, at: datetime) -> Page:
    """A second draft with the same sections, at an address of its own."""
    title = _("%(title)s (copy)") % {"title": page.title[:110]}
    return create(
        page.workspace, page.document, title=title, description=page.description, path=page.path, by=by, at=at
    )


def describe(page: Page, *, title: str, description: str, path: str, at: datetime) -> Page:
    """Change a page's title, description and address. A published page moves, and shows the new title, at once.

    Raises BadAddress, AddressTaken.
    """
    path = sites.clean_path(path)
    if Page.objects.current().filter(site=page.site_id, path=path).exclude(id=page.id).exists():
        raise AddressTaken
    page.title, page.description, page.path = title, description, path
    _save_address(page)
    if page.is_published:
        publishing.move_snapshot(page, at=at)
    return page


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
