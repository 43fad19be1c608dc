"""What would embarrass a business once its page is live: looked at before publishing, said in words, never in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any, Literal

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from plainsail.blocks.schema import Field, Html, Items, Link, Reference, RichText
from plainsail.blocks.services.documents import Block, Document
from plainsail.blocks.services.presenting import cards_of
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Popup, PublishedSnapshot
from plainsail.pages.services import describing, redirects

OWN_PREFIXES = ("/checkout/", "/account", "/f/", "/thanks/", "/static/", "/media/", "/archive/", "/blog/")
"""Addresses of the site that are no pages."""

HREF = re.compile(r'href="([^"]*)"')
"""Links in words that were cleaned when they were stored, so that they are written in one way."""


@dataclass(frozen=True)
class Finding:
    """Something to look at. `bad` means that visitors would miss something; `warn`, that it could be better."""

    tone: Literal["bad", "warn"]
    words: str
    section: str = ""
    """The section's headline or kind, and its id to jump to."""
    block_id: str = ""


def check(page: Page, document: Document) -> list[Finding]:
    """What is wrong with a page, the worst first. A handful of queries, whatever its length."""
    found = [*_of_page(page, document), *_of_sections(page, document), *_of_forms(page.workspace, document)]
    return sorted(found, key=lambda finding: finding.tone != "bad")


def _of_page(page: Page, document: Document) -> Iterator[Finding]:
    if not document.blocks:
        yield Finding("bad", _("The page is empty."))
    if not page.title.strip():
        yield Finding("bad", _("The page has no title. It stands in the browser’s tab and in search results."))
    if page.is_part:
        return
    if not page.description.strip() and page.kind != Page.Kind.POST:
        yield Finding("warn", _("No description: search engines will choose some words of the page themselves."))
    if page.kind == Page.Kind.PAGE and not any(block.headline for block in document.walk()):
        yield Finding("warn", _("No section has a headline, so the page has no heading that is seen."))


def _of_sections(page: Page, document: Document) -> Iterator[Finding]:
    known = _Known(page, document)
    for block in document.walk():
        kind = block.kind
        if kind is None:
            yield _at(block, "warn", _("Nothing here knows this kind of section any more; visitors don’t see it."))
            continue
        yield from _of_fields(block, kind.fields, block.props, known)
    for picture in describing.wordless(document):
        yield _at(picture.block, "warn", _("A picture has no words for those who can’t see it."))


def _of_fields(block: Block, fields: Mapping[str, Field], props: Mapping[str, Any], known: _Known) -> Iterator[Finding]:
    for name, field in fields.items():
        value = props.get(name)
        if isinstance(field, Items):
            for item in value or []:
                yield from _of_fields(block, field.fields, item, known)
        elif isinstance(field, Reference):
            if value and (field.to, value) not in known.rows:
                yield _at(block, "bad", _("What this section points to is not there any more."))
        elif isinstance(field, Link):
            yield from _of_link(block, _label(name, props), str(value or ""), known)
        elif isinstance(field, RichText | Html):
            for target in HREF.findall(str(value or "")):
                yield from _of_link(block, "", unescape(target), known)
    if block.type == "form" and not props.get("form") and fields is getattr(block.kind, "fields", None):
        yield _at(block, "bad", _("No form is chosen, so nobody can send anything."))


def _label(name: str, props: Mapping[str, Any]) -> str:
    """What stands on the link that a setting leads; nothing where a price card leads to its offer instead."""
    named = ("button", "label") if name == "link" else (name.replace("link", "button"),)
    return "" if props.get("offer") else next((str(props[each]) for each in named if props.get(each)), "")


def _of_link(block: Block, label: str, target: str, known: _Known) -> Iterator[Finding]:
    if not target:
        if label.strip():
            yield _at(block, "bad", _("“%(label)s” leads nowhere.") % {"label": label[:60]})
    elif target.startswith("#"):
        if target != "#" and target[1:] not in known.anchors and target[1:] not in known.popups:
            yield _at(block, "bad", _("%(target)s is no section of this page.") % {"target": target[:60]})
    elif target.startswith("/") and not known.stands(target):
        yield _at(block, "bad", _("Nothing is published at %(target)s.") % {"target": target[:80]})
    elif "example.com" in target:
        yield _at(block, "warn", _("%(target)s is only an example.") % {"target": target[:80]})


def _of_forms(workspace: Workspace, document: Document) -> Iterator[Finding]:
    ids = {row_id for kind, row_id in document.references() if kind == "form"}
    for form in Form.objects.filter(id__in=ids).order_by("id"):
        if form.is_archived:
            yield Finding("bad", _("The form “%(name)s” was put away.") % {"name": form.name})
        if not strip_tags(form.consent).strip():
            yield Finding("warn", _("The form “%(name)s” doesn’t say what people agree to.") % {"name": form.name})


class _Known:
    """What a page's links and references may lead to, each asked once."""

    def __init__(self, page: Page, document: Document) -> None:
        self.page = page
        self.rows = {(kind, str(row_id)) for kind, row_id in cards_of(document)}
        self.anchors = _anchors(document)
        self._paths: set[str] | None = None

    @cached_property
    def popups(self) -> set[str]:
        """What links to the business's pop-ups are called."""
        return {popup.key for popup in Popup.objects.filter(workspace=self.page.workspace_id)}

    def stands(self, target: str) -> bool:
        path = target.partition("#")[0].partition("?")[0].rstrip("/") or "/"
        if target.startswith(OWN_PREFIXES) or path in {"/", self.page.path}:
            return True
        if self._paths is None:
            snapshots = PublishedSnapshot.objects.filter(workspace=self.page.workspace_id)
            self._paths = set(snapshots.values_list("path", flat=True))
        return path in self._paths or redirects.where(self.page.site, path) is not None


def _anchors(document: Document) -> set[str]:
    seen: dict[str, int] = {}
    found = {"blog", "main"}
    for block in document.walk():
        name = block.type.replace("_", "-")
        number = seen[name] = seen.get(name, 0) + 1
        found.add(name if number == 1 else f"{name}-{number}")
    return found


def _at(block: Block, tone: Literal["bad", "warn"], words: str) -> Finding:
    label = block.headline or (str(block.kind.label) if block.kind else block.type)
    return Finding(tone, words, section=label[:80], block_id=block.id)
