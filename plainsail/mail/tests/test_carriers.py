"""Mail through a service: the same message, each once, and whatever the service says or keeps to itself is accounted for."""

from __future__ import annotations

import pytest

from plainsail.contacts.models import Suppression
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Carrier, Delivery, Sender
from plainsail.mail.services import carriers, carrying, gate, return_paths, transactional
from plainsail.mail.tests.carrier_service import KEYS
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, SenderFactory, subscriber
from plainsail.mail.tests.test_broadcasts import MINUTE, books, send

pytestmark = pytest.mark.django_db
State = Broadcast.State


@pytest.fixture
def news(in_juniper):
    return ListFactory(name="Kiln news", is_default=True)


def bare(mailbox):
    return mailbox.rpartition("<")[2].rstrip(">")


def carried(kind, *, is_default=False):
    made = carriers.add(kind, name="", settings=KEYS[kind], at=clock.now())
    sender = SenderFactory(address="hello@juniper.example", is_default=is_default)
    carriers.choose(sender, made)
    sender.refresh_from_db()
    return made, sender


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_each_service_gets_the_message_that_a_server_would_have_got(kind, news, service_of, outbox):
    service = service_of(kind)
    _carrier, sender = carried(kind)
    readers = [subscriber(news, first_name=f"Zoë {number}") for number in range(5)]
    broadcast = send(BroadcastFactory(list=news, sender=sender))
    assert (broadcast.state, books(broadcast)) == (State.COMPLETE, {"accepted": 5})
    assert len(outbox) == 0
    assert len(service.requests) == 5
    said = "".join(str(request["body"]) for request in service.requests)
    for reader in readers:
        assert said.count(reader.email) >= 1
    assert "Mill Lane 4" in said
    assert "List-Unsubscribe" in said
    row = Delivery.objects.filter(source_id=broadcast.id).first()
    assert return_paths.token(row.workspace_id, row.id) in said
    assert row.reply.startswith(f"{kind}: ")


def test_what_is_owed_goes_through_the_default_senders_service(news, service_of, outbox):
    service = service_of("postmark")
    carried("postmark", is_default=True)
    transactional.send(
        "order_receipt",
        to="ada@example.com",
        subject="Your receipt",
        text=".A dot first\n..Two",
        key="1",
        at=clock.now(),
    )
    run_jobs(at=clock.now() + MINUTE)
    [request] = service.requests
    assert request["path"] == "/email"
    assert request["body"]["Subject"] == "Your receipt"
    assert request["body"]["TextBody"].splitlines() == [".A dot first", "..Two"]
    assert request["head"]["X-Postmark-Server-Token"] == "key"
    assert Delivery.objects.get().state == "accepted"
    assert len(outbox) == 0


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("hang", "uncertain"),
        ("hang up", "uncertain"),
        ((200, "<html>Welcome to our Wi-Fi</html>"), "uncertain"),
        ((200, {"ErrorCode": 100, "Message": "Maintenance"}), "uncertain"),
        ((500, {"Message": "internal"}), "uncertain"),
        ((504, ""), "uncertain"),
        ((429, {"Message": "too many"}), "queued"),
        ((503, {"Message": "later"}), "queued"),
        ((422, {"ErrorCode": 300, "Message": "Invalid 'HtmlBody'"}), "failed"),
    ],
)
def test_only_what_surely_was_not_taken_goes_out_again(said, state, news, service_of, outbox, monkeypatch):
    monkeypatch.setattr(carrying, "TIMEOUT", (2.0, 0.5))
    service = service_of("postmark")
    service.answers, service.seconds = [None, said], 1.5
    _carrier, sender = carried("postmark")
    for _number in range(2):
        subscriber(news)
    broadcast = BroadcastFactory(list=news, sender=sender)
    send(broadcast)
    assert books(broadcast) == {"accepted": 1, state: 1}
    assert len(service.requests) == 2


def test_a_service_that_knows_the_key_no_more_costs_nobody_their_message(news, service_of, outbox):
    service = service_of("postmark")
    carrier, sender = carried("postmark")
    service.answer = (401, {"ErrorCode": 10, "Message": "The Server Token you provided was invalid."})
    for _number in range(10):
        subscriber(news)
    broadcast = send(BroadcastFactory(list=news, sender=sender))
    assert books(broadcast) == {"queued": 10}
    # Two lanes asked once each, and left the rest alone.
    assert len(service.requests) < 4
    carrier.refresh_from_db()
    assert "invalid" in carrier.trouble
    service.answer = None
    at = clock.now() + 20 * MINUTE
    with clock.fixed(at):
        run_jobs(at=at)
    assert books(broadcast) == {"accepted": 10}
    carrier.refresh_from_db()
    assert carrier.trouble == ""


def test_a_service_that_refuses_the_first_messages_pauses_the_sender_and_keeps_the_rest(news, service_of, outbox):
    service = service_of("postmark")
    service.answer = (422, {"ErrorCode": 400, "Message": "The 'From' address is not a Sender Signature."})
    _carrier, sender = carried("postmark")
    for _number in range(12):
        subscriber(news)
    broadcast = send(BroadcastFactory(list=news, sender=sender))
    assert books(broadcast) == {"failed": 3, "queued": 9}
    sender.refresh_from_db()
    assert "Sender Signature" in sender.pause_reason


def test_an_address_that_the_service_writes_to_no_more_blames_nobody_else(news, service_of, outbox):
    service = service_of("postmark")
    service.answers = [
        None,
        lambda request: (
            422,
            {"ErrorCode": 406, "Message": f"Found inactive addresses: {bare(request['To'])}. Inactive recipients are"},
        ),
    ]
    _carrier, sender = carried("postmark")
    for _number in range(3):
        subscriber(news)
    broadcast = send(BroadcastFactory(list=news, sender=sender))
    assert books(broadcast) == {"accepted": 2, "failed": 1}
    assert Suppression.objects.count() == 0


def test_keys_are_sealed_and_a_secret_left_empty_stays(in_juniper):
    made = carriers.add("mailgun", name="", settings=KEYS["mailgun"] | {"region": "eu"}, at=clock.now())
    assert "key" not in made.sealed
    carriers.change(made, name="News", settings={"api_key": "", "sender_domain": "", "webhook_signing_key": "other"})
    found = carriers.settings_of(Carrier.objects.get())
    assert found["api_key"] == "key"
    assert found["sender_domain"] == ""
    assert found["webhook_signing_key"] == "other"
    assert carriers.shown(made) == {"name": "News", "sender_domain": ""}


def test_a_service_without_its_keys_is_refused(in_juniper):
    with pytest.raises(carriers.KeysMissing):
        carriers.add("mailjet", name="", settings={"api_key": "key"}, at=clock.now())
    carriers.add("postmark", name="", settings=KEYS["postmark"], at=clock.now())
    with pytest.raises(carriers.NameTaken):
        carriers.add("postmark", name="", settings=KEYS["postmark"], at=clock.now())


def test_a_service_stays_while_senders_use_it(in_juniper):
    made, sender = carried("postmark")
    with pytest.raises(carriers.StillUsed):
        carriers.remove(made)
    carriers.choose(sender, None)
    carriers.remove(made)
    assert Carrier.objects.count() == 0
    assert Sender.objects.get(id=sender.id).carrier_id is None


def test_the_gate_leaves_to_a_service_what_the_service_checks(in_juniper, monkeypatch):
    monkeypatch.setattr(gate, "is_needed", lambda: True)
    _made, sender = carried("postmark")
    assert gate.faults(sender) == []
    carriers.choose(sender, None)
    sender.refresh_from_db()
    assert [fault["code"] for fault in gate.faults(sender)] == ["not_set_up"]


def test_a_service_is_added_changed_chosen_and_forgotten_on_screen(as_ada, juniper):
    base = "/w/juniper/settings/carriers/"
    assert "No mail service yet" in as_ada.get(base).content.decode()
    refused = as_ada.post(f"{base}new/mailgun/", {"api_key": "top-secret", "region": "eu"})
    assert refused.status_code == 422
    added = as_ada.post(
        f"{base}new/mailgun/", {"api_key": "top-secret", "region": "eu", "webhook_signing_key": "signing"}, follow=True
    )
    shown = added.content.decode()
    with workspace(juniper):
        [made] = Carrier.objects.all()
        address = carriers.hook_address(made)
    assert address in shown
    assert "top-secret" not in shown
    page = as_ada.post(f"{base}{made.id}/", {"name": "EU", "region": "us"}, follow=True)
    assert "Mailgun (EU)" in page.content.decode()
    with workspace(juniper):
        made.refresh_from_db()
        assert carriers.settings_of(made)["api_key"] == "top-secret"
        sender = SenderFactory(address="news@juniper.example")
    form = {"name": "News", "address": "news@juniper.example", "reply_to": "", "carrier": str(made.id)}
    as_ada.post(f"/w/juniper/settings/senders/{sender.id}/", form)
    with workspace(juniper):
        sender.refresh_from_db()
        assert sender.carrier_id == made.id
    assert as_ada.post(f"{base}{made.id}/removal/").status_code == 409
    as_ada.post(f"/w/juniper/settings/senders/{sender.id}/", form | {"carrier": ""})
    assert as_ada.post(f"{base}{made.id}/removal/").status_code == 302
    with workspace(juniper):
        assert Carrier.objects.count() == 0


def test_a_password_stands_in_the_address_where_a_service_signs_nothing(in_juniper):
    postmark = carriers.add("postmark", name="", settings=KEYS["postmark"], at=clock.now())
    mailgun = carriers.add("mailgun", name="", settings=KEYS["mailgun"], at=clock.now())
    assert f"//plainsail:{carriers.hook_password(postmark)}@" in carriers.hook_address(postmark)
    assert "@" not in carriers.hook_address(mailgun)


def test_a_service_that_nobody_knows_is_not_found(as_ada, juniper):
    assert as_ada.get("/w/juniper/settings/carriers/new/pigeon/").status_code == 404
