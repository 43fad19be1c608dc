"""The site of a workspace: made when it is first needed, and the addresses that its pages may have."""

from __future__ import annotations

import re
import unicodedata
from itertools import count
from typing import Any

from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import themes
from plainsail.kernel.addresses import PUBLIC_URLCONF
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Page, Site

LETTERS = str.maketrans(
    {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l"}
)
"""What no plain letter is left of when its accent is taken away."""
RESERVED = {"f", "c", "o", "static", "media", "healthz", "readyz", "knownz"}


class BadAddress(Refusal):
    """A page can't stand at this address."""

    code = "bad_address"
    message = _("Use lower-case letters, digits and dashes, such as /spring-course.")
    status = 422

    def __init__(self, message: object = None) -> None:
        super().__init__(message, field="path")  # type: ignore[arg-type]  # words, lazily translated


class AddressTaken(BadAddress):
    """Another page stands at this address."""

    code = "address_taken"
    message = _("Another page has this address already.")
    status = 409


def site_of(workspace: Workspace) -> Site:
    """The workspace's site; made on first use, named like the business. Safe to call twice at once."""
    site: Site
    site, _made = Site.objects.get_or_create(
        workspace=workspace, defaults={"name": workspace.name, "theme": dict(themes.DEFAULT)}
    )
    return site


def describe(site: Site, **values: Any) -> Site:
    """Change what the site says about itself: `description`, `icon_url`, `social_image_url`, `profiles`, `is_hidden`,
    `asks_to_recognise`.
    """
    for name, value in values.items():
        setattr(site, name, value)
    if values:
        site.save(update_fields=list(values))
    return site


def clean_path(path: str) -> str:
    """An address as it is stored: `/`, or `/words/and-words` without a trailing slash.

    Raises BadAddress for what is no address, or is one of the application's own (checkout, forms, static files).
    """
    cleaned = "/" + path.strip().strip("/").lower()
    if cleaned != "/" and not re.fullmatch(r"(/[a-z0-9][a-z0-9-]{0,79}){1,4}", cleaned):
        raise BadAddress
    if cleaned.split("/")[1] in RESERVED or _is_ours(cleaned):
        raise BadAddress(_("This address is used by Plainsail itself. Choose another."))
    return cleaned


def free_path(site: Site, wanted: str) -> str:
    """The wanted address, or the first free one like it: `/course`, `/course-2` … One query for each try."""
    base = clean_path(wanted)
    for number in count(1):
        path = base if number == 1 else f"{base.rstrip('/') or '/page'}-{number}"
        if not Page.objects.current().filter(site=site, path=path).exists():
            return path
    raise AssertionError("count() does not end")


def path_from(title: str) -> str:
    """An address made of a title's words."""
    plain = unicodedata.normalize("NFKD", title.translate(LETTERS)).encode("ascii", "ignore").decode().lower()
    return "/" + ("-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-") or "page")


def slug_from(name: str) -> str:
    """A name as one part of an address, the same for the same name. Letters that no plain ones are left of (日本, Кухня) are
    written as the DNS writes them (RFC 3492), so that two such names are two.
    """
    bare = unicodedata.normalize("NFKD", name.translate(LETTERS))
    if not any(letter.isalnum() and not letter.isascii() for letter in bare):
        return path_from(name).strip("/")
    return "-".join(re.findall(r"[a-z0-9]+", " ".join(name.split()).casefold().encode("punycode").decode()))[:60].strip(
        "-"
    )


def _is_ours(path: str) -> bool:
    for candidate in (path, path + "/"):
        try:
            match = resolve(candidate, urlconf=PUBLIC_URLCONF)
        except Resolver404:
            continue
        # The namespace of what shows published pages is no page of its own.
        if match.namespace != "site":
            return True
    return False
