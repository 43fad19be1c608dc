"""Pages that stand beside the site, at no address of their own: variants of another page, and what comes up on pages.

They are pages in everything else: edited in the same editor, with undo and versions, published as a frozen snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plainsail.accounts.models import User
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, PageRevision, SplitTest, SplitVariant
from plainsail.pages.models.pages import BESIDE
from plainsail.pages.services import sites


def create(
    workspace: Workspace,
    document: Document,
    *,
    title: str,
    by: User | None,
    at: datetime,
    description: str = "",
    like: Page | None = None,
) -> Page:
    """A draft at no address: in the language and the surroundings of a page it is `like`, else alone."""
    draft = documents.save(document)
    page: Page = Page.objects.create(
        workspace=workspace,
        site=sites.site_of(workspace),
        title=title[:120],
        description=description,
        path=f"{BESIDE}{new_id().hex[-16:]}",
        shows_parts=like.shows_parts if like else False,
        language=like.language if like else "",
        draft=draft,
        revision=1,
        edited_at=at,
        created_at=at,
    )
    PageRevision.objects.create(page=page, number=1, kind=PageRevision.Kind.MADE, document=draft, by=by, at=at)
    return page


@dataclass(frozen=True)
class Stand:
    """Where a page is shown: its own address; for a variant that of the page it is one of, and its own name beside it.

    `page` is the one whose address it is: what search engines and other languages know of. None for a pop-up.
    """

    path: str
    variant: str = ""
    page: Page | None = None


def stand_of(page: Page) -> Stand:
    """Where a page is shown. A query for a variant."""
    if not page.path.startswith(BESIDE):
        return Stand(page.path, page=page)
    variant = SplitVariant.objects.filter(page=page).select_related("test__page__workspace").order_by("-id").first()
    return Stand(variant.test.page.path, page.path, variant.test.page) if variant else Stand("/")


def split_of(page: Page) -> dict[str, Any]:
    """What the edge needs to know of a test (see `edge/splits.py`): of the page that is tested, or of a variant."""
    stand = stand_of(page)
    if stand.variant:
        return {"shown_at": stand.path}
    test = SplitTest.objects.filter(page=page, state=SplitTest.State.RUNNING).first()
    if test is None:
        return {}
    variants = test.variants.select_related("page").order_by("letter")
    paths = [[one.letter, one.share, "" if one.page_id == page.id else one.page.path] for one in variants]
    return {"test": test.id.hex, "variants": paths}
