"""Broadcasts handed over to a server that takes everything at once, beside Django's own mail over one kept connection.

Submission to a fast acceptor on loopback: what a real mail server does with mail is slower than any sender, and not in it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.harness import QUICK, ROOT, Installation, Result, Skipped, installation, median, median_ratio

ROUNDS = int(os.environ.get("ROUNDS", "3" if QUICK else "5"))
MESSAGES = int(os.environ.get("MESSAGES", "3000" if QUICK else "20000"))
PLAIN = 60 if QUICK else 300


def broadcast() -> Result:
    rounds, size = _measured()
    return Result(
        value=median(rounds, "engine_per_second"),
        unit="messages/s",
        baseline=median(rounds, "django_per_second"),
        ratio=median_ratio(rounds, "engine_per_second", "django_per_second"),
        goal="≥ 30x Django’s EmailMultiAlternatives over one kept connection",
        what=f"{MESSAGES:,} messages of {size / 1000:.1f} KB HTML with 12 counted links and 6 merge fields, from the ledger "
        "to a fast acceptor on loopback and back into the ledger, one process, no DKIM",
        rounds=rounds,
    )


def broadcast_cpu() -> Result:
    rounds, size = _measured()
    return Result(
        value=median(rounds, "engine_cpu_per_1000"),
        unit="CPU-s per 1,000 messages",
        baseline=median(rounds, "django_cpu_per_1000"),
        ratio=median_ratio(rounds, "django_cpu_per_1000", "engine_cpu_per_1000"),
        goal="≤ 0.15 (listmonk’s design: 0.55-0.72, measured once)",
        what=f"processor time of the sending process and of the job that starts it, {MESSAGES:,} messages of {size / 1000:.1f} KB "
        "HTML; the database’s is not in it",
        rounds=rounds,
    )


def sender_memory() -> Result:
    rounds, _size = _measured()
    return Result(
        value=median(rounds, "engine_rss_mb"),
        unit="MB",
        goal="≤ 80 MB at any list size",
        what=f"the most memory that a sending process had while it sent {MESSAGES:,} messages",
        rounds=rounds,
    )


def broadcast_dkim() -> Result:
    if importlib.util.find_spec("plainsail.mail.services.dkim") is None:
        raise Skipped("needs signing in process, which is not in this version")
    with installation() as here, sink(here) as port:
        rounds = _run(here, port, "dkim", ROUNDS, max(MESSAGES // 4, 1000))
    return Result(
        value=median(rounds, "per_second"),
        unit="messages/s",
        baseline=median(rounds, "openssl_per_second"),
        ratio=median_ratio(rounds, "per_second", "openssl_per_second"),
        goal="≥ 1,000/s a core, of what OpenSSL signs alone",
        what="the same broadcast with RSA-2048 DKIM in the sending process",
        rounds=rounds,
    )


def audience() -> Result:
    people = int(os.environ.get("PEOPLE", "100000" if QUICK else "1000000"))
    with installation() as here, sink(here) as port:
        rounds = _run(here, port, "audience", 2, people)
    seconds = median(rounds, "seconds")
    return Result(
        value=seconds,
        unit="s",
        goal="1,000,000 rows in < 20 s with every check",
        what=f"an audience of {people:,} written to the ledger, in chunks, with consent, suppression and uniqueness checked "
        f"({people / seconds:,.0f} rows/s)",
        rounds=rounds,
    )


@cache
def _measured() -> tuple[list[dict[str, Any]], int]:
    with installation() as here, sink(here) as port:
        found = _run(here, port, ROUNDS, MESSAGES, PLAIN)
    return found[1:], found[0]["html_bytes"]


def _run(here: Installation, port: int, *arguments: str | int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.peers.broadcasting", *map(str, arguments)]
    environment = {
        **here.environment,
        "BENCH_SUPERUSER": here.urls["superuser"],
        "SMTP_URL": f"smtp://127.0.0.1:{port}",
    }
    found = []
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(f"   {line.rstrip()}", flush=True)
            found.append(json.loads(line))
    if child.returncode:
        raise RuntimeError(f"It ended with {child.returncode}.")
    return found


@contextmanager
def sink(here: Installation) -> Iterator[int]:
    """The port of an acceptor written in C, compiled now. Raises Skipped where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Skipped("needs a C compiler for the server that takes the mail")
    program = here.folder / "sink"
    source = Path(__file__).parent / "peers" / "sink.c"
    subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    with subprocess.Popen([program, "/dev/null"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()
