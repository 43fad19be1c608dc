"""A page of thirty sections, each of another kind, from its document to HTML: what every change in the editor waits for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.harness import QUICK, ROOT, Result, median

SECTIONS = 30
RENDERS = 40


def render_page() -> Result:
    """Wall and CPU time of `render_page`, in a process of its own that knows Django; no database is asked."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "plainsail.settings",
            "PLAINSAIL_DATA": folder,
            "SECRET_KEY": "a-key-for-measuring-that-signs-nothing-of-value",
            "DATABASE_URL": "postgres://nobody@localhost/nothing",
            "PLAINSAIL_DEBUG": "1",
        }
        command = [sys.executable, "-m", "benchmarks.rendering"]
        rounds = [_round(command, environment) for _ in range(3 if QUICK else 7)]
    return Result(
        value=median(rounds, "wall_ms"),
        unit="ms",
        goal="≤ 10 ms",
        what=f"a page of {SECTIONS} sections of as many kinds, from its document to HTML; median of {RENDERS} renders a round",
        rounds=rounds,
    )


def _round(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def main() -> None:
    """One round: warm up, render, say the medians as JSON."""
    import django

    django.setup()
    from plainsail.blocks.services import documents, rendering
    from plainsail.blocks.sockets import BLOCKS

    kinds = [kind for kind in BLOCKS if kind.place == "section" and "page" in kind.surfaces]
    seeds = [(kind.type, kind.example(), kind.inside()) for kind in kinds[:SECTIONS]]
    document = documents.build("juniper", seeds)
    head = rendering.PageHead(title="Thirty sections", site_name="Juniper")
    rendering.render_page(document, head)
    wall, cpu = [], []
    for _ in range(RENDERS):
        began, spent = time.perf_counter(), time.process_time()
        page = rendering.render_page(document, head)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
    middle = RENDERS // 2
    said = {
        "wall_ms": round(sorted(wall)[middle], 2),
        "cpu_ms": round(sorted(cpu)[middle], 2),
        "sections": len(seeds),
        "bytes": len(page.html.encode()),
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
