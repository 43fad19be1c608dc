"""The records that a sending domain needs, as they are typed in where the domain is looked after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from plainsail.kernel import environment
from plainsail.mail.models import SendingDomain
from plainsail.mail.services import dmarc, domain_checks


@dataclass(frozen=True)
class Record:
    """A record: its kind, the whole name, the same without the domain (as most forms want it), its value, and a hint."""

    kind: str
    name: str
    label: str
    value: str
    hint: str = ""


def records(domain: SendingDomain) -> list[Record]:
    """All of them, in the order of the rows. One query where Plainsail signs."""
    return [*_spf(domain), *_dkim(domain), *_dmarc(domain), *_return_path(domain)]


def _spf(domain: SendingDomain) -> Iterator[Record]:
    name = domain.return_domain if environment.current().bounce_domain else domain.domain
    hint = _(
        "If a provider sends for you, take the “include:” that it names in place of “a:”. There may be one SPF record only."
    )
    yield _record(domain, "TXT", name, domain_checks.wanted_spf(), hint)


def _dkim(domain: SendingDomain) -> Iterator[Record]:
    if not domain.signs_here:
        return
    for key in domain.keys.filter(retired_at=None).select_related("domain").order_by("-algorithm", "-id"):
        hint = "" if key.algorithm == "rsa" else _("A second, shorter signature that newer servers read.")
        yield _record(domain, "TXT", key.host, key.record, hint)


def _dmarc(domain: SendingDomain) -> Iterator[Record]:
    hint = _("Reports go to the address in it: make sure that it exists.")
    if dmarc.address_of(domain):
        hint = _(
            "Reports come here by it. If there is a record already, put this address beside the one in its “rua=”."
        )
    yield _record(domain, "TXT", f"_dmarc.{domain.domain}", dmarc.wanted(domain), hint)


def _return_path(domain: SendingDomain) -> Iterator[Record]:
    if host := environment.current().bounce_domain:
        yield _record(domain, "MX", domain.return_domain, f"10 {host}", "")


def _record(domain: SendingDomain, kind: str, name: str, value: str, hint: str) -> Record:
    label = name.removesuffix(domain.domain).rstrip(".") or "@"
    return Record(kind, name, label, value, hint)
