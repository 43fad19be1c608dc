"""What looks odd about an address: a slip of the keyboard, a shared mailbox, one that is thrown away or never gets mail.

Hints only. Nothing is ever changed or refused by them: there are people behind info@ and at domains one letter off.
The lists are in `address_hints.json`; reserved names are those of RFC 2606, RFC 6761 and RFC 6762,
without those for examples: whoever tries this program out, uses them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.domain_names import in_letters

Kind = Literal["typo", "dead", "disposable", "letters", "role", "script"]

_KNOWN = json.loads(Path(__file__).with_name("address_hints.json").read_text())
PROVIDERS: tuple[str, ...] = tuple(_KNOWN["providers"])
ROLES = frozenset(_KNOWN["roles"])
_PROVIDERS, _DISPOSABLE, _DEAD = frozenset(PROVIDERS), frozenset(_KNOWN["disposable"]), frozenset(_KNOWN["dead"])
_ENDINGS: dict[str, str] = _KNOWN["endings"]
_DEAD_ENDINGS = tuple(f".{ending}" for ending in _KNOWN["dead_endings"])

WORDS: dict[Kind, str | Promise] = {
    "typo": _("Did you mean %(suggestion)s?"),
    "dead": _("No mail ever arrives at this domain."),
    "disposable": _("This address is likely to be thrown away after a few minutes."),
    "letters": _("Not every mail server takes such letters before the @: mail to this address may fail."),
    "script": _("%(domain)s, as mail servers write it."),
    "role": _("This mailbox is likely to be read by several people: who of them agreed to get mail?"),
}


@dataclass(frozen=True)
class Hint:
    """What is odd; `suggestion` is the whole address that may be meant, of a typo; `domain` is one in letters beyond ASCII."""

    kind: Kind
    suggestion: str = ""
    domain: str = ""

    def __str__(self) -> str:
        return str(WORDS[self.kind]) % {"suggestion": self.suggestion, "domain": self.domain}


def hint_of(address: str) -> Hint | None:
    """The one thing most worth saying about an address, or None. Under a microsecond for a domain that was seen before."""
    local, _at, domain = address.strip().lower().rpartition("@")
    if not local or not domain:
        return None
    kind, meant = _of_domain(domain)
    if kind == "typo":
        return Hint("typo", f"{local}@{meant}")
    if not local.isascii() and kind in {None, "script"}:
        return Hint("letters")
    if kind == "script":
        return Hint("script", domain=meant)
    if kind is not None:
        return Hint(kind)
    return Hint("role") if local.partition("+")[0] in ROLES else None


@lru_cache(maxsize=50_000)
def _of_domain(domain: str) -> tuple[Kind | None, str]:
    if domain in _PROVIDERS:
        return None, ""
    if domain in _DISPOSABLE:
        return "disposable", ""
    if domain in _DEAD or f".{domain}".endswith(_DEAD_ENDINGS):
        return "dead", ""
    if meant := _ended_right(domain) or _near(domain):
        return "typo", meant
    written = in_letters(domain)
    return ("script", written) if written != domain else (None, "")


def _ended_right(domain: str) -> str:
    """The domain with an ending that exists, where its own is a known slip."""
    for wrong, right in _ENDINGS.items():
        if domain.endswith(f".{wrong}"):
            mended = domain.removesuffix(wrong) + right
            return mended if mended in _PROVIDERS else _near(mended) or mended
    return ""


def _near(domain: str) -> str:
    """The provider that is one slip away; of short names only with the same ending and first letter, for many of those exist."""
    found = [one for one in PROVIDERS if abs(len(one) - len(domain)) <= 1 and _is_one_slip(domain, one)]
    name, _dot, ending = domain.partition(".")
    near = [one for one in found if len(one.partition(".")[0]) >= 5 or _is_close(name, ending, one)]
    return near[0] if near else ""


def _is_close(name: str, ending: str, provider: str) -> bool:
    known, _dot, known_ending = provider.partition(".")
    return len(known) > 3 and ending == known_ending and name[:1] == known[:1]


def _is_one_slip(given: str, meant: str) -> bool:
    """Whether one letter more, less or another, or two changed about, makes one word of the other."""
    if given == meant:
        return False
    start = next((at for at, (one, other) in enumerate(zip(given, meant, strict=False)) if one != other), None)
    if start is None:
        return True
    rest, other = given[start:], meant[start:]
    return (
        rest[1:] == other[1:]
        or rest[1:] == other
        or rest == other[1:]
        or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
    )
