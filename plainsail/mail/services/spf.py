"""Reading an SPF record (RFC 7208): how many questions it costs, what it allows, what is wrong with it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from plainsail.kernel.lookups import Names

MOST_LOOKUPS = 10
MOST_EMPTY = 2
DEEPEST = 12


@dataclass
class Policy:
    """What a domain's SPF says. `fault` is empty where it can be used: `missing`, `several`, `unknown`, `syntax`, `loop`."""

    record: str = ""
    fault: str = ""
    lookups: int = 0
    empty: int = 0
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = field(default_factory=list)
    allows_all: bool = False
    allows_somebody: bool = False
    """Whether anything in it lets mail pass, and not only holds it back."""
    has_macros: bool = False
    """A part of it depends on who sends (`%{i}`): what that allows can't be read off."""
    ends: str = ""
    """What holds for everybody else: `-all`, `~all`, `?all`, `+all`, or nothing."""

    def allows(self, address: str) -> bool:
        one = ipaddress.ip_address(address)
        return self.allows_all or any(one.version == net.version and one in net for net in self.networks)


def read(domain: str, names: Names) -> Policy:
    """A domain's policy with all that it includes. Asks at most as many questions as mail servers do, and a few more."""
    policy = Policy()
    _read(domain, names, policy, seen=(), is_own=True)
    return policy


def _read(domain: str, names: Names, policy: Policy, *, seen: tuple[str, ...], is_own: bool) -> None:
    if _is_macro(domain, policy):
        return
    if domain in seen or len(seen) > DEEPEST:
        policy.fault = policy.fault or "loop"
        return
    answer = names.ask(domain, "TXT")
    found = [each for each in answer.records if each.lower() == "v=spf1" or each.lower().startswith("v=spf1 ")]
    if is_own:
        policy.record = found[0] if found else ""
    if len(found) != 1:
        policy.fault = policy.fault or (
            "unknown" if answer.is_unknown else "several" if found else "missing" if is_own else "include_missing"
        )
        return
    for term in found[0].split()[1:]:
        if policy.lookups > MOST_LOOKUPS:
            return  # a server has given up by now
        if term.lower().lstrip("+-~?") == "all":
            _all(term, policy, is_own=is_own)
            return  # what stands behind it is heeded by nobody (RFC 7208 §5.1)
        _term(term, domain, names, policy, seen=(*seen, domain))


def _all(term: str, policy: Policy, *, is_own: bool) -> None:
    sign = term[0] if term[0] in "+-~?" else "+"
    if is_own:
        policy.ends = f"{sign}all"
    policy.allows_all |= sign == "+"


def _term(term: str, domain: str, names: Names, policy: Policy, *, seen: tuple[str, ...]) -> None:
    if term[0] in "-~?":
        # It holds somebody back: what it costs counts, whom it names doesn't.
        before = policy.networks[:], policy.allows_all, policy.allows_somebody
        _mechanism(term[1:], domain, names, policy, seen=seen)
        policy.networks, policy.allows_all, policy.allows_somebody = before
    elif "=" in term.partition(":")[0]:
        name, _equals, value = term.partition("=")
        if name.lower() == "redirect":
            policy.lookups += 1
            _read(value.lower(), names, policy, seen=seen, is_own=False)
    else:
        _mechanism(term.removeprefix("+"), domain, names, policy, seen=seen)


def _mechanism(term: str, domain: str, names: Names, policy: Policy, *, seen: tuple[str, ...]) -> None:
    name, _colon, value = term.partition(":")
    kind, _slash, bits = name.lower().partition("/")
    policy.allows_somebody |= kind != "include"
    if kind in {"ip4", "ip6"}:
        _network(value, policy)
    elif kind == "include":
        policy.lookups += 1
        _read(value.lower(), names, policy, seen=seen, is_own=False)
    elif kind in {"a", "mx"}:
        policy.lookups += 1
        target, _slash, own_bits = value.partition("/")
        _hosts(kind, target or domain, (own_bits or bits).split("//")[0], names, policy)
    elif kind in {"ptr", "exists"}:
        policy.lookups += 1
        _is_macro(value, policy)
    else:
        policy.fault = policy.fault or "syntax"


def _is_macro(value: str, policy: Policy) -> bool:
    """Whether a name is made anew for each message (RFC 7208 §7): it costs a question, and nobody can ask it ahead."""
    policy.has_macros |= "%" in value
    policy.allows_somebody |= "%" in value
    return "%" in value


def _network(value: str, policy: Policy) -> None:
    try:
        policy.networks.append(ipaddress.ip_network(value, strict=False))
    except ValueError:
        policy.fault = policy.fault or "syntax"


def _hosts(kind: str, target: str, bits: str, names: Names, policy: Policy) -> None:
    if _is_macro(target, policy):
        return
    hosts = [target]
    if kind == "mx":
        answer = names.ask(target, "MX")
        policy.empty += answer.fault in {"nxdomain", "empty"}
        hosts = [record.partition(" ")[2] for record in answer.records][:10]
    for host in hosts:
        found = names.addresses(host)
        policy.empty += kind == "a" and found.fault in {"nxdomain", "empty"}
        for address in found.records:
            suffix = f"/{bits}" if bits.isdigit() and ":" not in address else ""
            _network(f"{address}{suffix}", policy)
