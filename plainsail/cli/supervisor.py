"""`plainsail up`: one small process that starts everything else and keeps it running.

It imports neither Django nor a database driver, and does nothing but wait for signals and for its children.
"""

import errno
import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from plainsail.cli import servers
from plainsail.cli.binaries import PostgresError
from plainsail.cli.errors import Refused
from plainsail.cli.postgres import Postgres
from plainsail.cli.processes import Backoff, Child, cause
from plainsail.kernel.environment import Environment

LARGEST_LOG = 20_000_000
OTHERS_WAIT = 15.0
EDGE_GRACE = 5.0
GRACE = 10.0
"""Seconds that web and worker get to finish; a job that is cut off runs again at the next start."""


class CannotStart(Refused):
    """`up` can't begin; the message says why and how to mend it."""


class Supervisor:
    """Keeps the processes of one data directory running until a signal says stop."""

    def __init__(
        self, here: Environment, postgres: Postgres | None, listener: socket.socket, log: IO[bytes] | None
    ) -> None:
        self.here = here
        self.postgres = postgres
        self.log = log
        self.web = Child("web", ["web", "--fd", str(listener.fileno())], pass_fds=[listener.fileno()], log=log)
        self.edge = Child("edge", ["edge"], log=log)
        self.worker = Child("worker", ["worker"], log=log)
        self.children = [self.edge, self.web, self.worker]
        if here.uses_mail_catcher:
            self.children.append(Child("mailcatcher", ["mailcatcher"], log=log))
        if here.takes_in_bounces:
            self.children.append(Child("intake", ["intake"], log=log))
        self._database_backoff = Backoff()
        self._database_started_at = time.monotonic()
        self._database_start_at: float | None = None
        self._database_restarts = 0
        self._asked_to_stop = 0
        self._asked_to_reload = False
        self._written = ""
        self._had_terminal = sys.stdout.isatty()
        self._wakeups, wake = socket.socketpair()
        self._wakeups.settimeout(0)
        wake.settimeout(0)
        self._wake = wake

    def run(self, *, when_ready: Callable[[], None]) -> None:
        """Start all children and tend them until SIGINT or SIGTERM; SIGHUP replaces web and worker."""
        self._listen_to_signals()
        self.edge.start()
        self.web.start()
        # The others wait, so that the first page is not kept waiting by them; but not for a web that never comes.
        others = [child for child in self.children if child not in (self.edge, self.web)]
        for child in others:
            child.start_at = time.monotonic() + OTHERS_WAIT
        is_announced = False
        while not self._should_stop():
            self._tend()
            if not is_announced and self.edge.is_ready and self.web.is_ready:
                is_announced = True
                when_ready()
                for child in others:
                    child.start_at = child.start_at and time.monotonic()
            self._wait()
        self._stop()

    # --- signals ------------------------------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGHUP, self._note_reload)

    def _note_stop(self, *_: object) -> None:
        self._asked_to_stop += 1

    def _note_reload(self, *_: object) -> None:
        self._asked_to_reload = True

    def _should_stop(self) -> bool:
        if self._asked_to_reload and self._had_terminal and not _has_terminal():
            self._asked_to_stop += 1  # the same signal says that the terminal was closed
        return bool(self._asked_to_stop)

    def _wait(self) -> None:
        due = [child.start_at for child in self.children if child.start_at is not None]
        if self._database_start_at is not None:
            due.append(self._database_start_at)
        timeout = max(0.0, min(due) - time.monotonic()) if due else 60.0
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeups, selectors.EVENT_READ)
            for child in self.children:
                for descriptor in child.descriptors():
                    selector.register(descriptor, selectors.EVENT_READ)
            selector.select(timeout)
        with suppress(BlockingIOError):
            while self._wakeups.recv(1024):
                pass

    # --- tending ------------------------------------------------------------------------------------------------

    def _tend(self) -> None:
        now = time.monotonic()
        if self._asked_to_reload:
            self._asked_to_reload = False
            self.web.replace()
            self.worker.replace()
        self._tend_database(now)
        for child in self.children:
            for news in child.tend(now):
                say(news)
        self._write_status()
        self._trim_logs()

    def _tend_database(self, now: float) -> None:
        if self.postgres is None:
            return
        process = self.postgres.process
        if process is not None and process.poll() is not None and self._database_start_at is None:
            delay = self._database_backoff.delay(now - self._database_started_at)
            self._database_start_at = now + delay
            say(f"database ended ({cause(process.returncode)}); starting it again in {delay:.1f} s.")
        if self._database_start_at is not None and now >= self._database_start_at:
            self._database_start_at = None
            self._database_restarts += 1
            self._database_started_at = now
            try:
                self.postgres.spawn()
            except (PostgresError, OSError) as error:
                say(str(error))
                self._database_start_at = now + self._database_backoff.delay(0)

    def _write_status(self) -> None:
        """Leave what runs where `plainsail doctor` looks for it."""
        status: dict[str, dict[str, object]] = {}
        if self.postgres is not None and self.postgres.process is not None:
            status["database"] = {"pid": self.postgres.process.pid, "restarts": self._database_restarts}
        for child in self.children:
            pid, since = (child.current.popen.pid, child.current.since) if child.current is not None else (None, None)
            status[child.name] = {"pid": pid, "restarts": child.restarts, "ready": child.is_ready, "since": since}
        written = json.dumps({"pid": os.getpid(), "web_socket": str(self.here.web_socket), "processes": status})
        if written != self._written:
            # A full disk is no reason to stop serving; it is written the next time.
            with suppress(OSError):
                servers.write_private(self.here.run_dir / "status.json", written)
                self._written = written

    def _trim_logs(self) -> None:
        """Start a log file over when it is large, keeping the last one; its writers append and don't notice."""
        paths = [] if self.log is None else [Path(self.log.name)]
        paths += [] if self.postgres is None else [self.postgres.log_path]
        for path in paths:
            with suppress(OSError):
                if path.stat().st_size >= LARGEST_LOG:
                    kept = path.with_suffix(".log.1")
                    kept.touch(mode=0o600)
                    shutil.copyfile(path, kept)
                    os.truncate(path, 0)

    # --- the end ------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """End in order: who takes requests in, who works on them, and the database at last."""
        say("Stopping. Once more ends it at once.")
        asked = self._asked_to_stop
        self.edge.stop()
        self._await_end([self.edge], EDGE_GRACE, asked)
        for child in self.children:
            child.stop()
        self._await_end(self.children, GRACE, asked)
        for child in self.children:
            child.kill()
        if self.postgres is not None:
            self.postgres.stop()
        with suppress(FileNotFoundError):
            (self.here.run_dir / "status.json").unlink()
        say("Stopped.")

    def _await_end(self, children: list[Child], seconds: float, asked: int) -> None:
        deadline = time.monotonic() + seconds
        while any(child.lives() for child in children):
            if time.monotonic() > deadline or self._asked_to_stop > asked:
                return
            time.sleep(0.02)


def say(line: str) -> None:
    """Print one plain line; a terminal that is gone is no reason to stop, now or when a buffer is emptied at the end."""
    with suppress(OSError):
        os.write(1, f"{line}\n".encode())


def claim(run_dir: Path) -> IO[str]:
    """Return the lock on a data directory; it is held as long as this process lives. Raises CannotStart."""
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (run_dir / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = running_supervisor(run_dir)
        raise CannotStart(
            f"Plainsail is already running on {run_dir.parent} (process {pid}). "
            "Stop it, or set PLAINSAIL_DATA to another directory."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def running_supervisor(run_dir: Path) -> int | None:
    """Return the process id of the supervisor of a data directory; None if none runs."""
    try:
        with (run_dir / "up.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except FileNotFoundError:
        return None
    return None


def await_port(address: str, port: int, *, patience: float = 3.0) -> None:
    """Wait until nobody listens on the port; one that was killed just now may take a moment. Raises CannotStart."""
    deadline = time.monotonic() + patience
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except PermissionError:
                raise CannotStart(f"Port {port} needs root. Choose one above 1023: PORT=8000.") from None
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise CannotStart(
                        f"This machine has no address {address} (PLAINSAIL_BIND): {error.strerror}."
                    ) from None
                if time.monotonic() > deadline:
                    raise CannotStart(
                        f"Port {port} can't be used: {error.strerror}. Choose another: PORT={port + 1}."
                    ) from None
            else:
                return
        time.sleep(0.1)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True
