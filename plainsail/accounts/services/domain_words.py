"""What was found about a domain, said to somebody who never looked into a DNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import Domain

TITLES: Mapping[str, str | Promise] = {"own": _("It is yours"), "way": _("Visitors arrive here")}
WORDS: Mapping[str, str | Promise] = {
    "own.txt": _("The TXT record is there, with the word that only you were given."),
    "own.cname": _("The name is a CNAME of your address here, and only its owner can have set that."),
    "own.txt_other": _(
        "There is a TXT record, but with the word of another business or of an earlier try. Replace it by the value below."
    ),
    "own.txt_missing": _(
        "The TXT record isn’t there yet. It shows within minutes after you add it, sometimes after a day."
    ),
    "way.cname": _("The name leads here by its CNAME."),
    "way.address": _("The name has the address of this server."),
    "way.elsewhere": _(
        "The name has another address than this server. That is right behind a proxy such as a CDN; otherwise visitors end up elsewhere."
    ),
    "way.private": _("The name has an address that only a local network knows. Visitors can’t reach it."),
    "way.nowhere": _("The name has no address yet. Add the CNAME, or for a bare domain the addresses below."),
    "way.nxdomain": _(
        "The DNS doesn’t know this name. Is there a typing mistake in it, or is the domain not registered yet?"
    ),
    "dns_timeout": _("The domain’s name servers didn’t answer. Try again in some minutes."),
    "dns_servfail": _(
        "The domain’s name servers say that they can’t answer. Whoever looks after the domain has to see to that."
    ),
    "dns_bad_name": _("This can’t be a name in the DNS."),
}


@dataclass(frozen=True)
class Row:
    """One line of what was found. `tone` is good, warn or bad."""

    tone: str
    title: str | Promise
    text: str | Promise
    seen: str


def said(domain: Domain, finding: Mapping[str, str]) -> Row:
    code = finding["code"]
    text = WORDS.get(code) or WORDS.get(f"{finding['what']}.{code}", "")
    return Row(finding["tone"], TITLES[finding["what"]], text, finding["seen"])
