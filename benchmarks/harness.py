"""What the benchmarks share: a database of their own, the processes they measure, load, medians."""

from __future__ import annotations

import gzip
import http.client
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import brotli
import psycopg

from plainsail.cli.postgres import Postgres

ROOT = Path(__file__).resolve().parents[1]
QUICK = bool(os.environ.get("QUICK"))
SECONDS = 1 if QUICK else 2
ROUNDS = 5 if QUICK else 7


class Skipped(Exception):
    """This benchmark can't run here; the message says why."""


@dataclass
class Result:
    """What was measured. `baseline` is in the same unit; `ratio` is what the goal is about, where there is one."""

    value: float
    unit: str
    goal: str
    what: str
    baseline: float | None = None
    ratio: float | None = None
    rounds: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """What a run of wrk saw."""

    per_second: float
    p99_ms: float
    requests: int


class Installation:
    """A data directory with a running, migrated database, apart from any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder)
        self.urls = self.postgres.start()
        self.environment = {
            **os.environ,
            "PLAINSAIL_DATA": str(folder),
            "SECRET_KEY": "a-key-for-measuring-that-signs-nothing-of-value",
            "DATABASE_URL": self.urls["app"],
            "DATABASE_OWNER_URL": self.urls["owner"],
            "DATABASE_EDGE_URL": self.urls["edge"],
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "plainsail.settings"),
            "PLAINSAIL_WEB_SOCKET": str(folder / "web.sock"),
            "PLAINSAIL_ACCESS_LOG": str(folder / "access.log"),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        }
        os.environ["SECRET_KEY"] = self.environment["SECRET_KEY"]

    def migrate(self) -> None:
        """Make the real tables, with their indexes, policies and grants."""
        subprocess.run(
            [sys.executable, "-m", "plainsail.manage", "migrate", "--verbosity", "0"],
            env={**self.environment, "PLAINSAIL_OWNER": "1"},
            cwd=ROOT,
            check=True,
        )

    @contextmanager
    def loading(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that writes rows without asking for what they refer to: measuring needs no whole business."""
        with psycopg.connect(self.urls["superuser"], dbname="plainsail") as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    def seed(self, *, contacts: int, events: int) -> None:
        """Make the business `measured` with that many invented people, and what they did in a year."""
        with psycopg.connect(self.urls["superuser"], dbname="plainsail", autocommit=True) as connection:
            connection.execute(
                "INSERT INTO kernel_workspace (id, created_at, slug, name, state, timezone, locale, currency, postal_address,"
                " is_operator) VALUES (%s, now(), 'measured', 'Measured', 'open', 'UTC', 'en', 'EUR', '', false)",
                [uuid4()],
            )
        command = [sys.executable, "-m", "plainsail.cli", "seed", "measured"]
        numbers = ["--contacts", str(contacts), "--events", str(events)]
        subprocess.run([*command, *numbers], env=self.environment, cwd=ROOT, check=True)
        self.analyze()

    def analyze(self) -> None:
        """Let the planner look at what was loaded, as it does by itself after a while."""
        with psycopg.connect(self.urls["superuser"], dbname="plainsail", autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")

    def publish(self, sites: dict[str, dict[str, str]]) -> None:
        """Publish pages, given as host → path → HTML, each host being a workspace of its own."""
        with self.loading() as connection:
            hosts = [(uuid4(), host, uuid4()) for host in sites]
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO accounts_host (id, created_at, host, kind, workspace_id, is_live)"
                    " VALUES (%s, now(), %s, 'site', %s, true)",
                    hosts,
                )
                cursor.executemany(
                    "INSERT INTO pages_publishedsnapshot (id, created_at, workspace_id, page_id, path, etag, content_type,"
                    " body, body_gzip, body_br, headers, forms, published_at)"
                    " VALUES (%s, now(), %s, %s, %s, %s, 'text/html; charset=utf-8', %s, %s, %s, '{}', '{}', now())",
                    [
                        self._snapshot(workspace, path, html)
                        for _, host, workspace in hosts
                        for path, html in sites[host].items()
                    ],
                )

    @staticmethod
    def _snapshot(workspace: UUID, path: str, html: str) -> tuple[Any, ...]:
        return (uuid4(), workspace, uuid4(), path, uuid4().hex, html.encode(), *compressed(html))

    def count(self, table: str) -> int:
        with psycopg.connect(self.urls["superuser"], dbname="plainsail") as connection:
            (found,) = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() or (0,)
            return int(found)

    def empty(self, table: str) -> None:
        with psycopg.connect(self.urls["superuser"], dbname="plainsail", autocommit=True) as connection:
            connection.execute(f"TRUNCATE {table}".encode())

    @contextmanager
    def granian(self, target: str, *arguments: str, probe: str, **more: str) -> Iterator[Process]:
        """A granian server of ours, once it answers the probe (none for one on a socket)."""
        port = free_port()
        command = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), *arguments]
        command += ["--no-ws", "--log-level", "warning", target]
        with self._process(command, port, more) as process:
            if probe:
                process.wait_for(probe)
            yield process

    @contextmanager
    def edge(self, *, workers: int, **more: str) -> Iterator[Process]:
        """The edge, as it is run."""
        from plainsail.edge.server import granian_options

        port = free_port()
        command = [sys.executable, "-m", "granian", *granian_options(bind="127.0.0.1", port=port, workers=workers)]
        with self._process(command, port, more) as process:
            process.wait_for("/healthz")
            yield process

    @contextmanager
    def nginx(self, root: Path, *, workers: int) -> Iterator[Process]:
        """nginx as Debian's: compressed files beside the pages, access log on, no cache of open files."""
        port, folder = free_port(), self.folder
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"worker_processes {workers}; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;\n"
            f"{'user root;' if os.geteuid() == 0 else ''} events {{ worker_connections 1024; }}\n"
            f"http {{ access_log {folder}/nginx-access.log; sendfile on; tcp_nopush on; gzip_static on;\n"
            "  types { text/html html; } keepalive_requests 1000000000;\n"
            f"  server {{ listen 127.0.0.1:{port}; root {root}/$host; location / {{ try_files $uri/index.html =404; }} }} }}\n"
        )
        command = ["nginx", "-c", str(configuration), "-g", "daemon off;"]
        with self._process(command, port, {}) as process:
            process.wait_for("/")
            yield process

    @contextmanager
    def _process(self, command: Sequence[str], port: int, more: dict[str, str]) -> Iterator[Process]:
        log = self.folder / f"process-{port}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                command, env={**self.environment, **more}, cwd=ROOT, stdout=output, stderr=output, process_group=0
            )
        process = Process(started, port, log)
        try:
            yield process
        finally:
            process.stop()


@dataclass
class Process:
    """A server that is being measured."""

    popen: subprocess.Popen[bytes]
    port: int
    log: Path

    def wait_for(self, path: str, *, within: float = 60.0) -> None:
        """Wait until it answers anything but an error of its own."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self.popen.poll() is not None:
                break
            try:
                if self.ask(path)[0] < 500:
                    return
            except OSError:
                pass
            time.sleep(0.03)
        raise RuntimeError(f"{self.popen.args!r} did not start:\n{self.log.read_text()[-3000:]}")

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """One GET; names of headers in lower case."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request("GET", path, headers=given)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def cpu(self) -> float:
        """Seconds of processor time that it and its children have used."""
        return family_cpu(self.popen.pid)

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait()


@contextmanager
def installation() -> Iterator[Installation]:
    """A fresh installation with migrated tables; everything is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="plainsail-bench-"))
    folder.chmod(0o755)
    made = Installation(folder)
    try:
        made.migrate()
        yield made
    finally:
        made.postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def seeded(*, contacts: int, events: int) -> Iterator[Installation]:
    """An installation with the business `measured`, filled by `plainsail seed`.

    A million people take minutes to make up: with `SEEDED=folder` they are made there once, and stay for the next run.
    """
    kept = os.environ.get("SEEDED")
    if not kept:
        with installation() as made:
            made.seed(contacts=contacts, events=events)
            yield made
        return
    folder = Path(kept).resolve()
    is_new = not folder.exists()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = Installation(folder)
    try:
        made.migrate()
        if is_new:
            made.seed(contacts=contacts, events=events)
        yield made
    finally:
        made.postgres.stop()


def needs_tools(*programs: str) -> None:
    """Have nginx and wrk, from Debian when we may install them. Raises Skipped."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", *missing], capture_output=True, check=False)
    if still := [program for program in missing if shutil.which(program) is None]:
        raise Skipped(f"needs {' and '.join(still)}, which only root can install")


def wrk(
    process: Process,
    *,
    connections: int = 64,
    threads: int = 2,
    seconds: float = SECONDS,
    path: str = "/",
    script: Path | None = None,
    headers: dict[str, str] | None = None,
) -> Load:
    """Load from wrk. Every answer must be 2xx or 3xx, else RuntimeError: numbers of errors mean nothing."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    if script is not None:
        command += ["-s", str(script)]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{process.port}{path}"], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    requests = re.search(r"(\d+) requests in", said)
    if per_second is None or p99 is None or requests is None:
        raise RuntimeError(said)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Load(float(per_second[1]), round(float(p99[1]) * scale, 2), int(requests[1]))


def interleaved(contenders: dict[str, Callable[[], float]], *, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Measure the contenders in turn, round by round, in changing order; a first round to warm up is not counted."""
    names = list(contenders)
    for name in names:
        contenders[name]()
    found: list[dict[str, Any]] = []
    for number in range(rounds):
        order = names if number % 2 else names[::-1]
        measured = {name: round(contenders[name](), 3) for name in order}
        found.append({**{name: measured[name] for name in names}, "load": round(os.getloadavg()[0], 2)})
        print(f"   {found[-1]}", flush=True)
    return found


def median(rounds: list[dict[str, Any]], name: str) -> float:
    return round(float(statistics.median(each[name] for each in rounds)), 3)


def median_ratio(rounds: list[dict[str, Any]], over: str, under: str) -> float:
    """The median of each round's own ratio: what disturbs a round disturbs both its halves."""
    return round(float(statistics.median(each[over] / each[under] for each in rounds)), 3)


def page_html(seed: int = 1) -> str:
    """A page of about 20 KB that compresses to about 4 KB, as pages of markup do."""
    chance = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(150)]
    section = (
        '<section class="block block-features" data-tone="calm"><div class="block-inner"><h2 class="heading">{}</h2>'
        '<p class="text text-lead">{}</p><a class="button button-primary" href="/offer">{}</a></div></section>\n'
    )
    html = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Juniper {seed}</title></head><body>\n'
    while len(html) < 20_400:
        html += section.format(*(" ".join(chance.choices(words, k=count)) for count in (4, 14, 2)))
    return html + "</body></html>\n"


@lru_cache(maxsize=1000)
def compressed(html: str) -> tuple[bytes, bytes]:
    """The page as gzip and as brotli, as publishing makes them."""
    return gzip.compress(html.encode(), 9), brotli.compress(html.encode(), quality=9)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in family(int(child)))]


def family_cpu(pid: int) -> float:
    """Seconds of processor time that a process and its family have used."""
    return sum(map(_cpu_of, family(pid)))


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
