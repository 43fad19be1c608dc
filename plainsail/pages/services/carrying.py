"""A page or a whole site as one file: taken along, and brought in again here or elsewhere, with ids made anew. It is JSON, or
where pictures of the business's own are shown a ZIP of that and of them.

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
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.blocks.schema import UNSTORABLE, Field, Image, Items, Reference
from plainsail.blocks.services import documents
from plainsail.blocks.services.documents import Block, Document, InvalidDocument
from plainsail.blocks.sockets import REFERENCES
from plainsail.contacts.models import List
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Post, Redirect, Site
from plainsail.pages.services import blogging, forms, packed_forms, packed_pictures, pages, parts, redirects, sites

FORMAT = 1
MOST_PAGES = 500
LARGEST = 20_000_000
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
    left_out: list[str] = field(default_factory=list)


@dataclass
class _Bringing:
    """One file being brought in: into which site, by whom, what its forms became, and what came so far."""

    workspace: Workspace
    site: Site
    by: User | None
    at: datetime
    known: Mapping[str, UUID] = field(default_factory=dict)
    """What the file's forms and pictures became here, by their old ids."""
    kin: dict[str, UUID] = field(default_factory=dict)
    brought: Brought = field(default_factory=Brought)


def page_as_file(page: Page) -> bytes:
    """One page with its forms and pictures, to be brought in elsewhere."""
    return _packed([page], {"plainsail": "page", "v": FORMAT, "pages": [_page(page)], "forms": _forms([page])})


def site_as_file(workspace: Workspace) -> bytes:
    """All pages that aren't archived, drafts as they are now, with forms, pictures, redirects, and what the site says of itself."""
    site = sites.site_of(workspace)
    found: QuerySet[Page] = Page.objects.current().filter(site=site).order_by("created_at", "id")
    listed = list(found)
    said = {name: getattr(site, name) for name in SAID_OF_SITE} | {"name": site.name, "theme": site.theme}
    rows = Redirect.objects.filter(site=site).order_by("path").values("path", "target", "status")
    return _packed(
        listed,
        {
            "plainsail": "site",
            "v": FORMAT,
            "site": said,
            "pages": [_page(page) for page in listed],
            "forms": _forms(listed),
            "redirects": list(rows),
        },
    )


@transaction.atomic
def bring_in(workspace: Workspace, content: bytes, *, list: List, by: User | None, at: datetime) -> Brought:  # noqa: A002  # the product’s word
    """Make drafts of a file's pages, at their addresses or the next free ones. Nothing that is there changes.

    Forms and pictures come with them, and whoever sends a form joins `list`. Raises NoSuchFile or BadArchive for a file that
    is none as a whole; a page or a picture that can't be read is left out, with words.
    """
    unpacked = packed_pictures.Unpacked(content) if packed_pictures.is_archive(content) else None
    raw = _read(unpacked.pages if unpacked else content)
    here = _Bringing(workspace, sites.site_of(workspace), by, at)
    known = _make_forms(workspace, raw.get("forms"), list=list, at=at)
    if unpacked is not None:
        pictures, here.brought.left_out = packed_pictures.take_in(
            workspace, raw.get("pictures"), unpacked, by=by, at=at
        )
        known |= pictures
    here.known = known
    for entry in raw["pages"]:
        _bring_page(here, entry)
    if raw["plainsail"] == "site":
        _bring_site(here, raw)
    return here.brought


def _packed(listed: Sequence[Page], said: dict[str, Any]) -> bytes:
    pictures = packed_pictures.said_of(_pictures(listed))
    if not pictures:
        return _write(said)
    return packed_pictures.archive(_write(said | {"pictures": pictures}), map(UUID, pictures))


def _pictures(listed: Iterable[Page]) -> set[UUID]:
    """The business's own pictures that are shown on these pages, and by which their posts are announced."""
    rows = list(listed)
    covers = Post.objects.filter(page__in=rows).values_list("cover", flat=True)
    return {row_id for page in rows for kind, row_id in page.document.references() if kind == "picture"} | {
        row_id for cover in covers for _kind, row_id in Image(label="").references(cover)
    }


def _page(page: Page) -> dict[str, Any]:
    said: dict[str, Any] = {
        "title": page.title,
        "description": page.description,
        "path": page.path,
        "kind": page.kind,
        "language": page.language,
        "translations": page.translations.hex if page.translations else "",
        "shows_parts": page.shows_parts,
        "document": documents.save(page.document),
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
    ids = {row_id for page in found for kind, row_id in page.document.references() if kind == "form"}
    rows = Form.objects.filter(id__in=ids).order_by("id")
    return {str(form.id): packed_forms.pack(form) for form in rows}


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
    """New forms like those of the file; old id to new."""
    made: dict[str, UUID] = {}
    for old, said in raw.items() if isinstance(raw, dict) else ():
        if not isinstance(said, dict) or len(made) >= MOST_PAGES:
            continue
        name = _words(said.get("name"), 120) or _text("Form")
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
        document = renewed(documents.load(entry.get("document")), here.known)
        made = _make(here, entry, document, title=title)
    except Refusal as refusal:
        words = next(iter(refusal.errors.values()), "") if isinstance(refusal, InvalidDocument) else ""
        here.brought.left_out.append(f"{title}: {words or refusal}")
        return
    key = _words(entry.get("translations"), 64)
    if key and not made.is_part:
        made.translations = here.kin.setdefault(key, made.id)
        made.save(update_fields=["translations"])
    here.brought.pages.append(made)


def _make(here: _Bringing, entry: Mapping[str, Any], document: Document, *, title: str) -> Page:
    """A draft of one entry. Raises NoSuchFile for a kind that isn't, or that the site has already; BadAddress."""
    kind, path = entry.get("kind", Page.Kind.PAGE), _words(entry.get("path"), 300)
    language = _words(entry.get("language"), 10)
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
    if entry.get("shows_parts") is False:
        made.shows_parts = False
        made.save(update_fields=["shows_parts"])
    if kind == Page.Kind.POST:
        _make_post(made, entry.get("post"), here.known, at=here.at)
    return made


def _make_post(page: Page, raw: object, known: Mapping[str, UUID], *, at: datetime) -> None:
    said = raw if isinstance(raw, dict) else {}
    moment = _moment(said.get("posted_at")) or at
    errors: dict[Any, str] = {}
    cover = Image(label="").clean(said.get("cover") or {}, ("cover",), errors)
    shown = {"cover": Image(label="").empty if errors else cover}
    _repoint({"cover": Image(label="")}, shown, known)
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


def renewed(document: Document, known: Mapping[str, UUID] = {}) -> Document:  # only read
    """The same document with new ids; references to forms and pictures lead to `known` ones, others that this business has
    stay.
    """
    return document.with_blocks(_renewed(block, known) for block in document.blocks)


def _renewed(block: Block, known: Mapping[str, UUID]) -> Block:
    inside = {name: tuple(_renewed(each, known) for each in held) for name, held in block.slots.items()}
    return replace(block, id=documents.new_block_id(), props=_repointed(block, known), slots=inside)


def _repointed(block: Block, known: Mapping[str, UUID]) -> dict[str, Any]:
    props = deepcopy(block.props)
    if block.kind is not None:
        _repoint(block.kind.fields, props, known)
    return props


def _repoint(fields: Mapping[str, Field], props: dict[str, Any], known: Mapping[str, UUID]) -> None:
    for name, each in fields.items():
        if isinstance(each, Items):
            for item in props.get(name) or []:
                _repoint(each.fields, item, known)
        elif isinstance(each, Reference) and props.get(name):
            props[name] = _known_or_nothing(each.to, str(props[name]), known)
        elif isinstance(each, Image):
            old = str(props[name].pop("file", ""))
            if found := old and _known_or_nothing("picture", old, known):
                props[name]["file"] = found


def _known_or_nothing(to: str, old: str, known: Mapping[str, UUID]) -> str:
    """Where something leads from now on: to what was brought along, to a row that is here, or nowhere."""
    if to in ("form", "picture") and old in known:
        return str(known[old])
    kind = REFERENCES.get(to)
    return "" if kind is None or UUID(old) not in kind.cards({UUID(old)}) else old


def _words(value: object, limit: int) -> str:
    return UNSTORABLE.sub("", value).strip()[:limit] if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
