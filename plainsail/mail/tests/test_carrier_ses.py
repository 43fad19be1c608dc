"""What is of its own kind at Amazon SES: its errors, and the handshake before its reports come."""

from __future__ import annotations

from base64 import b64encode

import pytest

from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Carrier
from plainsail.mail.services import carrier_ses, carriers
from plainsail.mail.tests.carrier_service import KEYS, Service, serving
from plainsail.mail.tests.factories import BroadcastFactory, subscriber
from plainsail.mail.tests.test_broadcasts import books, send
from plainsail.mail.tests.test_carriers import carried, news  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
TOPIC = "arn:aws:sns:eu-central-1:123456789012:plainsail"
WELCOME = {"Type": "SubscriptionConfirmation", "MessageId": "sns-1", "TopicArn": TOPIC, "Token": "2336412f37fb687f5d51"}
CONFIRMED = (
    "<ConfirmSubscriptionResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'><ConfirmSubscriptionResult>"
    f"<SubscriptionArn>{TOPIC}:1</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>"
)
REFUSED = (
    "<ErrorResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'><Error><Type>Sender</Type>"
    "<Code>AuthorizationError</Code><Message>not authorized to perform: SNS:ConfirmSubscription</Message></Error>"
    "</ErrorResponse>"
)


@pytest.fixture
def carrier(juniper) -> Carrier:
    with workspace(juniper):
        return carriers.add("ses", name="", settings=KEYS["ses"], at=clock.now())


@pytest.fixture
def sns(monkeypatch):
    """Amazon's notification service."""
    with serving(Service("sns", answer=(200, CONFIRMED))) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", service.url)
        yield service


def posted(client, carrier, body, *, password=None):
    login = f"{carriers.USER}:{password or carriers.hook_password(carrier)}"
    return client.post(
        carriers.hook_path(carrier),
        body,
        content_type="application/json",
        headers={
            "Authorization": f"Basic {b64encode(login.encode()).decode()}",
            "x-amz-sns-message-type": body["Type"],
            "x-amz-sns-message-id": body["MessageId"],
        },
    )


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [
        ("TooManyRequestsException", 429, "queued"),
        ("SendingPausedException", 400, "queued"),
        ("MessageRejected", 400, "failed"),
        ("InternalFailure", 500, "uncertain"),
    ],
)
def test_each_error_is_judged_by_what_it_means(code, status, state, news, service_of, outbox):  # noqa: F811
    service = service_of("ses")
    service.answers = [None, (status, {"__type": code, "message": "so it is"})]
    _carrier, sender = carried("ses")
    for _number in range(2):
        subscriber(news)
    broadcast = BroadcastFactory(list=news, sender=sender)
    send(broadcast)
    assert books(broadcast) == {"accepted": 1, state: 1}
    assert len(service.requests) == 2  # the library must try nothing again by itself


def test_a_message_goes_out_in_the_configuration_set(news, service_of, outbox):  # noqa: F811
    service = service_of("ses")
    _carrier, sender = carried("ses")
    reader = subscriber(news)
    send(BroadcastFactory(list=news, sender=sender))
    [request] = service.requests
    assert request["path"] == "/v2/email/outbound-emails"
    assert request["body"]["ConfigurationSetName"] == "plainsail"
    assert request["body"]["Destination"] == {"ToAddresses": [reader.email]}
    assert "/eu-central-1/ses/aws4_request" in request["head"]["Authorization"]


def test_only_what_never_left_may_go_out_again():
    from botocore import exceptions

    assert carrier_ses.never_left(exceptions.EndpointConnectionError(endpoint_url="https://x"))
    assert carrier_ses.never_left(exceptions.ConnectTimeoutError(endpoint_url="https://x"))
    assert not carrier_ses.never_left(exceptions.ReadTimeoutError(endpoint_url="https://x"))
    assert not carrier_ses.never_left(None)


def test_the_topic_is_told_that_its_reports_are_welcome(carrier, sns, client):
    assert posted(client, carrier, WELCOME).status_code == 200
    [request] = sns.requests
    assert "Action=ConfirmSubscription" in request["body"]["form"]
    assert WELCOME["Token"] in request["body"]["form"]
    assert "/eu-central-1/sns/aws4_request" in request["head"]["Authorization"]


def test_a_stranger_s_topic_is_not_welcome(carrier, sns, client):
    assert posted(client, carrier, WELCOME, password="guessed").status_code == 400
    assert sns.requests == []


def test_a_key_that_may_not_confirm_is_told_and_amazon_asks_again(carrier, sns, client):
    sns.answer = (403, REFUSED)
    assert posted(client, carrier, WELCOME).status_code == 400
    sns.answer = (200, CONFIRMED)
    assert posted(client, carrier, WELCOME).status_code == 200


def test_amazon_is_asked_for_the_password_before_it_sends_it(carrier, client):
    answer = client.post(carriers.hook_path(carrier), WELCOME, content_type="application/json")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "body",
    [
        {"Type": "Notification", "MessageId": "1", "Message": "no JSON"},
        {"Type": "Notification", "MessageId": "1"},
        {"Type": "Pigeon", "MessageId": "1"},
        {"Type": "SubscriptionConfirmation", "MessageId": "1", "TopicArn": "arn", "Token": "x"},
        {"Type": "Notification", "MessageId": "1", "Message": '{"eventType": "Bounce"}'},
        {"Type": "Notification", "MessageId": "1", "Message": "[]"},
    ],
)
def test_nonsense_from_a_topic_is_refused(body, carrier, client):
    assert posted(client, carrier, body).status_code == 400


@pytest.mark.parametrize(
    ("bounce", "sort"),
    [
        ({"bounceType": "Permanent", "bounceSubType": "General"}, "Permanent"),
        ({"bounceType": "Transient", "bounceSubType": "MailboxFull"}, "MailboxFull"),
        ({"bounceType": "Transient"}, "Transient"),
        ({}, ""),
    ],
)
def test_the_finer_class_of_a_bounce_counts(bounce, sort):
    assert carrier_ses.sort_of({"bounce": bounce}) == sort
