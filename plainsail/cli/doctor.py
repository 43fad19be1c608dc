"""`plainsail doctor`: what is running and what is wrong, in plain words, and how to mend it. Doesn't load Django."""

import http.client
import json
import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg

from plainsail.cli import apart, preparation, supervisor
from plainsail.cli.archives import backups_dir, newest_backup
from plainsail.kernel import isolation
from plainsail.kernel.environment import BadEnvironment, Environment
from plainsail.kernel.redaction import without_addresses

Level = Literal["ok", "note", "wrong"]
HEARTBEAT = timedelta(seconds=30)
"""procrastinate's workers beat every 10 s."""
QUEUE_PATIENCE = timedelta(minutes=10)
MAIL_PATIENCE = timedelta(hours=1)
"""Servers that know nobody yet put first messages off for some minutes; that mends itself."""
BACKUP_AGE = timedelta(days=7)
BACKUPS_MAX = timedelta(days=35)
"""As in the retention policy of `hosting`."""
LEAST_DISK = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the report; `mend` says what to do about it."""

    level: Level
    what: str
    mend: str = ""


def examine(here: Environment) -> Iterator[Finding]:
    """Look at everything and tell what was found, one by one. Takes a few seconds; changes nothing."""
    processes = _status(here)
    yield from _processes(here, processes)
    try:
        with psycopg.connect(here.database_url, connect_timeout=5, autocommit=True) as connection:
            yield from _database(connection)
            yield _migrations(connection)
            yield from _queue(connection, is_starting=_is_young(processes.get("worker")))
    except psycopg.Error as error:
        yield Finding("wrong", f"database: can't be asked ({_first_line(error)})", _how_to_get_a_database(here))
    else:
        yield from _as_owner(here)
    yield _edge(here)
    yield _web(here)
    yield _catcher(here) if here.uses_mail_catcher else _mail_server(here)
    if here.takes_in_bounces:
        yield _intake(here)
    if here.is_https and not here.trusted_proxies:
        yield Finding(
            "wrong",
            "proxy: none is trusted, so all visitors seem to come from the address of the one that ends TLS",
            "Name its network in PLAINSAIL_TRUSTED_PROXIES, such as 127.0.0.1.",
        )
    yield from _data_dir(here)


Processes = dict[str, dict[str, Any]]


def _status(here: Environment) -> Processes:
    """What the supervisor left: each process's id, restarts, and since when it runs (seconds since 1970)."""
    try:
        found: Processes = json.loads((here.run_dir / "status.json").read_text())["processes"]
    except FileNotFoundError:
        return {}
    return found


def _lives(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid is not None


def _is_young(process: dict[str, Any] | None) -> bool:
    since = process.get("since") if process else None
    return since is not None and time.time() - since < HEARTBEAT.total_seconds()


def _processes(here: Environment, processes: Processes) -> Iterator[Finding]:
    pid = supervisor.running_supervisor(here.run_dir)
    if pid is None:
        if here.embedded_database:
            yield Finding("wrong", "supervisor: not running", "Start Plainsail: plainsail up")
        else:
            yield Finding("note", "supervisor: none here; the parts are expected to run by themselves")
        return
    yield Finding("ok", f"supervisor: process {pid}")
    if not processes:
        yield Finding("note", "supervisor: is just starting")
    for name, process in processes.items():
        if not _lives(process["pid"]):
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


def _queue(connection: psycopg.Connection[Any], *, is_starting: bool) -> Iterator[Finding]:
    if _row(connection, "SELECT to_regclass('procrastinate_workers')")[0] is None:
        yield Finding("wrong", "queue: there are no tables yet", "Make them: plainsail migrate")
        return
    now, beat, living = _row(
        connection,
        "SELECT now(), max(last_heartbeat), count(*) FILTER (WHERE last_heartbeat > now() - %s)"
        " FROM procrastinate_workers",
        HEARTBEAT,
    )
    if is_starting and (beat is None or now - beat > HEARTBEAT):
        yield Finding("note", "worker: has just started")
    elif beat is None or now - beat > HEARTBEAT:
        told = "never" if beat is None else f"{_ago(now - beat)} ago"
        yield Finding(
            "wrong", f"worker: last heard of {told}", "Nothing is sent or charged. Start one: plainsail worker"
        )
    else:
        others = f", one of {living}" if living > 1 else ""
        yield Finding("ok", f"worker: heard of {_ago(now - beat)} ago{others}")
    waiting, oldest, failed = _row(
        connection,
        "SELECT count(*) FILTER (WHERE status = 'todo'),"
        " min(coalesce(scheduled_at, deferred.at)) FILTER (WHERE status = 'todo'),"
        " count(*) FILTER (WHERE status = 'failed')"
        " FROM procrastinate_jobs AS job LEFT JOIN LATERAL"
        " (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred') AS deferred ON true"
        " WHERE status IN ('todo', 'failed') AND (scheduled_at IS NULL OR scheduled_at <= now())",
    )
    mend = "Too much work for the workers: start another one."
    yield _lateness("queue", now, oldest, f"{waiting} jobs wait", mend, is_starting=is_starting)
    if failed:
        yield Finding("note", f"queue: {failed} jobs failed for good", "Look for them in the log by “job”.")
    (due,) = _row(connection, "SELECT min(due_at) FROM kernel_due")
    mend = "Is the worker running? Its log tells what fails."
    yield _lateness("due work", now, due, "some is late", mend, is_starting=is_starting)


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
            is_there, is_blind = _row(
                connection,
                "SELECT to_regclass('mail_delivery') IS NOT NULL, row_security_active(to_regclass('mail_delivery'))",
            )
            if is_blind:
                yield Finding("note", "owner role: sees one business at a time, so what waits in them can't be counted")
            elif is_there:
                yield from _across_businesses(connection)
    except psycopg.Error as error:
        yield Finding("note", f"owner role: can't be asked ({_first_line(error)})", "Only migrations need it.")


def _across_businesses(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    (parked,) = _row(connection, "SELECT count(*) FROM kernel_pendingevent WHERE parked_at IS NOT NULL")
    if parked:
        mend = "Their errors stand in the table kernel_pendingevent."
        yield Finding("wrong", f"events: {parked} could not be handled and were put aside", mend)
    (parked,) = _row(connection, "SELECT count(*) FROM tracking_parkedlanding")
    if parked:
        mend = "Their errors stand in the table tracking_parkedlanding."
        yield Finding("wrong", f"intake: {parked} rows could not be taken in and were put aside", mend)
    count, waited, reply = _row(
        connection,
        "SELECT count(*), now() - min(put_off_since), (array_agg(reply ORDER BY due_at DESC))[1]"
        " FROM mail_delivery WHERE state = 'queued' AND put_off_since IS NOT NULL",
    )
    if count:
        level: Level = "wrong" if waited > MAIL_PATIENCE else "note"
        told = f"mail: {count} put off by the server, the oldest {_ago(waited)} old"
        yield Finding(level, told, f"Each is tried again. The server’s last words: {without_addresses(reply)}")


def _edge(here: Environment) -> Finding:
    try:
        connection = http.client.HTTPConnection(here.local_address, here.port, timeout=5)
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Finding(
            "wrong", f"edge: port {here.port} doesn't answer ({_first_line(error)})", _how_to_start(here, "edge")
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
        return Finding("wrong", f"web: doesn't answer ({_first_line(error)})", _how_to_start(here, "web"))
    if not line.startswith("HTTP/1.1 ") or line[9:10] == "5":
        return Finding("wrong", f"web: answers “{line}”", "Its last words are in log/.")
    return Finding("ok", "web: answers")


def _catcher(here: Environment) -> Finding:
    host, _, port = here.smtp_url.removeprefix("smtp://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as client:
            greeting = client.recv(64)
    except OSError as error:
        told = f"mail catcher: doesn't answer ({_first_line(error)})"
        mend = "Set SMTP_URL to send mail." if not here.embedded_database else "Start it: plainsail up"
        return Finding("wrong", told, mend)
    if not greeting.startswith(b"220"):
        return Finding("wrong", f"mail catcher: something else listens on port {port}", "Set MAILCATCHER_PORT.")
    if here.is_https:
        return Finding(
            "note", f"mail catcher: keeps all mail (port {port}), and none is sent", "Set SMTP_URL to send it."
        )
    return Finding("ok", f"mail catcher: takes mail on port {port}; set SMTP_URL to send it out")


def _mail_server(here: Environment) -> Finding:
    """Connects and signs in, and sends nothing."""
    from plainsail.mail.services.smtp import Conversation, Server, Unreachable  # brings TLS along

    try:
        server = Server.from_url(here.smtp_url)
    except BadEnvironment as error:
        return Finding("wrong", f"mail server: {error}", "Mend SMTP_URL.")
    try:
        Conversation.open(server, timeout=10).close()
    except Unreachable as error:
        told = f"mail server: {server.host}:{server.port} takes no mail from us ({error})"
        return Finding("wrong", told, "Check SMTP_URL and that server. Mail waits meanwhile, and is tried again.")
    return Finding("ok", f"mail server: {server.host}:{server.port} takes our mail")


def _intake(here: Environment) -> Finding:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(here.bounce_bind, here.bounce_bind)  # noqa: S104 - compared, not bound
    where = f"{host}:{here.bounce_port}"
    try:
        with socket.create_connection((host, here.bounce_port), timeout=5) as client:
            greeting = client.recv(64)
    except OSError as error:
        return Finding("wrong", f"bounces: {where} doesn't answer ({_first_line(error)})", "Start it: plainsail intake")
    if not greeting.startswith(b"220"):
        return Finding("wrong", f"bounces: something else listens on {where}", "Set BOUNCE_PORT.")
    return Finding("ok", f"bounces: taken in for {here.bounce_domain} on {where}")


def _data_dir(here: Environment) -> Iterator[Finding]:
    if not here.data_dir.exists():
        yield Finding("note", f"data directory: {here.data_dir} is not there yet")
        return
    key = here.data_dir / "secret_key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("wrong", "SECRET_KEY: others may read it", f"chmod 600 {key}")
    else:
        yield Finding("ok", "SECRET_KEY: is private")
    free = shutil.disk_usage(here.data_dir).free
    told = f"disk: {free / 1e9:.1f} GB free"
    yield Finding("ok", told) if free >= LEAST_DISK else Finding("wrong", told, "Make room, or the database will stop.")
    yield _backup(here)
    yield from _stale_backups(here)


def _stale_backups(here: Environment) -> Iterator[Finding]:
    """What was erased is still in the backups made before: certificates of erasure say when those are gone."""
    oldest = time.time() - BACKUPS_MAX.total_seconds()
    stale = [path for path in backups_dir(here).glob("plainsail-*.tar") if path.stat().st_mtime < oldest]
    if stale:
        told = f"backups: {len(stale)} older than {BACKUPS_MAX.days} days"
        yield Finding("wrong", told, "Delete them: they hold what has been erased since.")


def _backup(here: Environment) -> Finding:
    newest = newest_backup(here)
    if newest is None:
        is_new = time.time() - _birth(here) < BACKUP_AGE.total_seconds()
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


def _lateness(name: str, now: datetime, oldest: datetime | None, what: str, mend: str, *, is_starting: bool) -> Finding:
    late = now - oldest if oldest is not None else timedelta(0)
    if late > QUEUE_PATIENCE and is_starting:
        return Finding("note", f"{name}: {what}, the oldest since {_ago(late)}", "The worker has just started on it.")
    if late > QUEUE_PATIENCE:
        return Finding("wrong", f"{name}: {what}, the oldest since {_ago(late)}", mend)
    return Finding("ok", f"{name}: on time")


def _how_to_start(here: Environment, part: str) -> str:
    return "Start it: plainsail up" if here.embedded_database else f"Start it: plainsail {part}, or plainsail up"


def _how_to_get_a_database(here: Environment) -> str:
    return "Start it: plainsail up" if here.embedded_database else "Check DATABASE_URL and that this server is up."


def _row(connection: psycopg.Connection[Any], query: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(query.encode(), values or None).fetchone()
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


def report_json(here: Environment, *, say: Callable[[str], None]) -> bool:
    """Say every finding as one JSON object, for programs: `{"fine", "findings": [{"level", "what", "mend"}]}`."""
    found = list(examine(here))
    is_fine = all(finding.level != "wrong" for finding in found)
    say(json.dumps({"fine": is_fine, "findings": [asdict(finding) for finding in found]}, ensure_ascii=False))
    return is_fine
