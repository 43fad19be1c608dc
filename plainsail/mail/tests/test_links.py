"""The link check against a real server: what answers, what doesn't, and what is nobody's business."""

from __future__ import annotations

import ipaddress
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plainsail.mail.services import links
from plainsail.mail.services.links import Verdict


class Site(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_HEAD(self):
        self.answer(is_head=True)

    def do_GET(self):
        self.answer(is_head=False)

    def answer(self, *, is_head):
        status = {"/gone": 404, "/broken": 500, "/shy": 403, "/moved": 302, "/round": 302}.get(self.path, 200)
        if self.path == "/only-get" and is_head:
            status = 405
        self.send_response(status)
        if self.path == "/moved":
            self.send_header("Location", "/here")
        if self.path == "/round":
            self.send_header("Location", "/round")
        self.send_header("Content-Length", "7")
        self.end_headers()
        if not is_head:
            self.wfile.write(b"a page.")

    def log_message(self, *_said):
        """Nothing on the terminal."""


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/here", Verdict.FINE),
        ("/moved", Verdict.FINE),
        ("/only-get", Verdict.FINE),
        ("/gone", Verdict.GONE),
        ("/broken", Verdict.BROKEN),
        ("/shy", Verdict.UNSURE),
        ("/round", Verdict.BROKEN),
    ],
)
def test_a_link_is_judged_by_what_answers(site, path, verdict):
    assert links.look(site + path, allowed=lambda _address: True).verdict == verdict


def test_nobody_who_listens_is_a_fault(site):
    looked = links.look("http://127.0.0.1:1/", allowed=lambda _address: True)
    assert looked.verdict == Verdict.SILENT


def test_the_network_around_is_not_looked_at(site):
    assert [each.verdict for each in links.look_at([site, "http://localhost/", "https://[::1]/"])] == [
        Verdict.PRIVATE
    ] * 3


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_these_addresses_are_private_however_they_are_written(address):
    assert not links.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_these_are_public(address):
    assert links.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https:///nowhere", "http://[", "ftp://example.com/"])
def test_what_is_no_web_address_gets_no_answer(url):
    assert links.look(url, allowed=lambda _address: True).verdict == Verdict.SILENT
