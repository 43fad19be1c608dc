"""What came back, read: delivery reports, auto-replies, complaints and providers' events, by the rules of `replies`.

Pure: bytes or words in, a verdict out, no database. A report is read by its status fields (RFC 3464) and its words; one
without status fields by flufl.bounce, which knows the forms of old servers; a complaint by RFC 5965; an auto-reply by
RFC 3834. Whatever can't be told apart blames nobody.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.errors import HeaderParseError
from email.message import Message
from enum import StrEnum

from flufl.bounce import all_failures

from plainsail.mail.services import replies
from plainsail.mail.services.mail_parts import MOST_READ, charset, header, line, parts, walk
from plainsail.mail.services.replies import ENHANCED, Cause, Refusal, explain

# It says which of its detectors runs, for each mail.
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)

OLD_FORM = 40_000
STATUS = ("message/delivery-status", "message/global-delivery-status")
DISPOSITION = ("message/disposition-notification", "message/global-disposition-notification")
"""The latter of each where an address on the way was beyond ASCII (RFC 6533)."""


class Kind(StrEnum):
    """What sort of mail or event came back."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    DELAY = "delay"
    """The server still tries; a bounce may follow."""
    RECEIPT = "receipt"
    """It arrived, or was displayed."""
    OTHER = "other"
    """Somebody answered, or it can't be understood: kept, and nothing follows from it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One mail or event, judged. `cause` is there for bounces and auto-replies; `status` is an enhanced code."""

    kind: Kind
    cause: Cause | None = None
    reason: str = ""
    status: str = ""
    recipient: str = ""
    words: str = ""
    """The server's own words on one line, at most 500 characters."""


NOTHING = Verdict(kind=Kind.OTHER, reason="not_understood")


def judge(raw: bytes) -> Verdict:
    """What a mail that came back says. Never raises; some milliseconds whatever the size."""
    try:
        return _judge(raw, message_from_bytes(raw[:MOST_READ]))
    except (RecursionError, LookupError, ValueError, HeaderParseError, AttributeError, TypeError, AssertionError):
        # What the email package raises for mail that was made to break it: nesting, charsets that are none, odd headers.
        return NOTHING


def _judge(raw: bytes, mail: Message) -> Verdict:
    feedback = next(parts(mail, "message/feedback-report"), None)
    if feedback is not None:
        return _complaint(feedback)
    if reader := _complained_to_microsoft(mail):
        return Verdict(kind=Kind.COMPLAINT, reason="abuse_report", recipient=reader[:254])
    reports = [report for part in parts(mail, *STATUS) for report in _recipients(part)]
    if reports:
        return _report(reports, mail)
    disposition = next(parts(mail, *DISPOSITION), None)
    if disposition is not None:
        return _disposition(disposition, mail)
    if _is_auto_reply(mail):
        return Verdict(
            kind=Kind.AUTO_REPLY, cause=Cause.AUTO_REPLY, reason="auto_reply", words=line(header(mail, "Subject"))
        )
    # Dozens of patterns are tried on each line: the beginning is enough, since reports of old say first what failed.
    return _old_form(message_from_bytes(raw[:OLD_FORM])) if _is_from_a_server(mail) else NOTHING


# --- delivery reports (RFC 3464) --------------------------------------------------------------------------------------


def _recipients(part: Message) -> Iterator[Message]:
    """The blocks of a report that are about a recipient; the first block, about the message, is none."""
    content = part.get_payload()
    encoding = header(part, "Content-Transfer-Encoding").lower()
    if isinstance(content, list) and part.get_content_type() == STATUS[0] and encoding in {"", "7bit", "8bit"}:
        blocks = content
    else:
        # RFC 3464 wants it plain, RFC 6533 allows otherwise; the parser takes what is encoded for fields as it stands.
        blocks = [message_from_bytes(block + b"\n") for block in _plain(part, content).split(b"\n\n")]
    yield from (block for block in blocks if isinstance(block, Message) and (block["Action"] or block["Status"]))


def _plain(part: Message, content: object) -> bytes:
    """The lines of a part whose content may be encoded, with bare line ends."""
    pieces = content if isinstance(content, list) else [content]
    outer = Message()
    outer["Content-Transfer-Encoding"] = header(part, "Content-Transfer-Encoding") or "7bit"
    outer.set_payload("\n".join(str(each).lstrip("\n") for each in pieces))
    decoded = outer.get_payload(decode=True)
    return decoded.replace(b"\r\n", b"\n").strip() if isinstance(decoded, bytes) else b""


def _report(reports: Sequence[Message], mail: Message) -> Verdict:
    """One verdict for all recipients of a report: an address that fans out is not dead because one behind it is."""
    judged = [_recipient(report, mail) for report in reports]
    bounced = [each for each in judged if each.kind == Kind.BOUNCE]
    if not bounced:
        return judged[0]
    mildest = min(bounced, key=lambda each: _SEVERITY.index(each.cause or Cause.MESSAGE_FAULT))
    if len(bounced) < len(judged) and mildest.cause == Cause.HARD:
        return replace(mildest, cause=Cause.SOFT_RECIPIENT, reason="some_recipients")
    return mildest


_SEVERITY = (Cause.AUTO_REPLY, Cause.MESSAGE_FAULT, Cause.SENDER_REPUTATION, Cause.SOFT_RECIPIENT, Cause.HARD)


def _recipient(report: Message, mail: Message) -> Verdict:
    action = header(report, "Action").split(" ")[0].split("(")[0].strip().lower()
    said = _typed(header(report, "Diagnostic-Code"))
    status = _status(header(report, "Status"), said)
    recipient = _typed(header(report, "Original-Recipient") or header(report, "Final-Recipient")).strip("<> ")
    facts = Verdict(kind=Kind.DELAY, reason="still_trying", status=status, recipient=recipient[:254], words=line(said))
    if action == "delayed" or (not action and status.startswith("4")):
        return facts
    if action in {"delivered", "relayed", "expanded"} or (not action and status.startswith("2")):
        return replace(facts, kind=Kind.RECEIPT, reason=action or "delivered")
    found = explain(said, status)
    if found == replies.UNEXPLAINED or (not said and status in {"5.0.0", "4.0.0", ""}):
        # Some leave the report empty and write what happened for people.
        words = _words_of(mail)
        told = explain(words)
        found = _given_up(status) if told == replies.UNEXPLAINED else told
        facts = replace(facts, words=facts.words or line(words))
    if found.cause == Cause.HARD and status.startswith("4"):
        # It never said more than “not now”, and then the server gave up.
        found = replies.TROUBLE
    return replace(facts, kind=Kind.BOUNCE, cause=found.cause, reason=found.reason)


def _given_up(status: str) -> Refusal:
    return replies.UNREACHABLE if status.startswith("4") else replies.UNEXPLAINED


def _status(given: str, said: str) -> str:
    """The more definite of a report's own status and the one in the server's words."""
    own, quoted = ENHANCED.search(given), ENHANCED.search(said)
    if own and (not quoted or f"{own[2]}.{own[3]}" not in replies.VAGUE):
        return own[0]
    return quoted[0] if quoted else ""


def _typed(value: str) -> str:
    """What follows the type, as in `smtp; 550 …` and `rfc822; somebody@example.com`."""
    kind, separator, rest = value.partition(";")
    return rest.strip() if separator and len(kind) < 30 else value.strip()


def _disposition(part: Message, mail: Message) -> Verdict:
    """Mostly that somebody saw it; some servers also refuse in this form (RFC 8098 §3.2.6)."""
    fields = _fields(part)
    if not re.search(r"deleted|denied|failed", header(fields, "Disposition"), re.IGNORECASE):
        return Verdict(kind=Kind.RECEIPT, reason="displayed")
    words = _words_of(mail)
    found = explain(words)
    if found == replies.UNEXPLAINED:
        return Verdict(kind=Kind.RECEIPT, reason="deleted_unread")
    recipient = _typed(header(fields, "Original-Recipient") or header(fields, "Final-Recipient"))
    return Verdict(
        kind=Kind.BOUNCE, cause=found.cause, reason=found.reason, recipient=recipient[:254], words=line(words)
    )


def _fields(part: Message) -> Message:
    """The lines of a machine-readable part, whichever way the parser took them."""
    content = part.get_payload()
    if isinstance(content, list):
        return content[0] if content and isinstance(content[0], Message) else Message()
    return message_from_bytes(str(content).encode())


# --- complaints (RFC 5965) --------------------------------------------------------------------------------------------


def _complaint(part: Message) -> Verdict:
    fields = _fields(part)
    kind = header(fields, "Feedback-Type").strip().lower() or "abuse"
    recipient = header(fields, "Original-Rcpt-To").strip("<> ")[:254]
    if kind in {"not-spam", "auth-failure"}:
        return Verdict(kind=Kind.OTHER, reason=kind.replace("-", "_"), recipient=recipient)
    return Verdict(kind=Kind.COMPLAINT, reason=f"{kind.replace('-', '_')[:30]}_report", recipient=recipient)


def _complained_to_microsoft(mail: Message) -> str:
    """Whose mailbox it was. Outlook.com’s junk reports (JMRP) are no feedback reports: the original comes with a field more."""
    for part in parts(mail, "message/rfc822"):
        content = part.get_payload()
        original = content[0] if isinstance(content, list) and content else None
        if isinstance(original, Message) and (reader := header(original, "X-HmXmrOriginalRecipient")):
            return reader.strip("<> ")
    return ""


# --- auto-replies (RFC 3834) ------------------------------------------------------------------------------------------

SERVERS = re.compile(
    r"^(mailer-?daemon|postmaster|mail-?daemon|mdaemon|system-?administrator|mail-?delivery|nobody)\b", re.IGNORECASE
)
AWAY = re.compile(
    r"out of (the )?office|auto(matic|mated)?[- ]?(reply|response|answer)|autoreply|on (vacation|holiday|leave)|vacation|ooo\b"
    r"|^absence\b|(parental|annual|maternity|paternity|sick) leave"
    r"|abwesen(d|heit)|automatische antwort|urlaub|nicht im büro|réponse automatique|absence du bureau|absente?\b|en congés?"
    r"|respuesta automática|fuera de (la )?oficina|risposta automatica|fuori sede|automatisch antwoord|afwezig"
    r"|autosvar|automatisk svar|frånvar|resposta automática|automaattinen vastaus|automatyczna odpowiedź|nieobecn"
    r"|automatick[áé] odpově|nepřítomn|otomatik yanıt|автоответ|автоматический ответ|自动回复|自動回覆|自動返信",
    re.IGNORECASE,
)
FAILED = re.compile(
    r"undeliver|deliver|return(ed|ing) (mail|to sender)|failure|mail (system )?(error|problem)|nicht zugestellt|unzustellbar"
    r"|non remis|échec|could not (send|be)|bounce|warning: (message|could)|nondelivery|rejected|mail status",
    re.IGNORECASE,
)


def _is_auto_reply(mail: Message) -> bool:
    if _is_a_servers(mail) and FAILED.search(header(mail, "Subject")):
        return False  # reports without status fields say auto-replied too
    submitted = header(mail, "Auto-Submitted").split(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return True
    precedence = header(mail, "Precedence").strip().lower()
    marked = any(
        name in mail for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Vacation")
    )
    return (
        marked
        or precedence in {"auto_reply", "auto-reply"}
        or bool(AWAY.search(header(mail, "Subject")))
        or "X-MS-Exchange-Inbox-Rules-Loop" in mail
    )


def _is_from_a_server(mail: Message) -> bool:
    """So it seems: some servers sign with the name of a person."""
    return _is_a_servers(mail) or bool(FAILED.search(header(mail, "Subject")))


def _is_a_servers(mail: Message) -> bool:
    sender = header(mail, "From")
    address = sender.rpartition("<")[2].strip(" >") if "<" in sender else sender.strip()
    local = address.split("(")[0].strip().strip('"').partition("@")[0]
    return bool(SERVERS.match(local)) or "X-Failed-Recipients" in mail


# --- reports of servers that know no RFC 3464 -------------------------------------------------------------------------


STILL_TRYING = re.compile(
    r"\bdelay(ed)?\b|not yet (been )?delivered|still (being )?(try|retr)|verzögert|retardé", re.IGNORECASE
)


def _old_form(mail: Message) -> Verdict:
    temporary, permanent = all_failures(mail)
    words = _words_of(mail)
    if STILL_TRYING.search(header(mail, "Subject")):
        waiting = sorted(_text(each) for each in (*temporary, *permanent))
        return Verdict(kind=Kind.DELAY, reason="still_trying", recipient="".join(waiting[:1])[:254], words=line(words))
    failed = sorted(_text(each) for each in permanent) or [
        each.strip() for each in header(mail, "X-Failed-Recipients").split(",") if each.strip()
    ]
    if not failed:
        waiting = sorted(_text(each) for each in temporary)
        if waiting:
            return Verdict(kind=Kind.DELAY, reason="still_trying", recipient=waiting[0][:254], words=line(words))
        return _for_people(mail, words)
    found = explain(_near(words, failed[0]))
    if found == replies.UNEXPLAINED:
        found = explain(words)
    if found == replies.UNEXPLAINED:
        found = replies.GIVEN_UP
    status = ENHANCED.search(words)
    if found.cause == Cause.HARD and status and status[1] == "4":
        found = replies.TROUBLE
    return Verdict(
        kind=Kind.BOUNCE,
        cause=found.cause,
        reason=found.reason,
        status=status[0] if status else "",
        recipient=failed[0][:254],
        words=line(_near(words, failed[0]) or words),
    )


def _for_people(mail: Message, words: str) -> Verdict:
    """A server's report in a form that nobody knows, such as Exchange's letters: believed if it quotes a code of RFC 3463."""
    status, found = ENHANCED.search(words), explain(words)
    if (
        status is None
        or found == replies.UNEXPLAINED
        or not (_is_a_servers(mail) and FAILED.search(header(mail, "Subject")))
    ):
        return NOTHING
    if found.cause == Cause.HARD and status[1] == "4":
        found = replies.TROUBLE
    return Verdict(kind=Kind.BOUNCE, cause=found.cause, reason=found.reason, status=status[0], words=line(words))


COPY_FOLLOWS = re.compile(
    r"^[ \t>*-]{0,20}(this is a copy of|below (this line )?is a copy|original message|a copy of (the|your) message|returned message|"
    r"message header follows|unsent message follows|message follows|the (header|first \d+ lines) of (the|your) (original )?message|"
    r"included is a copy|return-path:|received:)",
    re.IGNORECASE | re.MULTILINE,
)


def _words_of(mail: Message) -> str:
    """What the report says to people, without the copy of the original: at most 4,000 characters."""
    for part in walk(mail):
        if part.get_content_maintype() == "text" and not part.is_multipart():
            content = part.get_payload(decode=True)
            text = content[:20_000].decode(charset(part), "replace") if isinstance(content, bytes) else ""
            if part.get_content_subtype() == "html":
                text = re.sub(r"<[^>]{0,500}>", " ", text)
            cut = COPY_FOLLOWS.search(text)
            if cut and cut.start() > 20:
                text = text[: cut.start()]
            if text.strip():
                return text[:4000]
    return ""


def _near(words: str, recipient: str) -> str:
    """The words after the failed address: reports begin with courtesies that mean nothing."""
    place = words.lower().find(recipient.lower())
    return words[place : place + 700] if place >= 0 else ""


# --- events of providers ----------------------------------------------------------------------------------------------

_PERMANENT = {
    "permanent",
    "hardbounce",
    "hard_bounce",
    "hard",
    "bounced",
    "bounce",
    "bademailaddress",
    "undetermined",
    "dropped",
}
_BY_TYPE: dict[str, Refusal] = {
    "noemail": replies.NO_MAILBOX,
    "hardbounce": replies.NO_MAILBOX,
    "bademailaddress": replies.NO_MAILBOX,
    "invalid": replies.NO_MAILBOX,
    "suppressed": replies.NO_MAILBOX,
    "onaccountsuppressionlist": replies.NO_MAILBOX,
    "mailboxfull": replies.FULL_UP,
    "messagetoolarge": replies.TOO_LARGE,
    "contentrejected": replies.CONTENT_REFUSED,
    "attachmentrejected": replies.CONTENT_REFUSED,
    "virusnotification": replies.CONTENT_REFUSED,
    "blocked": replies.LISTED,
    "spamnotification": replies.LISTED,
    "dmarcpolicy": replies.UNAUTHENTICATED,
    "dnserror": replies.UNREACHABLE,
    "softbounce": replies.TROUBLE,
    "transient": replies.TROUBLE,
    "temporary": replies.TROUBLE,
    "unknown": replies.UNEXPLAINED,
}
_SIMPLE = {
    "complained": Verdict(kind=Kind.COMPLAINT, reason="abuse_report"),
    "complaint": Verdict(kind=Kind.COMPLAINT, reason="abuse_report"),
    "spamcomplaint": Verdict(kind=Kind.COMPLAINT, reason="abuse_report"),
    "spamreport": Verdict(kind=Kind.COMPLAINT, reason="abuse_report"),
    "autoresponded": Verdict(kind=Kind.AUTO_REPLY, cause=Cause.AUTO_REPLY, reason="auto_reply"),
    "autoresponder": Verdict(kind=Kind.AUTO_REPLY, cause=Cause.AUTO_REPLY, reason="auto_reply"),
    "deferred": Verdict(kind=Kind.DELAY, reason="still_trying"),
    "delivered": Verdict(kind=Kind.RECEIPT, reason="delivered"),
}


def of_event(event: str, *, kind: str = "", reply: str = "", status: str = "", recipient: str = "") -> Verdict:
    """A provider's event: `event` such as `bounced`, `complained`, `deferred`; `kind` its own class of bounce.

    SES's `bounceSubType`, Postmark's `Type`, Mailgun's `severity`, SendGrid's `type`: what the receiving server said counts
    first, then the provider's class of it.
    """
    name, sort = _key(event), _key(kind)
    simple = _SIMPLE.get(sort) or _SIMPLE.get(name) or _never_tried(name, sort, reply)
    if simple is not None:
        return simple
    if name not in _PERMANENT | {"failed", "rejected", "soft_bounce", "softbounce", "blocked", "transient"}:
        return NOTHING
    found = explain(reply, status) if reply or status else replies.UNEXPLAINED
    if found == replies.UNEXPLAINED:
        found = _BY_TYPE.get(sort) or _BY_TYPE.get(name) or replies.UNEXPLAINED
        if sort == "permanent" and (not reply or "hard bounce" in reply.lower()):
            found = replies.NO_MAILBOX  # Amazon’s word for it where the server gave no reason
    if found.cause == Cause.HARD and sort in {"transient", "temporary", "softbounce"}:
        found = replies.TROUBLE
    return Verdict(
        kind=Kind.BOUNCE,
        cause=found.cause,
        reason=found.reason,
        status=status,
        recipient=recipient,
        words=line(reply),
    )


COMPLAINED_ONCE = re.compile(r"spam reporting address|marked your messages? as spam", re.IGNORECASE)
BOUNCED_ONCE = re.compile(r"previously bounced|\bbounced address", re.IGNORECASE)
KEPT_OUT = re.compile(
    r"not delivering to|unsubscribed address|suppress(ed|ion)|(black|block) ?list(ed)? (user|recipient)|your block ?list|preblocked",
    re.IGNORECASE,
)


def _never_tried(name: str, sort: str, reply: str) -> Verdict | None:
    """What a service didn't even try, because the address is on a list of its own: no server said anything of the sender.

    SendGrid's and SparkPost's words, Mailgun's of codes 605 to 607, and Brevo's `blocked`, which says no more than that.
    """
    if COMPLAINED_ONCE.search(reply):
        return _SIMPLE["complained"]
    if BOUNCED_ONCE.search(reply):
        found = replies.NO_MAILBOX
    elif name == "rejected" and (sort == "blocked" or KEPT_OUT.search(reply)):
        found = replies.KEPT_OUT
    else:
        return None
    return Verdict(kind=Kind.BOUNCE, cause=found.cause, reason=found.reason, words=line(reply))


def of_reply(reply: str) -> Verdict:
    """A server's permanent refusal in the conversation itself."""
    found, status = explain(reply), ENHANCED.search(reply)
    return Verdict(
        kind=Kind.BOUNCE,
        cause=found.cause,
        reason=found.reason,
        status=status[0] if status else "",
        words=line(reply),
    )


def _key(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _text(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address
