"""Renewals of a day: invoiced, numbered, booked and charged at the sandbox, in sets and one at a time.

Both make the same rows and ask the gateway once for each charge. Sending receipts is the events' work and in neither.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.harness import QUICK, ROOT, ROUNDS, Result, installation, median, median_ratio

SETS, SINGLES = (250, 10) if QUICK else (2000, 60)
MANY = 1_000 if QUICK else 100_000


def renewals() -> Result:
    """Rounds of both, then many in one go, then the same day once more: nothing may be charged twice."""
    with installation() as here:
        command = [sys.executable, "-m", "benchmarks.peers.renewing", *map(str, (ROUNDS, SETS, SINGLES, MANY))]
        environment = {**here.environment, "BENCH_SUPERUSER": here.urls["superuser"]}
        rounds = []
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                print(f"   {line.rstrip()}", flush=True)
                rounds.append(json.loads(line))
        if child.returncode:
            raise RuntimeError(f"It ended with {child.returncode}.")
    compared, (many,) = rounds[:-1], rounds[-1:]
    return Result(
        value=many["per_second"],
        unit="renewals/s",
        baseline=median(compared, "singles"),
        ratio=median_ratio(compared, "sets", "singles"),
        goal="≥ 5x one renewal at a time through the ORM",
        what=(
            f"{MANY:,} due contracts invoiced and charged (value); ratio: the median of rounds of {SETS:,} in sets and "
            f"{SINGLES} one at a time; one process, one seller, receipts not included"
        ),
        rounds=rounds,
    )
