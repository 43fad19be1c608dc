"""One supervised process: started, watched, started again when it dies, replaced without a gap."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from plainsail.cli.command import COMMAND
from plainsail.cli.lifeline import READY_FD, tie_to_parent

FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0
STABLE_AFTER = 30.0
"""Seconds: who lived as long has recovered, and its next death counts as the first."""


class Backoff:
    """How long to wait before the next start, by how often it failed lately."""

    def __init__(self) -> None:
        self.failures = 0

    def delay(self, lived: float) -> float:
        """Return the seconds to wait after a process ended that lived `lived` seconds; doubles up to the longest."""
        self.failures = 1 if lived >= STABLE_AFTER else self.failures + 1
        return float(min(FIRST_DELAY * 2 ** (self.failures - 1), LONGEST_DELAY))


class Running:
    """One life of a process: `ready` is the end of a pipe on which it tells that it can work, None when it has told."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int], log: IO[bytes] | None) -> None:
        ready, tell = os.pipe()
        os.set_blocking(ready, False)
        self.ready: int | None = ready
        self.started_at = time.monotonic()
        self.since = int(time.time())
        try:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {READY_FD: str(tell)},
                pass_fds=(tell, *pass_fds),
                # Ctrl-C in the terminal is for the supervisor, which then ends its children in order.
                process_group=0,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - the supervisor has one thread
            )
        finally:
            os.close(tell)

    def has_told(self) -> bool:
        """Tell whether it said just now that it is ready. True once."""
        if self.ready is None:
            return False
        try:
            told = os.read(self.ready, 1) == b"1"
        except BlockingIOError:
            return False
        self.forget()
        return told

    def forget(self) -> None:
        """Stop listening for its readiness."""
        if self.ready is not None:
            os.close(self.ready)
            self.ready = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, to the whole group of processes if it is the last one."""
        with suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self.popen.pid, number)
            elif self.popen.poll() is None:
                self.popen.send_signal(number)


class Child:
    """A process that should always run. `tend()` is called whenever something may have happened."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, pass_fds: Sequence[int] = (), log: IO[bytes] | None
    ) -> None:
        self.name = name
        self.command = [*COMMAND, *arguments]
        self.pass_fds = pass_fds
        self.log = log
        self.current: Running | None = None
        self.successor: Running | None = None
        self.leaving: list[Running] = []
        self.restarts = 0
        self.start_at: float | None = None
        self.is_ready = False
        self._backoff = Backoff()

    def start(self) -> None:
        self.start_at = None
        self.is_ready = False
        self.current = self._launch()

    def replace(self) -> None:
        """Start another one and, when that is ready, ask this one to finish. If it never is, this one stays."""
        if self.current is None:
            self.start()
        elif self.successor is None:
            self.successor = self._launch()

    def tend(self, now: float) -> list[str]:
        """Do what is due at monotonic time `now`; return what there is to report."""
        self.leaving = [running for running in self.leaving if running.popen.poll() is None]
        news = self._tend_successor()
        if self.current is not None and self.current.has_told():
            self.is_ready = True
        if self.current is not None and self.current.popen.poll() is not None:
            news.append(self._ended(now))
        if self.start_at is not None and now >= self.start_at:
            self.start()
        return news

    def stop(self) -> None:
        """Ask every one of its lives to finish."""
        self.start_at = None
        for running in self.lives():
            running.signal(signal.SIGTERM)

    def kill(self) -> None:
        for running in self.lives():
            running.signal(signal.SIGKILL)

    def lives(self) -> list[Running]:
        """Return the processes of this name that run now; more than one while one replaces another."""
        lives = [self.current, self.successor, *self.leaving]
        return [running for running in lives if running is not None and running.popen.poll() is None]

    def descriptors(self) -> list[int]:
        """Return what to wait on for news of readiness."""
        return [life.ready for life in (self.current, self.successor) if life is not None and life.ready is not None]

    def _launch(self) -> Running:
        return Running(self.command, pass_fds=self.pass_fds, log=self.log)

    def _tend_successor(self) -> list[str]:
        if self.successor is None:
            return []
        if self.successor.has_told():
            if self.current is not None:
                self.current.forget()
                self.current.signal(signal.SIGTERM)
                self.leaving.append(self.current)
            self.current, self.successor, self.is_ready = self.successor, None, True
            return [f"{self.name} has been replaced."]
        if self.successor.popen.poll() is not None:
            self.successor.forget()
            code = self.successor.popen.returncode
            self.successor = None
            return [f"The new {self.name} ended ({cause(code)}) before it was ready; the old one stays."]
        return []

    def _ended(self, now: float) -> str:
        assert self.current is not None
        ended, self.current, self.is_ready = self.current, None, False
        ended.forget()
        # What it forked itself must not go on without it, holding its place.
        ended.signal(signal.SIGKILL)
        if self.successor is not None:
            self.current, self.successor = self.successor, None
            return f"{self.name} ended ({cause(ended.popen.returncode)}); its successor takes over."
        delay = self._backoff.delay(now - ended.started_at)
        self.restarts += 1
        self.start_at = now + delay
        return f"{self.name} ended ({cause(ended.popen.returncode)}); starting it again in {delay:.1f} s."


def cause(code: int) -> str:
    """Say how a process ended, by its exit status."""
    return f"signal {-code}" if code < 0 else f"status {code}"
