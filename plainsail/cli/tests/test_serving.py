import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plainsail.cli.sockets import SocketInUse, listen_unix, short_path
from plainsail.cli.tests.running import eventually

LARGE = ("aiohttp", "chardet", "chardetng_py", "requests", "stripe", "typst")
SERVE = (
    "import socket, sys; from plainsail.cli.serving import serve_web;"
    "serve_web(socket.socket(fileno=int(sys.argv[1])), application='plainsail.cli.tests.slow:application')"
)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def ask(path, target="/", body=None):
    connection = UnixConnection(path)
    try:
        connection.request("POST" if body else "GET", target, body=body)
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.fixture
def listener(data_dir):
    with listen_unix(data_dir / "web.sock") as made:
        yield made


@pytest.fixture
def serve(listener, surroundings):
    started = []

    def start():
        number = listener.fileno()
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(number)], env=surroundings, pass_fds=[number])
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_requests_under_way_are_finished_when_the_server_is_asked_to_stop(listener, serve):
    path = listener.getsockname()
    process = serve()
    assert ask(path) == b"done"
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(path, "/slow", b"x" * 100_000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert answers == [b"100000"] * 8
    assert process.wait(20) == 0


def test_requests_wait_in_the_socket_from_one_server_to_the_next(listener, serve):
    path = listener.getsockname()
    first = serve()
    assert ask(path) == b"done"
    first.kill()
    first.wait()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(path)))
    thread.start()
    time.sleep(0.3)
    assert answers == []
    serve()
    thread.join()
    assert answers == [b"done"]


def test_the_socket_stays_where_it_is_when_a_server_ends(listener, serve):
    process = serve()
    ask(listener.getsockname())
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert Path(listener.getsockname()).is_socket()


def test_a_killed_server_leaves_no_process_that_takes_its_requests(listener, serve):
    process = serve()
    ask(listener.getsockname())
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
    process.kill()
    process.wait()
    eventually(lambda: not Path(f"/proc/{child}").exists())


def test_only_this_user_can_connect_to_the_socket(listener):
    assert Path(listener.getsockname()).stat().st_mode & 0o777 == 0o600


def test_a_socket_that_somebody_serves_is_refused_and_one_left_behind_is_replaced(data_dir):
    path = data_dir / "web.sock"
    first = listen_unix(path)
    with pytest.raises(SocketInUse, match="Another process serves"):
        listen_unix(path)
    first.close()
    listen_unix(path).close()


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_private_one(data_dir):
    short = short_path(data_dir / ("d" * 100) / "web.sock")
    assert len(os.fsencode(short)) < 60
    assert short.parent.stat().st_mode & 0o777 == 0o700
    short.parent.rmdir()


def test_a_server_starts_without_the_large_libraries(surroundings):
    ask = f"import sys, plainsail.wsgi; print([name for name in {LARGE!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], env=surroundings, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
