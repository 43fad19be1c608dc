"""An import of new contacts with all indexes, keys and isolation, against the database's own COPY of the same rows.

Counted are rows of contacts, of values and of tags; the journal, the events and the refused rows are written beside them
and not counted. Timed is the job that reads the file and writes; the upload and the check before it are not, and the file has
no phone numbers, which take time to read.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg

from benchmarks.harness import QUICK, ROOT, Installation, Result, installation, interleaved, median, median_ratio

PEOPLE = 6_000 if QUICK else 50_000
ROUNDS = 3 if QUICK else 5
TABLES = ("contacts_contact", "contacts_fieldvalue", "contacts_contacttag")
EMPTIED = (*TABLES, "contacts_importedcontact", "contacts_importfault", "contacts_import", "kernel_eventrow")


def import_() -> Result:
    """Against COPY into the same tables without an index, a key or isolation."""
    with installation() as here:
        business, file = _prepared(here)
        _imported(here, "ours", business, file)
        copies = _copies(here)
        rounds = interleaved(
            {"import": lambda: _imported(here, "ours", business, file), "copy": lambda: _copied(here, copies)},
            rounds=ROUNDS,
        )
    return _result(rounds, "copy", "≥ 0.2x of a bare COPY")


def import_vs_bulk_create() -> Result:
    """Against an importer on Django's bulk_create(update_conflicts=True), in chunks of the same size."""
    with installation() as here:
        business, file = _prepared(here)
        rounds = interleaved(
            {
                "import": lambda: _imported(here, "ours", business, file),
                "bulk_create": lambda: _imported(here, "bulk_create", business, file),
            },
            rounds=ROUNDS,
        )
    return _result(rounds, "bulk_create", "beside the usual way")


def import_million() -> Result:
    """A file of a million people from its upload to its end, once: how long each part takes, and the memory of it all.

    With `MEGABYTES=1000` the rows carry notes until the file is that large; `ROWS` makes it shorter. The state of the
    import, which its page shows, is read all along by somebody else.
    """
    number, megabytes = (
        int(os.environ.get("ROWS", "20000" if QUICK else "1000000")),
        int(os.environ.get("MEGABYTES", "0")),
    )
    with installation() as here:
        business, file = str(_run(here, "prepare")["business"]), here.folder / "people.csv"
        with file.open("w") as written:
            written.writelines(f"{line}\n" for line in _lines(number, notes=megabytes * 1_000_000 // number))
        with _watched(here) as waits:
            done = _run(here, "whole", business, str(file))
        size = file.stat().st_size
    seconds, tally = done["seconds"], done["tally"]
    if done["state"] != "done" or tally != done["forecast"]:
        raise RuntimeError(f"the import ended differently than its check foresaw: {done}")
    print(f"   {done}", flush=True)
    return Result(
        value=round(number / seconds["written"], 1),
        unit="rows of the file/s",
        goal="≥ 5,000 rows/s, under 300 MB",
        what=f"a file of {number:,} rows and {size / 1e6:.0f} MB: received in {seconds['received']} s, checked in "
        f"{seconds['checked']} s, written in {seconds['written']} s, with {done['peak_mb']} MB at most; its state was read "
        f"{len(waits)} times meanwhile, in {max(waits):.0f} ms at most",
        rounds=[done | {"megabytes": round(size / 1e6), "load": round(os.getloadavg()[0], 2)}],
    )


@contextmanager
def _watched(here: Installation) -> Iterator[list[float]]:
    """Reads the row of the import as its page does, twice a second; how many milliseconds each time took."""
    waits: list[float] = []
    is_over = Event()

    def watch() -> None:
        with psycopg.connect(here.urls["superuser"], dbname="plainsail", autocommit=True) as connection:
            while not is_over.wait(0.5):
                began = time.perf_counter()
                connection.execute("SELECT state, rows_done, rows_total, tally FROM contacts_import").fetchall()
                waits.append((time.perf_counter() - began) * 1000)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield waits
    finally:
        is_over.set()
        thread.join()


def _result(rounds: list[dict[str, Any]], other: str, goal: str) -> Result:
    return Result(
        value=median(rounds, "import"),
        unit="rows/s",
        baseline=median(rounds, other),
        ratio=median_ratio(rounds, "import", other),
        goal=goal,
        what=f"rows written by an import of {PEOPLE:,} new contacts: 8 columns, 3 custom fields, 2 tags each, 5 % repeated,"
        f" 1 % refused; six rows a contact, so contacts/s is a sixth",
        rounds=rounds,
    )


def _prepared(here: Installation) -> tuple[str, Path]:
    file = here.folder / "people.csv"
    file.write_text("\n".join(_lines(PEOPLE)) + "\n")
    return str(_run(here, "prepare")["business"]), file


def _lines(people: int, *, notes: int = 0) -> Iterator[str]:
    """Rows of people, each with so many letters of notes."""
    chance = random.Random(7)
    yield "email,first_name,last_name,company,street,postal_code,city,country,size,since,branch,tags" + ",notes" * bool(
        notes
    )
    for number in range(people):
        place = chance.randrange(number) if number and chance.random() < 0.05 else number
        email = f"person{place}@people{place % 50}.example.com" if chance.random() >= 0.01 else f"person{place}"
        tags = ";".join(f"Tag {one}" for one in chance.sample(range(20), 2))
        yield (
            f"{email},Maren{place % 997},Sørensen{place % 1999},Company {place % 5000},Main Street {place},"
            f"{10000 + place % 80000},Town {place % 3000},NO,{place % 50},20{place % 25:02d}-0{place % 9 + 1}-15,"
            f"Branch {place % 40},{tags}"
        ) + f",{'Met at the fair. ' * (notes // 17)}" * bool(notes)


def _imported(here: Installation, which: str, business: str, file: Path) -> float:
    """Rows a second."""
    for table in EMPTIED:
        here.empty(f"{table} CASCADE")
    done = _run(here, which, business, str(file))
    rows = sum(here.count(table) for table in TABLES)
    print(f"   {which}: {rows:,} rows in {done['seconds']:.1f} s, {done['peak_mb']} MB at most", flush=True)
    if rows < PEOPLE * 5:
        raise RuntimeError(f"only {rows} rows were written")
    return float(rows / done["seconds"])


def _run(here: Installation, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.importing", *arguments],
        env=here.environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _copies(here: Installation) -> dict[str, list[bytes]]:
    """The rows of the last import as COPY writes them, and tables for them that have nothing but columns."""
    found: dict[str, list[bytes]] = {}
    with psycopg.connect(here.urls["superuser"], dbname="plainsail", autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE bare_{table} (LIKE {table})".encode())
            with connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
                found[table] = [bytes(block) for block in copy]
    return found


def _copied(here: Installation, copies: dict[str, list[bytes]]) -> float:
    with psycopg.connect(here.urls["superuser"], dbname="plainsail", autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"TRUNCATE bare_{table}".encode())
        blocks = {table: b"".join(lines) for table, lines in copies.items()}
        began = time.perf_counter()
        for table, block in blocks.items():
            with connection.cursor().copy(f"COPY bare_{table} FROM STDIN".encode()) as copy:
                copy.write(block)
        seconds = time.perf_counter() - began
    return sum(len(lines) for lines in copies.values()) / seconds
