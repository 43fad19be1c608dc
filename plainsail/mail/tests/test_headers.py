"""What stands at the head of every mail to many, and that signatures cover what the law of mailbox providers wants covered."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from uuid import UUID

import dkim
import pytest

from plainsail.kernel import clock, environment
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.mail.services import broadcasts, domains, lines, return_paths
from plainsail.mail.services.compiling import compile_mail
from plainsail.mail.tests.factories import BroadcastFactory, subscriber
from plainsail.mail.tests.test_compiling import AT, LIST, SOURCE, WORKSPACE, origin, reader, words
from plainsail.mail.tests.test_dkim import signed


def written(to=None, **fields):
    return compile_mail(words(), origin(**fields)).render(to or reader(), at=AT)


def head(raw):
    return message_from_bytes(raw, policy=default)


@pytest.mark.parametrize(
    "subject",
    [
        "👩\u200d👩\u200d👧 and you",
        "می\u200cخواهم",
        "A pink heart \U0001fa77",
        "🏴\U000e0067\U000e0062\U000e0073\U000e007f",
    ],
)
def test_what_holds_letters_and_emoji_together_arrives_and_so_does_what_is_new(subject):
    raw = f"Subject: {lines.encoded(subject)}\r\n\r\n".encode()
    assert str(head(raw)["Subject"]) == subject


def test_what_turns_words_around_or_breaks_lines_does_not_arrive():
    assert lines.one_line("a\r\nb\0c\u2028d\u202ee\u2066f\u200bg\ud800") == "a b c d e f g"


@pytest.mark.django_db
class TestHead:
    @pytest.fixture(autouse=True)
    def in_business(self, juniper):
        with workspace(juniper):
            yield

    def test_a_topic_has_one_list_id_whoever_gets_it(self):
        first, second = (head(written(reader(delivery_id=new_id()))) for _number in range(2))
        assert first["List-Id"] == second["List-Id"] == f"Kiln news <{LIST.hex}.juniper.example>"
        assert head(written(list_id=UUID(int=9)))["List-Id"] != first["List-Id"]

    def test_gmail_can_tell_campaigns_apart(self):
        assert head(written())["Feedback-ID"] == f"{SOURCE.hex}:{WORKSPACE.hex}:marketing:plainsail"

    def test_leaving_takes_one_click(self):
        found = head(written())
        assert found["List-Unsubscribe"] == "<https://juniper.example/unsubscribe/abc/>"
        assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_a_message_has_the_same_id_however_often_it_is_written(self):
        one = reader()
        ids = {head(written(one))["Message-ID"] for _number in range(3)}
        assert ids == {f"<{one.delivery_id.hex}@juniper.example>"}

    def test_the_date_is_that_of_the_hand_over(self):
        assert parsedate_to_datetime(head(written())["Date"]) == AT

    def test_the_postal_address_stands_in_both_parts(self):
        found = head(written())
        for kind in ("plain", "html"):
            assert "25980 Westerland" in found.get_body((kind,)).get_content()

    def test_every_message_names_its_own_row(self):
        one = reader()
        row, is_forged = return_paths.first([head(written(one))[return_paths.HEADER]])
        assert (row, is_forged) == ((WORKSPACE, one.delivery_id), False)

    def test_a_signature_covers_how_to_leave(self):
        named = signed(written()).decode("latin-1").split("h=")[1].split(";")[0]
        covered = {name.strip() for name in named.replace("\r\n", "").split(":")}
        assert {"list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id", "message-id", "date"} <= covered

    def test_no_line_is_longer_than_mail_allows(self):
        assert max(len(line) for line in signed(written()).split(b"\r\n")) < 998


@pytest.mark.django_db
def test_what_leaves_has_a_return_path_of_its_own_and_is_signed(in_juniper, outbox, monkeypatch):
    monkeypatch.setenv("BOUNCE_DOMAIN", "bounces.plainsail.example")
    environment.current.cache_clear()
    at = clock.now()
    domain = domains.change(
        domains.add("juniper.example", at=at), signing="here", server_selector="", return_label="bounces"
    )
    domains.let_sign(list(domain.keys.all()), at=at)
    broadcast = BroadcastFactory()
    subscriber(broadcast.list)
    broadcasts.send_now(broadcast, at=at)
    run_jobs(at=at + timedelta(minutes=1))
    delivery = Delivery.objects.get(state="accepted")
    local, _at, where = outbox.senders[0].partition("@")
    assert where == "bounces.plainsail.example"
    assert return_paths.read(local[2:]) == (in_juniper.id, delivery.id)
    records = {f"{key.host}.".encode(): key.record.encode() for key in domain.keys.select_related("domain")}
    verifier = dkim.DKIM(outbox.raw[0])
    assert [verifier.verify(number, dnsfunc=lambda name, timeout=5: records[name]) for number in (0, 1)] == [True, True]
