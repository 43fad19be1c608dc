"""A whole Plainsail as its own processes, for tests that kill parts of it."""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from plainsail.cli.command import COMMAND


def free_port() -> int:
    """Return a port that nobody listens on, below those that the system gives to clients and could give away meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def eventually(is_true: Callable[[], bool], *, within: float = 60) -> None:
    """Wait until something holds; fail loudly if it never does."""
    deadline = time.monotonic() + within
    while not is_true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Plainsail:
    """`plainsail up` on a port of its own."""

    def __init__(self, surroundings: dict[str, str]) -> None:
        self.data_dir = Path(surroundings["PLAINSAIL_DATA"])
        self.port = free_port()
        self.environment = surroundings | {"PORT": str(self.port), "MAILCATCHER_PORT": str(free_port())}
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, within: float = 90, with_demo: bool = False) -> float:
        """Start it and return how many seconds it took to serve."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [*COMMAND, "up", *([] if with_demo else ["--no-demo"])],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        told: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, told), daemon=True).start()
        while True:
            line = told.get(timeout=within)
            assert line, f"up ended with {self.process.wait()}: {''.join(self.lines)}"
            if "running at" in line:
                return time.monotonic() - began

    def _read(self, process: subprocess.Popen[str], told: queue.Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line)
            told.put(line)
        told.put("")

    def stop(self, number: signal.Signals = signal.SIGINT, *, within: float = 30) -> int:
        """Send a signal and return the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(within)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def status(self) -> dict[str, dict[str, object]]:
        processes: dict[str, dict[str, object]] = json.loads((self.data_dir / "run" / "status.json").read_text())[
            "processes"
        ]
        return processes

    def pid(self, name: str) -> int:
        pid = self.status()[name]["pid"]
        assert isinstance(pid, int)
        return pid

    def kill(self, name: str) -> int:
        """Kill a part with -9, once it runs, and return the process id that it had."""
        eventually(lambda: self.status()[name]["pid"] is not None)
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_back(self, name: str, former: int) -> bool:
        part = self.status()[name]
        return part["pid"] not in {None, former} and part.get("ready", True) is True

    def everyone(self) -> list[int]:
        """Return the process ids of all that belongs to it, by their environment."""
        wanted = f"PLAINSAIL_DATA={self.data_dir}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return [pid for pid in found if lives(pid)]

    def get(self, path: str = "/readyz", *, method: str = "GET", body: bytes | None = None) -> int:
        """Return the status of one request on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers={"Host": "localhost"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def is_serving(self) -> bool:
        try:
            return self.get() == 200
        except (OSError, http.client.HTTPException):
            return False

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], env=self.environment | environment, capture_output=True, text=True, check=False
        )
