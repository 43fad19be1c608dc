"""Pop-ups and bars: made, set, chosen for a visitor, counted.

Where a pop-up comes up is decided in two places. Which pages carry the script that can show one is decided when they are
published, or when a pop-up changes; whom it is for is asked when somebody is there. How often somebody has seen it is
known to their browser alone (first-party storage): no row about a stranger is kept for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.staticfiles import finders
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, rendering
from plainsail.blocks.services.documents import Document
from plainsail.blocks.services.rendering import PageHead
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Popup, PopupDay, PublishedSnapshot
from plainsail.pages.services import beside, living, sites
from plainsail.pages.services.living import Caller
from plainsail.tracking.models import Hit

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
AGAIN = timedelta(minutes=30)
"""Somebody who was here longer ago than this is back; less is the same visit."""
COUNTED = frozenset({"shown", "closed", "sent"})


class NotCounted(Refusal):
    """Something that isn't counted."""

    code = "not_counted"
    message = gettext_lazy("This is not counted.")
    status = 422


@transaction.atomic
def make(workspace: Workspace, *, name: str, form: Form | None, by: User | None, at: datetime) -> Popup:
    """A pop-up with a few words, and a form where there is one."""
    with translation.override(workspace.locale):
        words: dict[str, Any] = {
            "heading": _("Before you go"),
            "text": _("Say in one sentence what somebody gets."),
            "button": _("Sign me up"),
            "layout": "plain",
        }
    words["form"] = str(form.id) if form else ""
    document = documents.build(sites.site_of(workspace).theme, [("form", words)])
    page = beside.create(workspace, document, title=name, by=by, at=at)
    made: Popup = Popup.objects.create(page=page, created_at=at)
    return made


def change(popup: Popup, **values: Any) -> None:
    """When, how often and to whom it is shown."""
    for name, value in values.items():
        setattr(popup, name, value)
    popup.save(update_fields=[*values])


def any_for(page: Page) -> bool:
    """Whether a page needs the script that shows pop-ups. One query."""
    return bool(_meant(page, _live()))


def frames_for(page: Page) -> tuple[str, ...]:
    """Whose films and pages the pop-ups show that may come up on a page, as origins: its policy must let them past. Two
    queries.
    """
    return _origins(_meant(page, _live()), _frames())


def _meant(page: Page, live: Sequence[Popup]) -> list[Popup]:
    """Those that may come up on a page, for whomever."""
    if page.is_beside and not page.variants.exists():
        return []
    wanted = _ids_of(page)
    return [one for one in live if not one.on_pages or wanted & set(one.on_pages)]


def _frames() -> dict[UUID, list[str]]:
    """What the frames in each published pop-up show, by its page."""
    rows = PublishedSnapshot.objects.filter(page__popup__isnull=False).values_list("page_id", "live__frames")
    return {page_id: frames or [] for page_id, frames in rows}


def _origins(popups: Sequence[Popup], frames: Mapping[UUID, list[str]]) -> tuple[str, ...]:
    return tuple(sorted({origin for one in popups for origin in frames.get(one.page_id, [])}))


def _live() -> Sequence[Popup]:
    return list(Popup.objects.filter(page__state=Page.State.PUBLISHED).select_related("page").order_by("id"))


def _ids_of(page: Page) -> set[str]:
    """A variant is where the page is that it is one of."""
    return {str(page.id), *map(str, page.variants.values_list("test__page_id", flat=True))}


def to_follow() -> list[Page]:
    """Published pages that carry the script in vain, or need it and don't carry it, or whose policy keeps a film in a pop-up
    out. Three queries, and one a page.
    """
    live, frames = _live(), _frames()
    snapshots = PublishedSnapshot.objects.select_related("page__workspace").defer("body", "body_gzip", "body_br")
    found = []
    for snapshot in snapshots.exclude(page__popup__isnull=False).order_by("id"):
        meant = _meant(snapshot.page, live)
        needs = bool(meant) or any(name in snapshot.live for name in ("parts", "countdowns"))
        policy = snapshot.headers.get("content-security-policy", "")
        if needs != bool(snapshot.live.get("script")) or any(each not in policy for each in _origins(meant, frames)):
            found.append(snapshot.page)
    return found


def frozen(page: Page, document: Document, head: PageHead) -> dict[str, Any]:
    """What is kept of a pop-up when it is published: `{html, style, frames}`; empty for any other page."""
    if not Popup.objects.filter(page=page).exists():
        return {}
    html = "".join(str(each.html) for each in rendering.render_sections(document, head))
    rendered = rendering.render_page(document, head)
    style = "".join(STYLE.findall(rendered.html))
    return {"html": html, "style": style + _own_style(), "frames": [*rendered.frame_sources]}


@cache
def _own_style() -> str:
    found = finders.find("pages/popup.css")
    assert isinstance(found, str), "pages/popup.css is part of this package"
    return re.sub(r"\s+", " ", Path(found).read_text(encoding="utf-8"))


def for_visitor(page: Page, caller: Caller, *, at: datetime) -> list[dict[str, Any]]:
    """The pop-ups that may come up for somebody on a page, ready to be shown. Their browser knows how often they did.

    Cost: one statement, one a condition on a known contact, one where new and returning visitors are told apart.
    """
    chosen = [one for one in _meant(page, _live()) if _is_for(one, caller, at=at)]
    snapshots = {
        row.page_id: row.live for row in PublishedSnapshot.objects.filter(page__in=[one.page_id for one in chosen])
    }
    with translation.override(page.workspace.locale):
        close = _("Close")
    return [
        {
            "key": one.key,
            "kind": one.kind,
            "trigger": one.trigger,
            "seconds": one.seconds,
            "percent": one.percent,
            "often": one.often,
            "days": one.days,
            "label": one.page.title,
            "close": close,
            "html": snapshots[one.page_id]["html"],
            "style": snapshots[one.page_id]["style"],
        }
        for one in chosen
        if snapshots.get(one.page_id, {}).get("html")
    ]


def _is_for(popup: Popup, caller: Caller, *, at: datetime) -> bool:
    if popup.device and popup.device != caller.device:
        return False
    if popup.sources and caller.source.casefold() not in {one.casefold() for one in popup.sources}:
        return False
    if popup.visitors and (popup.visitors == Popup.Visitors.RETURNING) != _was_here_before(caller.visitor_id, at=at):
        return False
    return not popup.tree or living.meets(popup.tree, caller.contact, at=at)


def _was_here_before(visitor_id: UUID | None, *, at: datetime) -> bool:
    return (
        visitor_id is not None
        and Hit.objects.filter(
            visitor_id=visitor_id, kind="visit", at__lt=at - AGAIN, at__gt=at - timedelta(days=365)
        ).exists()
    )


def count(workspace: Workspace, *, key: str, what: str, at: datetime) -> bool:
    """Count that a pop-up was shown, closed, or led to a form. False for one that isn't there. Raises NotCounted."""
    if what not in COUNTED:
        raise NotCounted
    popup = next((one for one in Popup.objects.only("id") if one.key == key), None)
    if popup is None:
        return False
    day = at.astimezone(ZoneInfo(workspace.timezone)).date()
    row, _made = PopupDay.objects.get_or_create(popup=popup, day=day)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pages_popupday SET {what} = {what} + 1 WHERE id = %s", [row.id])  # one of COUNTED
    return True


def numbers(popups: Sequence[Popup], *, since: datetime) -> Mapping[UUID, Mapping[str, int]]:
    """Popup id to `{shown, closed, sent}` since a moment. One query."""
    found: dict[UUID, dict[str, int]] = {one.id: dict.fromkeys(sorted(COUNTED), 0) for one in popups}
    for row in PopupDay.objects.filter(popup__in=[one.id for one in popups], day__gte=since.date()):
        for name in COUNTED:
            found[row.popup_id][name] += getattr(row, name)
    return found
