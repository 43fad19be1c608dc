"""VIES as it answers: shapes of its documented REST interface, served by a stand-in at its address."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from plainsail.commerce.services import vies
from plainsail.commerce.services.vat import VatId

ASKED, OWN = VatId.parse("IT12345678901"), VatId.parse("DE123456789")
VALID = {
    "countryCode": "IT",
    "vatNumber": "12345678901",
    "requestDate": "2026-11-23T12:00:00.000Z",
    "valid": True,
    "requestIdentifier": "WAPIAAAAYeh0c2Xa",
    "name": "ROSSI S.R.L.",
    "address": "VIA ROMA 1 \n00100 ROMA RM\n",
    "traderName": "---",
}
INVALID = VALID | {"valid": False, "requestIdentifier": "", "name": "---", "address": "---"}


def failure(code: str) -> dict:
    return {"actionSucceed": False, "errorWrappers": [{"error": code}]}


class StandIn:
    """Answers every question with what the test says, and remembers the questions."""

    def __init__(self) -> None:
        self.status, self.body, self.delay = 200, b"", 0.0
        self.asked: list[tuple[str, dict, dict]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # the library's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, json.loads(body), dict(self.headers)))
                time.sleep(outer.delay)
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, told, status: int = 200) -> None:
        self.status, self.body = status, told if isinstance(told, bytes) else json.dumps(told).encode()


POST = vies.post
"""The real one; elsewhere in these tests a stand-in takes its place."""


@pytest.fixture(autouse=True)
def _real_post(monkeypatch, register):
    monkeypatch.setattr(vies, "post", POST)


@pytest.fixture
def service(monkeypatch):
    stand_in = StandIn()
    monkeypatch.setattr(vies, "ADDRESS", f"http://127.0.0.1:{stand_in.server.server_port}/rest-api")
    yield stand_in
    stand_in.server.shutdown()
    stand_in.server.server_close()


def test_the_question_names_both_and_the_answer_comes_with_its_number(service):
    service.says(VALID)
    told = vies.ask(ASKED, by=OWN)
    assert told == vies.Answer(
        check="valid", consultation="WAPIAAAAYeh0c2Xa", name="ROSSI S.R.L.", address="VIA ROMA 1 00100 ROMA RM"
    )
    [(path, asked, headers)] = service.asked
    assert path == "/rest-api/check-vat-number"
    assert asked == {
        "countryCode": "IT",
        "vatNumber": "12345678901",
        "requesterMemberStateCode": "DE",
        "requesterNumber": "123456789",
    }
    assert headers["Content-Type"] == "application/json"


def test_without_an_own_id_nobody_is_named(service):
    service.says(VALID)
    vies.ask(ASKED, by=None)
    assert set(service.asked[0][1]) == {"countryCode", "vatNumber"}


def test_a_no_is_a_no(service):
    service.says(INVALID)
    assert vies.ask(ASKED, by=OWN) == vies.Answer(check="invalid")


@pytest.mark.parametrize(
    ("told", "status", "fault"),
    [
        (failure("MS_UNAVAILABLE"), 200, "MS_UNAVAILABLE"),
        (failure("MS_MAX_CONCURRENT_REQ"), 200, "MS_MAX_CONCURRENT_REQ"),
        (failure("SERVICE_UNAVAILABLE"), 500, "SERVICE_UNAVAILABLE"),
        (failure("TIMEOUT"), 500, "TIMEOUT"),
        (failure("INVALID_REQUESTER_INFO"), 400, "INVALID_REQUESTER_INFO"),
        ({"actionSucceed": False}, 400, "HTTP 400"),
        ({"actionSucceed": False, "errorWrappers": []}, 400, "HTTP 400"),
        ({"actionSucceed": False, "errorWrappers": ["x"]}, 400, "HTTP 400"),
        ({"valid": "true"}, 200, "HTTP 200"),
        ({}, 200, "HTTP 200"),
        ([], 200, "HTTP 200"),
        ("valid", 200, "HTTP 200"),
        (b"<html>Maintenance</html>", 503, "HTTP 503"),
        (b"", 204, "HTTP 204"),
        (b"\xff\xfe", 200, "HTTP 200"),
        (b'{"valid": true, "name": "' + b"x" * 200_000, 200, "HTTP 200"),
    ],
)
def test_anything_but_a_clear_answer_is_none(service, told, status, fault):
    service.says(told, status)
    assert vies.ask(ASKED, by=OWN) == vies.Answer(check="pending", fault=fault)


def test_what_it_tells_of_a_trader_is_cut_to_what_is_kept(service):
    service.says(VALID | {"name": "x" * 900, "address": ["no text"], "requestIdentifier": "\x00a" * 90})
    told = vies.ask(ASKED, by=OWN)
    assert (len(told.name), told.address, len(told.consultation), "\x00" in told.consultation) == (200, "", 60, False)


def test_nobody_waits_longer_than_the_time_for_it(service, monkeypatch):
    monkeypatch.setattr(vies, "TIMEOUT", 0.2)
    service.delay = 1.0
    assert vies.ask(ASKED, by=OWN) == vies.Answer(check="pending", fault="TimeoutError")


def test_a_service_that_is_not_there_is_no_answer(monkeypatch):
    monkeypatch.setattr(vies, "ADDRESS", "http://127.0.0.1:9/rest-api")
    assert vies.ask(ASKED, by=OWN).check == "pending"
