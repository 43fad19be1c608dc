"""What the DNS says about a sending domain, row by row, and what should be there. Talks to the network.

A finding is `{"key", "tone", "code", "seen", "facts"}`: it is stored as it is and worded when it is shown
(`domain_words`), in the language of whoever looks.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from plainsail.kernel import environment
from plainsail.kernel.lookups import Answer, Names, is_public, tags
from plainsail.mail.models import DkimKey, SendingDomain
from plainsail.mail.services import spf
from plainsail.mail.services.smtp import LOOPBACK

Finding = dict[str, Any]
MUST = ("spf", "dkim", "dmarc", "return_path", "mx")
"""Rows that must be green before a broadcast leaves; `ptr` too, where Plainsail's own machine sends."""
ROWS = (*MUST, "ptr")
LABELS_WALKED = 8
"""RFC 9989 §4.10: longer names are cut before walking up."""


@dataclass(frozen=True)
class Plan:
    """What a look needs of a domain, taken from the database before the network is asked."""

    domain: str
    envelope_domain: str
    """The domain of the return path, which SPF is about."""
    bounce_host: str
    """Where the return path's mail shall go; empty where the installation takes no bounces in."""
    signs_here: bool
    server_selector: str
    keys: tuple[DkimKey, ...]


def plan(domain: SendingDomain) -> Plan:
    """One query."""
    bounce_host = environment.current().bounce_domain
    keys = domain.keys.filter(retired_at=None).select_related("domain").order_by("-algorithm", "id")
    return Plan(
        domain=domain.domain,
        envelope_domain=domain.return_domain if bounce_host else domain.domain,
        bounce_host=bounce_host,
        signs_here=domain.signs_here,
        server_selector=domain.server_selector,
        keys=tuple(keys),
    )


def look(about: Plan, names: Names) -> list[Finding]:
    """Ask about everything: some seconds where servers are slow, a minute at worst. Never raises."""
    return [
        _spf(about, names),
        _dkim(about, names),
        _dmarc(about, names),
        _return_path(about, names),
        _mx(about, names),
        _ptr(names),
    ]


def keys_found(about: Plan, names: Names) -> list[DkimKey]:
    """The keys of ours whose records are right."""
    return [key for key in about.keys if _record_of(key.host, names, key.algorithm)[0] == key.public]


def found(key: str, tone: str, code: str, *, seen: str = "", **facts: Any) -> Finding:
    return {"key": key, "tone": tone, "code": code, "seen": seen[:1000], "facts": facts}


def _unknown(key: str, answer: Answer, name: str) -> Finding:
    return found(key, "bad", f"dns_{answer.fault}", name=name)


# --- what should be there ---------------------------------------------------------------------------------------------


def smtp_host() -> str:
    return urlsplit(environment.current().smtp_url).hostname or ""


def sends_itself() -> bool:
    """Whether mail leaves through a server on this machine, which then needs a name of its own in the DNS."""
    return smtp_host() in LOOPBACK


def wanted_spf() -> str:
    """The record to begin with. Whoever sends through a provider takes the provider's `include:` instead."""
    host = environment.current().host if sends_itself() else smtp_host()
    return f"v=spf1 a:{host} ~all"


# --- rows -------------------------------------------------------------------------------------------------------------


def _spf(about: Plan, names: Names) -> Finding:
    name = about.envelope_domain
    policy = spf.read(name, names)
    facts: dict[str, Any] = {"name": name, "lookups": policy.lookups}
    if policy.fault == "unknown":
        return _unknown("spf", names.ask(name, "TXT"), name)
    if policy.fault:
        return found("spf", "bad", f"spf_{policy.fault}", seen=policy.record, **facts)
    if policy.lookups > spf.MOST_LOOKUPS or policy.empty > spf.MOST_EMPTY:
        return found("spf", "bad", "spf_too_many", seen=policy.record, **facts)
    if policy.allows_all or not policy.allows_somebody:
        whom = "all" if policy.allows_all else "nobody"
        return found("spf", "bad", f"spf_allows_{whom}", seen=policy.record, **facts)
    address = _own_address(names)
    if address and not policy.allows(address) and not policy.has_macros:
        return found("spf", "bad", "spf_leaves_out", seen=policy.record, address=address, **facts)
    return found("spf", "good", "spf_good", seen=policy.record, **facts)


def _dkim(about: Plan, names: Names) -> Finding:
    if not about.signs_here:
        return _server_dkim(about, names)
    rsa = [key for key in about.keys if key.algorithm == DkimKey.Algorithm.RSA]
    for key in rsa or about.keys:
        public, answer = _record_of(key.host, names, key.algorithm)
        if answer.is_unknown:
            return _unknown("dkim", answer, key.host)
        if public == key.public:
            return found("dkim", "good", "dkim_good", seen=" ".join(answer.records), name=key.host)
        if public or answer.records:
            return found("dkim", "bad", "dkim_other_key", seen=" ".join(answer.records), name=key.host)
    host = (rsa or list(about.keys))[0].host if about.keys else about.domain
    return found("dkim", "bad", "dkim_missing", name=host)


def _server_dkim(about: Plan, names: Names) -> Finding:
    if not about.server_selector:
        return found("dkim", "bad", "dkim_no_selector", name=about.domain)
    host = f"{about.server_selector}._domainkey.{about.domain}"
    public, answer = _record_of(host, names)
    if answer.is_unknown:
        return _unknown("dkim", answer, host)
    seen = " ".join(answer.records)
    if not answer.records:
        return found("dkim", "bad", "dkim_missing", name=host)
    if not public:
        return found("dkim", "bad", "dkim_revoked", seen=seen, name=host)
    bits = _bits(public)
    if tags(answer.records[0]).get("k", "rsa") == "rsa" and bits < 1024:
        return found("dkim", "bad", "dkim_weak" if bits else "dkim_broken", seen=seen, name=host, bits=bits)
    return found("dkim", "good", "dkim_good", seen=seen, name=host)


def _record_of(host: str, names: Names, algorithm: str = "") -> tuple[str, Answer]:
    """The public key that stands at a selector, and the answer it came in. Of a record that servers make nothing of for mail
    signed with SHA-256, by a key of that algorithm where one is named, the key is empty (RFC 6376 §3.6.1).
    """
    answer = names.ask(host, "TXT")
    keys = [tags(record) for record in answer.records if "p=" in record]
    return (keys[0].get("p", "") if len(keys) == 1 and _serves(keys[0], algorithm) else ""), answer


def _serves(key: Mapping[str, str], algorithm: str) -> bool:
    hashes = [each.strip() for each in key.get("h", "sha256").split(":")]
    services = [each.strip() for each in key.get("s", "*").split(":")]
    is_ours = not algorithm or key.get("k", "rsa").lower() == algorithm
    return key.get("v", "DKIM1") == "DKIM1" and is_ours and "sha256" in hashes and bool({"*", "email"} & {*services})


def _bits(public: str) -> int:
    try:
        key = load_der_public_key(base64.b64decode(public, validate=True))
    except (ValueError, binascii.Error):
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0


def _dmarc(about: Plan, names: Names) -> Finding:
    for name in walked(about.domain):
        host = f"_dmarc.{name}"
        answer = names.ask(host, "TXT")
        if answer.is_unknown:
            return _unknown("dmarc", answer, host)
        records = [each for each in answer.records if each.replace(" ", "").upper().startswith("V=DMARC1")]
        if len(records) > 1:
            return found("dmarc", "bad", "dmarc_several", seen=" | ".join(records), name=host)
        if records:
            return _dmarc_record(records[0], host, is_own=name == about.domain)
    return found("dmarc", "bad", "dmarc_missing", name=f"_dmarc.{about.domain}")


def _dmarc_record(record: str, host: str, *, is_own: bool) -> Finding:
    said = tags(record)
    policy = said.get("p", "" if said.get("rua") else "missing").lower()
    if policy not in {"none", "quarantine", "reject", ""}:
        return found("dmarc", "bad", "dmarc_broken", seen=record, name=host)
    if not said.get("rua"):
        return found("dmarc", "warn", "dmarc_no_reports", seen=record, name=host)
    return found("dmarc", "good", "dmarc_good" if is_own else "dmarc_above", seen=record, name=host)


def walked(domain: str) -> Iterator[str]:
    """A name and those above it, as DMARC is looked for: at most eight (RFC 9989 §4.10)."""
    labels = domain.split(".")
    yield domain
    above = labels[-(LABELS_WALKED - 1) :] if len(labels) > LABELS_WALKED else labels[1:]
    for place in range(len(above)):
        yield ".".join(above[place:])


def _return_path(about: Plan, names: Names) -> Finding:
    if not about.bounce_host:
        return found("return_path", "warn", "return_path_off", name=about.domain)
    answer = names.ask(about.envelope_domain, "MX")
    if answer.is_unknown:
        return _unknown("return_path", answer, about.envelope_domain)
    hosts = [record.partition(" ")[2] for record in answer.records]
    facts = {"name": about.envelope_domain, "host": about.bounce_host}
    if not hosts:
        return found("return_path", "bad", "return_path_missing", **facts)
    if about.bounce_host not in hosts:
        return found("return_path", "bad", "return_path_elsewhere", seen=", ".join(hosts), **facts)
    return found("return_path", "good", "return_path_good", seen=", ".join(hosts), **facts)


def _mx(about: Plan, names: Names) -> Finding:
    """Servers refuse mail from a domain that could not be answered."""
    answer = names.ask(about.domain, "MX")
    if answer.is_unknown:
        return _unknown("mx", answer, about.domain)
    hosts = [record.partition(" ")[2] for record in answer.records]
    if hosts and any(hosts):
        return found("mx", "good", "mx_good", seen=", ".join(hosts), name=about.domain)
    if hosts:
        return found("mx", "bad", "mx_null", seen="0 .", name=about.domain)
    if names.addresses(about.domain).records:
        return found("mx", "warn", "mx_only_address", name=about.domain)
    return found("mx", "bad", "mx_missing", name=about.domain)


def _own_address(names: Names) -> str:
    """The address that this machine sends from, where that is known and the world can see it."""
    if not sends_itself():
        return ""
    return next((each for each in names.addresses(environment.current().host).records if is_public(each)), "")


def _ptr(names: Names) -> Finding:
    """Gmail wants a name for the sending address, and the address for that name (5.7.25)."""
    if not sends_itself():
        return found("ptr", "good", "ptr_of_provider", name=smtp_host())
    host = environment.current().host
    address = _own_address(names)
    if not address:
        return found("ptr", "warn", "ptr_unknown", name=host)
    answer = names.reverse(address)
    if answer.is_unknown:
        return _unknown("ptr", answer, address)
    if not answer.records:
        return found("ptr", "bad", "ptr_missing", name=address)
    if not any(address in names.addresses(each).records for each in answer.records):
        return found("ptr", "bad", "ptr_unconfirmed", seen=", ".join(answer.records), name=address)
    return found("ptr", "good", "ptr_good", seen=", ".join(answer.records), name=address)
