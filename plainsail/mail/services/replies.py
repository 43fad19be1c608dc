"""What a mail server's refusal means: for the contact, for the message, or for the sender. Never guessed to the contact's harm.

The same few rules read a reply in the conversation, the status of a delivery report and the words of one that has no
status. `verdicts` reads whole mails and providers' events by them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a message came back. Only `hard` suppresses an address; `sender_reputation` pauses the sender instead."""

    HARD = "hard"
    SOFT_RECIPIENT = "soft_recipient"
    MESSAGE_FAULT = "message_fault"
    SENDER_REPUTATION = "sender_reputation"
    AUTO_REPLY = "auto_reply"


@dataclass(frozen=True)
class Refusal:
    """Whose fault it is, and a key that says why (see `queries.REASONS` for the words)."""

    cause: Cause
    reason: str


_HARD, _SOFT, _FAULT, _SENDER = Cause.HARD, Cause.SOFT_RECIPIENT, Cause.MESSAGE_FAULT, Cause.SENDER_REPUTATION
NO_MAILBOX = Refusal(_HARD, "no_such_mailbox")
NO_DOMAIN = Refusal(_HARD, "no_such_domain")
DISABLED = Refusal(_HARD, "mailbox_disabled")
FULL_UP = Refusal(_SOFT, "mailbox_full")
TOO_OFTEN = Refusal(_SOFT, "mailbox_busy")
NOT_ALLOWED = Refusal(_SOFT, "sender_not_on_its_list")
UNREACHABLE = Refusal(_SOFT, "server_unreachable")
TROUBLE = Refusal(_SOFT, "server_in_trouble")
TOO_LARGE = Refusal(_FAULT, "too_large")
MALFORMED = Refusal(_FAULT, "malformed")
CONTENT_REFUSED = Refusal(_FAULT, "content_refused")
UNEXPLAINED = Refusal(_FAULT, "unexplained")
KEPT_OUT = Refusal(_FAULT, "on_services_list")
GIVEN_UP = Refusal(_SOFT, "unexplained_bounce")
BAD_SENDER = Refusal(_SENDER, "sender_refused")
SPENT = Refusal(_SENDER, "sent_too_much")
UNAUTHENTICATED = Refusal(_SENDER, "not_authenticated")
LISTED = Refusal(_SENDER, "blocklisted")
TAKEN_FOR_SPAM = Refusal(_SENDER, "taken_for_spam")
REFUSED = Refusal(_SENDER, "refused_by_policy")

# Enhanced codes, RFC 3463 §3 with the registry of RFC 5248: subject and detail, whatever the class.
BY_CODE = {
    "1.0": NO_MAILBOX,
    "1.1": NO_MAILBOX,
    "1.2": NO_DOMAIN,
    "1.3": NO_MAILBOX,
    "1.6": NO_MAILBOX,
    "1.10": NO_DOMAIN,
    "1.7": BAD_SENDER,
    "1.8": BAD_SENDER,
    "2.1": DISABLED,
    "2.2": FULL_UP,
    "2.3": TOO_LARGE,
    "3.4": TOO_LARGE,
    "7.13": DISABLED,
    "7.17": DISABLED,
    "7.18": DISABLED,
    # Exchange: groups and mailboxes that take mail from some senders only.
    "7.124": NOT_ALLOWED,
    "7.133": NOT_ALLOWED,
    "7.134": NOT_ALLOWED,
    "7.193": NOT_ALLOWED,
    # RFC 7372, and Gmail's and Outlook's own.
    **dict.fromkeys(
        ("7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26", "7.27", "7.28", "7.29", "7.30", "7.509", "7.515"),
        UNAUTHENTICATED,
    ),
}
BY_SUBJECT = {
    "1": NO_MAILBOX,
    "2": TROUBLE,
    "3": TROUBLE,
    "4": UNREACHABLE,
    "5": MALFORMED,
    "6": MALFORMED,
    "7": REFUSED,
}
VAGUE = {"0.0", "4.1", "5.0", "7.0", "7.1", "7.2", "4.0", "3.0", "2.0"}
"""Codes that servers use for anything; here their words decide before the code does."""
ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d)")
ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# Words of servers that give no enhanced code, or a vague one. A blocked sender is often told “recipient rejected”, and
# must not cost the contact its address (mautic#9222).
AUTHENTICATION = _any(
    r"\bdmarc\b",
    r"\bspf\b",
    r"\bdkim\b",
    r"unauthenticated",
    r"authentication (level|check|required by)",
    r"\bPTR\b",
    r"reverse dns",
    r"no reverse",
)
BLOCKED = _any(
    r"\bblack ?-?list",
    r"\bblock ?-?list",
    r"\bspam",
    r"(ip|client|host|address|sender|message|domain|network|service|connection|you) (\[[^\]]*\] )?(has been |is |was |are |were )?"
    r"(temporarily |currently |permanently )?(blocked|deferred|banned)",
    r"\bblocked (using|by|because|due|for)",
    r"reputation",
    r"\bdnsbl\b",
    r"\brbl\b",
    r"\brelay",
    r"not authori[sz]ed to send",
    r"unsolicited",
    r"complaints",
    r"\bTSS\d\d",
    r"permanently deferred",
    r"too many (messages|connections) from",
    r"rate[- ]?limit",
    r"\bforge(d|ry)\b",
    r"dynamic (ip|address)",
    r"\bIP=[0-9a-f.:]{7,45} - ",  # T-Online, to servers it doesn’t know or like
    r"\((CON|RLY|RTR|HVU|DYN):[A-Z]?\d?",  # AOL
    r"\bDT:SPM\b",  # NetEase
    r"\( ?:blocked\)",  # Barracuda, after an address
)
# Who writes, not to whom: servers that ask back whether the return path exists say of it what else is said of recipients.
THE_SENDER = _any(
    r"\b(sender|return path)\b( address)?( domain)?\W{1,3}(is |was )?(verif\w+|rejected|refused|denied|unknown|not found)",
    r"\b(callout|callback)\b.{0,20}\bverif",
    r"\b(helo|ehlo)( command| name)?\W{1,3}(rejected|refused|denied|invalid)",
    r"\bclient host\W{1,3}(rejected|refused|denied)",
    r"\bdomain of (the )?sender\b",
)
# What the sender's own server or service lets out; said of each message, it would cost reader after reader.
SENT_TOO_MUCH = _any(
    r"\b(daily|hourly|sending|submission|relay|send)\b(\W{1,3}\w+){0,4}?\W{1,3}(limits?|quotas?)\b(\W{1,3}\w+){0,3}?\W{1,3}(exceed|reach)",
    r"\bexceed\w*\b(\W{1,3}\w+){0,3}?\W{1,3}(daily|hourly|sending|submission|max emails)\b",
    r"\bmax(imum)? (emails|credits)\b",
    r"\bsubmission ?quota",
    r"\bsent too (many|much)",
    r"\bunusual sending activity",
)
BY_A_POLICY = _any(r"\b(due to|because of|for|by|against|violat\w+)\b(\W{1,3}\w+){0,3}?\W{1,3}polic(y|ies)\b")
STRONGLY = _any(
    r"\b(your|client|sending|connecting) (ip|host|network|server|mail server|address)\b",
    r"\bblocked using\b",
    r"\bforge(d|ry)\b",
)
# What one filter thinks of one message says less than what stands on a list, or is said of an address or a network.
ON_A_LIST = _any(
    r"\b(black|block) ?-?list",
    r"\bdnsbl\b",
    r"\brbl\b",
    r"spamhaus|spamcop|barracuda|sorbs|uceprotect",
    r"blocked using",
    r"\bTSS\d\d",
    r"permanently deferred",
    r"reputation",
    r"\b(your|client|sending|connecting)? ?(ip|host|network)( address)?\b.{0,60}\b(blocked|listed|banned)",
)
DANGEROUS = _any(r"potential security issue", r"\b(virus|malware|executable|attachment)")
POLICY = _any(r"\bpolic(y|ies)\b", r"access denied")
NOT_LISTED = _any(
    r"RESOLVER\.RST",
    r"not accepting (mail|messages) from",
    r"only accepts? (mail|messages) from",
    r"not allowed to send to this",
    r"restricted to",
)
BUSY = _any(
    r"receiving mail (at a rate|too quickly)",
    r"too quickly",
    r"user .{0,40}too many",
    r"limit for the number of messages \w+ can receive",
)
FULL = _any(
    r"\b(mailbox|inbox|mail ?box|quota|account)\b.{0,40}\b(full|exceeded|exceed)",
    r"\bfull (mailbox|inbox)",
    r"(over|exceed\w*|out of)\s+(the |its |their |his |her |allowed |storage |disk )*(quota|space|storage)",
    r"quota (is )?(exceeded|full|violation)",
    r"over ?quota",
    r"over ?limit",
    r"insufficient (system |disk )?(storage|space)",
    r"mailbox size limit",
    r"\bis full\b",
    r"\b(mailbox|inbox|account) (is )?over\b",
    r"out of storage space",
    r"disk quota",
)
DOMAIN_GONE = _any(
    r"\bdomain\b\W{1,6}(\w+\W{1,6}){0,4}?(was |is )?(not found|does ?n[o']t exist|unknown)",
    r"host (or domain name |name )?(not found|unknown|is unknown)",
    r"name or service not known",
    r"\bnxdomain\b",
    r"no such (domain|host)",
    r"unrouteable (mail domain|address)",
    r"couldn'?t find any host",
    r"no mail ?hosts?",
    r"unknown (host|domain)",
    r"null ?mx",
)
# Words and what stands between them share no character, and both are bounded: a server's words must not cost hours.
BETWEEN = r"\W{1,6}(\w+\W{1,6}){0,8}?"
AN_ADDRESS = r"(user|user ?id|users?name|mail ?box|recipients?|address(ee)?|e?-?mail ?(account|address|box)|account|customer|alias|login)"
IS_NONE = (
    r"(unknown|not found|not known|doe?s? ?n[o']t exists?|doe?s? not exist|do ?n[o']t exist"
    r"|not exist\w*|not listed|no longer exists?|invalid"
    r"|unavailable|not recogni[sz]ed|cannot be found|could not be found|not (a )?valid|has moved|terminated|not our customer"
    r"|no longer (valid|available|in use)|undeliverable|not local)"
)
UNKNOWN = _any(
    rf"\b{AN_ADDRESS}\b{BETWEEN}(is |was |has been )?{IS_NONE}",
    rf"\b(unknown|no such|invalid|bad|not a valid|non-?existent|unrouteable)\W{{1,6}}(\w+\W{{1,6}}){{0,3}}?{AN_ADDRESS}\b",
    r"no mailbox (here )?(by|with) that name",
    r"undeliverable address",
    r"recipient address(es)? rejected ?: access denied",  # Exchange Online says so of addresses that are none
    r"recipient ?not ?found",
    r"this user doe?s?n.?t have an?\b.{0,40}\baccount",
    r"no (such )?user\b",
    r"not our customer",
    r"user .{0,60}not known at this site",
    r"unknown in local recipient table",
    r"unknown or illegal (alias|user)",
    r"no account\b",
    r"no longer (works|employed) (here|at|with)",
)
GONE = _any(
    rf"\b{AN_ADDRESS}\b{BETWEEN}(is |was |has been )?"
    r"(disabled|inactive|suspended|deactivated|closed|expired|locked|blocked|not active|discontinued|deleted)",
    r"(inactive|disabled|suspended|deactivated) (user|mailbox|account|recipient)",
    r"not accepting mail",
)
LARGE = _any(
    r"message (size|is too large|too (large|big)|length)",
    r"size limit|too large|too big|exceeds? (the )?(maximum|size)",
)
REFUSED_CONTENT = _any(
    r"content (was |is )?(rejected|refused|not accept)",
    r"malformed|header|mime|line too long|bare (lf|cr)|rfc ?\d{3,4}",
)
AWAY = _any(
    r"timed? ?out|connection (refused|lost|reset|dropped)|unreachable|no route|network (error|is unreach)",
    r"try(ing)? (again )?later|temporar|retry (timeout|time)|could not (be )?(contact|connect|reach)|dns (error|lookup)",
    r"name server|host (did not|not) respond|too many hops|hop count|loop|too long",
)

LATER = _any(r"try(ing)? (again|later)", r"temporar")


def classify(code: int, text: str) -> Cause:
    """Whose fault a permanent refusal is: `code` is the three-digit reply, `text` everything after it.

    What can't be told apart counts as the message's fault: it fails alone and nobody is suppressed for it.
    """
    return explain(text).cause


def explain(text: str, status: str = "") -> Refusal:
    """The meaning of a refusal in a server's words; `status` is its enhanced code where that came apart from them.

    A code that says something definite is believed, unless the words blame the sender. Addresses are taken out first:
    they may be called anything. Microseconds; reads at most 2,000 characters.
    """
    words = " ".join(ADDRESS.sub(" ", text[:2000]).split())
    found = ENHANCED.search(status) or ENHANCED.search(words)
    detail = f"{found[2]}.{found[3]}" if found else ""
    if found and detail not in VAGUE:
        meant = _by_code(found, detail)
        if meant is not None:
            return _unless_said_otherwise(meant, words)
    said = _by_words(words)
    if said is not None:
        return said
    if found and found[2] in BY_SUBJECT:
        return BY_SUBJECT[found[2]]
    return UNEXPLAINED


def _by_code(found: re.Match[str], detail: str) -> Refusal | None:
    if detail in BY_CODE:
        return BY_CODE[detail]
    if found[2] == "7":
        # Outlook's blocks of networks and tenants: 5.7.5xx to 5.7.7xx, 4.7.6xx.
        return LISTED if len(found[3]) == 3 else REFUSED
    return BY_SUBJECT.get(found[2])


def _unless_said_otherwise(meant: Refusal, words: str) -> Refusal:
    """Some servers say 5.1.1 of a sender that they block, 5.2.1 of somebody who gets too much, 5.5.0 of no mailbox."""
    if SENT_TOO_MUCH.search(words) and not BUSY.search(words):
        return SPENT
    if meant.cause == Cause.HARD:
        return _unless_said_of_somebody_else(meant, words)
    if meant in (UNREACHABLE, MALFORMED, TROUBLE):
        for pattern, other in ((DOMAIN_GONE, NO_DOMAIN), (FULL, FULL_UP), (UNKNOWN, NO_MAILBOX)):
            if pattern.search(words) and not _blames_sender(words):
                return UNREACHABLE if other == NO_DOMAIN and LATER.search(words) else other
    if meant == REFUSED:
        return _by_words(words) or meant
    return meant


def _unless_said_of_somebody_else(meant: Refusal, words: str) -> Refusal:
    if BUSY.search(words):
        return TOO_OFTEN
    if THE_SENDER.search(words):
        return BAD_SENDER
    return REFUSED if _blames_sender(words) else meant


def _by_words(words: str) -> Refusal | None:
    """In this order: what costs nobody an address comes first where words could mean two things."""
    for pattern, meant in (
        (NOT_LISTED, NOT_ALLOWED),
        (BUSY, TOO_OFTEN),
        (SENT_TOO_MUCH, SPENT),
        (DANGEROUS, CONTENT_REFUSED),
        (THE_SENDER, BAD_SENDER),
        (AUTHENTICATION, UNAUTHENTICATED),
    ):
        if pattern.search(words):
            return meant
    if BLOCKED.search(words) and (STRONGLY.search(words) or not UNKNOWN.search(words)):
        return LISTED if ON_A_LIST.search(words) else TAKEN_FOR_SPAM
    for pattern, meant in (
        (FULL, FULL_UP),
        (LARGE, TOO_LARGE),
        (UNKNOWN, NO_MAILBOX),
        (GONE, DISABLED),
        (DOMAIN_GONE, NO_DOMAIN),
        (REFUSED_CONTENT, CONTENT_REFUSED),
        (AWAY, UNREACHABLE),
        (POLICY, REFUSED),
    ):
        if pattern.search(words):
            return _in_doubt_milder(meant, words)
    return None


def _in_doubt_milder(meant: Refusal, words: str) -> Refusal:
    if meant == NO_MAILBOX and BY_A_POLICY.search(words):
        return REFUSED  # GMX calls mailboxes unavailable to senders that it doesn’t like
    if LATER.search(words):
        return {NO_DOMAIN: UNREACHABLE, DISABLED: TROUBLE}.get(meant, meant)
    return meant


def _blames_sender(words: str) -> bool:
    if not (BLOCKED.search(words) or AUTHENTICATION.search(words)):
        return False
    return bool(STRONGLY.search(words)) or not (UNKNOWN.search(words) or GONE.search(words))
