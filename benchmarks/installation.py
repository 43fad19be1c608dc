"""How soon it is there, and what it costs while nobody asks."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import QUICK, ROOT, ROUNDS, Result, Skipped, family, family_cpu, free_port, median
from plainsail.cli import binaries, servers
from plainsail.cli.postgres import Postgres


def database_start() -> Result:
    """From an empty data directory to a server that accepts connections, beside PostgreSQL's own initdb alone.

    Nearly all of it is initdb, which computes: the ratio tells a slow machine from a slow start.
    """
    rounds: list[dict[str, Any]] = []
    for number in range(ROUNDS + 1):
        with folder_for_data() as folder:
            postgres = Postgres(folder)
            started = time.perf_counter()
            postgres.start()
            seconds = round(time.perf_counter() - started, 3)
            postgres.stop()
        with folder_for_data() as folder:
            initdb = round(_plain_initdb(folder / "db"), 3)
        if number:  # the first one warms the disk's cache
            rounds.append({"seconds": seconds, "initdb": initdb, "load": round(os.getloadavg()[0], 2)})
            print(f"   {rounds[-1]}", flush=True)
    return Result(
        value=median(rounds, "seconds"),
        unit="s",
        baseline=median(rounds, "initdb"),
        ratio=round(median(rounds, "seconds") / median(rounds, "initdb"), 2),
        goal="< 1 s",
        what="embedded PostgreSQL: fresh data directory to accepting connections, settings of production",
        rounds=rounds,
    )


def _plain_initdb(cluster: Path) -> float:
    """Seconds that initdb takes by itself, with nothing set."""
    user = binaries.system_user()
    servers.private_dir(cluster, user)
    started = time.perf_counter()
    servers.run([str(binaries.server_programs(user) / "initdb"), "-D", str(cluster), "--auth=trust"], user=user)
    return time.perf_counter() - started


def first_page() -> Result:
    """From a fresh copy of the checkout, packages in the cache, `make run` to the first page."""
    rounds: list[dict[str, Any]] = []
    for _ in range(1 if QUICK else 3):
        with folder_for_data() as folder:
            checkout = folder / "plainsail"
            _copy(checkout)
            started = time.perf_counter()
            with running(["make", "run"], folder / "data", cwd=checkout, within=600):
                rounds.append({"seconds": round(time.perf_counter() - started, 1)})
        print(f"   {rounds[-1]}", flush=True)
    return Result(
        value=median(rounds, "seconds"),
        unit="s",
        goal="< 90 s",
        what="`make run` in a fresh checkout with a warm package cache, demo business included, to the first page",
        rounds=rounds,
    )


def idle_memory() -> Result:
    """All processes of `plainsail up`, database included, shared memory counted once (PSS)."""
    if sys.platform != "linux":
        raise Skipped("needs Linux's /proc/<pid>/smaps_rollup")
    with folder_for_data() as folder:
        command = [sys.executable, "-m", "plainsail.cli", "up"]
        with running(command, folder / "data", cwd=ROOT, within=120) as (pid, _port):
            await_rest(pid)
            time.sleep(25)  # the pools give up their connections one after the other
            rounds: list[dict[str, Any]] = []
            for _ in range(5):
                time.sleep(2 if QUICK else 15)
                rounds.append({"megabytes": round(sum(map(_pss, family(pid))) / 1024, 1)})
                print(f"   {rounds[-1]}", flush=True)
            _print_processes(pid)
    return Result(
        value=median(rounds, "megabytes"),
        unit="MB",
        goal="< 450 MB",
        what="proportional set size of `plainsail up` with its demo business, idle",
        rounds=rounds,
    )


def await_rest(pid: int, *, patience: float = 180.0, pause: float = 4.0) -> None:
    """Wait until a process and its family use less than a tenth of a core: what the demo business left to do is done."""
    deadline = time.monotonic() + patience
    used = family_cpu(pid)
    while time.monotonic() < deadline:
        time.sleep(pause)
        used, before = family_cpu(pid), used
        if used - before < pause / 10:
            return
    raise Skipped(f"it was still at work after {patience:.0f} s")


class _Ended(Exception):
    """Plainsail ended instead of serving."""


@contextmanager
def running(command: list[str], data: Path, *, cwd: Path, within: float) -> Iterator[tuple[int, int]]:
    """A whole Plainsail on a port of its own, from its first page on, stopped as Ctrl-C would; yields its process id and port."""
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_", "PLAINSAIL_", "DJANGO_", "VIRTUAL_ENV", "MAKE"))
    }
    environment |= {"PORT": str(port), "PLAINSAIL_DATA": str(data), "PLAINSAIL_URL": f"http://localhost:{port}"}
    log = data.parent / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, process_group=0
        )
    try:
        try:
            _await_page(port, process, within=within)
        except (TimeoutError, _Ended):
            print(log.read_text()[-3000:])
            raise
        yield process.pid, port
    finally:
        # To the whole family, as a terminal's Ctrl-C goes; make waits for what it started.
        for pid in family(process.pid)[::-1]:
            if "plainsail" in _command(pid) and " up" in _command(pid):
                os.kill(pid, 2)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def _await_page(port: int, process: subprocess.Popen[bytes], *, within: float) -> None:
    """Wait for a page of the application. Raises TimeoutError or _Ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if process.poll() is not None:
            raise _Ended
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/accounts/login/", headers={"Host": f"localhost:{port}"})
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise TimeoutError


def _copy(target: Path) -> None:
    """What git would check out: tracked files, and those that are about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _pss(pid: int) -> int:
    """Kilobytes of a process; 0 when it has just ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def _print_processes(pid: int) -> None:
    for each in family(pid):
        print(f"   {_pss(each) / 1024:6.1f} MB  {_command(each)[:90]}", flush=True)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


@contextmanager
def folder_for_data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plainsail-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
