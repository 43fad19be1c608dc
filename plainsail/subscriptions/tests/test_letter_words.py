"""Letters about contracts in a business's own words: what the law asks for stays in them, whatever the words are."""

from __future__ import annotations

import pytest

from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.services import notices
from plainsail.mail.sockets import NOTICES
from plainsail.subscriptions.models import CancellationRequest
from plainsail.subscriptions.services import declaring, letter_words
from plainsail.subscriptions.tests.factories import subscribed

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_letter_of_a_contract_is_among_the_notices_and_only_that_of_a_refund_can_be_switched_off():
    for kind in letter_words.ALL:
        notice = NOTICES[letter_words.key_of(kind)]
        assert notice.may_be_silent == (kind == "refund")
        assert set(notice.examples) == set(notice.fields)


def test_a_cancellation_receipt_in_own_words_keeps_its_facts(juniper, outbox):
    contract = subscribed(juniper)
    with workspace(juniper):
        notices.reword(
            "subscriptions.cancellation", "en", subject="Goodbye {{contract}}", body="We liked having you.", at=NOON
        )
        data = {"when": "period_end", "shown_refund": 0}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON)
    run_jobs(at=NOON)
    letter = next(each for each in outbox if each["Subject"] == f"Goodbye {contract.reference}")
    text = letter.get_body(("plain",)).get_content()
    assert "We liked having you." in text
    assert "Nothing more will be charged." not in text
    for fact in (
        "Received",
        "Ends",
        "Money back",
        "Charges after this",
        "Open the receipt",
        "take the cancellation back",
    ):
        assert fact in text
