"""What a mail server's refusal means: for the contact, for the message, or for the sender. Never guessed to the contact's harm."""

from __future__ import annotations

import re
from enum import StrEnum


class Cause(StrEnum):
    """Why a message was refused. Only `hard` suppresses an address; `sender_reputation` pauses the sender instead."""

    HARD = "hard"
    SOFT_RECIPIENT = "soft_recipient"
    MESSAGE_FAULT = "message_fault"
    SENDER_REPUTATION = "sender_reputation"


# Enhanced codes, RFC 3463 §3 with the registry of RFC 5248: subject and detail, whatever the class.
BY_CODE = {
    "1.0": Cause.HARD,
    "1.1": Cause.HARD,
    "1.2": Cause.HARD,
    "1.3": Cause.HARD,
    "1.6": Cause.HARD,
    "1.10": Cause.HARD,
    "2.1": Cause.HARD,
    "2.2": Cause.SOFT_RECIPIENT,
    "2.3": Cause.MESSAGE_FAULT,
    "3.4": Cause.MESSAGE_FAULT,
    "1.7": Cause.SENDER_REPUTATION,
    "1.8": Cause.SENDER_REPUTATION,
}
BY_SUBJECT = {
    "2": Cause.SOFT_RECIPIENT,
    "3": Cause.SOFT_RECIPIENT,
    "4": Cause.SOFT_RECIPIENT,
    "5": Cause.MESSAGE_FAULT,
    "6": Cause.MESSAGE_FAULT,
    "7": Cause.SENDER_REPUTATION,
}
ENHANCED = re.compile(r"\b[245]\.(\d{1,3})\.(\d{1,3})\b")

# Words of servers that give no enhanced code, or a useless one. In this order: a blocked sender is often told
# “recipient rejected”, and must not cost the contact its address.
BLOCKED = re.compile(
    r"spam|blacklist|block ?list|blocked|reputation|dnsbl|rbl|policy|dmarc|spf|dkim|not authori[sz]ed|relay",
    re.IGNORECASE,
)
FULL = re.compile(r"full|quota|over ?limit|insufficient (system )?storage", re.IGNORECASE)
UNKNOWN = re.compile(
    r"(user|mailbox|recipient|address|account)\W+(is |was |has been )?(unknown|not found|does ?n[o']t exist|disabled|invalid"
    r"|inactive|unavailable)|(unknown|no such|invalid|bad)\W+(local )?(user|mailbox|recipient|address|account)"
    r"|no mailbox (here )?by that name|undeliverable address",
    re.IGNORECASE,
)


def classify(code: int, text: str) -> Cause:
    """The meaning of a permanent refusal: `code` is the three-digit reply, `text` everything after it.

    What can't be told apart counts as the message's fault: it fails alone and nobody is suppressed for it.
    """
    found = ENHANCED.search(text)
    if found:
        detail = f"{found[1]}.{found[2]}"
        if detail in BY_CODE:
            # Some say 5.1.1 about a sender that they block (mautic#9222).
            return Cause.SENDER_REPUTATION if _blames_sender(text) else BY_CODE[detail]
        if found[1] in BY_SUBJECT and detail != "7.1":
            return BY_SUBJECT[found[1]]
    for pattern, cause in ((BLOCKED, Cause.SENDER_REPUTATION), (FULL, Cause.SOFT_RECIPIENT), (UNKNOWN, Cause.HARD)):
        if pattern.search(text):
            return cause
    return Cause.SENDER_REPUTATION if found and found[1] == "7" else Cause.MESSAGE_FAULT


def _blames_sender(text: str) -> bool:
    return bool(BLOCKED.search(text)) and not UNKNOWN.search(text)
