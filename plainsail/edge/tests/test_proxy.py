"""What goes to web goes unharmed, and what comes back too, whatever web or the client do meanwhile."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from plainsail.edge.tests.factories import EdgeDatabase, Served, edge_process, free_port, web_process
from plainsail.edge.tests.test_published import eventually
from plainsail.kernel.passers import is_passing


def test_path_and_query_arrive_as_they_were_sent(edge: Served):
    said = edge.get("/a%20b/%C3%A9%3Fx?q=%20%2F&z=%FF;", host="localhost").json
    assert (said["path"], said["query"]) == ("/a b/é?x", "q=%20%2F&z=%FF;")


def test_web_is_told_who_asked_and_nobody_else_can_tell_it(edge: Served):
    said = edge.get(
        "/",
        host="localhost:8000",
        x_forwarded_for="6.6.6.6",
        x_forwarded_proto="https",
        x_forwarded_host="evil.example",
        x_real_ip="6.6.6.6",
        x_request_id="chosen-by-client",
        forwarded="for=6.6.6.6",
        proxy="http://evil.example",
        te="trailers",
        connection="close, x-secret",
        x_secret="hop",
        x_plainsail_passer="00000000" + "66" * 12,
    ).json["headers"]
    passer = said.pop("x_plainsail_passer")
    assert is_passing(UUID(passer))
    assert "6666" not in passer
    request_id = said.pop("x_request_id")
    assert (len(request_id), request_id.isalnum()) == (16, True)
    assert said == {
        "host": "localhost:8000",
        "x_forwarded_for": "127.0.0.1",
        "x_forwarded_proto": "http",
        "x_forwarded_host": "localhost:8000",
    }


def test_a_header_with_underscores_cant_pass_for_ours(edge: Served):
    raw = edge.say(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX_Forwarded_For: 6.6.6.6\r\nX_Request_Id: x\r\nConnection: close\r\n\r\n"
    )
    assert b"6.6.6.6" not in raw


def test_cookies_of_several_headers_are_joined(edge: Served):
    raw = edge.say(b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n")
    assert b'"cookie": "a=1; b=2"' in raw


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
def test_bodies_of_any_size_arrive_whole(edge: Served, size: int):
    body = os.urandom(size)
    said = edge.ask("POST", "/upload", body=body, headers={"Content-Type": "application/octet-stream"}).json
    assert (said["size"], said["sha"]) == (size, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_go_to_web(edge: Served, method: str):
    said = edge.ask(method, "/x", body=b"abc").json
    assert (said["method"], said["path"], said["size"]) == (method, "/x", 3)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "PROPFIND"])
def test_methods_nobody_knows_are_refused(edge: Served, method: str):
    target = "localhost:1" if method == "CONNECT" else "/"
    raw = edge.say(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert b" 405 " in raw.split(b"\r\n")[0]


def test_a_body_without_length_is_refused(edge: Served):
    raw = edge.say(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    assert raw.startswith(b"HTTP/1.1 411")


def test_a_body_too_large_is_refused_before_it_is_read(edge: Served):
    raw = edge.say(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\nConnection: close\r\n\r\nabc")
    assert raw.startswith(b"HTTP/1.1 413")
    assert b"110 MB" in raw


def test_a_file_of_contacts_may_be_a_gigabyte(edge: Served):
    head = "POST /w/juniper/contacts/imports/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
    raw = edge.say(f"{head}1099999999\r\n\r\nabc".encode())
    assert raw.startswith(b"HTTP/1.1 413")
    assert b"1025 MB" in raw


def test_a_torn_body_never_reaches_web(edge: Served, tmp_path: Path):
    note = tmp_path / "note"
    with socket.create_connection(("127.0.0.1", edge.port)) as connection:
        head = f"POST /torn?note={note} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
        connection.sendall(head.encode())
        time.sleep(0.1)
    time.sleep(0.3)
    assert not note.exists()


def test_slow_senders_keep_nobody_waiting(edge: Served):
    slow = [socket.create_connection(("127.0.0.1", edge.port)) for _ in range(40)]
    try:
        for connection in slow:
            connection.sendall(b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab")
        started = time.perf_counter()
        assert edge.get("/", host="localhost").status == 200
        assert time.perf_counter() - started < 1
    finally:
        for connection in slow:
            connection.close()


def test_what_web_says_comes_back_without_what_is_not_its_to_say(edge: Served):
    answer = edge.get("/headers", host="localhost")
    assert (answer.status, answer.cookies, answer.headers["server"]) == (200, ["a=1", "b=2"], "granian")


def test_a_redirect_is_passed_on_not_followed(edge: Served):
    answer = edge.get("/redirect", host="localhost")
    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")


def test_an_answer_without_content_has_none(edge: Served):
    assert (edge.get("/nothing", host="localhost").status, edge.get("/nothing", host="localhost").body) == (204, b"")


def test_head_of_webs_pages_tells_the_length(edge: Served):
    answer = edge.ask("HEAD", "/large")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "3000000", b"")


def test_large_answers_come_whole(edge: Served):
    assert edge.get("/large", host="localhost").body == b"x" * 3_000_000


def test_streams_arrive_as_they_are_made(edge: Served):
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as connection:
        connection.sendall(b"GET /stream?count=3&pause=0.4 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        started, seen = time.perf_counter(), b""
        while b"part 0" not in seen:
            seen += connection.recv(4096)
        assert time.perf_counter() - started < 0.4


def test_a_client_that_leaves_ends_the_request_to_web(edge: Served, tmp_path: Path):
    note = tmp_path / "note"
    with socket.create_connection(("127.0.0.1", edge.port)) as connection:
        head = f"GET /stream?count=1000&pause=0.05&closing={note} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(head.encode())
        connection.recv(1000)
    eventually(note.exists)


def test_a_view_that_answers_without_reading_is_heard(edge: Served):
    assert edge.ask("POST", "/unread", body=b"x" * 3_000_000).status == 403


class TestWhileWebRestarts:
    """With a web of its own, which may be killed."""

    @pytest.fixture
    def own_web(self, tmp_path: Path) -> Iterator[Served]:
        served = web_process(tmp_path / "web.sock")
        served.start()
        yield served
        served.stop()

    @pytest.fixture
    def own_edge(self, database: EdgeDatabase, own_web: Served, tmp_path: Path) -> Iterator[Served]:
        served = edge_process(database, tmp_path / "web.sock", port=free_port())
        served.start()
        served.wait()
        eventually(lambda: served.get("/", host="localhost").status == 200)
        yield served
        served.stop()

    def test_no_request_fails(self, own_edge: Served, own_web: Served, tmp_path: Path):
        note, stop = tmp_path / "note", threading.Event()

        def ask(number: int) -> list[int]:
            seen = []
            while not stop.is_set():
                method, body = ("POST", b"x" * 100) if number % 2 else ("GET", None)
                seen.append(own_edge.ask(method, f"/{number}?note={note}", body=body, timeout=40).status)
            return seen

        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(ask, number) for number in range(8)]
            for _ in range(2):
                # A server that is told to end while it is still starting may not hear it.
                eventually(lambda: own_edge.get("/", host="localhost").status == 200)
                time.sleep(0.5)
                assert own_web.process is not None
                own_web.process.send_signal(signal.SIGTERM)
                own_web.process.wait(30)
                own_web.start()
            eventually(lambda: own_edge.get("/", host="localhost").status == 200)
            stop.set()
            statuses = [status for each in asking for status in each.result()]
        assert set(statuses) == {200}
        # Nothing was sent twice either.
        posts = [line for line in note.read_text().splitlines() if line.startswith("POST")]
        assert len(posts) == sum(len(each.result()) for number, each in enumerate(asking) if number % 2)

    def test_a_change_is_never_repeated_when_web_is_killed_over_it(
        self, own_edge: Served, own_web: Served, tmp_path: Path
    ):
        note = tmp_path / "note"
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(own_edge.ask, "POST", f"/sleep?seconds=5&note={note}", body=b"x")
            eventually(note.exists)
            own_web.kill()
            (tmp_path / "web.sock").unlink(missing_ok=True)
            own_web.start()
            answer = asked.result()
        assert (answer.status, "The answer was lost" in answer.text) == (502, True)
        assert note.read_text().splitlines() == ["POST /sleep"]

    def test_an_answer_of_known_length_that_breaks_off_is_not_passed_for_whole(self, own_edge: Served, own_web: Served):
        with socket.create_connection(("127.0.0.1", own_edge.port), timeout=5) as connection:
            connection.sendall(b"GET /stream?count=1000&length=9000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            seen = b""
            while b"part 2" not in seen:
                seen += connection.recv(4096)
            own_web.kill()
            while data := connection.recv(4096):
                seen += data
        assert b"content-length: 9000000" in seen
        assert len(seen) < 9_000_000

    def test_reading_is_repeated_when_web_is_killed_over_it(self, own_edge: Served, own_web: Served, tmp_path: Path):
        note = tmp_path / "note"
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(own_edge.ask, "GET", f"/sleep?seconds=0.5&note={note}")
            eventually(note.exists)
            own_web.kill()
            (tmp_path / "web.sock").unlink(missing_ok=True)
            own_web.start()
            assert asked.result().status == 200

    def test_published_pages_are_served_while_web_is_away(
        self, own_edge: Served, own_web: Served, database: EdgeDatabase, site: str, workspace_id
    ):
        database.publish(workspace_id, "/", "<p>still here")
        own_web.kill()
        assert own_edge.get("/", host=site).text == "<p>still here"
        ready = own_edge.get("/readyz", host="localhost")
        assert (ready.status, ready.json) == (503, {"status": "not ready", "database": True, "web": False})
