"""A business's own domains: added, shown to be its own by the DNS, one of them the first, others leading to it.

Whether a name is the business's own is shown by a TXT record with a word that only this business was given, or by a CNAME
to its address on this installation. The site answers at a name from then on, and a proxy may fetch its certificate.
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.events import PublicHostChanged
from plainsail.accounts.models import Domain, Host, User
from plainsail.accounts.services import audit, hosts
from plainsail.kernel import allowances, clock, environment, lookups
from plainsail.kernel.domain_names import in_ascii
from plainsail.kernel.environment import DOMAIN
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.jobs import job
from plainsail.kernel.lookups import Answer, Names
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace

LABEL = "_plainsail"
AGAIN_AFTER = timedelta(hours=24)
PATIENCE = timedelta(days=14)
"""How long a name that waits for its records is looked at every hour."""

Finding = dict[str, str]
Tone = Literal["good", "warn", "bad"]


class NoDomain(Refusal):
    """Not a name that a site can stand at."""

    code = "no_domain"
    message = _("That is not a domain. Write it like example.com or shop.example.com.")
    status = 422


class OurDomain(NoDomain):
    """A name of the installation itself."""

    code = "our_domain"
    message = _("This name belongs to this installation. Use a domain of your own.")


class DomainThere(NoDomain):
    """It is there already."""

    code = "domain_there"
    message = _("This domain is in your list already.")


class DomainElsewhere(Refusal):
    """Another business of this installation has shown that it is its own."""

    code = "domain_elsewhere"
    message = _("Another business on this installation has this domain. It has to be removed there first.")


class NotVerified(Refusal):
    """The site doesn't answer there yet."""

    code = "not_verified"
    message = _("This domain isn’t ready yet: its records must be found, and lead here.")


@dataclass(frozen=True)
class Record:
    """A line to add where the domain is looked after. `needed` says what for."""

    kind: str
    name: str
    value: str
    hint: str = ""


def normalise(given: str) -> str:
    """A name in ASCII and lower case, without scheme, port or path. Raises NoDomain, OurDomain."""
    bare = (
        given.strip().lower().removeprefix("https://").removeprefix("http://").split("/")[0].split(":")[0].rstrip(".")
    )
    try:
        name = in_ascii(bare)
    except ValueError:
        raise NoDomain(field="name") from None
    if not DOMAIN.fullmatch(name) or "." not in name or name.replace(".", "").isdigit() or "_" in name:
        raise NoDomain(field="name")
    here = environment.current()
    own = {here.host, here.base_domain}
    if name in own or any(name.endswith(f".{each}") for each in own):
        raise OurDomain(field="name")
    return name


@transaction.atomic
def add(business: Workspace, *, name: str, by: User | None, at: datetime) -> Domain:
    """A name that waits for its records. Raises NoDomain, OurDomain, DomainThere, NotIncluded."""
    name = normalise(name)
    # One at a time, so that the count holds.
    Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
    allowances.refuse_beyond(business.pk, allowances.DOMAINS, has=business.domains.count(), field="name")
    try:
        with transaction.atomic():
            made: Domain = Domain.objects.create(
                workspace=business, name=name, token=secrets.token_hex(16), created_at=at
            )
    except IntegrityError as error:
        raise DomainThere(field="name") from error
    audit.record("accounts.domain_added", by=by, at=at, subject=name)
    return made


def records(domain: Domain) -> list[Record]:
    """What to add to the DNS, as its forms want it. One of the first two shows whose domain it is."""
    target = hosts.site_host(domain.workspace.slug)
    found = [
        Record(
            "TXT",
            f"{LABEL}.{domain.name}",
            txt_of(domain),
            _text("Shows that the domain is yours. It changes nothing for visitors and for mail."),
        ),
        Record(
            "CNAME",
            domain.name,
            f"{target}.",
            _text("Leads visitors here. For a name such as www.example.com or shop.example.com."),
        ),
    ]
    if is_apex(domain.name):
        hint = _text("A bare domain can’t have a CNAME beside its other records: give it the addresses of this server.")
        here: list[str] = next((one["seen"].split() for one in domain.findings if one["what"] == "here"), [])
        found += [Record("AAAA" if ":" in each else "A", domain.name, each, hint) for each in here]
    return found


def is_apex(name: str) -> bool:
    """Whether a name is likely a bare domain. Without the list of public suffixes that is a guess, so both ways are shown."""
    return name.count(".") == 1 or (name.count(".") == 2 and len(name.split(".")[-2]) <= 3)


def txt_of(domain: Domain) -> str:
    return f"plainsail={domain.token}"


def look(workspace_id: UUID, domain_id: UUID, *, at: datetime, names: Names | None = None) -> Domain | None:
    """Ask the DNS about a name, write down what it says, and let the site answer there once it is shown to be the business's.

    Stands outside of transactions. A name that was verified stays so while its name servers rest or a record is missing:
    visitors are worth more than tidiness. Raises DomainElsewhere.
    """
    with workspace(workspace_id):
        domain: Domain | None = Domain.objects.filter(id=domain_id).select_related("workspace").first()
        if domain is None:
            return None
    asked = names or lookups.names()
    is_own, findings = examine(domain, asked)
    with workspace(workspace_id):
        current = Domain.objects.select_for_update().filter(id=domain_id).select_related("workspace").first()
        if current is None:
            return None
        current.findings, current.checked_at = findings, at
        current.save(update_fields=["findings", "checked_at"])
        if is_own and not current.is_verified:
            _verify(current, at=at)
        looked_at: Domain = current
        return looked_at


def examine(domain: Domain, names: Names) -> tuple[bool, list[Finding]]:
    """Whether the DNS shows the name to be the business's, and what it says, in findings. Asks up to seven questions."""
    target = hosts.site_host(domain.workspace.slug)
    txt, cname = names.ask(f"{LABEL}.{domain.name}", "TXT"), names.ask(domain.name, "CNAME")
    by_txt, by_cname = txt_of(domain) in txt.records, target in cname.records
    here = " ".join(address for address in names.addresses(target).records if lookups.is_public(address))
    findings = [_ownership(domain, txt, by_txt, by_cname), _way(domain, target, cname, names)]
    return by_txt or by_cname, [*findings, _finding("here", "good", "addresses", seen=here)]


@transaction.atomic
def make_first(domain: Domain, *, by: User | None, at: datetime) -> None:
    """Let the business be known under this name: links are written with it, and its other names lead to it.

    Raises NotVerified for one that doesn't lead here.
    """
    if not domain.is_verified or _tone(domain, "way") == "bad":
        raise NotVerified
    _let_lead(domain.workspace, domain.name, at=at)
    audit.record("accounts.domain_made_first", by=by, at=at, subject=domain.name)


@transaction.atomic
def make_none_first(business: Workspace, *, by: User | None, at: datetime) -> None:
    """Let the address on this installation be the business's first name again."""
    before = business.public_host
    _let_lead(business, "", at=at)
    audit.record(
        "accounts.domain_made_first", by=by, at=at, subject=hosts.site_host(business.slug), details={"before": before}
    )


@transaction.atomic
def remove(domain: Domain, *, by: User | None, at: datetime) -> None:
    """Forget a name: the site answers there no more, and its certificate is fetched no more."""
    business, name = domain.workspace, domain.name
    if business.public_host == name:
        _let_lead(business, "", at=at)
    Host.objects.filter(host=name, workspace=business, kind=Host.Kind.CUSTOM).delete()
    domain.delete()
    hosts.tell_edge(name)
    audit.record("accounts.domain_removed", by=by, at=at, subject=name)


@job("accounts.look_at_domain")
@outside_transaction
def look_later(*, workspace_id: UUID, domain_id: UUID) -> None:
    """The same, by a worker; that somebody else has the name is said where it is looked at by hand."""
    try:
        look(workspace_id, domain_id, at=clock.now())
    except DomainElsewhere:
        return


@job("accounts.look_at_domains")
@outside_transaction
def look_at_all() -> None:
    """Names that wait, each hour for two weeks; all others once a day."""
    at = clock.now()
    is_open = Workspace.objects.filter(state=Workspace.State.OPEN).order_by("id")
    for workspace_id in is_open.values_list("id", flat=True):
        with workspace(workspace_id):
            waiting = Q(state=Domain.State.WAITING, created_at__gte=at - PATIENCE)
            due = Domain.objects.filter(waiting | Q(checked_at__lte=at - AGAIN_AFTER)).order_by("id")
            for domain_id in due.values_list("id", flat=True):
                look_later.once(f"accounts.domain:{domain_id}", domain_id=domain_id)


def _verify(domain: Domain, *, at: datetime) -> None:
    business = domain.workspace
    try:
        with transaction.atomic():
            Host.objects.create(
                host=domain.name, kind=Host.Kind.CUSTOM, workspace=business, leads_to=business.public_host
            )
    except IntegrityError as error:
        raise DomainElsewhere from error
    domain.state, domain.verified_at = Domain.State.VERIFIED, at
    domain.save(update_fields=["state", "verified_at"])
    hosts.tell_edge(domain.name)
    audit.record("accounts.domain_verified", by=None, at=at, subject=domain.name)


def _let_lead(business: Workspace, name: str, *, at: datetime) -> None:
    """Every other name of the business leads to this one; each shows pages itself where it is empty."""
    business.public_host = name
    business.save(update_fields=["public_host"])
    mine = Host.objects.filter(workspace=business)
    mine.exclude(host=name).update(leads_to=name)
    mine.filter(host=name).update(leads_to="")
    for host in mine.order_by(F("host").asc()).values_list("host", flat=True):
        hosts.tell_edge(host)
    publish(PublicHostChanged(host=name or hosts.site_host(business.slug), at=at))


def _ownership(domain: Domain, txt: Answer, by_txt: bool, by_cname: bool) -> Finding:  # what was found
    if by_txt:
        return _finding("own", "good", "txt", seen=txt_of(domain))
    if by_cname:
        return _finding("own", "good", "cname")
    ours = [record for record in txt.records if record.startswith("plainsail=")]
    if ours:
        return _finding("own", "bad", "txt_other", seen=ours[0])
    if txt.is_unknown:
        return _finding("own", "warn", f"dns_{txt.fault}")
    return _finding("own", "bad", "txt_missing", seen=" ".join(txt.records)[:200])


def _way(domain: Domain, target: str, cname: Answer, names: Names) -> Finding:
    if target in cname.records:
        return _finding("way", "good", "cname", seen=target)
    there = names.addresses(domain.name)
    if there.is_unknown:
        return _finding("way", "warn", f"dns_{there.fault}")
    if not there.records:
        code = "nxdomain" if there.fault == "nxdomain" else "nowhere"
        return _finding("way", "bad", code, seen=" ".join(cname.records))
    ours = {*names.addresses(target).records, *names.addresses(environment.current().host).records}
    if ours & set(there.records):
        return _finding("way", "good", "address", seen=" ".join(there.records))
    if all(not ipaddress.ip_address(address).is_global for address in there.records):
        return _finding("way", "bad", "private", seen=" ".join(there.records))
    return _finding("way", "warn", "elsewhere", seen=" ".join(there.records))


def _finding(what: str, tone: Tone, code: str, *, seen: str = "") -> Finding:
    return {"what": what, "tone": tone, "code": code, "seen": seen}


def _tone(domain: Domain, what: str) -> str:
    return next((finding["tone"] for finding in domain.findings if finding["what"] == what), "")
