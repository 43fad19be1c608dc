"""Messages of gateways: signed and fresh or refused, kept once, never believed, healed when they don't come."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, Dispute, InboundEndpoint, InboxMessage, Refund
from plainsail.payments.services import charging, connecting, methods, refunding
from plainsail.payments.sockets import GATEWAYS
from plainsail.payments.tests.factories import NOON, attempt
from plainsail.payments.tests.stripe_fake import CHECKED, KEY, PAYS, SECRET, FakeStripe, serving, sign

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _noon():
    with clock.fixed(NOON):
        yield


@pytest.fixture
def fake(monkeypatch):
    with serving(FakeStripe(now=int(NOON.timestamp()))) as served:
        monkeypatch.setattr(GATEWAYS["stripe"], "api", served.url)
        yield served


@pytest.fixture
def account(juniper, fake):
    return connected(juniper)


def connected(of):
    keys = {"secret_key": KEY, "webhook_secret": SECRET}
    return connecting.connect(of.pk, code="stripe", mode="test", keys=keys, at=NOON)


@pytest.fixture
def outside():
    return Client(headers={"host": "localhost"})


def address(account) -> str:
    return f"/inbound/payments/{InboundEndpoint.objects.get(account_id=account.pk).key}/"


def send(outside, account, message: tuple[bytes, str], **more):
    body, signature = message
    headers = {"Stripe-Signature": signature} | more
    return outside.post(address(account), body, content_type="application/json", headers=headers)


def saved(of, account, fake, number=PAYS):
    method = methods.add(
        of.pk, account_id=account.pk, payer_key=new_id(), fields={}, verify=False, return_path="/back/", at=NOON
    )
    fake.enter_card(method.gateway_ref, number)
    return methods.confirm(of.pk, method.pk, at=NOON)


def rows(of):
    with workspace(of):
        return list(InboxMessage.objects.order_by("created_at", "id"))


def now(of, charge) -> Charge:
    with workspace(of):
        return Charge.objects.get(pk=charge.pk)


def test_a_payer_who_went_through_the_hosted_page_has_a_card(juniper, account, fake):
    method = saved(juniper, account, fake)
    assert (str(method), method.is_usable, method.gateway_ref.startswith("cus_")) == ("Visa •••• 4242", True, True)


def test_a_message_heals_a_charge_whose_answer_got_lost(juniper, account, fake, outside):
    method = saved(juniper, account, fake)
    fake.lose = True
    charge = attempt(juniper, method)
    assert charge.state == "unknown"
    answer = send(outside, account, fake.signed(fake.events("payment_intent.succeeded")[0]))
    assert (answer.status_code, answer.content, now(juniper, charge).state) == (200, b"", "unknown")
    run_jobs(at=NOON)
    assert (now(juniper, charge).state, rows(juniper)[0].state) == ("succeeded", "done")


def test_what_a_message_says_is_not_believed(juniper, account, fake, outside):
    charge = attempt(juniper, saved(juniper, account, fake, CHECKED))
    lie = fake.tell("payment_intent.succeeded", fake.objects[charge.gateway_ref] | {"status": "succeeded"})
    send(outside, account, fake.signed(lie))
    run_jobs(at=NOON)
    assert now(juniper, charge).state == "requires_action"


def test_a_message_that_comes_twice_counts_once(juniper, account, fake, outside):
    attempt(juniper, saved(juniper, account, fake))
    message = fake.signed(fake.events("payment_intent.succeeded")[0])
    assert [send(outside, account, message).status_code for _again in range(3)] == [200, 200, 200]
    assert len(rows(juniper)) == 1


def test_late_and_shuffled_messages_never_undo_anything(juniper, account, fake, outside):
    charge = attempt(juniper, saved(juniper, account, fake, CHECKED))
    fake.authenticate(charge.gateway_ref, is_approved=True)
    failed = fake.tell("payment_intent.payment_failed", fake.objects[charge.gateway_ref])
    for event in (fake.events("payment_intent.succeeded")[0], failed):
        send(outside, account, fake.signed(event))
        run_jobs(at=NOON)
    assert now(juniper, charge).state == "succeeded"


def test_a_dispute_comes_by_message_and_its_end_too(juniper, account, fake, outside):
    charge = attempt(juniper, saved(juniper, account, fake))
    dispute = fake.dispute(charge.gateway_ref)
    send(outside, account, fake.signed(fake.events("charge.dispute.created")[0]))
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Dispute.objects.get().state == "open"
    fake.decide(dispute, "won")
    send(outside, account, fake.signed(fake.events("charge.dispute.closed")[0]))
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Dispute.objects.get().state == "won"


def test_a_refund_that_fails_days_later_is_told(juniper, account, fake, outside, monkeypatch):
    charge = attempt(juniper, saved(juniper, account, fake))
    with workspace(juniper):
        refund = refunding.request(charge, amount=Money(2900, "EUR"), at=NOON)
    made = fake.create_refund

    def slowly(params):
        return made(params) | {"status": "pending"}

    monkeypatch.setattr(fake, "create_refund", slowly)
    assert refunding.submit(juniper.pk, refund.pk, at=NOON).state == "submitted"
    with workspace(juniper):
        ref = Refund.objects.get().gateway_ref
    fake.settle_refund(ref, "failed", "lost_or_stolen_card")
    send(outside, account, fake.signed(fake.events("refund.failed")[0]))
    run_jobs(at=NOON)
    with workspace(juniper):
        assert (Refund.objects.get().state, Refund.objects.get().failure_code) == ("failed", "lost_or_stolen_card")


def test_a_refund_that_had_arrived_and_comes_back_days_later_has_failed(juniper, account, fake, outside):
    charge = attempt(juniper, saved(juniper, account, fake))
    with workspace(juniper):
        refund = refunding.request(charge, amount=Money(2900, "EUR"), at=NOON)
    assert refunding.submit(juniper.pk, refund.pk, at=NOON).state == "succeeded"
    with workspace(juniper):
        ref = Refund.objects.get().gateway_ref
    fake.settle_refund(ref, "failed", "expired_or_canceled_card")
    late = fake.signed(fake.events("refund.created")[0]) if fake.events("refund.created") else None
    for message in (fake.signed(fake.events("refund.failed")[0]), late):
        if message is not None:
            send(outside, account, message)
            run_jobs(at=NOON)
    with workspace(juniper):
        assert (Refund.objects.get().state, Refund.objects.get().failure_code) == ("failed", "expired_or_canceled_card")
        refunding.request(charge, amount=Money(2900, "EUR"), at=NOON)


def test_what_we_do_not_know_is_kept_and_called_unknown(juniper, account, fake, outside):
    intent = fake.put("pi_", object="payment_intent", metadata={"plainsail_key": "of another program"})
    for event in (fake.tell("payment_intent.succeeded", intent), fake.tell("invoice.paid", {"id": "in_1"})):
        assert send(outside, account, fake.signed(event)).status_code == 200
    run_jobs(at=NOON)
    assert [row.state for row in rows(juniper)] == ["unknown", "unknown"]


def test_while_stripe_is_silent_a_message_waits_and_is_tried_again(juniper, account, fake, outside):
    from plainsail.payments.gateways.base import GatewaySilent

    charge = attempt(juniper, saved(juniper, account, fake))
    fake.dispute(charge.gateway_ref)
    send(outside, account, fake.signed(fake.events("charge.dispute.created")[0]))
    fake.down = True
    with pytest.raises(GatewaySilent):
        run_jobs(at=NOON)
    assert rows(juniper)[0].state == "waiting"


def test_messages_that_never_come_are_made_up_for_by_the_list_of_changes(juniper, account, fake):
    charge = attempt(juniper, saved(juniper, account, fake))
    fake.dispute(charge.gateway_ref)
    run_jobs(at=NOON + timedelta(hours=1))
    with workspace(juniper):
        assert Dispute.objects.get().charge_id == charge.pk


def test_a_list_read_while_charges_can_not_be_is_read_again(juniper, account, fake, monkeypatch):
    charge = attempt(juniper, saved(juniper, account, fake))
    fake.dispute(charge.gateway_ref)
    from plainsail.payments.gateways.base import ChargeOutcome
    from plainsail.payments.gateways.stripe import Stripe

    with monkeypatch.context() as broken:
        broken.setattr(Stripe, "fetch_charge", lambda *_a, **_k: ChargeOutcome(state="unknown"))
        run_jobs(at=NOON + timedelta(hours=1))
    with workspace(juniper):
        assert not Dispute.objects.exists()
    run_jobs(at=NOON + timedelta(hours=3))
    with workspace(juniper):
        assert Dispute.objects.count() == 1


def test_a_payer_who_closed_the_browser_is_found_by_the_list_too(juniper, account, fake):
    method = methods.add(
        juniper.pk, account_id=account.pk, payer_key=new_id(), fields={}, verify=True, return_path="/", at=NOON
    )
    fake.enter_card(method.gateway_ref)
    run_jobs(at=NOON + timedelta(hours=1))
    with workspace(juniper):
        method.refresh_from_db()
    assert method.is_usable


def event_of(fake, **facts):
    intent = fake.put("pi_", object="payment_intent", metadata={"plainsail_key": "k"})
    return fake.tell("payment_intent.succeeded", intent) | facts


@pytest.mark.parametrize("seconds", [-300, -10, 0, 10, 300])
def test_five_minutes_either_way_are_fresh(juniper, account, fake, outside, seconds):
    message = fake.signed(event_of(fake), at=fake.now + seconds)
    assert send(outside, account, message).status_code == 200


@pytest.mark.parametrize("seconds", [-3600, -301, 301, 3600, 10**11])
def test_anything_older_or_from_the_future_is_refused(juniper, account, fake, outside, seconds):
    answer = send(outside, account, fake.signed(event_of(fake), at=fake.now + seconds))
    assert (answer.status_code, answer.json()["type"]) == (400, "about:blank#bad_message")
    assert rows(juniper) == []


BAD = {
    "another secret": lambda fake: fake.signed(event_of(fake), secret="whsec_other"),
    "no signature": lambda fake: (json.dumps(event_of(fake)).encode(), ""),
    "half a signature": lambda fake: (json.dumps(event_of(fake)).encode(), f"t={fake.now}"),
    "no time": lambda fake: (json.dumps(event_of(fake)).encode(), "v1=" + "0" * 64),
    "a time that is none": lambda fake: (json.dumps(event_of(fake)).encode(), "t=soon,v1=" + "0" * 64),
    "a digest of something else": lambda fake: (b'{"id": "evt_1"}', fake.signed(event_of(fake))[1]),
    "signed garbage": lambda fake: sign(b"\x00\xff{", at=fake.now),
    "signed nonsense": lambda fake: sign(b"[1, 2]", at=fake.now),
    "a signed number": lambda fake: sign(b"7", at=fake.now),
    "signed but empty": lambda fake: sign(b"{}", at=fake.now),
    "half an event": lambda fake: sign(b'{"id": "evt_1", "type": "refund.created", "data": null}', at=fake.now),
    "live": lambda fake: fake.signed(event_of(fake, livemode=True)),
    "of a connected account": lambda fake: fake.signed(event_of(fake, account="acct_other")),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_stripe_s_to_us_is_refused_and_leaves_no_trace(juniper, account, fake, outside, name):
    answer = send(outside, account, BAD[name](fake))
    assert answer.status_code == 400
    assert rows(juniper) == []


def test_a_message_for_one_business_is_refused_at_another_s_address(juniper, acme, account, fake, outside):
    other = connecting.connect(
        acme.pk, code="stripe", mode="test", keys={"secret_key": KEY, "webhook_secret": "whsec_acme"}, at=NOON
    )
    assert send(outside, other, fake.signed(event_of(fake))).status_code == 400
    assert (rows(juniper), rows(acme)) == ([], [])


def test_a_key_of_another_business_s_charge_finds_nothing_here(juniper, acme, account, fake, outside):
    other = connected(acme)
    charge = attempt(acme, saved(acme, other, fake, CHECKED))
    fake.authenticate(charge.gateway_ref)
    send(outside, account, fake.signed(fake.events("payment_intent.succeeded")[0]))
    run_jobs(at=NOON)
    assert (rows(juniper)[0].state, now(acme, charge).state) == ("unknown", "requires_action")


@pytest.mark.parametrize("length", [256 * 1024 + 1, 6 * 1024 * 1024])
def test_a_huge_body_is_refused_unread(juniper, account, outside, length):
    answer = send(outside, account, (b"x" * length, "t=1,v1=0"))
    assert answer.status_code == 413
    assert rows(juniper) == []


@pytest.mark.parametrize("length", ["-1", "x", "9" * 40])
def test_a_length_that_is_none_is_refused(juniper, account, outside, length):
    answer = outside.generic("POST", address(account), b"{}", content_type="application/json", CONTENT_LENGTH=length)
    assert answer.status_code in {400, 413}
    assert rows(juniper) == []


@pytest.mark.parametrize("key", ["x", "é", "0" * 43, "a" * 3000])
def test_an_address_that_is_nobody_s_is_not_found(account, outside, key):
    assert outside.post(f"/inbound/payments/{key}/", b"{}", content_type="application/json").status_code == 404


def test_looking_at_the_address_does_nothing(account, outside):
    assert (outside.get(address(account)).status_code, outside.head(address(account)).status_code) == (405, 405)


def test_after_disconnecting_the_address_is_gone(juniper, account, fake, outside):
    path = address(account)
    with workspace(juniper):
        connecting.disconnect(account)
        account.refresh_from_db()
        assert (account.secrets, connecting.address_of(account)) == ("", "")
    assert outside.post(path, b"{}", content_type="application/json").status_code == 404


def test_disconnecting_waits_for_payments_under_way(juniper, account, fake):
    attempt(juniper, saved(juniper, account, fake, CHECKED))
    with workspace(juniper), pytest.raises(connecting.StillNeeded):
        connecting.disconnect(account)


def test_keys_of_the_other_mode_are_refused_and_not_kept(juniper, fake):
    with pytest.raises(connecting.BadKeys):
        connecting.connect(juniper.pk, code="stripe", mode="live", keys={"secret_key": KEY}, at=NOON)
    with workspace(juniper):
        assert not juniper.gateway_accounts.exists()


def test_keys_of_another_account_wait_until_nothing_depends_on_this_one(juniper, account, fake):
    attempt(juniper, saved(juniper, account, fake, CHECKED))
    fake.account = "acct_other"
    with pytest.raises(connecting.StillNeeded, match="another account"):
        connected(juniper)
    with workspace(juniper):
        juniper.gateway_accounts.update(changes_cursor="evt_1")
        Charge.objects.update(state="declined")
    assert (connected(juniper).gateway_ref, connected(juniper).changes_cursor) == ("acct_other", "")


def test_messages_long_looked_up_are_forgotten(juniper, account, fake, outside):
    attempt(juniper, saved(juniper, account, fake))
    send(outside, account, fake.signed(fake.events("payment_intent.succeeded")[0]))
    run_jobs(at=NOON)
    run_jobs(at=NOON + timedelta(days=89))
    assert len(rows(juniper)) == 1
    run_jobs(at=NOON + timedelta(days=91))
    assert rows(juniper) == []


def test_the_address_of_a_hosted_page_may_be_long(juniper, account, fake):
    fake.url_padding = "#" + "f" * 1500
    method = methods.add(
        juniper.pk, account_id=account.pk, payer_key=new_id(), fields={}, verify=True, return_path="/", at=NOON
    )
    assert len(method.action_url) > 1500


def test_a_charge_that_never_arrived_is_found_out(juniper, account, fake):
    method = saved(juniper, account, fake)
    fake.down = True
    charge = attempt(juniper, method)
    fake.down = False
    assert charging.look_up(juniper.pk, charge.pk, at=NOON + 3 * MINUTE).decline_code == "never_arrived"
