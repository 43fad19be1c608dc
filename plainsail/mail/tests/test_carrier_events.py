"""What mail services report: believed if it is theirs, counted once, whatever the order; a stranger's report changes nothing."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from plainsail.contacts.models import Suppression
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Carrier, Delivery, Feedback
from plainsail.mail.services import carriers, return_paths
from plainsail.mail.tests.carrier_service import KEYS, SIGNING
from plainsail.mail.tests.factories import BroadcastFactory, ContactFactory, SenderFactory

pytestmark = pytest.mark.django_db
ADDRESS = "maren@example.com"


def reports(event, mark, number="1"):
    """The same thing happening, as each service words it. `event`: bounce, complaint, delivered or unsubscribed."""
    words = "550 5.1.1 The email account that you tried to reach does not exist."
    return {
        "brevo": {
            "event": {"bounce": "hard_bounce", "complaint": "spam"}.get(event, event),
            "email": ADDRESS, "id": 1, "ts_event": 1764000000, "message-id": f"<{number}@smtp-relay.example>",
            "reason": words, "X-Mailin-custom": json.dumps({"plainsail": mark}),
        },
        "mailgun": {
            "event-data": {
                "event": {"bounce": "failed", "complaint": "complained"}.get(event, event),
                "severity": "permanent", "id": f"ev-{number}", "timestamp": 1764000000.5, "recipient": ADDRESS,
                "delivery-status": {"code": 550, "message": words}, "user-variables": {"plainsail": mark},
                "message": {"headers": {"message-id": "1@mg.example"}}, "reason": "bounce",
            },
        },
        "mailjet": [{
            "event": {"complaint": "spam", "delivered": "sent", "unsubscribed": "unsub"}.get(event, event),
            "time": 1764000000, "MessageID": 7, "Message_GUID": number, "email": ADDRESS, "hard_bounce": True,
            "error_related_to": "recipient", "error": "user unknown", "comment": words,
            "Payload": json.dumps({"plainsail": mark}),
        }],
        "postmark": {
            "RecordType": {"bounce": "Bounce", "complaint": "SpamComplaint", "delivered": "Delivery"}.get(
                event, "SubscriptionChange"
            ),
            "Type": "HardBounce" if event == "bounce" else "SpamComplaint", "ID": int(number), "MessageID": f"m-{number}",
            "Details": words, "Email": ADDRESS, "Recipient": ADDRESS, "BouncedAt": "2026-11-24T10:00:00Z",
            "SuppressSending": True, "Metadata": {"plainsail": mark},
        },
        "resend": {
            "type": {"bounce": "email.bounced", "complaint": "email.complained"}.get(event, f"email.{event}"),
            "created_at": "2026-11-24T10:00:00.000Z",
            "data": {
                "email_id": "49a3999c", "to": [ADDRESS], "bounce": {"type": "Permanent", "message": words},
                "headers": [{"name": "X-Metadata", "value": json.dumps({"plainsail": mark})}],
            },
        },
        "sendgrid": [{
            "event": {"complaint": "spamreport", "unsubscribed": "unsubscribe"}.get(event, event),
            "type": "bounce", "email": ADDRESS, "timestamp": 1764000000, "sg_event_id": f"ev-{number}",
            "sg_message_id": "sg-1", "status": "5.1.1", "reason": words, "plainsail": mark,
        }],
        "ses": {
            "Type": "Notification", "MessageId": f"sns-{number}", "Timestamp": "2026-11-24T10:00:00.000Z",
            "Message": json.dumps({
                "eventType": {"bounce": "Bounce", "complaint": "Complaint"}.get(event, "Delivery"),
                "mail": {
                    "messageId": "010001", "destination": [ADDRESS],
                    "headers": [{"name": "X-Metadata", "value": json.dumps({"plainsail": mark})}],
                },
                "bounce": {
                    "bounceType": "Permanent", "bounceSubType": "General",
                    "bouncedRecipients": [{"emailAddress": ADDRESS, "diagnosticCode": f"smtp; {words}"}],
                },
                "complaint": {"complainedRecipients": [{"emailAddress": ADDRESS}], "complaintFeedbackType": "abuse"},
                "delivery": {"recipients": [ADDRESS], "smtpResponse": "250 ok"},
            }),
        },
        "sparkpost": [{"msys": {
            "unsubscribe_event" if event == "unsubscribed" else "message_event": {
                "type": {"complaint": "spam_complaint", "delivered": "delivery", "unsubscribed": "list_unsubscribe"}.get(
                    event, event
                ),
                "bounce_class": "10", "event_id": number, "timestamp": "1764000000", "rcpt_to": ADDRESS,
                "raw_reason": words, "reason": words, "transmission_id": "11", "rcpt_meta": {"plainsail": mark},
            }
        }}],
    }  # fmt: skip


def signed(carrier, report, *, at, is_forged=False):
    """A report as the service sends it, with what shows that it is its own."""
    key = "forged" if is_forged else ""
    body, headers = json.dumps(report).encode(), {}
    if carrier.kind == "mailgun":
        made = hmac.new((key or "signing-key").encode(), b"1764000000token", hashlib.sha256).hexdigest()
        body = json.dumps(
            report | {"signature": {"token": "token", "timestamp": "1764000000", "signature": made}}
        ).encode()
    elif carrier.kind == "resend":
        moment = str(int(at.timestamp()))
        made = hmac.new((key or "secret-signing-key").encode(), f"msg_1.{moment}.".encode() + body, hashlib.sha256)
        right = b64encode(made.digest()).decode()
        headers = {"svix-id": "msg_1", "svix-timestamp": moment, "svix-signature": f"v1,AAAA v1,{right}"}
    elif carrier.kind == "sendgrid":
        private = ec.generate_private_key(ec.SECP256R1()) if is_forged else SIGNING
        made = private.sign(b"1764000000" + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(made).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1764000000",
        }
    else:
        login = f"{carriers.USER}:{key or carriers.hook_password(carrier)}"
        headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        if carrier.kind == "ses":
            headers |= {"x-amz-sns-message-type": report["Type"], "x-amz-sns-message-id": report["MessageId"]}
    return {"data": body, "content_type": "application/json", "headers": headers}


@pytest.fixture
def told(juniper, client):
    """Report something about a message: `told(kind, event)`."""

    def tell(kind, event, *, delivery=None, mark=None, number="1", **options):
        with workspace(juniper):
            carrier = Carrier.objects.filter(kind=kind).first()
            if carrier is None:
                carrier = carriers.add(kind, name="", settings=KEYS[kind], at=clock.now())
        mark = mark if mark is not None else return_paths.token(juniper.id, delivery.id)
        sent = signed(carrier, reports(event, mark, number)[kind], at=clock.now(), **options)
        return client.post(carriers.hook_path(carrier), **sent)

    return tell


@pytest.fixture
def delivery(juniper):
    return sent(juniper)


def sent(juniper, *, state="accepted"):
    with workspace(juniper):
        contact = ContactFactory(email=ADDRESS)
        broadcast = BroadcastFactory(
            sender=SenderFactory(address="news@juniper.example"), uncertain=int(state == "uncertain")
        )
        return Delivery.objects.create(
            stream="marketing", source_kind="broadcast", source_id=broadcast.id, recipient_key=contact.id.hex,
            contact_id=contact.id, state=state, due_at=clock.now(), settled_at=clock.now(),
        )  # fmt: skip


def kept(juniper):
    with workspace(juniper):
        return list(Feedback.objects.order_by("received_at", "id").values_list("kind", "cause", "effect"))


def stopped(juniper):
    with workspace(juniper):
        return list(Suppression.objects.values_list("reason", flat=True))


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_a_dead_address_is_written_to_no_more(kind, told, delivery, juniper):
    assert told(kind, "bounce", delivery=delivery).status_code == 200
    assert kept(juniper) == [("bounce", "hard", "suppressed")]
    assert stopped(juniper) == ["hard_bounce"]
    with workspace(juniper):
        assert Carrier.objects.get().heard_at is not None


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_a_complaint_counts_at_once(kind, told, delivery, juniper):
    assert told(kind, "complaint", delivery=delivery).status_code == 200
    assert kept(juniper) == [("complaint", "", "suppressed")]
    assert stopped(juniper) == ["complaint"]


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_the_same_report_again_changes_nothing(kind, told, delivery, juniper):
    for _time in range(3):
        assert told(kind, "bounce", delivery=delivery).status_code == 200
    assert len(kept(juniper)) == 1


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_a_forged_report_is_refused(kind, told, delivery, juniper):
    answer = told(kind, "bounce", delivery=delivery, is_forged=True)
    assert answer.status_code == 400
    assert kept(juniper) == []
    assert stopped(juniper) == []


def test_out_of_order_ends_the_same(told, delivery, juniper):
    told("postmark", "complaint", delivery=delivery, number="2")
    told("postmark", "delivered", delivery=delivery)
    told("postmark", "bounce", delivery=delivery, number="3")
    assert {kind for kind, _cause, _effect in kept(juniper)} == {"complaint", "bounce"}
    assert stopped(juniper) == ["complaint"]


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_a_report_resolves_what_was_uncertain(kind, told, juniper):
    delivery = sent(juniper, state="uncertain")
    told(kind, "delivered", delivery=delivery)
    with workspace(juniper):
        assert Delivery.objects.get(id=delivery.id).state == "accepted"
    # Deliveries have no row of their own: the ledger says it already.
    assert kept(juniper) == []


@pytest.mark.parametrize("kind", ["brevo", "mailgun", "mailjet", "sendgrid", "sparkpost"])
def test_the_services_own_way_out_is_heard(kind, told, delivery, juniper):
    assert told(kind, "unsubscribed", delivery=delivery).status_code == 200
    assert stopped(juniper) == ["unsubscribed"]


def test_a_service_says_nothing_of_another_businesss_mail(told, juniper, acme):
    theirs = sent(acme)
    mark = return_paths.token(acme.id, theirs.id)
    assert told("postmark", "bounce", mark=mark).status_code == 200
    assert (kept(acme), stopped(acme), stopped(juniper)) == ([], [], [])


@pytest.mark.parametrize("mark", ["", "x", "0" * 62, "z" * 62])
def test_a_mark_that_is_none_is_about_nobody(mark, told, delivery, juniper):
    assert told("postmark", "bounce", mark=mark).status_code == 200
    assert kept(juniper) == []


def test_an_old_signature_is_worth_nothing(told, delivery, juniper, client):
    with workspace(juniper):
        carrier = carriers.add("resend", name="", settings=KEYS["resend"], at=clock.now())
    report = reports("bounce", return_paths.token(juniper.id, delivery.id))["resend"]
    old = signed(carrier, report, at=clock.now() - timedelta(hours=1))
    assert client.post(carriers.hook_path(carrier), **old).status_code == 400
    assert kept(juniper) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"RecordType": 7}', b"[[[[", b'"words"'])
def test_nonsense_is_refused_and_harms_nothing(body, told, delivery, juniper, client):
    with workspace(juniper):
        carrier = carriers.add("postmark", name="", settings=KEYS["postmark"], at=clock.now())
    sent_ = signed(carrier, {}, at=clock.now()) | {"data": body}
    assert client.post(carriers.hook_path(carrier), **sent_).status_code in {200, 400}
    assert kept(juniper) == []


def places(value, path=()):
    """Every place in a report, as the keys that lead to it."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*path, key))


def put(value, path, other):
    """A report that says something else at one place."""
    if not path:
        return other
    changed = copy.deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = other
    return changed


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_a_service_that_writes_odd_things_into_its_fields_is_answered_all_the_same(kind, delivery, juniper, client):
    with workspace(juniper):
        carrier = carriers.add(kind, name="", settings=KEYS[kind], at=clock.now())
    report = reports("bounce", return_paths.token(juniper.id, delivery.id))[kind]
    inner = json.loads(report["Message"]) if kind == "ses" else report
    odd = [-1, 1e30, [None], {"a": [1]}, "\ud800", "\0", None]
    # Words and marks first: what is kept is made of them.
    chosen = [path for path in places(inner) if path][-12:]
    for number, path in enumerate(chosen):
        said = put(inner, path, odd[number % len(odd)])
        said = report | {"Message": json.dumps(said)} if kind == "ses" else said
        answer = client.post(carriers.hook_path(carrier), **signed(carrier, said, at=clock.now()))
        assert answer.status_code in (200, 400), path


def test_an_odd_event_does_not_keep_those_behind_it_from_being_heard(delivery, juniper, client):
    with workspace(juniper):
        carrier = carriers.add("sendgrid", name="", settings=KEYS["sendgrid"], at=clock.now())
    mark = return_paths.token(juniper.id, delivery.id)
    [odd], [right] = reports("deferred", mark, "1")["sendgrid"], reports("complaint", mark, "2")["sendgrid"]
    both = [odd | {"reason": {"a": [1]}, "sg_event_id": "\ud800"}, right]
    assert client.post(carriers.hook_path(carrier), **signed(carrier, both, at=clock.now())).status_code == 200
    assert stopped(juniper) == ["complaint"]


def test_an_address_that_leads_nowhere_is_not_found(client, juniper):
    assert client.post("/inbound/mail/nonsense/", b"{}", content_type="application/json").status_code == 404
    with workspace(juniper):
        carrier = carriers.add("postmark", name="", settings=KEYS["postmark"], at=clock.now())
        path = carriers.hook_path(carrier)
        assert client.head(path).status_code == 200
        assert client.get(path).status_code == 405
        carriers.remove(carrier)
    assert client.post(path, b"{}", content_type="application/json").status_code == 404
