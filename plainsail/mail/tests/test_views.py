"""The screens of mail: from an empty list to a sent broadcast, and everything that is refused on the way."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plainsail.contacts.models import Segment
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Delivery, Email, Sender
from plainsail.mail.services import broadcasts
from plainsail.mail.tests.factories import BroadcastFactory, EmailFactory, ListFactory, SenderFactory, subscriber

pytestmark = pytest.mark.django_db
State = Broadcast.State
HOME = "/w/juniper/emails/"


@pytest.fixture
def topic(juniper):
    with workspace(juniper):
        return ListFactory(name="Kiln news", is_default=True)


@pytest.fixture
def draft(juniper, topic):
    with workspace(juniper):
        subscriber(topic, email="maren@example.com")
        return BroadcastFactory(list=topic)


@pytest.fixture
def worker(db):
    """A worker that beats."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")


def at(broadcast, name=""):
    return f"{HOME}{broadcast.id}/{name}"


def fresh(juniper, broadcast):
    with workspace(juniper):
        return Broadcast.objects.select_related("email").get(id=broadcast.id)


def test_an_empty_list_says_what_to_do(as_ada):
    assert "Write the first one" in as_ada.get(HOME).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_same_number_of_questions_however_long_it_is(as_ada, juniper, topic, rows):
    with workspace(juniper):
        sender = SenderFactory()
        for _number in range(rows):
            BroadcastFactory(list=topic, sender=sender)
    as_ada.get(HOME)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert as_ada.get(HOME).status_code == 200
    asked = [query["sql"] for query in queries if "mail_" in query["sql"]]
    assert len(asked) == 2


def test_the_whole_way_from_nothing_to_everybodys_inbox(as_ada, juniper, topic, worker, outbox):
    with workspace(juniper):
        subscriber(topic, email="maren@example.com")
    made = as_ada.post(f"{HOME}new/", {"starter": "news"})
    broadcast = fresh(juniper, type("B", (), {"id": made.url.split("/")[4]}))
    assert made.url == at(broadcast, "audience/")
    with workspace(juniper):
        sender = Sender.objects.get()
    chosen = as_ada.post(at(broadcast, "audience/"), {"topic": topic.id, "segment": "", "sender": sender.id})
    assert chosen.url == f"{HOME}write/{broadcast.email_id}/"
    as_ada.post(f"{chosen.url}head/", {"subject": "Fresh bowls", "preheader": "And a teapot"})
    page = as_ada.get(at(broadcast, "check/"))
    assert page.status_code == 200
    assert "1 person gets it." in page.content.decode()
    sent = as_ada.post(at(broadcast, "departure/"), {"when": "now", "departs_at": ""})
    assert sent.url == at(broadcast)
    assert "It leaves within a minute" in as_ada.get(at(broadcast)).content.decode()
    run_jobs(at=clock.now() + timedelta(minutes=2))
    assert [message["Subject"] for message in outbox] == ["Fresh bowls"]
    report = as_ada.get(at(broadcast)).content.decode()
    assert "The books balance" in report


def test_stopping_within_the_minute_brings_the_draft_back(as_ada, juniper, draft, worker, outbox):
    as_ada.post(at(draft, "departure/"), {"when": "now"})
    stopped = as_ada.post(at(draft, "stop/"))
    assert stopped.url == at(draft, "check/")
    run_jobs(at=clock.now() + timedelta(minutes=5))
    assert (fresh(juniper, draft).state, outbox) == (State.DRAFT, [])


def test_a_time_is_read_in_the_businesss_own_zone(as_ada, juniper, draft, worker):
    answer = as_ada.post(at(draft, "departure/"), {"when": "later", "departs_at": "2099-06-01T09:30"})
    assert answer.status_code == 302
    assert fresh(juniper, draft).scheduled_at.isoformat() == "2099-06-01T07:30:00+00:00"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"when": "later", "departs_at": ""}, "Choose when it leaves."),
        ({"when": "later", "departs_at": "2001-01-01T10:00"}, "That time is over."),
        ({"when": "later", "departs_at": "soon"}, "Enter a valid date/time."),
        ({"when": "never"}, "Please choose one of those offered."),
        ({}, "Please fill this in."),
    ],
)
def test_a_departure_that_makes_no_sense_is_refused_at_its_field(as_ada, juniper, draft, worker, data, words):
    answer = as_ada.post(at(draft, "departure/"), data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert fresh(juniper, draft).state == State.DRAFT


def test_nothing_is_sent_while_no_worker_lives(as_ada, juniper, draft):
    answer = as_ada.post(at(draft, "departure/"), {"when": "now"})
    assert answer.status_code == 422
    assert "Nothing can be sent right now" in answer.content.decode()
    assert fresh(juniper, draft).state == State.DRAFT


def test_sending_twice_sends_once(as_ada, juniper, draft, worker, outbox):
    first = as_ada.post(at(draft, "departure/"), {"when": "now"})
    second = as_ada.post(at(draft, "departure/"), {"when": "now"})
    run_jobs(at=clock.now() + timedelta(minutes=5))
    assert (first.status_code, second.status_code, len(outbox)) == (302, 409, 1)


def test_a_test_goes_to_one_address_and_is_marked_as_one(as_ada, juniper, draft, outbox):
    answer = as_ada.post(at(draft, "test/"), {"to": "ada@example.com"})
    assert answer.status_code == 302
    run_jobs()
    [message] = outbox
    assert (message["To"], message["Subject"]) == ("ada@example.com", "Test: News from the kiln")
    assert fresh(juniper, draft).state == State.DRAFT


@pytest.mark.parametrize("to", ["", "nobody", "a@example.com\r\nBcc: b@example.com", "x" * 300 + "@example.com"])
def test_a_test_to_no_address_is_refused(as_ada, draft, to):
    assert as_ada.post(at(draft, "test/"), {"to": to}).status_code == 422


def test_the_count_follows_the_choice(as_ada, juniper, draft, topic):
    with workspace(juniper):
        nobody = Segment.objects.create(name="Nobody", tree={"field": "country", "op": "is", "value": "ZZ"})
    everyone = as_ada.get(at(draft, "count/"), {"topic": topic.id}).content.decode()
    few = as_ada.get(at(draft, "count/"), {"topic": topic.id, "segment": nobody.id}).content.decode()
    assert '<div class="stat-value">1</div>' in everyone
    assert '<div class="stat-value">0</div>' in few


def test_the_progress_says_how_far_it_is_and_reloads_when_it_is_over(as_ada, juniper, draft, outbox):
    with workspace(juniper):
        now = clock.now()
        broadcasts.send_now(draft, at=now - timedelta(minutes=2))
        broadcasts.start(draft.id, at=now)
    assert "The audience is being written down" in as_ada.get(at(draft, "progress/")).content.decode()
    run_jobs()
    assert as_ada.get(at(draft, "progress/"))["HX-Refresh"] == "true"


def test_a_viewer_looks_but_changes_and_sends_nothing(as_ben, ben, juniper, draft, worker):
    from plainsail.accounts.models import Membership, Role

    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    assert as_ben.get(HOME).status_code == 200
    assert as_ben.get(at(draft, "check/")).status_code == 200
    for name in ("departure/", "stop/", "copy/", "deletion/", "test/", "audience/"):
        assert as_ben.post(at(draft, name), {}).status_code == 403
    assert fresh(juniper, draft).state == State.DRAFT


@pytest.mark.parametrize("name", ["", "audience/", "check/", "progress/", "count/"])
def test_a_stranger_finds_nothing(as_cleo, draft, name):
    assert as_cleo.get(at(draft, name)).status_code == 404
    assert as_cleo.get(f"/w/acme/emails/{draft.id}/{name}").status_code == 404


class TestEditor:
    @pytest.fixture
    def email(self, juniper):
        with workspace(juniper):
            return EmailFactory()

    def url(self, email, name=""):
        return f"{HOME}write/{email.id}/{name}"

    def send(self, client, email, name, **body):
        return client.post(self.url(email, name), json.dumps(body), content_type="application/json")

    def now(self, juniper, email):
        with workspace(juniper):
            return Email.objects.get(id=email.id)

    def test_a_change_is_saved_and_answered_with_the_list_and_a_panel(self, as_ada, juniper, email):
        button = email.read().blocks[1]
        edit = {"op": "set", "block": button.id, "path": ["button"], "value": "Come by"}
        answer = self.send(as_ada, email, "edits/", revision=0, operations=[edit], panel=button.id).json()
        assert (answer["revision"], answer["undo"], answer["chosen"]) == (1, True, button.id)
        assert "Come by" in answer["panel"]
        assert self.now(juniper, email).read().blocks[1].props["button"] == "Come by"
        assert "Come by" in as_ada.get(self.url(email, "preview/")).content.decode()
        undone = self.send(as_ada, email, "undo/", revision=1).json()
        assert (undone["revision"], undone["redo"]) == (2, True)
        assert self.send(as_ada, email, "redo/", revision=2).json()["revision"] == 3

    def test_the_preview_runs_nothing_and_shows_only_pictures(self, as_ada, email):
        policy = as_ada.get(self.url(email, "preview/"))["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "script" not in policy

    @pytest.mark.parametrize(
        "body",
        ["", "null", "[]", "{}", '{"revision": "0"}', '{"revision": true, "operations": []}', '{"revision": 0, "operations": {}}',
         '{"revision": 0, "operations": [{"op": "explode"}]}', '{"revision": 0, "operations": []}', "\x00", "x" * 600_000],
    )  # fmt: skip
    def test_garbage_is_refused_and_changes_nothing(self, as_ada, juniper, email, body):
        answer = as_ada.post(self.url(email, "edits/"), body, content_type="application/json")
        assert answer.status_code == 422
        assert self.now(juniper, email).revision == 0

    def test_a_change_to_something_old_is_merged_and_what_meets_anothers_comes_back(
        self, as_ada, as_ben, juniper, email
    ):
        button = email.read().blocks[1]
        edit = {"op": "set", "block": button.id, "path": ["button"], "value": "Come by"}
        other = {"op": "set", "block": button.id, "path": ["link"], "value": "https://juniper.example/"}
        self.send(as_ada, email, "edits/", revision=0, operations=[edit])
        answer = self.send(as_ben, email, "edits/", revision=0, operations=[edit | {"value": "Look in"}, other]).json()
        assert [met["mine"] for met in answer["met"]] == ["Look in", "https://juniper.example/"]
        answer = self.send(as_ben, email, "edits/", revision=0, operations=[other]).json()
        assert (answer["met"], answer["revision"], answer["changed"]) == ([], 2, [button.id])
        props = self.now(juniper, email).read().blocks[1].props
        assert (props["button"], props["link"]) == ("Come by", "https://juniper.example/")

    def test_each_undoes_what_they_did_themselves(self, as_ada, as_ben, juniper, email):
        button = email.read().blocks[1]
        for client, path, value in ((as_ada, "button", "Come by"), (as_ben, "link", "https://juniper.example/")):
            edit = {"op": "set", "block": button.id, "path": [path], "value": value}
            self.send(client, email, "edits/", revision=0, operations=[edit])
        assert self.send(as_ada, email, "undo/", revision=2).json()["redo"]
        props = self.now(juniper, email).read().blocks[1].props
        assert (props["button"], props["link"]) == ("Read on", "https://juniper.example/")

    def test_a_change_whose_answer_was_lost_is_made_once(self, as_ada, juniper, email):
        edit, token = {"op": "add", "type": "divider", "at": 0}, str(uuid4())
        for _time in range(2):
            answer = self.send(as_ada, email, "edits/", revision=0, operations=[edit], token=token).json()
            assert (answer["revision"], answer["met"]) == (1, [])
        assert len(self.now(juniper, email).read().blocks) == len(email.read().blocks) + 1

    def test_subject_and_preview_text_of_two_are_both_kept_and_the_same_one_comes_back(
        self, as_ada, as_ben, juniper, email
    ):
        knew = {"was_subject": email.subject, "was_preheader": email.preheader, "revision": 0}
        as_ada.post(self.url(email, "head/"), {"subject": "Ada’s", "preheader": email.preheader, **knew})
        answer = as_ben.post(self.url(email, "head/"), {"subject": email.subject, "preheader": "Ben’s", **knew}).json()
        # Ben’s window doesn’t have Ada’s change yet, so it stays behind and hears of it next.
        assert (answer["head"], answer["revision"]) == ({"subject": "Ada’s", "preheader": "Ben’s"}, 0)
        answer = as_ben.post(self.url(email, "head/"), {"subject": "Mine", "preheader": "Ben’s", **knew}).json()
        assert (answer["met"], self.now(juniper, email).subject) == (["subject"], "Ada’s")

    def test_a_fault_names_the_setting(self, as_ada, email):
        button = email.read().blocks[1]
        edit = {"op": "set", "block": button.id, "path": ["link"], "value": "javascript:alert(1)"}
        answer = self.send(as_ada, email, "edits/", revision=0, operations=[edit])
        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == [f"blocks.{button.id}.props.link"]

    def test_a_subject_stays_on_one_line(self, as_ada, juniper, email):
        as_ada.post(self.url(email, "head/"), {"subject": "Hello\r\nBcc: x@example.com", "preheader": " a \t b "})
        assert (self.now(juniper, email).subject, self.now(juniper, email).preheader) == (
            "Hello Bcc: x@example.com",
            "a b",
        )
        assert as_ada.post(self.url(email, "head/"), {"subject": "x" * 201}).status_code == 422

    def test_the_way_back_leads_nowhere_else(self, as_ada, email):
        for back in (
            "https://evil.example/",
            "//evil.example",
            "/w/juniper//evil.example",
            "/w/acme/",
            "javascript:alert(1)",
        ):
            assert f'href="{back}' not in as_ada.get(self.url(email), {"back": back}).content.decode()
        page = as_ada.get(self.url(email), {"back": "/w/juniper/automations/"}).content.decode()
        assert 'href="/w/juniper/automations/"' in page

    def test_what_is_on_its_way_is_not_changed(self, as_ada, juniper, draft):
        with workspace(juniper):
            broadcasts.send_now(draft, at=clock.now())
        email = draft.email
        edit = {"op": "add", "type": "divider", "at": 0}
        assert self.send(as_ada, email, "edits/", revision=0, operations=[edit]).status_code == 409
        assert as_ada.post(self.url(email, "head/"), {"subject": "Other"}).status_code == 409

    def test_a_stranger_finds_nothing(self, as_cleo, email):
        for name in ("", "preview/", "panel/"):
            assert as_cleo.get(self.url(email, name)).status_code == 404
        assert self.send(as_cleo, email, "edits/", revision=0, operations=[]).status_code == 404


class TestSenders:
    URL = "/w/juniper/settings/senders/"

    def test_the_first_sender_is_there_by_itself(self, as_ada):
        assert "hello@juniper.localhost" in as_ada.get(self.URL).content.decode()

    def test_a_sender_is_added_changed_and_made_the_default(self, as_ada, juniper):
        as_ada.get(self.URL)
        as_ada.post(f"{self.URL}new/", {"name": "Ada", "address": "Ada@Töpferei.example", "reply_to": ""})
        with workspace(juniper):
            made = Sender.objects.get(name="Ada")
        assert made.address == "Ada@xn--tpferei-90a.example"
        as_ada.post(
            f"{self.URL}{made.id}/", {"name": "Ada B.", "address": "ada@juniper.example", "reply_to": "b@example.com"}
        )
        as_ada.post(f"{self.URL}{made.id}/default/")
        with workspace(juniper):
            assert list(Sender.objects.filter(is_default=True).values_list("name", "reply_to")) == [
                ("Ada B.", "b@example.com")
            ]

    @pytest.mark.parametrize(
        "data",
        [
            {"name": "", "address": "a@example.com"},
            {"name": "\r\n", "address": "a@example.com"},
            {"name": "A", "address": "nobody"},
            {"name": "A", "address": "hello@juniper.localhost"},
            {"name": "A", "address": "a@example.com", "reply_to": "x\r\nBcc: y@example.com"},
            {"name": "A" * 101, "address": "a@example.com"},
        ],
    )
    def test_a_sender_that_can_be_none_is_refused(self, as_ada, juniper, data):
        as_ada.get(self.URL)
        assert as_ada.post(f"{self.URL}new/", data).status_code == 422
        with workspace(juniper):
            assert Sender.objects.count() == 1

    def test_an_editor_may_not_change_who_writes(self, as_ben):
        assert as_ben.post(f"{self.URL}new/", {"name": "B", "address": "b@example.com"}).status_code == 403


def test_uncertain_messages_go_out_again_only_when_somebody_says_so(as_ada, juniper, draft, outbox):
    with workspace(juniper):
        now = clock.now() - timedelta(minutes=10)
        broadcasts.send_now(draft, at=now)
        broadcasts.start(draft.id, at=now + timedelta(minutes=1))
    broadcasts.prepare.function(workspace_id=juniper.id, broadcast_id=draft.id)
    with workspace(juniper):
        broadcasts.sending.take(draft.id, at=clock.now())
    run_jobs(at=clock.now() + timedelta(minutes=10))
    assert "Nobody knows about 1 message" in as_ada.get(at(draft)).content.decode()
    assert outbox == []
    as_ada.post(at(draft, "resend/"))
    run_jobs()
    assert outbox.recipients == ["maren@example.com"]
    with workspace(juniper):
        assert Delivery.objects.get().state == Delivery.State.ACCEPTED


@pytest.fixture
def leaving(juniper, draft):
    """A broadcast on its way, of which nothing has left."""
    with workspace(juniper):
        moment = clock.now() - timedelta(minutes=2)
        broadcasts.send_now(draft, at=moment)
        broadcasts.start(draft.id, at=moment + timedelta(minutes=1))
    broadcasts.prepare.function(workspace_id=juniper.id, broadcast_id=draft.id)
    return draft


def test_a_broadcast_is_paused_and_goes_on(as_ada, juniper, leaving, outbox):
    assert "Pause" in as_ada.get(at(leaving, "progress/")).content.decode()
    as_ada.post(at(leaving, "pause/"))
    page = as_ada.get(at(leaving)).content.decode()
    assert "Nothing leaves until you go on" in page
    run_jobs(at=clock.now() + timedelta(hours=1))
    assert outbox == []
    as_ada.post(at(leaving, "continuation/"))
    run_jobs(at=clock.now() + timedelta(hours=1))
    assert (len(outbox), fresh(juniper, leaving).state) == (1, State.COMPLETE)


def test_rate_and_time_left_are_shown_while_it_leaves(as_ada, juniper, leaving):
    with workspace(juniper):
        Broadcast.objects.update(pace=2.5, paced_at=clock.now(), audience=1200, accepted=300)
    page = as_ada.get(at(leaving, "progress/")).content.decode()
    assert "150 a minute, about 6 minutes left." in page
    assert "300 of 1,200" in page


def test_uncertain_messages_are_decided_on_a_page_of_their_own(as_ada, juniper, leaving, outbox):
    with workspace(juniper):
        broadcasts.sending.take(leaving.id, at=clock.now())
    run_jobs(at=clock.now() + timedelta(hours=1))
    page = as_ada.get(at(leaving, "uncertain/")).content.decode()
    assert "maren@example.com" in page
    with workspace(juniper):
        row = Delivery.objects.get()
    as_ada.post(at(leaving, "uncertain/decision/"), {"decision": "arrived"})
    assert fresh(juniper, leaving).uncertain == 1
    as_ada.post(at(leaving, "uncertain/decision/"), {"decision": "arrived", "message": str(row.id)})
    assert (fresh(juniper, leaving).uncertain, fresh(juniper, leaving).accepted) == (0, 1)
    assert "Nothing is uncertain" in as_ada.get(at(leaving, "uncertain/")).content.decode()
    for broken in ("", "no-id", "00000000-0000-0000-0000-000000000000"):
        answer = as_ada.post(at(leaving, "uncertain/decision/"), {"decision": "again", "message": broken})
        assert answer.status_code == 302


def test_limits_of_a_sender_are_set_and_said(as_ada, juniper, draft):
    with workspace(juniper):
        sender = Sender.objects.get()
    path = f"/w/juniper/settings/senders/{sender.id}/limits/"
    assert "Today there is no daily limit." in as_ada.get(path).content.decode()
    as_ada.post(path, {"warms_up": "on", "most_a_day": "", "most_an_hour": "500", "most_an_hour_each": ""})
    assert "Today at most 50 messages may leave." in as_ada.get(path).content.decode()
    assert as_ada.post(path, {"most_an_hour": "0"}).status_code == 422
    with workspace(juniper):
        sender.refresh_from_db()
    assert (sender.most_an_hour, sender.warms_up_since) == (500, clock.now().date())
    as_ada.post(path, {"most_an_hour": "500"})
    with workspace(juniper):
        sender.refresh_from_db()
    assert sender.warms_up_since is None
