"""Log lines are JSON, say who asked for what, and hold nothing that opens a door or names a visitor."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

import pytest
from django.db import connection

from plainsail.edge.access_log import JsonFormatter as EdgeFormatter
from plainsail.kernel import jobs
from plainsail.kernel.logging import JsonFormatter, request_id
from plainsail.kernel.redaction import shown_path, without_addresses


@pytest.fixture(params=[JsonFormatter, EdgeFormatter])
def line(request):
    def write(message, *arguments, **extra):
        record = logging.LogRecord("plainsail.test", logging.WARNING, "", 0, message, arguments, sys.exc_info())
        vars(record).update(extra)
        return json.loads(request.param().format(record))

    return write


def test_a_line_tells_its_second_in_utc(line):
    told = line("fired")
    assert datetime.strptime(told["at"], "%Y-%m-%dT%H:%M:%S%z").tzinfo == UTC
    assert (told["level"], told["logger"], told["message"]) == ("warning", "plainsail.test", "fired")


def test_addresses_are_hidden_wherever_they_stand(line):
    try:
        raise ValueError("Key (email)=(ada.brandt+kiln@mail.example.com) already exists.\nada@example.com")
    except ValueError:
        told = line(
            "no %s", "ada@example.com", job={"args": [{"to": "ada@example.com"}], "number": 7}, error=OSError("a@b.de")
        )
    assert "example.com" not in json.dumps(told)
    assert told["message"] == "no …@…"
    assert told["job"] == {"args": [{"to": "…@…"}], "number": 7}
    assert told["error"] == "…@…"
    assert "Key (email)=(…@…) already exists.\n…@…" in told["trace"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/w/juniper/contacts/01a2199b-9f0b-7071-9def-c22d9bbbfcde/", None),
        ("/five-glazes-for-a-small-kiln-and-10-more-that-anybody-can-mix", None),
        ("/static/ui/css/tokens.da43606947d7.css", None),
        ("/", None),
        ("/unsubscribe/AAAAAGkAAAAbCdEfGhIjKlMnOpQr/", "/unsubscribe/…/"),
        ("/accounts/password/reset/key/1-cqz4ab-3f2a6b7c8d9e0f1a2b3c4d5e6f708192/", "/accounts/password/reset/key/…/"),
        ("/receipt/aB3-cd_efGhIjKlMnOpQ/invoice.pdf", "/receipt/…/invoice.pdf"),
        ("/people/ada@example.com", "/people/…@…"),
        ("/" + "x/" * 300, "/" + "x/" * 99 + "x"),
    ],
)
def test_paths_are_shown_without_what_opens_something(path, shown):
    assert shown_path(path) == (path if shown is None else shown)


@pytest.mark.parametrize("text", ["ps_app@plainsail failed", "12 @ 3", "@click", "…@…"])
def test_what_is_no_address_stays(text):
    assert without_addresses(text) == text


@pytest.mark.django_db
def test_a_job_logs_under_the_id_of_the_request_that_asked_for_it(monkeypatch):
    monkeypatch.setattr(jobs, "JOBS", dict(jobs.JOBS))
    seen = []

    @jobs.job("test.note")
    def note():
        seen.append(request_id.get())

    token = request_id.set("request-0001")
    note.later()
    request_id.reset(token)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'test.note'")
        (arguments,) = cursor.fetchone()
    jobs._performer(note)(**json.loads(arguments))
    jobs._performer(note)(call={})
    assert seen[0] == "request-0001"
    assert len(seen[1]) == 32
    assert request_id.get() == ""
