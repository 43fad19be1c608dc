"""Pop-ups, bars and countdowns that travel with pages: what they say, when they come up, until when. Read back with care: a
file may come from anybody.

Lists, tags and automations are another business's own: they go by their names, and are found again by those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from plainsail.accounts.models import User
from plainsail.automations.models import Automation
from plainsail.blocks.schema import UNSTORABLE, is_safe_link
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Document, InvalidDocument
from plainsail.contacts.models import List
from plainsail.contacts.services import tags
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Countdown, Page, Popup
from plainsail.pages.services import beside, countdowns

MOST = 100
"""Pop-ups of one file, and countdowns."""
LONGEST = 366 * countdowns.DAY
"""Minutes that somebody can be given."""
LINK = re.compile(r"#p-[0-9a-f]{12}\b")
"""A link that opens a pop-up."""
WHEN: Mapping[str, Collection[str]] = {
    "kind": Popup.Kind.values,
    "trigger": Popup.Trigger.values,
    "often": Popup.Often.values,
    "device": Popup.Device.values,
    "visitors": Popup.Visitors.values,
}
NUMBERS = {"seconds": (0, 3600), "percent": (1, 100), "days": (1, 365)}


@dataclass(frozen=True)
class Packed:
    """A file's pop-ups as they are brought in: what each says, and the id that it gets, by its old key."""

    said: Mapping[str, Mapping[str, Any]]
    ids: Mapping[str, UUID]

    @property
    def links(self) -> dict[str, str]:
        """Links that open one: old to new."""
        return {f"#{old}": f"#{Popup(id=new).key}" for old, new in self.ids.items()}


def popups_of(pages: Sequence[Page]) -> list[Popup]:
    """The pop-ups that these pages name: by a link, or because it comes up on one of them and not on all."""
    ids = {str(page.id) for page in pages}
    linked = {key for page in pages for key in LINK.findall(json.dumps(page.draft))}
    return [one for one in all_popups() if f"#{one.key}" in linked or ids & set(one.on_pages)]


def all_popups() -> list[Popup]:
    """Every pop-up of the open workspace that isn't put away."""
    found = Popup.objects.exclude(page__state=Page.State.ARCHIVED).select_related("page__workspace")
    return list(found.order_by("created_at", "id"))


def saved(page: Page) -> dict[str, Any]:
    """A draft as files hold it. One that only a newer version of this program can read goes as it is: nothing is lost by it."""
    try:
        return documents.save(page.document)
    except InvalidDocument:
        return dict(page.draft)


def references(page: Page) -> set[tuple[str, UUID]]:
    """The rows that a draft points to, as far as it can be read."""
    try:
        return set(page.document.references())
    except InvalidDocument:
        return set()


def pack_popups(popups: Iterable[Popup], pages: Iterable[Page]) -> dict[str, Any]:
    """Key to what a pop-up says, when it comes up, and the addresses of the pages on which it does; none for all."""
    paths = {str(page.id): page.path for page in pages}
    return {
        one.key: {
            "name": one.page.title,
            "document": saved(one.page),
            "pages": [paths[page_id] for page_id in one.on_pages if page_id in paths],
            "on_all": not one.on_pages,
            "is_for_some": bool(one.tree),
            "sources": one.sources,
            **{name: getattr(one, name) for name in (*WHEN, *NUMBERS)},
        }
        for one in popups
    }


def pack_countdowns(pages: Iterable[Page]) -> dict[str, Any]:
    """Id to what a countdown on these pages ends by, and what it says then."""
    ids = {row_id for page in pages for kind, row_id in references(page) if kind == "countdown"}
    rows = Countdown.objects.filter(id__in=ids, is_archived=False).select_related("list", "tag", "automation")
    return {
        str(one.id): {
            **{name: getattr(one, name) for name in ("name", "kind", "minutes", "then", "words", "url")},
            "ends_at": one.ends_at.isoformat() if one.ends_at else "",
            **{name: str(getattr(one, name) or "") for name in ("list", "tag", "automation")},
        }
        for one in rows.order_by("id")
    }


def make_countdowns(
    workspace: Workspace,
    raw: object,
    *,
    topic: List,
    at: datetime,
) -> tuple[dict[str, UUID], list[str]]:
    """New countdowns like those of a file, under names of their own: old id to new, and what to look at, in words.

    One that counts from joining a list that isn't here counts from joining `topic`.
    """
    made: dict[str, UUID] = {}
    to_say: list[str] = []
    taken = set(Countdown.objects.filter(is_archived=False).values_list("name", flat=True))
    for old, said in _entries(raw):
        name = free_name(_words(said.get("name"), 120) or _("Countdown"), taken)
        values = _countdown(workspace, said, topic=topic)
        if values["kind"] == Countdown.Kind.FIXED and values["ends_at"] is None:
            to_say.append(_("Countdown “%(name)s”: its moment can’t be read.") % {"name": name})
            continue
        if values["kind"] == Countdown.Kind.SEQUENCE and values["automation"] is None:
            to_say.append(
                _("Countdown “%(name)s” counts from an automation that isn’t here. Choose one.") % {"name": name}
            )
        countdown = countdowns.save(Countdown(), name=name, created_at=at, **values)
        made[old], taken = countdown.id, {*taken, name}
    return made, to_say


def read_popups(raw: object) -> Packed:
    """The pop-ups of a file with the ids that they will have, so that pages which are made before can link to them."""
    said = dict(_entries(raw))
    return Packed(said, {key: new_id() for key in said})


def make_popup(
    workspace: Workspace,
    said: Mapping[str, Any],
    document: Document,
    pages: Mapping[str, Page],
    *,
    popup_id: UUID,
    by: User | None,
    at: datetime,
) -> tuple[Popup | None, str]:
    """A pop-up that comes up nowhere yet, and what to look at, in words; none where no page came on which it would.

    `pages` are those that came, by their addresses in the file.
    """
    taken = set(Popup.objects.exclude(page__state=Page.State.ARCHIVED).values_list("page__title", flat=True))
    name = free_name(_words(said.get("name"), 120) or _("Pop-up"), taken)
    on_pages = [str(pages[path].id) for path in _texts(said.get("pages")) if path in pages]
    if not on_pages and said.get("on_all") is not True:
        return None, _("Pop-up “%(name)s”: none of its pages came.") % {"name": name}
    page = beside.create(workspace, document, title=name, by=by, at=at)
    made: Popup = Popup.objects.create(id=popup_id, page=page, on_pages=on_pages, created_at=at, **_when(said))
    if said.get("is_for_some") is True:
        return made, _("Pop-up “%(name)s” was for some people only. Choose again for whom it is.") % {"name": name}
    return made, ""


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The wanted name, or the first like it that nothing has: “Sale”, “Sale (2)” …"""
    names = (wanted if number == 1 else f"{wanted[:112]} ({number})" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _entries(raw: object) -> list[tuple[str, Mapping[str, Any]]]:
    found = raw.items() if isinstance(raw, Mapping) else ()
    return [(str(old), said) for old, said in found if isinstance(said, Mapping)][:MOST]


def _countdown(workspace: Workspace, said: Mapping[str, Any], *, topic: List) -> dict[str, Any]:
    kind = _one_of(said.get("kind"), Countdown.Kind.values, Countdown.Kind.FIXED)
    url, then = _address(said.get("url")), _one_of(said.get("then"), Countdown.Then.values, Countdown.Then.WORDS)
    names = {name: _words(said.get(name), 120) for name in ("list", "tag", "automation")}
    is_tagged = kind == Countdown.Kind.TAG and names["tag"]
    return {
        "kind": kind,
        "ends_at": moment(said.get("ends_at")) if kind == Countdown.Kind.FIXED else None,
        "minutes": _whole(said.get("minutes"), 0, LONGEST, countdowns.DAY),
        "then": Countdown.Then.WORDS if then == Countdown.Then.GO and not url else then,
        "words": _words(said.get("words"), 300),
        "url": url,
        "list": (workspace.lists.filter(name=names["list"]).order_by("id").first() or topic)
        if kind == Countdown.Kind.LIST
        else None,
        "tag": tags.named(workspace, names["tag"]) if is_tagged else None,
        "automation": Automation.objects.filter(name=names["automation"]).order_by("id").first()
        if kind == Countdown.Kind.SEQUENCE
        else None,
    }


def _when(said: Mapping[str, Any]) -> dict[str, Any]:
    """When a pop-up comes up and for which visitors, as far as the file says so."""
    fresh = Popup()
    chosen = {name: _one_of(said.get(name), choices, getattr(fresh, name)) for name, choices in WHEN.items()}
    numbers = {
        name: _whole(said.get(name), least, most, getattr(fresh, name)) for name, (least, most) in NUMBERS.items()
    }
    return (
        chosen
        | numbers
        | {"sources": [words for one in _texts(said.get("sources"))[:20] if (words := _words(one, 100))]}
    )


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _one_of(value: object, choices: Collection[str], otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise


def _whole(value: object, least: int, most: int, otherwise: int) -> int:
    return value if type(value) is int and least <= value <= most else otherwise


def _address(value: object) -> str:
    url = _words(value, 1000)
    return url if url.startswith(("https://", "http://", "/")) and is_safe_link(url) else ""


def _words(value: object, limit: int) -> str:
    return " ".join(UNSTORABLE.sub("", value).split())[:limit] if isinstance(value, str) else ""


def moment(value: object) -> datetime | None:
    """A moment with its zone, as ISO 8601 has it; None for anything else."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
