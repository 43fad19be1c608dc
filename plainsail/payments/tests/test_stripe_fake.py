"""The fake of Stripe is held against the vendor's own library: what it answers has no field and no word that Stripe lacks."""

from __future__ import annotations

from typing import get_args

import pytest
import stripe

from plainsail.payments.gateways.stripe import EVENTS
from plainsail.payments.tests.factories import NOON
from plainsail.payments.tests.stripe_fake import CHECKED, DECLINED, KEY, PAYS, FakeStripe, serving

CLASSES = {
    "customer": stripe.Customer,
    "checkout.session": stripe.checkout.Session,
    "setup_intent": stripe.SetupIntent,
    "payment_method": stripe.PaymentMethod,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
}


@pytest.fixture
def fake():
    with serving(FakeStripe(now=int(NOON.timestamp()))) as served:
        yield served


@pytest.fixture
def client(fake):
    return stripe.StripeClient(KEY, base_addresses={"api": fake.url}, max_network_retries=0)


@pytest.fixture
def lived_in(fake, client):
    """A world in which everything that the fake can do was done."""
    for number in (PAYS, DECLINED, CHECKED):
        customer = client.v1.customers.create({"metadata": {"a": "b"}})
        asked = {"mode": "setup", "customer": customer.id, "success_url": "https://x", "cancel_url": "https://x"}
        session = client.v1.checkout.sessions.create({**asked, "allowed_payment_method_types": ["card"]})
        fake.enter_card(session.id, number)
        method = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent.payment_method"]})
        params = {
            "amount": 2900,
            "currency": "eur",
            "customer": customer.id,
            "confirm": True,
            "return_url": "https://x",
        }
        params |= {"payment_method": method.setup_intent.payment_method.id, "metadata": {"n": number}}
        if number == DECLINED:
            with pytest.raises(stripe.CardError):
                client.v1.payment_intents.create(params)
            continue
        made = client.v1.payment_intents.create(params)
        if number == CHECKED:
            client.v1.payment_intents.cancel(made.id, {"cancellation_reason": "abandoned"})
        else:
            client.v1.refunds.create({"payment_intent": made.id, "amount": 900})
            fake.decide(fake.dispute(made.id), "lost")
    return fake


def test_every_object_has_only_fields_that_stripe_has(lived_in):
    unknown = {
        f"{one['object']}.{name}"
        for one in lived_in.objects.values()
        for name in one
        if name not in CLASSES[one["object"]].__annotations__
    }
    assert unknown == set()
    assert {one["object"] for one in lived_in.objects.values()} == set(CLASSES)


def test_every_state_is_one_of_stripe_s(lived_in):
    wrong = [
        (one["object"], one["status"])
        for one in lived_in.objects.values()
        if "status" in one and one["object"] != "refund"  # the library has no list of these, only words
        if one["status"] not in words_of(CLASSES[one["object"]].__annotations__["status"])
    ]
    assert wrong == []


def words_of(annotation) -> set[str]:
    """All strings of the literals in an annotation, which the library keeps as text."""
    import re

    return set(re.findall(r"""["'](\w+)["']""", str(annotation))) | {str(one) for one in get_args(annotation)}


def test_every_kind_of_event_is_one_of_stripe_s(lived_in):
    known = words_of(stripe.Event.__annotations__["type"])
    assert [kind for kind in EVENTS if kind not in str(stripe.Event.__annotations__["type"])] == []
    assert {event["type"] for event in lived_in.events()} <= set(EVENTS)
    assert known


def test_a_parameter_that_stripe_does_not_know_is_refused(client):
    with pytest.raises(stripe.InvalidRequestError, match="parameter_unknown"):
        client.v1.customers.create({"shoe_size": 43})


def test_the_same_idempotency_key_gives_the_same_answer(client):
    first, second = (client.v1.customers.create({}, {"idempotency_key": "one"}) for _twice in range(2))
    assert first.id == second.id


def test_a_wrong_key_is_refused(fake):
    stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": fake.url}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.balance.retrieve()


def test_lists_are_newest_first_and_read_on_in_both_directions(fake, client):
    ids = [fake.tell("refund.created", {"id": str(number)})["id"] for number in range(7)]
    older = client.v1.events.list({"limit": 2}).auto_paging_iter()
    assert [event.id for event in older] == ids[::-1]
    newer = client.v1.events.list({"limit": 2, "ending_before": ids[1]}).auto_paging_iter()
    assert [event.id for event in newer] == ids[2:]


def test_a_signature_is_what_the_library_expects(fake):
    body, header = fake.signed(fake.tell("refund.created", {"id": "re_1"}))
    stripe.WebhookSignature.verify_header(body.decode(), header, "whsec_fakefakefake", tolerance=None)
