"""What mail services report is sorted as servers' own words are, whichever words each of them has for it."""

from __future__ import annotations

import pytest

from plainsail.mail.services import verdicts
from plainsail.mail.tests.test_verdicts import AUTO, DELAY, FAULT, HARD, OTHER, RECEIPT, SENDER, SOFT


@pytest.mark.parametrize(
    ("event", "kind", "reply", "expected"),
    [
        ("bounced", "Permanent", "smtp; 550 5.1.1 user unknown", HARD),
        ("Bounce", "NoEmail", "", HARD),
        ("Bounce", "MailboxFull", "", SOFT),
        ("Bounce", "ContentRejected", "", FAULT),
        ("bounce", "blocked", "", SENDER),
        ("HardBounce", "HardBounce", "", HARD),
        ("Bounce", "AutoResponder", "", AUTO),
        ("Bounce", "DMARCPolicy", "", SENDER),
        ("failed", "temporary", "550 5.1.1 user unknown", SOFT),
        ("failed", "permanent", "550 Mailbox is full", SOFT),
        ("deferred", "", "421 try later", DELAY),
        ("complained", "", "", ("complaint", None)),
        ("delivered", "", "", RECEIPT),
        ("opened", "", "", OTHER),
        # Addresses on a service's own list, which it doesn't even try: the sender has nothing to do with it.
        ("rejected", "blocked", "blocked : due to blacklist user", FAULT),
        ("rejected", "blocked", "", FAULT),
        ("rejected", "", "Unsubscribed Address", FAULT),
        ("rejected", "", "550 5.7.1 recipient address was suppressed due to system policy", FAULT),
        ("bounced", "permanent", "Not delivering to previously bounced address", HARD),
        ("rejected", "", "Bounced Address", HARD),
        ("rejected", "", "Spam Reporting Address", ("complaint", None)),
        ("bounced", "permanent", "Not delivering to a user who marked your messages as spam", ("complaint", None)),
        ("bounced", "Permanent", "", HARD),
        ("bounced", "permanent", "550 something odd", FAULT),
        ("bounced", "blocked", "550 5.7.1 your IP is on our blocklist", SENDER),
        ("\u202e💥" * 200, "x" * 9999, "\0", OTHER),
    ],
)
def test_providers_events_speak_the_same_language(event, kind, reply, expected):
    found = verdicts.of_event(event, kind=kind, reply=reply)
    assert (found.kind.value, found.cause.value if found.cause else None) == expected
