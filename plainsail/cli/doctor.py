"""`plainsail doctor`: what is running and what is wrong, in plain words, and how to mend it. Doesn't load Django."""

import http.client
import json
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg

from plainsail.cli import apart, preparation, supervisor
from plainsail.cli.archives import newest_backup
from plainsail.kernel import isolation
from plainsail.kernel.environment import Environment

Level = Literal["ok", "note", "wrong"]
HEARTBEAT = timedelta(seconds=30)
"""procrastinate's workers beat every 10 s."""
QUEUE_PATIENCE = timedelta(minutes=10)
BACKUP_AGE = timedelta(days=7)
LEAST_DISK = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the report; `mend` says what to do about it."""

    level: Level
    what: str
    mend: str = ""


def examine(here: Environment) -> Iterator[Finding]:
    """Look at everything and tell what was found, one by one. Takes a few seconds; changes nothing."""
    yield from _processes(here)
    try:
        with psycopg.connect(here.database_url, connect_timeout=5, autocommit=True) as connection:
            yield from _database(connection)
            yield _migrations(connection)
            yield from _queue(connection)
    except psycopg.Error as error:
        yield Finding("wrong", f"database: can't be asked ({_first_line(error)})", _how_to_get_a_database(here))
    else:
        yield from _as_owner(here)
    yield _edge(here)
    yield _web(here)
    if here.uses_mail_catcher:
        yield _catcher(here)
    yield from _data_dir(here)


def _processes(here: Environment) -> Iterator[Finding]:
    pid = supervisor.running_supervisor(here.run_dir)
    if pid is None:
        if here.embedded_database:
            yield Finding("wrong", "supervisor: not running", "Start Plainsail: plainsail up")
        else:
            yield Finding("note", "supervisor: none here; the parts are expected to run by themselves")
        return
    yield Finding("ok", f"supervisor: process {pid}")
    try:
        status = json.loads((here.run_dir / "status.json").read_text())["processes"]
    except FileNotFoundError:
        yield Finding("note", "supervisor: is just starting")
        return
    for name, process in status.items():
        if process["pid"] is None:
            yield Finding("wrong", f"{name}: has ended and waits to be started again", "Its last words are in log/.")
        elif process["restarts"]:
            times = process["restarts"]
            yield Finding("note", f"{name}: process {process['pid']}, started again {times} time{'s' * (times > 1)}")
        else:
            yield Finding("ok", f"{name}: process {process['pid']}")


def _database(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    version, role, is_mighty = _row(
        connection,
        "SELECT current_setting('server_version'), current_user, rolsuper OR rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user",
    )
    if is_mighty:
        yield Finding(
            "wrong",
            f"database: the application connects as {role}, who may see every workspace's rows",
            "Let DATABASE_URL name a role that is neither superuser nor has BYPASSRLS.",
        )
    else:
        yield Finding("ok", f"database: PostgreSQL {version} answers {role}")
    if holes := isolation.holes(connection.cursor()):
        yield Finding("wrong", f"businesses are not kept apart: {apart.summary(holes)}", apart.REMEDY)
    if psycopg.pq.__impl__ == "python":
        yield Finding("note", "database driver: the slow one, without C", "Install psycopg[binary].")


def _queue(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    if _row(connection, "SELECT to_regclass('procrastinate_workers')")[0] is None:
        yield Finding("wrong", "queue: there are no tables yet", "Make them: plainsail migrate")
        return
    now, beat = _row(connection, "SELECT now(), max(last_heartbeat) FROM procrastinate_workers")
    if beat is None or now - beat > HEARTBEAT:
        told = "never" if beat is None else f"{_ago(now - beat)} ago"
        yield Finding(
            "wrong", f"worker: last heard of {told}", "Nothing is sent or charged. Start one: plainsail worker"
        )
    else:
        yield Finding("ok", f"worker: heard of {_ago(now - beat)} ago")
    waiting, oldest, failed = _row(
        connection,
        "SELECT count(*) FILTER (WHERE status = 'todo'),"
        " min(coalesce(scheduled_at, deferred.at)) FILTER (WHERE status = 'todo'),"
        " count(*) FILTER (WHERE status = 'failed')"
        " FROM procrastinate_jobs AS job LEFT JOIN LATERAL"
        " (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred') AS deferred ON true"
        " WHERE status IN ('todo', 'failed') AND (scheduled_at IS NULL OR scheduled_at <= now())",
    )
    yield _lateness("queue", now, oldest, f"{waiting} jobs wait", "Too much work for the workers: start another one.")
    if failed:
        yield Finding("note", f"queue: {failed} jobs failed for good", "Look for them in the log by “job”.")
    (due,) = _row(connection, "SELECT min(due_at) FROM kernel_due")
    yield _lateness("due work", now, due, "some is late", "Is the worker running? Its log tells what fails.")


def _migrations(connection: psycopg.Connection[Any]) -> Finding:
    if _row(connection, "SELECT to_regclass('django_migrations')")[0] is None:
        return Finding("wrong", "migrations: none has been run", "Run them: plainsail migrate")
    done = {f"{app}/{name}" for app, name in connection.execute("SELECT app, name FROM django_migrations")}
    missing = sorted(set(preparation.migrations()) - done)
    if missing:
        told = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        return Finding("wrong", f"migrations: {len(missing)} not run ({told})", "Run them: plainsail migrate")
    return Finding("ok", "migrations: all have been run")


def _as_owner(here: Environment) -> Iterator[Finding]:
    """What the owner sees, from whom no workspace's rows are hidden."""
    try:
        with psycopg.connect(here.owner_database_url, connect_timeout=5, autocommit=True) as connection:
            if _row(connection, "SELECT to_regclass('kernel_pendingevent')")[0] is not None:
                (parked,) = _row(connection, "SELECT count(*) FROM kernel_pendingevent WHERE parked_at IS NOT NULL")
                if parked:
                    mend = "Their errors stand in the table kernel_pendingevent."
                    yield Finding("wrong", f"events: {parked} could not be handled and were put aside", mend)
    except psycopg.Error as error:
        yield Finding("note", f"owner role: can't be asked ({_first_line(error)})", "Only migrations need it.")


def _edge(here: Environment) -> Finding:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=5)
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Finding(
            "wrong", f"edge: port {here.port} doesn't answer ({_first_line(error)})", "Start it: plainsail up"
        )
    if status != 200:
        return Finding("wrong", f"edge: answers with status {status}", "Something else may be listening on this port.")
    return Finding("ok", f"edge: answers on port {here.port}")


def _web(here: Environment) -> Finding:
    path = str(here.web_socket)
    with suppress(FileNotFoundError):
        path = json.loads((here.run_dir / "status.json").read_text())["web_socket"]
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(path)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            line = client.recv(64).split(b"\r\n")[0].decode("ascii", "replace")
    except OSError as error:
        return Finding("wrong", f"web: doesn't answer ({_first_line(error)})", "Start it: plainsail up")
    if not line.startswith("HTTP/1.1 ") or line[9:10] == "5":
        return Finding("wrong", f"web: answers “{line}”", "Its last words are in log/.")
    return Finding("ok", "web: answers")


def _catcher(here: Environment) -> Finding:
    host, _, port = here.smtp_url.removeprefix("smtp://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as client:
            greeting = client.recv(64)
    except OSError as error:
        return Finding(
            "wrong", f"mail catcher: doesn't answer ({_first_line(error)})", "Start it: plainsail mailcatcher"
        )
    if not greeting.startswith(b"220"):
        return Finding("wrong", f"mail catcher: something else listens on port {port}", "Set MAILCATCHER_PORT.")
    return Finding("ok", f"mail catcher: takes mail on port {port}; set SMTP_URL to send it out")


def _data_dir(here: Environment) -> Iterator[Finding]:
    key = here.data_dir / "secret_key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("wrong", "SECRET_KEY: others may read it", f"chmod 600 {key}")
    else:
        yield Finding("ok", "SECRET_KEY: is private")
    free = shutil.disk_usage(here.data_dir).free
    told = f"disk: {free / 1e9:.1f} GB free"
    yield Finding("ok", told) if free >= LEAST_DISK else Finding("wrong", told, "Make room, or the database will stop.")
    yield _backup(here)


def _backup(here: Environment) -> Finding:
    newest = newest_backup(here)
    if newest is None:
        began = (here.data_dir / "run").stat().st_ctime if not here.embedded_database else _birth(here)
        is_new = time.time() - began < BACKUP_AGE.total_seconds()
        level: Level = "note" if is_new or not here.embedded_database else "wrong"
        return Finding(level, "backup: none yet", "Make one, and keep it on another machine: plainsail backup")
    age = timedelta(seconds=max(0.0, time.time() - newest.stat().st_mtime))
    if age > BACKUP_AGE:
        return Finding("wrong", f"backup: the last one is {_ago(age)} old", "Make one a day: plainsail backup")
    return Finding("ok", f"backup: the last one is {_ago(age)} old")


def _birth(here: Environment) -> float:
    """When the database was made, by the file that initdb writes once."""
    try:
        return (here.data_dir / "postgres" / "passwords.json").stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _lateness(name: str, now: datetime, oldest: datetime | None, what: str, mend: str) -> Finding:
    late = now - oldest if oldest is not None else timedelta(0)
    if late > QUEUE_PATIENCE:
        return Finding("wrong", f"{name}: {what}, the oldest since {_ago(late)}", mend)
    return Finding("ok", f"{name}: on time")


def _how_to_get_a_database(here: Environment) -> str:
    return "Start it: plainsail up" if here.embedded_database else "Check DATABASE_URL and that this server is up."


def _row(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' * (count > 1)}"
    return "a moment"


def report(here: Environment, *, say: Callable[[str], None]) -> bool:
    """Say every finding as one or two lines; return whether nothing is wrong."""
    wrong = 0
    for finding in examine(here):
        wrong += finding.level == "wrong"
        say(f"{finding.level.upper() if finding.level == 'wrong' else finding.level:<6} {finding.what}")
        if finding.mend:
            say(f"       → {finding.mend}")
    say("\nEverything is fine." if not wrong else f"\n{wrong} thing{'s are' if wrong > 1 else ' is'} wrong.")
    return not wrong
