import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from plainsail.cli import binaries, servers
from plainsail.cli.binaries import PostgresError
from plainsail.cli.postgres import LOGINS, AlreadyRunning, Postgres, shared_megabytes


@pytest.fixture
def fresh(data_dir):
    """One that has still to be made."""
    server = Postgres(data_dir)
    yield server
    server.stop()


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def wait_until_gone(pid: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still lives")


def test_a_fresh_directory_becomes_a_server_for_every_role(fresh):
    urls = fresh.start()
    assert {role: ask(url, "SELECT current_user") for role, url in urls.items()} == {
        "superuser": "postgres",
        "owner": "ps_owner",
        "app": "ps_app",
        "edge": "ps_edge",
    }


def test_the_database_sorts_by_the_builtin_locale_in_utf8(running):
    url = running.dsn("owner")
    query = (
        "SELECT datlocprovider::text || datlocale || pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s"
    )
    with psycopg.connect(url) as connection:
        assert connection.execute(query, ["plainsail"]).fetchone() == ("bC.UTF-8UTF8",)


def test_what_is_committed_is_on_disk(running):
    url = running.dsn("app")
    assert [ask(url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3


def test_no_role_but_the_superuser_is_more_than_it_should_be(running):
    url = running.dsn("superuser")
    query = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)"
    with psycopg.connect(url) as connection:
        assert connection.execute(query).fetchall() == [("postgres",)]


def test_the_owner_can_make_tables_and_test_databases(running):
    url = running.dsn("owner")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE note (word text)")
        connection.execute("CREATE DATABASE test_one")
    assert ask(running.dsn("owner", "test_one"), "SELECT current_database()") == "test_one"


@pytest.mark.parametrize("role", ["app", "edge"])
def test_the_serving_roles_can_make_no_tables(running, role):
    url = running.dsn(role)
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE note (word text)")


def test_the_edge_gets_no_temporary_tables_but_the_application_does(running):
    urls = {role: running.dsn(role) for role in LOGINS}
    with psycopg.connect(urls["app"]) as connection:
        connection.execute("CREATE TEMPORARY TABLE note (word text)")
    with psycopg.connect(urls["edge"]) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TEMPORARY TABLE note (word text)")


def test_nobody_gets_in_without_the_password(running):
    url = running.dsn("app")
    without = url.replace(url.split(":", 2)[2].split("@")[0], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(without)


def test_passwords_and_sockets_are_private(fresh):
    fresh.start()
    for name in ("passwords.json", "urls.json", "location.json"):
        assert stat.S_IMODE((fresh.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(fresh.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(fresh.cluster.stat().st_mode) == 0o700


def test_there_is_no_network_port(running):
    assert ask(running.dsn("app"), "SHOW listen_addresses") == ""


def test_stopping_and_starting_keeps_rows_and_passwords(postgres, data_dir):
    first = postgres.start()
    with psycopg.connect(first["owner"]) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS word")
    postgres.stop()
    again = Postgres(data_dir)
    try:
        assert again.start() == first
        assert ask(first["owner"], "SELECT word FROM note") == "kept"
    finally:
        again.stop()


def test_a_second_start_on_the_same_directory_is_refused_in_plain_words(running):
    with pytest.raises(AlreadyRunning, match="Another Plainsail is running on"):
        Postgres(running.data_dir).start()
    assert ask(running.dsn("app"), "SELECT 1") == 1


def test_a_stale_pid_file_that_names_some_other_process_is_no_obstacle(postgres):
    postgres.start()
    pid = postgres.process.pid
    os.kill(pid, signal.SIGKILL)
    postgres.process.wait()
    pid_file = postgres.cluster / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    postgres.spawn()
    while not postgres.is_ready():
        time.sleep(0.01)
    assert postgres.process.pid not in {pid, os.getpid()}
    assert ask(postgres.dsn("app"), "SELECT 1") == 1


def test_a_killed_server_comes_back_with_every_committed_row(postgres):
    urls = postgres.start()
    with psycopg.connect(urls["owner"], autocommit=True) as connection:
        connection.execute("CREATE TABLE note (number int)")
    written = 0
    for _round in range(3):
        with psycopg.connect(urls["owner"], autocommit=True) as connection:
            for _ in range(100):
                connection.execute("INSERT INTO note VALUES (%s)", [written])
                written += 1
            os.kill(postgres.process.pid, signal.SIGKILL)
        postgres.process.wait()
        postgres.start()
        assert ask(urls["owner"], "SELECT count(*) FROM note") == written


def test_a_session_that_computes_for_nobody_is_ended_before_the_next_start(postgres):
    url = postgres.start()["owner"]
    busy = psycopg.connect(url)
    pid = busy.info.backend_pid
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
    os.kill(postgres.process.pid, signal.SIGKILL)
    postgres.process.wait()
    started = time.monotonic()
    postgres.start()
    assert time.monotonic() - started < 10
    wait_until_gone(pid)
    busy.close()


def test_the_server_ends_when_its_parent_is_killed_and_the_next_start_waits_for_that(data_dir, surroundings):
    program = (
        "import sys, time; from plainsail.cli.postgres import Postgres;"
        "p = Postgres(sys.argv[1]); p.start(); print(p.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(data_dir)], stdout=subprocess.PIPE, env=surroundings)
    try:
        pid = int(parent.stdout.readline())
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    postgres = Postgres(data_dir)
    try:
        postgres.start()
        assert postgres.process.pid != pid
        wait_until_gone(pid, 0.1)
    finally:
        postgres.stop()


def test_a_directory_too_deep_for_a_socket_gets_a_short_private_one(data_dir):
    deep = data_dir / ("d" * 60) / ("e" * 60)
    postgres = Postgres(deep)
    try:
        url = postgres.start()["app"]
        assert ask(url, "SELECT 1") == 1
        assert not postgres.sockets.is_relative_to(deep)
        assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700
    finally:
        sockets = postgres.sockets
        postgres.stop()
        sockets.rmdir()


def test_a_socket_directory_that_somebody_opened_is_closed_again(postgres):
    postgres.init()
    postgres.sockets.chmod(0o777)
    postgres.start()
    assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700


def test_a_data_directory_can_be_moved_while_it_is_stopped(postgres, data_dir):
    with psycopg.connect(postgres.start()["owner"]) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS word")
    postgres.stop()
    (data_dir / "elsewhere").mkdir()
    (data_dir / "postgres").rename(data_dir / "elsewhere" / "postgres")
    moved = Postgres(data_dir / "elsewhere")
    try:
        assert ask(moved.start()["owner"], "SELECT word FROM note") == "kept"
    finally:
        moved.stop()


def test_an_interrupted_making_is_started_over(fresh):
    draft = fresh.folder / "db.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18")
    assert ask(fresh.start()["app"], "SELECT 1") == 1
    assert not draft.exists()


def test_a_server_that_gives_up_says_why(postgres):
    postgres.init()
    with (postgres.cluster / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 'many'\n")
    with pytest.raises(PostgresError, match="invalid value for parameter"):
        postgres.start()


@pytest.mark.parametrize(("limit", "expected"), [("max", None), (str(512 * 1024**2), 64), (str(4 * 1024**3), 256)])
def test_the_cache_is_a_part_of_the_memory_that_there_is(tmp_path, limit, expected):
    (tmp_path / "memory.max").write_text(limit)
    found = shared_megabytes(tmp_path / "memory.max")
    assert 64 <= found <= (expected or 512)
    assert found <= shared_megabytes(tmp_path / "missing")


def test_the_server_runs_with_that_cache_and_not_with_the_small_one_it_was_made_with(postgres):
    found = ask(
        postgres.start()["app"], "SELECT setting::int * 8 / 1024 FROM pg_settings WHERE name = 'shared_buffers'"
    )
    assert found == int(postgres._settings["shared_buffers"].removesuffix("MB")) > 16


def test_asking_for_an_address_before_there_is_a_database_says_what_to_do(fresh):
    with pytest.raises(PostgresError, match="`plainsail up` makes one"):
        fresh.dsn("app")


def test_a_directory_closed_to_the_servers_user_keeps_its_rows_elsewhere(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(closed)
    try:
        with psycopg.connect(postgres.start()["owner"]) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS word")
        postgres.stop()
        assert ask(postgres.start()["owner"], "SELECT word FROM note") == "kept"
        if not postgres.cluster.is_relative_to(closed):
            postgres.stop()
            shutil.copytree(closed, tmp_path / "copy")
            with pytest.raises(PostgresError, match="is a copy of"):
                Postgres(tmp_path / "copy").start()
    finally:
        postgres.stop()
        folder = postgres.cluster.parent
        postgres.remove()
    assert not folder.exists()


def test_rows_of_a_data_directory_that_was_deleted_are_put_aside_and_not_mixed_in(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    first = Postgres(closed)
    first.init()
    is_outside = not first.cluster.is_relative_to(closed)
    shutil.rmtree(first.folder)
    second = Postgres(closed)
    try:
        assert ask(second.start()["app"], "SELECT 1") == 1
        left = [path.name for path in second.cluster.parent.iterdir() if path.name.startswith("db.left-")]
        assert len(left) == is_outside
    finally:
        second.stop()
        second.remove()


def test_programs_out_of_reach_are_copied_once_to_where_they_can_be_run(data_dir, monkeypatch):
    monkeypatch.setattr(binaries, "SYSTEM_DIR", data_dir)
    monkeypatch.setattr(binaries, "reachable", lambda path, user: False)
    user = binaries.system_user()
    programs = binaries.server_programs(user)
    assert programs.is_relative_to(data_dir)
    made_at = programs.stat().st_mtime_ns
    for name in ("initdb", "postgres"):
        servers.run([str(programs / name), "--version"], user=user)
    assert binaries.server_programs(user) == programs
    assert programs.stat().st_mtime_ns == made_at
    assert [path.name for path in data_dir.iterdir()] == [programs.parents[2].name]


def test_a_throwaway_leaves_nothing_behind(data_dir):
    postgres = Postgres.throwaway(data_dir)
    postgres.start()
    cluster, sockets = postgres.cluster, postgres.sockets
    postgres.stop()
    assert [cluster.exists(), sockets.exists(), list(data_dir.iterdir())] == [False, False, []]


def test_a_throwaway_works_in_a_directory_closed_to_others(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres.throwaway(closed)
    try:
        assert ask(postgres.start()["app"], "SELECT 1") == 1
    finally:
        cluster = postgres.cluster
        postgres.stop()
    assert not cluster.exists()
    assert not cluster.parent.exists()


def test_the_server_never_runs_as_root_and_owns_its_files(running):
    owner = Path(f"/proc/{running.process.pid}").stat().st_uid
    assert owner != 0
    assert running.cluster.stat().st_uid == owner
