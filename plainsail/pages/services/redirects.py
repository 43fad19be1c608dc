"""Old addresses that lead on: made by hand, from a file, or by themselves when a page moves. Never in a circle."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.db import transaction
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.schema import UNSTORABLE, is_safe_link
from plainsail.kernel.errors import Refusal
from plainsail.pages.models import Page, Redirect, Site

LONGEST_PATH, LONGEST_TARGET = 500, 2000
LONGEST_WAY = 10
"""Redirects that may follow one another; browsers give up at about twenty."""
MOST_ROWS = 20_000


class BadRedirect(Refusal):
    """Can't be led on from there, or to there."""

    code = "bad_redirect"
    message = _("Write the old address like /old-page, and where it leads like /new-page or https://…")
    status = 422


class Circle(Refusal):
    """The way would lead back to where it began."""

    code = "redirect_circle"
    message = _("This would lead in a circle: visitors would never arrive.")
    status = 422

    def __init__(self) -> None:
        super().__init__(field="target")


@dataclass(frozen=True)
class Imported:
    """What came of a file: rows made or changed, and what was wrong with others, as (line, words)."""

    made: int
    changed: int
    refused: tuple[tuple[int, str], ...]


def add(site: Site, *, path: str, target: str, status: int = 301, is_automatic: bool = False) -> Redirect:
    """Lead visitors of an address on to another; in place of where it led before. Raises BadRedirect, Circle."""
    path, target = clean_path(path), clean_target(target)
    if status not in Redirect.Status.values:
        raise BadRedirect(field="status")
    _refuse_circle(site, path, target)
    made: Redirect
    made, _new = Redirect.objects.update_or_create(
        workspace_id=site.workspace_id,
        path=path,
        defaults={"site": site, "target": target, "status": status, "is_automatic": is_automatic},
    )
    return made


@transaction.atomic
def follow_move(site: Site, *, before: str, after: str) -> None:
    """After a published page moved: its old address leads to the new one, which itself leads nowhere any more.

    What led to the old address leads straight on, so that moves don't add up to a chain.
    """
    Redirect.objects.filter(site=site, path=after).delete()
    Redirect.objects.filter(site=site, target=before).update(target=after)
    add(site, path=before, target=after, is_automatic=True)


def where(site: Site, path: str) -> Redirect | None:
    """The redirect at an address, however it was written. One query."""
    plain = path.rstrip("/") or "/"
    if len(plain) > LONGEST_PATH or UNSTORABLE.search(plain):
        return None
    found: Redirect | None = Redirect.objects.filter(site=site, path=plain).first()
    return found


def with_query(target: str, query: str) -> str:
    """Where a redirect leads with what the old address said besides, such as the campaign that somebody came from. Only to
    pages of the site, and where the target says nothing itself.
    """
    plain, hash_, section = target.partition("#")
    return target if not query or "?" in plain or not plain.startswith("/") else f"{plain}?{query}{hash_}{section}"


def written_plainly(site: Site, path: str) -> str | None:
    """The address of the published page that was meant by one in other letters: /Weekend or /WEEKEND/. One query at most."""
    plain = path.rstrip("/").lower()
    if plain == path.rstrip("/") or len(plain) > LONGEST_PATH or UNSTORABLE.search(plain):
        return None
    return plain if Page.objects.published().filter(site=site, path=plain).exists() else None


@transaction.atomic
def import_csv(site: Site, content: bytes) -> Imported:
    """Take in a file with columns from, to and (if there is one) 301 or 302. A header line is left out by itself.

    Raises BadRedirect for what is no such file. One query or so a row.
    """
    made, changed, refused = 0, 0, []
    known = set(Redirect.objects.filter(site=site).values_list("path", flat=True))
    for line, row in _rows(content):
        cells = [cell.strip() for cell in row]
        if line == 1 and not cells[0].startswith(("/", "http")):
            continue
        try:
            status = int(cells[2]) if len(cells) > 2 and cells[2] else 301
            redirect = add(site, path=_local(cells[0]), target=cells[1] if len(cells) > 1 else "", status=status)
        except (Refusal, ValueError) as fault:
            refused.append((line, str(fault) if isinstance(fault, Refusal) else _text("The kind is 301 or 302.")))
            continue
        made, changed = (made, changed + 1) if redirect.path in known else (made + 1, changed)
        known.add(redirect.path)
    return Imported(made, changed, tuple(refused))


def clean_path(path: str) -> str:
    """An old address as it is stored: decoded, without query or trailing slash. Raises BadRedirect."""
    plain = unquote(urlsplit(path.strip()).path) if path.strip().startswith("/") else ""
    if not plain or "//" in plain or len(plain) > LONGEST_PATH or UNSTORABLE.search(plain):
        raise BadRedirect(field="path")
    if any(part in {".", ".."} for part in plain.split("/")):
        raise BadRedirect(field="path")
    return plain.rstrip("/") or "/"


def clean_target(target: str) -> str:
    """Where it leads, as it is stored: a path of the site, or http(s)://… Raises BadRedirect."""
    plain = target.strip()
    if len(plain) > LONGEST_TARGET or not re.match(r"/|https?://", plain) or not is_safe_link(plain) or "{{" in plain:
        raise BadRedirect(field="target")
    return plain


def _refuse_circle(site: Site, path: str, target: str) -> None:
    """Follow the way from the target; it must not come back, nor go on for ever."""
    here = target
    for _step in range(LONGEST_WAY):
        if not here.startswith("/"):
            return
        plain = unquote(urlsplit(here).path).rstrip("/") or "/"
        if plain == path:
            raise Circle
        if Page.objects.published().filter(site=site, path=plain).exists():
            return
        following = Redirect.objects.filter(site=site, path=plain).first()
        if following is None:
            return
        here = following.target
    raise Circle


def _local(address: str) -> str:
    """The path of an old address; files of other programs often hold the whole of it."""
    parts = urlsplit(address)
    return (parts.path or "/") if parts.scheme in {"http", "https"} else address


def _rows(content: bytes) -> Iterable[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRedirect(_("This is no file of text with commas. Save it as CSV in UTF-8.")) from error
    if "\x00" in text:
        raise BadRedirect(_("This is no file of text with commas. Save it as CSV in UTF-8."))
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    for line, row in enumerate(csv.reader(io.StringIO(text), delimiter=mark), start=1):
        if line > MOST_ROWS:
            raise BadRedirect(_("At most 20,000 lines at once."))
        if any(cell.strip() for cell in row):
            yield line, row
