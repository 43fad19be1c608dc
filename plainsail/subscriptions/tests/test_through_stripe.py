"""A contract whose card is at Stripe: begun on its page, renewed without its customer, and in the way of disconnecting."""

from __future__ import annotations

from datetime import datetime

import pytest

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import checkout, sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON, monthly, placed
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, PaymentMethod
from plainsail.payments.services import connecting
from plainsail.payments.sockets import GATEWAYS
from plainsail.payments.tests.stripe_fake import DECLINED, KEY, PAYS, SECRET, FakeStripe, serving
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import choosing, renewal
from plainsail.subscriptions.services.changing import Wanted
from plainsail.subscriptions.services.choosing import CardElsewhere


@pytest.fixture
def fake(monkeypatch):
    with serving(FakeStripe(now=int(NOON.timestamp()))) as served:
        monkeypatch.setattr(GATEWAYS["stripe"], "api", served.url)
        yield served


@pytest.fixture
def account(juniper, fake):
    keys = {"secret_key": KEY, "webhook_secret": SECRET}
    made = connecting.connect(juniper.pk, code="stripe", mode="test", keys=keys, at=NOON)
    with workspace(juniper):
        sellers.take_payments_by(sellers.of_workspace(at=NOON), made)
    return made


@pytest.fixture
def contract(juniper, account, fake) -> Subscription:
    """€29.00 a month, bought over Stripe's page."""
    with workspace(juniper):
        sold = monthly()
    order = placed(juniper, sold)
    sent = checkout.pay(juniper.pk, order.pk, fields={}, return_path="/back/", at=NOON)
    fake.enter_card(sent.url.rsplit("/", 1)[-1])
    checkout.proceed(juniper.pk, order.pk, at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        return Subscription.objects.select_related("account", "workspace").get(order_id=order.pk)


def renew(contract: Subscription) -> datetime:
    at = contract.renews_at
    renewal.renew(contract.workspace_id, contract.pk, at=at)
    return at


def test_a_renewal_is_charged_without_its_customer(juniper, contract, fake):
    renew(contract)
    renewals = [
        params for _m, path, params, _h in fake.calls if path == "/v1/payment_intents" and "off_session" in params
    ]
    assert [(params["amount"], params["off_session"]) for params in renewals] == [("2900", "true")]
    with workspace(juniper):
        assert Charge.objects.filter(initiator="merchant", state="succeeded").count() == 1
        assert Invoice.objects.filter(state="paid").count() == 2


def test_a_renewal_that_is_declined_goes_the_way_of_reminders(juniper, contract, fake):
    with workspace(juniper):
        method = PaymentMethod.objects.get(id=contract.payment_method_id)
    fake.numbers[method.gateway_ref.rpartition("/")[2]] = DECLINED
    renew(contract)
    with workspace(juniper):
        case = DunningCase.objects.get(closed_at=None)
        assert Charge.objects.get(initiator="merchant").decline_class == "soft"
    fake.numbers[method.gateway_ref.rpartition("/")[2]] = PAYS
    renewal.try_again(juniper.pk, case.pk, at=case.next_try_at)
    with workspace(juniper):
        assert Invoice.objects.filter(state="paid").count() == 2


def test_a_renewal_whose_answer_got_lost_is_taken_once(juniper, contract, fake):
    fake.lose = True
    at = renew(contract)
    with workspace(juniper):
        assert Charge.objects.get(initiator="merchant").state == "unknown"
    run_jobs(at=at)
    with workspace(juniper):
        assert Charge.objects.get(initiator="merchant").state == "succeeded"
    intents = [one for one in fake.objects.values() if one["object"] == "payment_intent"]
    assert len(intents) == 2


def test_its_gateway_can_not_be_disconnected_and_says_how_many_there_are(juniper, contract, account):
    with workspace(juniper):
        assert connecting.needs(account) == ["1 subscription is charged through it."]


def test_once_it_has_ended_nothing_stands_in_the_way(juniper, contract, account):
    with workspace(juniper):
        Subscription.objects.update(state=Subscription.State.ENDED, ended_at=NOON)
        assert connecting.needs(account) == []


def test_another_plan_asks_for_no_card_on_our_page(juniper, contract):
    with workspace(juniper):
        dearer = commerce.offer("Pro", 5900, interval="month")
        wanted = Wanted(dearer.price, dearer.name)
        shown = choosing.choices(contract, [wanted], at=NOON)
        assert (shown.types_card, "/pay/" in shown.card_url) == (False, True)
    with pytest.raises(CardElsewhere):
        choosing.confirm(
            juniper.pk,
            contract.pk,
            [wanted],
            plan=dearer.price_id,
            shown=shown.choices[0].quote.digest,
            card={"number": "4242 4242 4242 4242"},
            trace=Trace(),
            return_path="/back/",
            at=NOON,
        )
    with workspace(juniper):
        assert PaymentMethod.objects.count() == 1
