"""Single messages by API: sent once, from a template or in words of their own, and found again with their state."""

from __future__ import annotations

import base64

import pytest

from plainsail.accounts.tests.factories import program
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery
from plainsail.mail.services import bodies
from plainsail.mail.tests.factories import EmailFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(juniper):
    return program(juniper, "mail:write")


def test_a_message_in_own_words_is_kept_for_sending_and_found_again(shop, juniper):
    made = shop.ask(
        "post",
        "messages",
        {
            "to": "maren@example.com",
            "subject": "Your code, {{first_name}}",
            "html": "<p>It is <b>{{code}}</b></p>",
            "values": {"first_name": "Maren", "code": "<4711>"},
            "attachments": [{"name": "a.txt", "content": base64.b64encode(b"hello").decode(), "type": "text/plain"}],
        },
    )
    assert made.status_code == 201
    said = made.json()
    assert (said["to"], said["subject"], said["state"]) == ("maren@example.com", "Your code, Maren", "queued")
    assert shop.ask("get", made["Location"]).json() == said
    with workspace(juniper):
        body = bodies.find(Delivery.objects.get(id=said["id"]))
        assert body.html == "<p>It is <b>&lt;4711&gt;</b></p>"
        assert "<4711>" in body.text
        assert [(each.name, each.content) for each in body.attachments] == [("a.txt", b"hello")]


def test_the_same_key_sends_nothing_more(shop, juniper):
    words = {"to": "maren@example.com", "subject": "Hello", "text": "Once"}
    first = shop.ask("post", "messages", words, idempotency_key="one")
    again = shop.ask("post", "messages", words, idempotency_key="one")
    assert first.json() == again.json()
    with workspace(juniper):
        assert Delivery.objects.count() == 1


def test_a_template_says_what_is_given_and_offers_no_way_out(shop, juniper):
    with workspace(juniper):
        email = EmailFactory(subject="For {{first_name|you}}")
    made = shop.ask(
        "post", "messages", {"to": "x@example.com", "template": str(email.id), "values": {"first_name": "Ann"}}
    )
    assert (made.status_code, made.json()["subject"]) == (201, "For Ann")
    with workspace(juniper):
        body = bodies.find(Delivery.objects.get())
        assert "Dear Ann" in body.text
        assert "nsubscribe" not in body.text + body.html


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"to": "x@example.com"}, "nothing_to_say"),
        ({"to": "x@example.com", "subject": "Hi"}, "nothing_to_say"),
        ({"to": "nobody", "subject": "Hi", "text": "Ho"}, "unmailable"),
        ({"to": "x@example.com", "subject": "Hi {{name}}", "text": "Ho"}, "missing_values"),
        ({"to": "x@example.com", "subject": "Hi", "text": "Ho", "bcc": "y@example.com"}, "invalid"),
    ],
)
def test_what_cant_be_sent_is_refused_and_nothing_is_kept(shop, juniper, sent, code):
    answer = shop.ask("post", "messages", sent)
    assert answer.status_code == 422
    assert answer.json()["code"] == code or code == "invalid"
    with workspace(juniper):
        assert not Delivery.objects.exists()


@pytest.mark.parametrize("words", [{"subject": "Hi", "text": "Ho"}, {"template": True}])
def test_an_address_that_is_none_is_said_to_be_the_fault(shop, juniper, words):
    if "template" in words:
        with workspace(juniper):
            words = {"template": str(EmailFactory().id)}
    answer = shop.ask("post", "messages", {"to": "Maren <maren@example.com>", **words}).json()
    assert (answer["code"], [each["pointer"] for each in answer["errors"]]) == ("unmailable", ["/to"])


def test_a_domain_in_any_script_is_the_one_that_was_meant(shop):
    """IDNA 2003 made strasse.example of it, which is somebody else’s: codes and receipts went there."""
    made = shop.ask("post", "messages", {"to": "maren@straße.example", "subject": "Hi", "text": "Ho"})
    assert made.json()["to"] == "maren@xn--strae-oqa.example"


def test_five_megabytes_go_along_and_no_more(shop):
    five = base64.b64encode(b"x" * (5 * 1024 * 1024)).decode()
    words = {"to": "x@example.com", "subject": "Hi", "text": "Ho"}
    assert shop.ask("post", "messages", words | {"attachments": [{"name": "a", "content": five}]}).status_code == 201
    more = [{"name": "a", "content": five}, {"name": "b", "content": "eA=="}]
    assert shop.ask("post", "messages", words | {"attachments": more}).json()["code"] == "too_much_attached"


def test_a_key_that_only_reads_sends_nothing(juniper):
    reader = program(juniper, "mail:read")
    assert reader.ask("post", "messages", {"to": "x@example.com", "subject": "Hi", "text": "Ho"}).status_code == 403
