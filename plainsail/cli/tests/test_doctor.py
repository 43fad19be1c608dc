import json
import os
import shutil
import time

import psycopg
import pytest

from plainsail.cli import doctor, preparation
from plainsail.cli.tests.running import free_port
from plainsail.kernel import environment

TABLES = """
CREATE TYPE job_status AS ENUM ('todo', 'doing', 'succeeded', 'failed');
CREATE TYPE job_event AS ENUM ('deferred', 'started');
CREATE TABLE procrastinate_workers (id int, last_heartbeat timestamptz);
CREATE TABLE procrastinate_jobs (id int, status job_status, scheduled_at timestamptz);
CREATE TABLE procrastinate_events (job_id int, type job_event, at timestamptz);
CREATE TABLE kernel_due (due_at timestamptz);
CREATE TABLE kernel_pendingevent (parked_at timestamptz);
CREATE TABLE tracking_parkedlanding (id int);
CREATE TABLE mail_delivery (state text, reply text, put_off_since timestamptz, due_at timestamptz);
INSERT INTO procrastinate_workers VALUES (1, now());
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ps_app;
"""


@pytest.fixture
def data_dir(running):
    return running.data_dir


@pytest.fixture
def here(running, monkeypatch):
    """The surroundings of an installation of which only the database runs, with the tables that doctor looks at."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_EDGE_URL", "SMTP_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PLAINSAIL_DATA", str(running.data_dir))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("MAILCATCHER_PORT", str(free_port()))
    (running.data_dir / "run").mkdir(exist_ok=True)
    urls = (running.folder / "urls.json").read_text()
    with psycopg.connect(running.dsn("owner")) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
        connection.execute(TABLES)
    environment.current.cache_clear()
    yield environment.current()
    environment.current.cache_clear()
    (running.folder / "urls.json").write_text(urls)
    (running.data_dir / "secret_key").unlink()


def sql(here, statement):
    with psycopg.connect(here.owner_database_url) as connection:
        connection.execute(statement)


def findings(here, part):
    return [(finding.level, finding.what) for finding in doctor.examine(here) if finding.what.startswith(part)]


def test_nothing_running_is_wrong_and_each_part_says_how_to_start_it(here):
    told = []
    assert doctor.report(here, say=told.append) is False
    text = "\n".join(told)
    for part in ("supervisor: not running", "edge: port", "web: doesn't answer", "mail catcher: doesn't answer"):
        assert f"WRONG  {part}" in text
    assert "→ Start Plainsail: plainsail up" in text
    assert text.endswith("things are wrong.")


def test_a_database_that_is_away_is_one_finding_with_its_cause(here, data_dir):
    (data_dir / "postgres" / "urls.json").write_text(
        json.dumps(dict.fromkeys(("app", "owner", "edge"), "postgresql://ps_app@/plainsail?host=/nowhere"))
    )
    environment.current.cache_clear()
    found = [finding for finding in doctor.examine(environment.current()) if finding.what.startswith("database")]
    assert [(finding.level, finding.mend) for finding in found] == [("wrong", "Start it: plainsail up")]
    assert "/nowhere" in found[0].what


def test_a_database_without_tables_says_to_migrate(here):
    sql(here, "DROP TABLE procrastinate_workers")
    assert findings(here, "queue") == [("wrong", "queue: there are no tables yet")]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", ("ok", "worker: heard of a moment ago")),
        ("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'", ("wrong", "5 minutes ago")),
        ("DELETE FROM procrastinate_workers", ("wrong", "worker: last heard of never")),
    ],
)
def test_a_worker_is_judged_by_its_heartbeat(here, statement, expected):
    sql(here, statement)
    ((level, what),) = findings(here, "worker")
    assert level == expected[0]
    assert expected[1] in what or what.startswith("worker: heard of")


@pytest.mark.parametrize(
    ("job", "deferred", "level"),
    [
        ("'todo', NULL", "1 minute", "ok"),
        ("'todo', NULL", "20 minutes", "wrong"),
        ("'todo', now() - interval '2 hours'", "3 hours", "wrong"),
        ("'todo', now() + interval '1 day'", "3 hours", "ok"),
        ("'succeeded', NULL", "3 hours", "ok"),
    ],
)
def test_a_queue_is_late_when_its_oldest_runnable_job_is(here, job, deferred, level):
    sql(here, f"INSERT INTO procrastinate_jobs VALUES (1, {job})")
    sql(here, f"INSERT INTO procrastinate_events VALUES (1, 'deferred', now() - interval '{deferred}')")
    assert findings(here, "queue")[0][0] == level


def test_late_due_work_and_parked_events_are_wrong(here):
    sql(here, "INSERT INTO kernel_due VALUES (now() - interval '3 days')")
    sql(here, "INSERT INTO kernel_pendingevent VALUES (now()), (NULL)")
    assert findings(here, "due work") == [("wrong", "due work: some is late, the oldest since 3 days")]
    assert findings(here, "events") == [("wrong", "events: 1 could not be handled and were put aside")]


def test_rows_of_the_edge_that_were_put_aside_are_wrong(here):
    sql(here, "INSERT INTO tracking_parkedlanding VALUES (1)")
    assert findings(here, "intake") == [("wrong", "intake: 1 rows could not be taken in and were put aside")]


@pytest.mark.parametrize(("age", "level"), [("5 minutes", "note"), ("3 hours", "wrong")])
def test_mail_that_the_server_put_off_is_told_with_its_words_and_without_anybodys_address(here, age, level):
    sql(
        here,
        "INSERT INTO mail_delivery VALUES ('queued', '450 ada@example.com: come back', now() - interval"
        f" '{age}', now()), ('queued', '', NULL, now()), ('accepted', '250', now(), now())",
    )
    ((found),) = [finding for finding in doctor.examine(here) if finding.what.startswith("mail:")]
    assert (found.level, found.what) == (level, f"mail: 1 put off by the server, the oldest {age} old")
    assert found.mend == "Each is tried again. The server’s last words: 450 …@…: come back"


def test_a_door_for_bounces_that_is_shut_is_wrong(here, monkeypatch):
    assert findings(here, "bounces") == []
    monkeypatch.setenv("BOUNCE_DOMAIN", "bounces.example.com")
    monkeypatch.setenv("BOUNCE_PORT", str(free_port()))
    environment.current.cache_clear()
    ((level, what),) = findings(environment.current(), "bounces")
    assert (level, "doesn't answer" in what) == ("wrong", True)


def test_a_mail_server_that_is_away_or_wrongly_named_is_wrong(here, monkeypatch):
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    environment.current.cache_clear()
    ((level, what),) = findings(environment.current(), "mail server")
    assert (level, "takes no mail from us" in what) == ("wrong", True)
    monkeypatch.setenv("SMTP_URL", "mail.example.com")
    environment.current.cache_clear()
    ((level, what),) = findings(environment.current(), "mail server")
    assert (level, "SMTP_URL must look like" in what) == ("wrong", True)


def test_behind_tls_without_a_trusted_proxy_is_wrong(here, monkeypatch):
    monkeypatch.setenv("PLAINSAIL_URL", "https://app.example.com")
    environment.current.cache_clear()
    assert [level for level, _ in findings(environment.current(), "proxy")] == ["wrong"]
    monkeypatch.setenv("PLAINSAIL_TRUSTED_PROXIES", "127.0.0.1")
    environment.current.cache_clear()
    assert findings(environment.current(), "proxy") == []


def test_a_data_directory_that_is_not_there_yet_is_no_bug(here, data_dir, monkeypatch):
    urls = json.loads((data_dir / "postgres" / "urls.json").read_text())
    for role, name in (("app", "DATABASE_URL"), ("owner", "DATABASE_OWNER_URL"), ("edge", "DATABASE_EDGE_URL")):
        monkeypatch.setenv(name, urls[role])
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv("PLAINSAIL_DATA", str(data_dir / "nowhere"))
    environment.current.cache_clear()
    assert [level for level, _ in findings(environment.current(), "data directory")] == ["note"]


def test_programs_get_the_same_as_one_json_object(here):
    told = []
    assert doctor.report_json(here, say=told.append) is False
    found = json.loads(told[0])
    assert found["fine"] is False
    assert {"level": "wrong", "what": "supervisor: not running", "mend": "Start Plainsail: plainsail up"} in found[
        "findings"
    ]


def test_migrations_that_have_not_been_run_are_named(here):
    assert findings(here, "migrations") == [("wrong", "migrations: none has been run")]
    sql(here, "CREATE TABLE django_migrations (app text, name text); GRANT SELECT ON django_migrations TO ps_app")
    assert findings(here, "migrations")[0][0] == "wrong"
    for migration in preparation.migrations():
        app, name = migration.split("/")
        sql(here, f"INSERT INTO django_migrations VALUES ('{app}', '{name}')")
    assert findings(here, "migrations") == [("ok", "migrations: all have been run")]


def test_a_role_that_sees_everything_is_wrong(here, running):
    urls = running.folder / "urls.json"
    mighty = json.loads(urls.read_text()) | {"app": running.dsn("superuser")}
    urls.write_text(json.dumps(mighty))
    environment.current.cache_clear()
    sql(here, "CREATE TABLE note (workspace_id uuid); ALTER TABLE note ENABLE ROW LEVEL SECURITY")
    here = environment.current()
    assert findings(here, "database") == [
        ("wrong", "database: the application connects as postgres, who may see every workspace's rows")
    ]
    assert findings(here, "businesses") == [
        ("wrong", "businesses are not kept apart: note: row-level security is not active")
    ]


def test_a_key_that_others_can_read_is_wrong(here, data_dir):
    (data_dir / "secret_key").chmod(0o644)
    assert findings(here, "SECRET_KEY") == [("wrong", "SECRET_KEY: others may read it")]


def test_backups_are_asked_for_after_a_week(here, data_dir):
    shutil.rmtree(data_dir / "backups", ignore_errors=True)
    assert findings(here, "backup") == [("note", "backup: none yet")]
    week_ago = time.time() - 8 * 86_400
    os.utime(data_dir / "postgres" / "passwords.json", (week_ago, week_ago))
    assert findings(here, "backup") == [("wrong", "backup: none yet")]
    (data_dir / "backups").mkdir()
    archive = data_dir / "backups" / "plainsail-20260101-000000.tar"
    archive.touch()
    hours_ago = time.time() - 5 * 3600
    os.utime(archive, (hours_ago, hours_ago))
    assert findings(here, "backup") == [("ok", "backup: the last one is 5 hours old")]
    os.utime(archive, (week_ago, week_ago))
    assert findings(here, "backup") == [("wrong", "backup: the last one is 8 days old")]


def test_backups_that_hold_what_has_been_erased_since_are_to_go(here, data_dir):
    shutil.rmtree(data_dir / "backups", ignore_errors=True)
    (data_dir / "backups").mkdir()
    for days in (1, 40, 50):
        archive = data_dir / "backups" / f"plainsail-{days}.tar"
        archive.touch()
        made = time.time() - days * 86_400
        os.utime(archive, (made, made))
    assert findings(here, "backups") == [("wrong", "backups: 2 older than 35 days")]
