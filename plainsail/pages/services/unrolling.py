"""The published site as plain files in a ZIP: pages that link to each other, with their fonts and pictures beside them.

What needs the installation (forms, checkout, a customer's account) leads to it by its full address. What can't work without
somebody who decides who sees it (pop-ups, sections for some, countdowns for each person) is left out, and a file says so.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from io import BytesIO
from pathlib import Path
from posixpath import relpath
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.translation import gettext as _

from plainsail.files.services import storing
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, Popup, PublishedSnapshot, Redirect, SiteScript
from plainsail.pages.models.pages import BESIDE
from plainsail.pages.services import composing

STATIC = "/static/"
ATTRIBUTE = re.compile(r"(?P<name>\b(?:href|src|action|poster))=(?P<value>\"[^\"]*\"|'[^']*'|[^\s>\"']+)")
IN_STYLE = re.compile(r"url\((/static/[^)]+)\)")
SRCSET = re.compile(r"\bsrcset=(?P<value>\"[^\"]*\"|'[^']*')")
MEDIA = re.compile(r"/media/(?P<workspace>[0-9a-f]{32})/(?P<file>[0-9a-f]{32})/(?P<name>[^/]+)")
LIVE = re.compile(r"<script\b[^>]*\bdata-live-page=[^>]*></script>|<div\b[^>]*\bdata-live=[^>]*></div>")
"""The script that asks for what only some see, and the places for it."""
COUNTDOWN = re.compile(r"<div\b[^>]*\bdata-countdown=.*?</div>", re.DOTALL)
POPUP_LINK = re.compile(r"\bhref=(\"?)(#p-[0-9a-f]{12})\b")
CONSENT = re.compile(
    r"<p\b[^>]*><button\b[^>]*\bid=\"?consent-again\b.*?</template>\s*<script\b[^>]*></script>", re.DOTALL
)
LEFT_OUT = "READ ME.txt"
PRELOAD = re.compile(r"<link [^>]*\brel=\"?preload\b[^>]*>")


def as_zip(workspace: Workspace) -> bytes:
    """Every published page, each file of ours that one of them uses, once, and what was left out, in words. Memory: the whole
    archive.
    """
    snapshots = list(
        PublishedSnapshot.objects.filter(page__site__workspace=workspace)
        .exclude(path__startswith=BESIDE)  # who sees a variant or a pop-up is decided here
        .select_related("page__workspace")
        .order_by("path")
    )
    asks_others = SiteScript.objects.filter(workspace=workspace, is_on=True).exists()
    names = {snapshot.path: _name(snapshot) for snapshot in snapshots}
    assets: dict[str, bytes] = {}
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for snapshot in snapshots:
            here = names[snapshot.path]
            html = _without_server(snapshot, bytes(snapshot.body).decode(), asks_others=asks_others)
            archive.writestr(_entry(here), _unrolled(html, here, names, assets, composing.address(workspace, "")))
        for name, content in sorted(assets.items()):
            archive.writestr(_entry(name), content)
        archive.writestr(_entry(LEFT_OUT), "\n".join(_left_out(workspace, snapshots)) + "\n")
    return packed.getvalue()


def _without_server(snapshot: PublishedSnapshot, html: str, *, asks_others: bool) -> str:
    """A page without what only its server could fill in. Links that open a pop-up lead to the page itself, which has it."""
    plain = COUNTDOWN.sub(lambda found: found[0] if "<time" in found[0] else "", LIVE.sub("", html))
    if not asks_others:
        plain = CONSENT.sub("", plain)
    live = escape(composing.address(snapshot.page.workspace, snapshot.path))
    return POPUP_LINK.sub(lambda found: f"href={found[1]}{live}", plain)


def _left_out(workspace: Workspace, snapshots: Sequence[PublishedSnapshot]) -> Iterator[str]:
    """What is different from the site as it is served, line by line."""
    yield _("Forms, checkouts and accounts on these pages lead to %(address)s, which has to go on answering.") % {
        "address": composing.address(workspace, "/")
    }
    if Popup.objects.filter(page__state=Page.State.PUBLISHED).exists():
        yield _("Pop-ups and bars are left out: who decides when they come up is the server.")
    if Redirect.objects.filter(workspace=workspace).exists():
        yield _("Redirects are left out: files can’t lead on from an old address.")
    for snapshot in snapshots:
        live = snapshot.live
        if live.get("parts"):
            yield _("%(path)s: without the sections that only some people see.") % {"path": snapshot.path}
        if live.get("countdowns"):
            yield _(
                "%(path)s: a countdown says its moment and doesn’t tick; one that is each person’s own is left out."
            ) % {"path": snapshot.path}
        if snapshot.split:
            yield _("%(path)s: of the split test, variant A.") % {"path": snapshot.path}


def _name(snapshot: PublishedSnapshot) -> str:
    if snapshot.page.kind == Page.Kind.MISSING:
        return "404.html"
    return "index.html" if snapshot.path == "/" else f"{snapshot.path.strip('/')}.html"


def _unrolled(html: str, here: str, names: dict[str, str], assets: dict[str, bytes], base: str) -> str:
    """A page with every address of the site written for where the file lies, or in full."""

    def address(target: str) -> str:
        return _address(target, here, names, assets, base)

    # A browser doesn't preload from files; the style asks for the fonts anyway.
    plain = PRELOAD.sub("", html)
    plain = IN_STYLE.sub(lambda match: f"url({address(match[1])})", plain)
    plain = SRCSET.sub(lambda match: _srcset(match, address), plain)
    return ATTRIBUTE.sub(lambda match: _attribute(match, address), plain)


def _attribute(match: re.Match[str], address: Callable[[str], str]) -> str:
    target = unescape(match["value"].strip("\"'"))
    if not target.startswith("/") or target.startswith("//"):
        return match[0]
    return f'{match["name"]}="{escape(address(target))}"'


def _srcset(match: re.Match[str], address: Callable[[str], str]) -> str:
    """The sizes of a picture: each an address and how wide it is."""
    each = [one.strip().partition(" ") for one in unescape(match["value"][1:-1]).split(",")]
    found = ", ".join(f"{address(url) if url.startswith('/') else url} {width}".strip() for url, _blank, width in each)
    return f'srcset="{escape(found)}"'


def _address(target: str, here: str, names: dict[str, str], assets: dict[str, bytes], base: str) -> str:
    parts = urlsplit(target)
    if parts.path.startswith(STATIC):
        name = f"assets/{parts.path.removeprefix(STATIC)}"
        if name not in assets:
            content = _static(parts.path.removeprefix(STATIC))
            if content is None:
                return base + target
            assets[name] = content
        return _from(here, name)
    if (media := MEDIA.fullmatch(parts.path)) is not None:
        name = f"pictures/{media['file']}/{media['name']}"
        if name not in assets:
            uploaded = storing.content(media["workspace"], media["file"], media["name"])
            if uploaded is None:
                return base + target
            assets[name] = uploaded
        return _from(here, name)
    found = names.get(parts.path.rstrip("/") or "/")
    if found is None:
        return base + target
    return _from(here, found) + (f"#{parts.fragment}" if parts.fragment else "")


def _from(here: str, there: str) -> str:
    return relpath(there, start=str(Path(here).parent))


def _static(name: str) -> bytes | None:
    """One of our own files, as it is served: collected under a name with its hash, or beside the code."""
    if staticfiles_storage.exists(name):
        with staticfiles_storage.open(name) as opened:
            content: bytes = opened.read()
            return content
    found = finders.find(name)
    return Path(found).read_bytes() if isinstance(found, str) else None


def _entry(name: str) -> zipfile.ZipInfo:
    """The same archive for the same site: no file carries the hour it was packed at."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
