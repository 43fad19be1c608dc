"""Events acknowledged after their commit: the edge's group commit against one row at a time.

The event is an open pixel: its signed token is checked, its row committed, then the picture sent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

from benchmarks.harness import (
    Installation,
    Process,
    Result,
    installation,
    interleaved,
    median,
    median_ratio,
    needs_tools,
    wrk,
)
from plainsail.kernel.tokens import Signer

CONNECTIONS = 256
TOKENS = 5000


def intake() -> Result:
    """Against a Django view that creates one row each, 16 threads."""
    return _against(
        "django",
        "≥ 12x a Django ORM view",
        "/bench/open/",
        lambda here: here.granian(
            "benchmarks.peers.wsgi:application",
            *("--interface", "wsgi", "--blocking-threads", "16"),
            probe="/bench/busy",
        ),
    )


def intake_vs_insert() -> Result:
    """Against a plain ASGI application that sends one INSERT a request, pool of 8."""
    return _against(
        "insert",
        "≥ 6x one INSERT a request",
        "/o/",
        lambda here: here.granian(
            "benchmarks.peers.insert:application",
            *("--interface", "asginl", "--loop", "uvloop", "--runtime-mode", "st", "--http", "1"),
            probe="/",
        ),
    )


def _against(
    name: str, goal: str, prefix: str, start: Callable[[Installation], AbstractContextManager[Process]]
) -> Result:
    needs_tools("wrk")
    with installation() as here:
        with here.edge(workers=1) as edge, start(here) as peer:
            of_edge, of_peer = _script(here, "/o/"), _script(here, prefix)
            answered = {"edge": 0, name: 0}

            def measure(who: str, process: Process, script: Path) -> float:
                found = wrk(process, connections=CONNECTIONS, threads=1, script=script)
                answered[who] += found.requests
                return found.per_second

            rounds = interleaved(
                {"edge": lambda: measure("edge", edge, of_edge), name: lambda: measure(name, peer, of_peer)}
            )
        stored, total = here.count("tracking_landing"), sum(answered.values())
        print(f"   {total} acknowledged, {stored} rows stored", flush=True)
        if stored < total:
            raise RuntimeError("acknowledged and not stored")
    return Result(
        value=median(rounds, "edge"),
        unit="events/s",
        baseline=median(rounds, name),
        ratio=median_ratio(rounds, "edge", name),
        goal=goal,
        what=f"open pixels acknowledged after commit, {CONNECTIONS} connections, 1 worker each, synchronous_commit on",
        rounds=rounds,
    )


def _script(here: Installation, prefix: str) -> Path:
    """A wrk script that asks for another pixel each time."""
    signer = Signer(uuid4())
    tokens = [signer.open(uuid4(), uuid4()) for _ in range(TOKENS)]
    script = here.folder / f"opens{prefix.strip('/').replace('/', '-')}.lua"
    listing = ",\n".join(f'"{token}"' for token in tokens)
    script.write_text(
        f"local tokens = {{{listing}}}\nlocal number = 0\n"
        "request = function()\n  number = number % #tokens + 1\n"
        f'  return wrk.format("GET", "{prefix}" .. tokens[number])\nend\n'
    )
    return script
