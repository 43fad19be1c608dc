"""Asking the DNS, with a time limit, and in words about what went wrong. Talks to the network: never inside a transaction."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from plainsail.kernel import environment

PATIENCE = 4.0
"""Seconds for one question, repeated ones included."""


@dataclass(frozen=True)
class Answer:
    """Records as text, or why there are none: `nxdomain`, `empty`, `servfail`, `timeout`, `bad_name`."""

    records: tuple[str, ...] = ()
    fault: str = ""

    @property
    def is_unknown(self) -> bool:
        """Nobody can tell: the servers did not answer, or said that they can't."""
        return self.fault in {"servfail", "timeout"}


@dataclass
class Names:
    """Asks one resolver, each question once. `server` is `address` or `address:port`; the system's where it is empty."""

    server: str = ""
    patience: float = PATIENCE
    known: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def ask(self, name: str, kind: str) -> Answer:
        """Records of a name; TXT as joined text, MX as `preference host`, without trailing dots. Never raises."""
        key = (name.lower().rstrip("."), kind)
        if key not in self.known:
            self.known[key] = self._ask(*key)
        return self.known[key]

    def addresses(self, name: str) -> Answer:
        """IPv4 and IPv6 addresses of a name."""
        four, six = self.ask(name, "A"), self.ask(name, "AAAA")
        found = (*four.records, *six.records)
        return Answer(found) if found else Answer(fault=six.fault if four.fault == "empty" else four.fault)

    def reverse(self, address: str) -> Answer:
        """What an IP address is called."""
        return self.ask(dns.reversename.from_address(address).to_text(), "PTR")

    def _ask(self, name: str, kind: str) -> Answer:
        try:
            answer = self._resolver().resolve(f"{name}.", kind, lifetime=self.patience, search=False)
        except dns.resolver.NXDOMAIN:
            return Answer(fault="nxdomain")
        except dns.resolver.NoAnswer:
            return Answer(fault="empty")
        except (dns.resolver.LifetimeTimeout, OSError):
            return Answer(fault="timeout")
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.BadEscape, UnicodeError):
            return Answer(fault="bad_name")
        except dns.exception.DNSException:  # NoNameservers: all of them said SERVFAIL or REFUSED; or nonsense
            return Answer(fault="servfail")
        return Answer(tuple(sorted(_text(record, kind) for record in answer)))

    def _resolver(self) -> dns.resolver.Resolver:
        if not self.server:
            return dns.resolver.Resolver()
        host, _colon, port = self.server.partition(":")
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [host]
        resolver.port = int(port or 53)
        return resolver


def names() -> Names:
    """The resolver that this installation asks."""
    return Names(environment.current().dns_server)


def is_public(address: str) -> bool:
    """Whether the world can see an address."""
    return ipaddress.ip_address(address).is_global


def tags(record: str) -> Mapping[str, str]:
    """`v=DKIM1; k=rsa` as a mapping, names in lower case, blanks gone (RFC 6376 §3.2, RFC 9989)."""
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), "".join(value.split()) if name.strip() == "p" else value.strip())
    return found


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(record.strings).decode("utf-8", "replace")  # type: ignore[attr-defined]  # a record of that kind
    if kind == "MX":
        return f"{record.preference} {record.exchange.to_text().rstrip('.').lower()}"  # type: ignore[attr-defined]
    return str(record).rstrip(".").lower()
