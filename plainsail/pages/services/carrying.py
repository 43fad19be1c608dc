"""A page or a whole site as one file: taken along, and brought in again here or elsewhere, with ids made anew. It is JSON, or
where pictures of the business's own are shown a ZIP of that and of them. Forms, pop-ups and countdowns go with their pages.

Nothing in a file is trusted: every document is read as if somebody had typed it, links and pictures are checked by their
fields, forms are made anew, and what points to rows of another business points to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.schema import UNSTORABLE, Field, Html, Image, Items, Link, Reference, RichText
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Block, Document, InvalidDocument
from plainsail.blocks.sockets import REFERENCES
from plainsail.contacts.models import List
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Popup, Post, Redirect, Site
from plainsail.pages.services import (
    blogging,
    forms,
    packed_forms,
    packed_live,
    packed_pictures,
    pages,
    parts,
    redirects,
    sites,
)

FORMAT = 1
MOST_PAGES = 500
LARGEST = 20_000_000
Known = Mapping[tuple[str, str], UUID]
"""(kind, old id) to new id."""
SAID_OF_SITE = ("description", "icon_url", "social_image_url", "profiles")


class NoSuchFile(Refusal):
    """Not a file that a page or a site was written to."""

    code = "no_page_file"
    message = _("This is no file of a Plainsail page or site.")
    status = 422

    def __init__(self, message: object = None) -> None:
        super().__init__(message, field="file")  # type: ignore[arg-type]  # words, lazily translated


@dataclass
class Brought:
    """What a file brought: drafts made, and what was left out, in words."""

    pages: list[Page] = field(default_factory=list)
    popups: int = 0
    left_out: list[str] = field(default_factory=list)


@dataclass
class _Bringing:
    """One file being brought in: into which site, by whom, what its forms became, and what came so far."""

    workspace: Workspace
    site: Site
    by: User | None
    at: datetime
    known: Known = field(default_factory=dict)
    """What the file's forms, pictures and countdowns became here."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Links that open pop-ups: old to new."""
    kin: dict[str, UUID] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    """What came so far, by its address in the file."""
    brought: Brought = field(default_factory=Brought)


def page_as_file(page: Page) -> bytes:
    """One page with its forms, pictures and countdowns, and the pop-ups that it names, to be brought in elsewhere."""
    return _packed([page], packed_live.popups_of([page]), {"plainsail": "page", "v": FORMAT})


def site_as_file(workspace: Workspace) -> bytes:
    """All pages that aren't archived, drafts as they are now, with forms, pictures, countdowns, pop-ups, redirects, and what
    the site says of itself.
    """
    site = sites.site_of(workspace)
    found: QuerySet[Page] = (
        Page.objects.current().filter(site=site).select_related("workspace").order_by("created_at", "id")
    )
    said = {name: getattr(site, name) for name in SAID_OF_SITE} | {"name": site.name, "theme": site.theme}
    rows = Redirect.objects.filter(site=site).order_by("path").values("path", "target", "status")
    return _packed(
        list(found),
        packed_live.all_popups(),
        {"plainsail": "site", "v": FORMAT, "site": said, "redirects": list(rows)},
    )


@transaction.atomic
def bring_in(workspace: Workspace, content: bytes, *, list: List, by: User | None, at: datetime) -> Brought:  # noqa: A002  # the product’s word
    """Make drafts of a file's pages, at their addresses or the next free ones. Nothing that is there changes.

    Forms, pictures, countdowns and pop-ups come with them, each under a name of its own; whoever sends a form joins `list`, and
    no pop-up comes up before somebody lets it. Raises NoSuchFile or BadArchive for a file that
    is none as a whole; a page or a picture that can't be read is left out, with words.
    """
    unpacked = packed_pictures.Unpacked(content) if packed_pictures.is_archive(content) else None
    raw = _read(unpacked.pages if unpacked else content)
    here = _Bringing(workspace, sites.site_of(workspace), by, at)
    made = {"form": _make_forms(workspace, raw.get("forms"), list=list, at=at)}
    made["countdown"], here.brought.left_out = packed_live.make_countdowns(
        workspace, raw.get("countdowns"), topic=list, at=at
    )
    if unpacked is not None:
        made["picture"], left_out = packed_pictures.take_in(workspace, raw.get("pictures"), unpacked, by=by, at=at)
        here.brought.left_out += left_out
    popups = packed_live.read_popups(raw.get("popups"))
    here.known = {(kind, old): new for kind, ids in made.items() for old, new in ids.items()}
    here.links = popups.links
    for entry in raw["pages"]:
        _bring_page(here, entry)
    for key, said in popups.said.items():
        _bring_popup(here, said, popups.ids[key])
    _lead_on(here, raw.get("forms"))
    if raw["plainsail"] == "site":
        _bring_site(here, raw)
    return here.brought


def _packed(listed: Sequence[Page], popups: Sequence[Popup], said: dict[str, Any]) -> bytes:
    beside = [popup.page for popup in popups]
    shown = [*listed, *beside]
    said |= {
        "pages": [_page(page) for page in listed],
        "forms": _forms(shown),
        "countdowns": packed_live.pack_countdowns(shown),
        "popups": packed_live.pack_popups(popups, listed),
    }
    pictures = packed_pictures.said_of(_pictures(shown))
    if not pictures:
        return _write(said)
    return packed_pictures.archive(_write(said | {"pictures": pictures}), map(UUID, pictures))


def _pictures(listed: Iterable[Page]) -> set[UUID]:
    """The business's own pictures that are shown on these pages, and by which they and their posts are announced."""
    rows = list(listed)
    covers = Post.objects.filter(page__in=rows).values_list("cover", flat=True)
    shown = {row_id for page in rows for kind, row_id in packed_live.references(page) if kind == "picture"}
    announced = {row_id for cover in covers for _kind, row_id in Image(label="").references(cover)}
    return shown | announced | {page.social_image_id for page in rows if page.social_image_id}


def _page(page: Page) -> dict[str, Any]:
    said: dict[str, Any] = {
        "title": page.title,
        "description": page.description,
        "path": page.path,
        "kind": page.kind,
        "language": page.language or page.workspace.locale,
        "translations": page.translations.hex if page.translations else "",
        "shows_parts": page.shows_parts,
        "is_hidden": page.is_hidden,
        "social_title": page.social_title,
        "social_text": page.social_text,
        "social_image": str(page.social_image_id or ""),
        "document": packed_live.saved(page),
    }
    post = Post.objects.filter(page=page).first() if page.kind == Page.Kind.POST else None
    if post is not None:
        said["post"] = {
            "author": post.author,
            "posted_at": post.posted_at.isoformat(),
            "excerpt": post.excerpt,
            "cover": post.cover,
            "tags": blogging.tags_as_words(post),
        }
    return said


def _forms(found: Iterable[Page]) -> dict[str, Any]:
    ids = {row_id for page in found for kind, row_id in packed_live.references(page) if kind == "form"}
    rows = Form.objects.filter(id__in=ids).select_related("thanks_page").order_by("id")
    return {str(form.id): packed_forms.pack(form) | {"leads_to": _leads_to(form)} for form in rows}


def _leads_to(form: Form) -> str:
    """The address of the page that thanks whoever sent a form, where it is one of the site's."""
    return form.thanks_page.path if form.after == Form.After.PAGE and form.thanks_page is not None else ""


def _write(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def _read(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise NoSuchFile(_("The file is too large: at most 20 MB."))
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NoSuchFile from error
    if (
        not isinstance(raw, dict)
        or raw.get("plainsail") not in {"page", "site"}
        or not isinstance(raw.get("pages"), list)
    ):
        raise NoSuchFile
    if raw.get("v") != FORMAT:
        raise NoSuchFile(_("This file was written by another version of Plainsail."))
    if len(raw["pages"]) > MOST_PAGES:
        raise NoSuchFile(_("At most 500 pages at once."))
    return raw


def _make_forms(workspace: Workspace, raw: object, *, list: List, at: datetime) -> dict[str, UUID]:  # noqa: A002
    """New forms like those of the file, under names of their own; old id to new."""
    made: dict[str, UUID] = {}
    taken = set(Form.objects.filter(is_archived=False).values_list("name", flat=True))
    for old, said in raw.items() if isinstance(raw, dict) else ():
        if not isinstance(said, dict) or len(made) >= MOST_PAGES:
            continue
        name = packed_live.free_name(_words(said.get("name"), 120) or _text("Form"), taken)
        taken.add(name)
        form = forms.make(workspace, name=name, list=list, consent=_words(said.get("consent"), 600), at=at)
        packed_forms.unpack(form, said, at=at)
        made[str(old)] = form.id
    return made


def _bring_page(here: _Bringing, entry: object) -> None:
    title = _words(entry.get("title"), 120) if isinstance(entry, dict) else ""
    if not isinstance(entry, dict) or not title:
        here.brought.left_out.append(_text("A page without a title."))
        return
    try:
        document = renewed(documents.load(entry.get("document")), here.known, here.links)
        made = _make(here, entry, document, title=title)
    except Refusal as refusal:
        words = next(iter(refusal.errors.values()), "") if isinstance(refusal, InvalidDocument) else ""
        here.brought.left_out.append(f"{title}: {words or refusal}")
        return
    key = _words(entry.get("translations"), 64)
    if key and not made.is_part:
        made.translations = here.kin.setdefault(key, made.id)
        made.save(update_fields=["translations"])
    here.pages.setdefault(_words(entry.get("path"), 300), made)
    here.brought.pages.append(made)
    if any("tree" in (block.shown or {}) for block in document.blocks):
        here.brought.left_out.append(
            _text("%(title)s: some sections are for people with a tag or in a segment. See whether these are here.")
            % {"title": title}
        )


def _bring_popup(here: _Bringing, said: Mapping[str, Any], popup_id: UUID) -> None:
    try:
        document = renewed(documents.load(said.get("document")), here.known, here.links)
    except InvalidDocument as refusal:
        words = next(iter(refusal.errors.values()), "")
        here.brought.left_out.append(f"{_words(said.get('name'), 120)}: {words or refusal}")
        return
    made, to_say = packed_live.make_popup(
        here.workspace, said, document, here.pages, popup_id=popup_id, by=here.by, at=here.at
    )
    here.brought.popups += made is not None
    if to_say:
        here.brought.left_out.append(to_say)


def _lead_on(here: _Bringing, raw: object) -> None:
    """Let the forms lead to the pages that thank, where those came too."""
    for old, said in raw.items() if isinstance(raw, dict) else ():
        page = here.pages.get(_words(said.get("leads_to"), 300)) if isinstance(said, dict) else None
        form_id = here.known.get(("form", str(old)))
        if page is not None and not page.is_part and form_id is not None:
            form = Form.objects.get(id=form_id)
            forms.change(form, by=here.by, at=here.at, after=Form.After.PAGE, thanks_page=page)


def _make(here: _Bringing, entry: Mapping[str, Any], document: Document, *, title: str) -> Page:
    """A draft of one entry. Raises NoSuchFile for a kind that isn't, or that the site has already; BadAddress."""
    kind, path = entry.get("kind", Page.Kind.PAGE), _words(entry.get("path"), 300)
    language = _words(entry.get("language"), 10)
    language = "" if language == here.workspace.locale else language
    if kind not in Page.Kind.values:
        raise NoSuchFile(_("There is no such kind of page."))
    if kind not in (Page.Kind.PAGE, Page.Kind.POST):
        if Page.objects.current().filter(site=here.site, kind=kind, language=language).exists():
            raise NoSuchFile(_("Your site has this already, and keeps its own."))
        if kind != Page.Kind.BLOG:
            path = f":{kind}-{language}" if language else f":{kind}"
    made = pages.create(
        here.workspace,
        document,
        title=title,
        description=_words(entry.get("description"), 300),
        path=path if kind in parts.KINDS else sites.clean_path(path),
        kind=kind,
        language=language,
        by=here.by,
        at=here.at,
    )
    made.shows_parts = entry.get("shows_parts") is not False
    made.is_hidden = entry.get("is_hidden") is True
    made.social_title, made.social_text = _words(entry.get("social_title"), 120), _words(entry.get("social_text"), 300)
    made.social_image_id = here.known.get(("picture", str(entry.get("social_image") or "")))
    made.save(update_fields=["shows_parts", "is_hidden", "social_title", "social_text", "social_image_id"])
    if kind == Page.Kind.POST:
        _make_post(made, entry.get("post"), here.known, at=here.at)
    return made


def _make_post(page: Page, raw: object, known: Known, *, at: datetime) -> None:
    said = raw if isinstance(raw, dict) else {}
    moment = packed_live.moment(said.get("posted_at")) or at
    errors: dict[Any, str] = {}
    cover = Image(label="").clean(said.get("cover") or {}, ("cover",), errors)
    shown = {"cover": Image(label="").empty if errors else cover}
    _repoint({"cover": Image(label="")}, shown, known, {})
    post = Post.objects.create(page=page, posted_at=moment, cover=shown["cover"])
    blogging.describe(
        post,
        author=_words(said.get("author"), 120),
        posted_at=moment,
        excerpt=_words(said.get("excerpt"), 400),
        tags=_words(said.get("tags"), 400),
    )


def _bring_site(here: _Bringing, raw: Mapping[str, Any]) -> None:
    """What the site says of itself where it says nothing yet, and redirects from addresses that lead nowhere yet."""
    said = raw["site"] if isinstance(raw.get("site"), dict) else {}
    news = {name: _words(said.get(name), 2000) for name in ("description",) if not getattr(here.site, name)}
    sites.describe(here.site, **{name: words[:300] for name, words in news.items() if words})
    rows: Sequence[Any] = raw["redirects"] if isinstance(raw.get("redirects"), list) else []
    taken = set(Redirect.objects.filter(site=here.site).values_list("path", flat=True))
    for row in rows[: redirects.MOST_ROWS]:
        if not isinstance(row, dict) or row.get("path") in taken:
            continue
        try:
            path, target = _words(row.get("path"), 500), _words(row.get("target"), 2000)
            redirects.add(here.site, path=path, target=target, status=row.get("status", 301))
        except Refusal as refusal:
            here.brought.left_out.append(f"{path} → {target}: {refusal}"[:300])


def renewed(document: Document, known: Known, links: Mapping[str, str]) -> Document:
    """The same document with new ids; references to forms, pictures and countdowns lead to `known` ones, others that this
    business has stay; `links` that open pop-ups are written anew.
    """
    return document.with_blocks(_renewed(block, known, links) for block in document.blocks)


def _renewed(block: Block, known: Known, links: Mapping[str, str]) -> Block:
    inside = {name: tuple(_renewed(each, known, links) for each in held) for name, held in block.slots.items()}
    return replace(block, id=documents.new_block_id(), props=_repointed(block, known, links), slots=inside)


def _repointed(block: Block, known: Known, links: Mapping[str, str]) -> dict[str, Any]:
    props = deepcopy(block.props)
    if block.kind is not None:
        _repoint(block.kind.fields, props, known, links)
    return props


def _repoint(fields: Mapping[str, Field], props: dict[str, Any], known: Known, links: Mapping[str, str]) -> None:
    for name, each in fields.items():
        if isinstance(each, Items):
            for item in props.get(name) or []:
                _repoint(each.fields, item, known, links)
        elif isinstance(each, Link | RichText | Html):
            props[name] = packed_live.LINK.sub(lambda found: links.get(found[0], found[0]), str(props.get(name) or ""))
        elif isinstance(each, Reference) and props.get(name):
            props[name] = _known_or_nothing(each.to, str(props[name]), known)
        elif isinstance(each, Image):
            old = str(props[name].pop("file", ""))
            if found := old and _known_or_nothing("picture", old, known):
                props[name]["file"] = found


def _known_or_nothing(to: str, old: str, known: Known) -> str:
    """Where something leads from now on: to what was brought along, to a row that is here, or nowhere."""
    if (to, old) in known:
        return str(known[to, old])
    kind = REFERENCES.get(to)
    return "" if kind is None or UUID(old) not in kind.cards({UUID(old)}) else old


def _words(value: object, limit: int) -> str:
    return UNSTORABLE.sub("", value).strip()[:limit] if isinstance(value, str) else ""
