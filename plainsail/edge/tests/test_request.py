"""Who asks: believed from the wire, and from proxies only where they are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from plainsail.edge.request import host_name, peer_address
from plainsail.edge.tests.factories import FORM, FORM_ID, EdgeDatabase, Served, edge_process, free_port


@pytest.fixture(scope="module")
def behind_proxy(database: EdgeDatabase, web: Served, web_socket: Path, tmp_path_factory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "access.log"
    served = edge_process(
        database,
        web_socket,
        port=free_port(),
        PLAINSAIL_TRUSTED_PROXIES="127.0.0.0/8,10.0.0.0/8",
        PLAINSAIL_ACCESS_LOG=str(log),
    )
    served.start()
    served.wait()
    yield served
    served.stop()


@pytest.mark.parametrize(
    ("forwarded", "believed"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.1.2.3", "10.1.2.3"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("garbage", "127.0.0.1"),
        ("203.0.113.9, garbage", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_a_known_proxy_is_believed_as_far_as_it_reaches(behind_proxy: Served, forwarded: str, believed: str):
    said = behind_proxy.get("/", host="localhost", x_forwarded_for=forwarded).json["headers"]
    assert said["x_forwarded_for"] == believed


def test_scheme_and_request_id_of_a_known_proxy_are_kept(behind_proxy: Served):
    answer = behind_proxy.get("/", host="localhost", x_forwarded_proto="https", x_request_id="proxy-request-1")
    said = answer.json["headers"]
    assert (said["x_forwarded_proto"], said["x_request_id"]) == ("https", "proxy-request-1")
    assert answer.headers["x-request-id"] == "proxy-request-1"


@pytest.mark.parametrize("given", ["short", "x" * 65, "<script>alert(1)</script>", "with space in it"])
def test_an_odd_request_id_is_replaced(behind_proxy: Served, given: str):
    assert behind_proxy.get("/", host="localhost", x_request_id=given).headers["x-request-id"] != given


def test_behind_https_the_visitors_cookie_is_secure(
    behind_proxy: Served, database: EdgeDatabase, site: str, workspace_id
):
    database.publish(workspace_id, "/", forms={FORM_ID: FORM})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-Proto": "https"}
    sent = urlencode({"_page": "/", "email": "ada@example.com", "terms": "on", "company_url": ""}).encode()
    (cookie,) = behind_proxy.ask("POST", f"/f/{FORM_ID}", host=site, headers=headers, body=sent).cookies
    assert cookie.endswith("; Secure")


def test_an_installation_with_an_https_address_is_asked_by_https_whoever_passes_it_on(
    database: EdgeDatabase, web: Served, web_socket: Path
):
    served = edge_process(database, web_socket, port=free_port(), PLAINSAIL_URL="https://app.example.com")
    served.start()
    try:
        served.wait()
        said = served.get("/", host="app.example.com", x_forwarded_proto="http", x_forwarded_for="6.6.6.6")
        assert said.json["headers"]["x_forwarded_proto"] == "https"
        assert said.json["headers"]["x_forwarded_for"] == "127.0.0.1"
    finally:
        served.stop()


def test_each_request_leaves_a_line_without_secrets(behind_proxy: Served):
    behind_proxy.get("/c/secret-token", host="localhost", x_request_id="log-line-1")
    behind_proxy.get("/cancel/AAAAAGkAAAAbSecret-sEcret_seCret01234/", host="localhost", x_request_id="log-line-3")
    behind_proxy.get(
        "/accounts/key/1-cqz4ab-secret3f2a6b7c8d9e0f1a2b3c4d5e/", host="localhost", x_request_id="log-line-4"
    )
    behind_proxy.get("/of/secret@example.com/", host="localhost", x_request_id="log-line-5")
    behind_proxy.get("/page?token=secret", host="localhost", x_forwarded_for="203.0.113.9", x_request_id="log-line-2")
    log = Path(behind_proxy.environment["PLAINSAIL_ACCESS_LOG"])

    def found() -> dict[str, dict[str, object]]:
        lines = [json.loads(text) for text in log.read_text().splitlines()]
        return {line["request_id"]: line for line in lines}

    from plainsail.edge.tests.test_published import eventually

    eventually(lambda: "log-line-2" in found())
    lines = found()
    assert "secret" not in log.read_text().lower()
    assert [lines[f"log-line-{number}"]["path"] for number in (1, 3, 4, 5)] == [
        "/c/…",
        "/cancel/…/",
        "/accounts/key/…/",
        "/of/…@…/",
    ]
    line = lines["log-line-2"]
    assert (line["method"], line["path"], line["status"], line["host"]) == ("GET", "/page", 200, "localhost")
    assert (line["from"], line["level"], line["logger"]) == ("203.0.113.0", "info", "plainsail.edge.access")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.:80", "example.com"),
        ("[::1]:80", "[::1]"),
        ("xn--grn-ioa.example", "xn--grn-ioa.example"),
        ("example.com:", "example.com"),
        ("example.com:http", ""),
        ("example.com:٣", ""),
        ("a..b", "a..b"),
        (".", ""),
        ("", ""),
    ],
)
def test_host_names_are_read_strictly(given: str, name: str):
    assert host_name(given) == name


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:80", "::1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("unix:", ""),
        ("127.0.0.1:80:90", ""),
        ("999.1.1.1", ""),
    ],
)
def test_peer_addresses_are_read_strictly(given: str, address: str):
    assert peer_address(given) == address


def test_huge_headers_are_refused(behind_proxy: Served):
    raw = behind_proxy.say(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 900_000 + b"\r\n\r\n", timeout=3)
    assert raw.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab",
    ],
)
def test_garbage_on_the_wire_is_refused_and_survived(behind_proxy: Served, raw: bytes):
    answer = behind_proxy.say(raw, timeout=2)
    assert answer.split(b"\r\n")[0].split(b" ")[1:2] in ([b"400"], [b"505"], [])
    assert behind_proxy.get("/healthz", host="localhost").status == 200


def test_two_lengths_can_smuggle_nothing(behind_proxy: Served):
    raw = behind_proxy.say(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
        timeout=2,
    )
    assert b"/smuggled" not in raw.split(b"\r\n\r\n")[1]
    assert raw.startswith((b"HTTP/1.1 411", b"HTTP/1.1 400"))


def test_the_edge_says_that_it_lives_and_whether_it_is_ready(edge: Served):
    alive, ready = (edge.get(path, host="any.example") for path in ("/healthz", "/readyz"))
    assert (alive.status, alive.json) == (200, {"status": "alive"})
    assert (ready.status, ready.json) == (200, {"status": "ready", "database": True, "web": True})
