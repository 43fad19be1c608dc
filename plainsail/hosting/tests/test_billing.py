"""The owner's own plan: begun with a card, shown with its next charge, cancelled on one page, taken back, never charged again."""

from __future__ import annotations

import re

import pytest

from plainsail.accounts.models import User
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.views.plan import REFUSALS
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.tests.factories import subscribed

CARD = {"plan": "studio", "number": "4242 4242 4242 4242", "expiry": "04/30", "cvc": "123"}
BILLING = "/w/juniper/settings/billing/"


@pytest.fixture
def seller(db):
    return operator()


@pytest.fixture
def on_plan(seller, as_ada):
    assert as_ada.post(f"{BILLING}plan/", CARD | {"addons": ["domain"]}).status_code == 302
    return seller


def contract(seller) -> Subscription:
    with workspace(seller):
        return Subscription.objects.get()


def test_an_installation_without_plans_says_that_everything_is_included(as_ada):
    assert b"Nothing to pay" in as_ada.get(BILLING).content


def test_a_plan_and_its_add_on_are_charged_once_and_shown_with_the_next_charge(on_plan, as_ada):
    words = as_ada.get(BILLING).content.decode()
    assert "€34.00" in words
    assert "4242" in words
    assert "Extra domain · €5.00 every month" in words
    with workspace(on_plan):
        assert [(charge.amount_minor, charge.state) for charge in Charge.objects.all()] == [(3400, "succeeded")]


def test_a_declined_card_begins_nothing(seller, as_ada):
    answer = as_ada.post(f"{BILLING}plan/", CARD | {"number": "4000 0000 0000 0002"})
    assert answer.status_code == 422
    with workspace(seller):
        assert not Subscription.objects.filter(ended_at=None).exists()


def test_what_was_agreed_to_is_kept_word_for_word_with_where(seller, as_ada):
    page = as_ada.get(BILLING).content.decode()
    as_ada.post(f"{BILLING}plan/", CARD | {"addons": ["domain"]}, headers={"user-agent": "Firefox"})
    with workspace(seller):
        agreed = Subscription.objects.get().consent
    assert (agreed.amount_minor, agreed.currency, agreed.interval) == (3400, "EUR", "month")
    assert (agreed.ip, agreed.user_agent) == ("127.0.0.1", "Firefox")
    lines = agreed.text.split("\n")
    assert lines[:2] == [
        "Studio: €29.00 every month until you cancel",
        "Extra domain: €5.00 every month until you cancel",
    ]
    assert [line for line in lines if line not in page] == []


def test_a_plan_is_confirmed_by_mail_with_the_ways_out_of_it(on_plan, outbox):
    run_jobs()
    (receipt,) = [mail for mail in outbox if "Your receipt" in mail["Subject"]]
    words = receipt.get_body(("plain",)).get_content()
    assert [told for told in ("Cancel subscription", "I subscribe to what is chosen above") if told not in words] == []


def test_a_card_is_never_sent_back_and_a_few_bad_ones_are_enough(seller, as_ada):
    bad = CARD | {"number": "4000 0000 0000 0002", "addons": ["domain"]}
    first = as_ada.post(f"{BILLING}plan/", bad).content.decode()
    assert ("4000 0000" in first, 'value="123"' in first) == (False, False)
    while REFUSALS.spend("127.0.0.1", at=clock.now()):
        pass
    answer = as_ada.post(f"{BILLING}plan/", CARD)
    assert (answer.status_code, "many tries" in answer.content.decode()) == (422, True)


def test_another_card_is_entered_from_billing_and_pays_from_then_on(on_plan, as_ada, client):
    page = as_ada.get(BILLING).content.decode()
    (url,) = set(re.findall(r'href="http://([^"]+/pay/[^"]+)"', page))
    host, path = url.split("/", 1)
    here = {"host": host}
    assert "4242" in client.get(f"/{path}", headers=here).content.decode()
    card = {"number": "5555 5555 5555 4444", "expiry": "05/31", "cvc": "123"}
    assert client.post(f"/{path}", card, headers=here).status_code == 302
    assert "Mastercard •••• 4444" in as_ada.get(BILLING).content.decode()


@pytest.mark.parametrize("values", [{}, {"plan": "gold"}, CARD | {"addons": ["nonsense"]}, CARD | {"number": "1"}])
def test_bad_input_is_said_at_the_form(seller, as_ada, values):
    assert as_ada.post(f"{BILLING}plan/", values).status_code == 422


def test_what_is_used_stands_beside_the_plan(on_plan, juniper, as_ada):
    subscribed(juniper)
    page = " ".join(re.sub(r"<[^>]+>", " ", as_ada.get(BILLING).content.decode()).split())
    assert (
        "What you use Contacts 1 People who can sign in 1 Domains of your own 0 Pictures and files 0 bytes of 4.7 GB"
        in (page.replace("\xa0", " "))
    )


def test_a_second_plan_is_refused(on_plan, as_ada):
    assert as_ada.post(f"{BILLING}plan/", CARD).status_code == 409


def test_cancelling_is_one_page_and_one_press_with_receipt_by_page_and_mail(on_plan, as_ada, outbox):
    page = as_ada.get(f"{BILLING}cancellation/").content.decode()
    assert "Nothing is deleted by cancelling" in page
    assert "with Plainsail Hosting, contract" in page
    assert 'href="/w/juniper/settings/closing/"' in page
    assert "Within 14 days of the first payment: everything back." in page
    assert contract(on_plan).scheduled_end_at is None
    assert as_ada.post(f"{BILLING}cancellation/", {"when": "period_end"}).status_code == 302
    assert contract(on_plan).scheduled_end_at is not None
    words = as_ada.get(BILLING).content.decode()
    assert "Cancellation receipt" in words
    assert re.search(r'href="http://[^"]+/cancel/receipt/[^"]+/pdf/"', words)
    run_jobs()
    assert [mail["To"] for mail in outbox if "Cancelled" in mail["Subject"]] == ["ada@example.com"]
    assert as_ada.post(f"{BILLING}cancellation/undo/").status_code == 302
    assert contract(on_plan).scheduled_end_at is None


def test_the_page_tells_of_the_business_s_own_customers(on_plan, juniper, as_ada):
    subscribed(juniper)
    page = as_ada.get(f"{BILLING}cancellation/").content.decode()
    assert "1 contract of a customer of yours goes on as agreed." in page


def test_ending_now_gives_the_first_days_money_back(on_plan, as_ada):
    as_ada.post(f"{BILLING}cancellation/", {"when": "now", "shown_refund": "3400"})
    run_jobs()
    ended = contract(on_plan)
    assert (ended.state, ended.end_reason) == ("ended", "cancelled")
    with workspace(on_plan):
        assert sum(refund.amount_minor for charge in Charge.objects.all() for refund in charge.refunds.all()) == 3400


def test_only_the_owner_sees_billing(on_plan, as_ben, as_cleo):
    assert as_ben.get(BILLING).status_code == 403
    assert as_cleo.get(BILLING).status_code == 404
    assert as_cleo.post(f"{BILLING}cancellation/", {"when": "now"}).status_code == 404


def test_nothing_is_cancelled_on_get(on_plan, as_ada):
    for path in ("plan/", "cancellation/undo/"):
        assert as_ada.get(BILLING + path).status_code == 405
    as_ada.get(f"{BILLING}cancellation/?when=now")
    assert contract(on_plan).scheduled_end_at is None


@pytest.mark.parametrize(
    ("language", "words", "subject"),
    [
        ("de", ["Abonnement kündigen", "Abbuchungen danach", "34,00\xa0€"], "Gekündigt"),
        ("fr", ["Résilier l’abonnement", "Prélèvements ultérieurs", "34,00\xa0€"], "Résilié"),
    ],
)
def test_cancelling_speaks_the_owners_language(seller, ada, as_ada, outbox, language, words, subject):
    User.objects.filter(pk=ada.pk).update(locale=language)
    as_ada.post(f"{BILLING}plan/", CARD | {"addons": ["domain"]})
    pages = as_ada.get(f"{BILLING}cancellation/").content.decode() + as_ada.get(BILLING).content.decode()
    assert [word for word in words if word not in pages] == []
    as_ada.post(f"{BILLING}cancellation/", {"when": "period_end"})
    run_jobs()
    assert [mail["To"] for mail in outbox if mail["Subject"].startswith(subject)] == [ada.email]
