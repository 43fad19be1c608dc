import json
import signal
import socket
import sys
import time
from dataclasses import replace

import pytest

from plainsail.cli import servers
from plainsail.cli.processes import Backoff, Child
from plainsail.cli.supervisor import Supervisor
from plainsail.cli.tests.running import eventually
from plainsail.kernel import environment

READY = "import os, time; os.write(int(os.environ['PLAINSAIL_READY_FD']), b'1')\n"


@pytest.fixture
def child():
    """A child whose program each test chooses by `become`; ended afterwards whatever it does."""
    child = Child("part", [], log=None)
    yield child
    child.kill()
    for running in child.lives():
        running.popen.wait()


def become(child, program):
    child.command = [sys.executable, "-c", program]


def news_of(child, *, within=10):
    """Tend until there is something to report, and return it."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if news := child.tend(time.monotonic()):
            return news
        time.sleep(0.01)
    raise AssertionError("nothing happened")


def until_ready(child):
    def is_ready():
        child.tend(time.monotonic())
        return child.is_ready

    eventually(is_ready)


def test_waiting_doubles_up_to_a_bound_and_starts_over_after_a_stable_life():
    backoff = Backoff()
    assert [backoff.delay(1) for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert backoff.delay(31) == 0.1
    assert backoff.delay(1) == 0.2


def test_what_ends_is_started_again_and_reported(child):
    become(child, "raise SystemExit(3)")
    child.start()
    assert news_of(child) == ["part ended (status 3); starting it again in 0.1 s."]
    assert news_of(child) == ["part ended (status 3); starting it again in 0.2 s."]
    assert child.restarts == 2


def test_it_is_ready_when_it_says_so(child):
    become(child, f"{READY}time.sleep(60)")
    child.start()
    assert not child.is_ready
    until_ready(child)


def test_a_successor_takes_over_when_it_is_ready_and_not_before(child):
    become(child, f"{READY}time.sleep(60)")
    child.start()
    until_ready(child)
    former = child.current.popen
    become(child, f"import time; time.sleep(0.5)\n{READY}time.sleep(60)")
    child.replace()
    child.tend(time.monotonic())
    assert child.current.popen is former
    assert news_of(child) == ["part has been replaced."]
    assert child.current.popen is not former
    assert former.wait(10) == -signal.SIGTERM
    assert child.is_ready


def test_a_successor_that_fails_changes_nothing(child):
    become(child, f"{READY}time.sleep(60)")
    child.start()
    until_ready(child)
    former = child.current.popen
    become(child, "raise SystemExit(1)")
    child.replace()
    assert news_of(child) == ["The new part ended (status 1) before it was ready; the old one stays."]
    assert child.current.popen is former
    assert former.poll() is None


def test_a_successor_takes_over_at_once_when_its_predecessor_is_killed(child):
    become(child, f"{READY}time.sleep(60)")
    child.start()
    until_ready(child)
    become(child, f"import time; time.sleep(0.5)\n{READY}time.sleep(60)")
    child.replace()
    child.current.signal(signal.SIGKILL)
    assert news_of(child) == ["part ended (signal 9); its successor takes over."]
    assert child.restarts == 0
    until_ready(child)


def test_killing_reaches_what_the_process_forked(child):
    become(child, f"import os, time\nif os.fork() == 0: time.sleep(60)\n{READY}time.sleep(60)")
    child.start()
    until_ready(child)
    import psutil

    (grandchild,) = psutil.Process(child.current.popen.pid).children()
    child.kill()
    child.current.popen.wait(10)
    eventually(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_stopping_asks_and_does_not_start_again(child):
    become(child, f"{READY}time.sleep(60)")
    child.start()
    until_ready(child)
    child.stop()
    assert child.current.popen.wait(10) == -signal.SIGTERM
    child.start_at = None
    assert child.lives() == []


def test_a_status_that_cant_be_written_is_no_reason_to_stop_and_is_written_later(data_dir):
    here = replace(environment.current(), data_dir=data_dir)
    with socket.socket() as listener:
        supervisor = Supervisor(here, None, listener, None)
        supervisor._write_status()  # as on a full disk: there is no folder for it
        here.run_dir.mkdir()
        supervisor._write_status()
        supervisor._wakeups.close()
        supervisor._wake.close()
    assert json.loads((here.run_dir / "status.json").read_text())["processes"]["web"]["pid"] is None


def test_a_private_file_that_cant_be_put_in_its_place_leaves_no_draft(tmp_path):
    (tmp_path / "status.json").mkdir()
    with pytest.raises(IsADirectoryError):
        servers.write_private(tmp_path / "status.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]
