"""Where a customer meets the ways out of a contract: another card, withdrawing, the words that say why money comes back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from plainsail.commerce.models import BillingAccount, Invoice
from plainsail.commerce.services import receipts
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions.services import cancellation, revising, wording
from plainsail.subscriptions.services.policies import DEFAULT_REFUND
from plainsail.subscriptions.tests.factories import subscribed

CARD = {"number": "5555 5555 5555 4444", "expiry": "05/31", "cvc": "123"}


@pytest.fixture
def contract(juniper):
    return subscribed(juniper)


@pytest.fixture
def maren(juniper, contract, site_client):
    with workspace(juniper):
        site_client.cookies["ps_account"] = session_key(customer(MAREN.email))
    return site_client


def test_a_customer_s_account_shows_the_card_and_leads_to_another(maren):
    page = maren.get("/account/").content.decode()
    assert "Visa •••• 4242" in page
    (path,) = set(re.findall(r'href="(/pay/[^"]+)"', page))
    page = maren.post(path, CARD, follow=True).content.decode()
    assert "From now on Mastercard •••• 4444 pays" in page
    assert "Mastercard •••• 4444" in maren.get("/account/").content.decode()


def notes(juniper, *, days: int) -> list[str]:
    with workspace(juniper):
        made = receipts.receipt(Invoice.objects.get(), at=NOON + timedelta(days=days))
    return [note.link_label for note in made.notes]


def test_a_receipt_tells_a_consumer_how_to_withdraw_for_fourteen_days(juniper, contract, outbox):
    run_jobs()
    (receipt,) = [mail for mail in outbox if mail["Subject"].startswith("Your receipt")]
    words = receipt.get_body(("plain",)).get_content()
    assert "Until the end of 7 December 2026 you can withdraw" in words
    assert "http://juniper.localhost" in words.split("Withdraw from contract here")[1]
    assert notes(juniper, days=14) == ["Cancel subscription", "Withdraw from contract here"]
    assert notes(juniper, days=15) == ["Cancel subscription"]


def test_a_business_has_no_right_to_withdraw_and_is_not_told_of_one(juniper, contract):
    with workspace(juniper):
        BillingAccount.objects.update(is_consumer=False)
    assert notes(juniper, days=1) == ["Cancel subscription"]


def because(contract, *, days: int) -> list[str]:
    with workspace(contract.workspace_id):
        contract.refresh_from_db()
        return wording.because(cancellation.preview(contract, when="now", at=NOON + timedelta(days=days)))


def test_why_money_comes_back_is_said_as_the_policy_says_it(juniper, ada):
    contract = subscribed(juniper, interval_count=12)
    assert because(contract, days=14) == ["Within 14 days of the first payment: everything back."]
    assert because(contract, days=15) == [
        "Paid for 6 months or longer at a time: the part for the days not used. The day of cancelling comes back too."
    ]
    text = DEFAULT_REFUND | {
        "rules": [{"when": {"within": "P30D", "of": "first_payment"}, "refund": "full"}],
        "cancel_day": "used",
    }
    with workspace(juniper):
        revising.change("refund", text, since=DEFAULT_REFUND["version"], by=ada, at=NOON)
    assert because(contract, days=15) == ["Within 30 days of the first payment: everything back."]


def test_where_the_grounds_differ_each_line_has_its_own(juniper):
    contract = subscribed(juniper, interval_count=12)
    with workspace(juniper):
        quote = cancellation.preview(contract, when="now", at=NOON + timedelta(days=15))
        [line] = quote.refunds
    commerce_line = type(line)("", "", "Kiln", 1000, "full", ground="not_begun")
    both = type(quote)(**vars(quote) | {"refunds": (line, commerce_line)})
    assert wording.because(both)[1] == "Kiln (€10.00): Our word: its time hasn’t begun."
    assert len(wording.because(both)) == 2
