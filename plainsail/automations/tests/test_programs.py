"""Other programs start automations and are called by them: signed, once, and never into the network of the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plainsail.accounts.tests.factories import program
from plainsail.automations.models import Call, Run
from plainsail.automations.services import calling, flows
from plainsail.automations.tests.factories import ContactFactory, live
from plainsail.automations.vocabulary.programs import HookForm
from plainsail.contacts.models import Contact, Task
from plainsail.kernel import clock, outside
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"a secret of some length!").decode()


class Taker(BaseHTTPRequestHandler):
    """A program that is called; what it got stands in `taken`."""

    taken: list[tuple[dict[str, str], bytes]] = []
    status = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(({key.lower(): value for key, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1/elsewhere")
        self.end_headers()

    def log_message(self, *_said):
        """Nothing on the terminal."""


@pytest.fixture
def taker(monkeypatch):
    class Own(Taker):
        taken: list[tuple[dict[str, str], bytes]] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(outside, "is_public", lambda address: True)
    Own.url = f"http://127.0.0.1:{server.server_port}/take?x=1"
    yield Own
    server.shutdown()
    thread.join()
    server.server_close()


class TestTold:
    def test_an_event_by_the_api_lets_its_contact_in(self, juniper):
        with workspace(juniper):
            live(flows.build("automations.signal", {"signal": "webinar.attended"}, [flows.wait(1)]), at=AT)
        shop = program(juniper, "contacts:write")
        told = shop.ask(
            "post", "events", {"name": "webinar.attended", "email": "Maren@example.com", "first_name": "Maren"}
        )
        assert told.status_code == 202
        shop.ask("post", "events", {"name": "webinar.missed", "email": "ben@example.com"})
        run_jobs()
        with workspace(juniper):
            run = Run.objects.select_related("contact").get()
            assert (str(run.contact_id), run.contact.first_name) == (told.json()["contact_id"], "Maren")

    @pytest.mark.parametrize(
        "body", [{"name": "x"}, {"name": "No Name", "email": "a@example.com"}, {"name": "x", "email": "a"}]
    )
    def test_an_event_without_a_name_or_an_address_is_refused(self, juniper, body):
        assert program(juniper, "contacts:write").ask("post", "events", body).status_code == 422

    @pytest.fixture
    def address(self, juniper):
        with workspace(juniper):
            form = HookForm({"email": "customer.mails.0", "first_name": "customer.name"}, workspace=juniper)
            assert form.is_valid(), form.errors
            config = form.config()
            live(flows.build("automations.hook", config, [flows.wait(1)]), at=AT)
        return f"/inbound/automations/{juniper.slug}/{config['hook']}/"

    def post(self, client, address, message):
        return client.post(address, data=message, content_type="application/json")

    def test_a_message_to_its_own_address_lets_in_whom_it_names(self, client, juniper, address):
        message = {"customer": {"mails": ["maren@example.com"], "name": "Maren"}}
        assert self.post(client, address, json.dumps(message)).status_code == 202
        run_jobs()
        with workspace(juniper):
            contact = Run.objects.select_related("contact").get().contact
            assert (contact.email, contact.first_name, contact.source) == ("maren@example.com", "Maren", "webhook")

    @pytest.mark.parametrize(
        ("message", "status"),
        [("{", 422), ("[]", 422), ("{}", 422), ('{"customer": {"mails": ["nobody"]}}', 422), ("[" * 9000, 422)],
    )
    def test_a_message_that_names_nobody_is_refused(self, client, juniper, address, message, status):
        assert self.post(client, address, message).status_code == status
        with workspace(juniper):
            assert not Contact.objects.exists()

    def test_another_address_is_nobodys(self, client, juniper, address):
        assert self.post(client, f"{address[:-2]}x/", "{}").status_code == 404
        assert client.get(address).status_code == 405


class TestCalling:
    def owed(self, taker, *, url=""):
        config = {"url": url or taker.url, "secret": SECRET}
        live(
            flows.build("contacts.contact_created", {}, [flows.action("automations.call", config)], policy="every"),
            at=AT,
        )
        contact = ContactFactory(email="maren@example.com")
        from plainsail.contacts.events import ContactCreated
        from plainsail.kernel.events import publish

        publish(ContactCreated(source="x", contact_id=contact.id, at=AT))
        run_jobs(at=AT)
        return contact

    def test_a_step_calls_once_and_signs_what_it_says(self, in_juniper, taker):
        contact = self.owed(taker)
        run_jobs(at=AT + timedelta(days=3))
        [(said, body)] = taker.taken
        assert json.loads(body)["data"]["contact_id"] == str(contact.id)
        signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.{body.decode()}".encode()
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        assert (
            said["webhook-signature"]
            == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        )
        assert Call.objects.get().state == Call.State.DONE

    def test_a_program_that_says_no_is_called_again_and_given_up_after_two_days(self, in_juniper, taker):
        taker.status = 302
        self.owed(taker)
        for minutes in range(0, 3000, 10):
            if Call.objects.filter(state=Call.State.WAITING).exists():
                run_jobs(at=AT + timedelta(minutes=minutes))
        call = Call.objects.get()
        assert (call.state, call.attempts, len(taker.taken)) == (Call.State.FAILED, 7, 7)
        assert len({said["webhook-id"] for said, _body in taker.taken}) == 1

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/"]
    )
    def test_the_network_of_the_server_is_never_called(self, url):
        assert calling.post(url, headers={}, body=b"") == (0, "not a public address")

    def test_a_program_that_hangs_is_left_after_its_time(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            status, said = calling.post(url, headers={}, body=b"", allowed=lambda address: True, timeout=0.2)
        assert (status, said) == (0, calling.TOO_LONG)

    def test_a_program_that_answers_letter_by_letter_is_left_too(self):
        with socket.create_server(("127.0.0.1", 0)) as slow:

            def trickle():
                there, _address = slow.accept()
                with there, suppress(OSError):
                    for letter in "HTTP/1.1 200 OK\r\nX: " + 500 * "a":
                        there.sendall(letter.encode())
                        time.sleep(0.02)

            thread = threading.Thread(target=trickle)
            thread.start()
            url = f"http://127.0.0.1:{slow.getsockname()[1]}/"
            said = calling.post(url, headers={}, body=b"", allowed=lambda address: True, whole=0.3)
            assert said == (0, calling.TOO_LONG)
            thread.join()

    def test_an_address_that_hangs_is_tried_once_and_holds_up_no_other(self, in_juniper, monkeypatch):
        asked = []

        def post(url, **rest):
            asked.append(url)
            return (200, "200 OK") if "well" in url else (0, calling.TOO_LONG)

        monkeypatch.setattr(calling, "post", post)
        contact = ContactFactory()
        for number, url in enumerate([*3 * ["https://hangs.example/"], "https://well.example/"]):
            calling.owe(contact, key=str(number), url=url, secret=SECRET, event="x", at=AT)
        calling.make.function(workspace_id=in_juniper.id, at=AT)
        assert asked == ["https://hangs.example/", "https://well.example/"]
        waiting = Call.objects.filter(state=Call.State.WAITING).order_by("key")
        assert [one.attempts for one in waiting] == [1, 0, 0]
        assert {one.due_at for one in waiting} == {AT + timedelta(minutes=1)}

    @pytest.mark.parametrize("url", ["ftp://example.com/", "nonsense", "http://"])
    def test_what_is_no_address_of_the_web_is_no_success(self, url):
        assert calling.post(url, headers={}, body=b"")[0] == 0


class TestTheTeam:
    def test_somebody_of_the_team_is_told_by_mail_and_gets_a_task(self, in_juniper, ada, mailoutbox):
        steps = [
            flows.action("automations.notify", {"person": str(ada.id), "text": "Call her"}),
            flows.action("contacts.set_task", {"person": str(ada.id), "what": "Call Maren", "days": 2}),
        ]
        live(flows.build("automations.signal", {"signal": "hot"}, steps), at=clock.now())
        from plainsail.automations.services import signals

        signals.receive(signal="hot", email="maren@example.com", at=clock.now())
        run_jobs()
        assert (Task.objects.get().what, Task.objects.get().assignee) == ("Call Maren", ada)
        assert Run.objects.get().state == Run.State.DONE
        assert [step.outcome for step in Run.objects.get().log.all()] == ["done", "done"]
