import fcntl
import http.client
import os
import pty
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time
from pathlib import Path

import psycopg
import pytest

from plainsail.cli.tests.conftest import without_ours
from plainsail.cli.tests.running import COMMAND, Plainsail, eventually, free_port, lives

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def plainsail():
    """One that runs through all tests of this module: what one of them kills, the next one finds alive again."""
    folder = Path(tempfile.mkdtemp(prefix="plainsail-test-"))
    folder.chmod(0o711)
    running = Plainsail(without_ours() | {"PLAINSAIL_DATA": str(folder)})
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder)


class Writer(threading.Thread):
    """Commits rows one after the other, as the application's role, and remembers those that were acknowledged."""

    def __init__(self, plainsail):
        super().__init__(daemon=True)
        from plainsail.cli.postgres import Postgres

        postgres = Postgres(plainsail.data_dir)
        self.url = postgres.dsn("app")
        self.table = f"note_{time.monotonic_ns()}"
        self.acknowledged = []
        self.is_over = threading.Event()
        with psycopg.connect(postgres.dsn("owner")) as connection:
            connection.execute(f"CREATE TABLE {self.table} (number int)")
            connection.execute(f"GRANT SELECT, INSERT ON {self.table} TO ps_app")

    def run(self):
        number = 0
        while not self.is_over.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    while not self.is_over.is_set():
                        connection.execute(f"INSERT INTO {self.table} VALUES (%s)", [number])
                        self.acknowledged.append(number)
                        number += 1
            except psycopg.OperationalError:
                number += 1
                time.sleep(0.05)

    def lost(self):
        """Stop, and return the numbers that were acknowledged and are not there."""
        self.is_over.set()
        self.join()
        with psycopg.connect(self.url) as connection:
            kept = {number for (number,) in connection.execute(f"SELECT number FROM {self.table}")}
        assert len(self.acknowledged) > 20
        return set(self.acknowledged) - kept


@pytest.mark.parametrize("name", ["edge", "web", "worker", "mailcatcher", "database"])
def test_whatever_is_killed_comes_back_and_nothing_committed_is_lost(plainsail, name):
    writer = Writer(plainsail)
    writer.start()
    for _time in range(2):
        enough = len(writer.acknowledged) + 20
        eventually(lambda enough=enough: len(writer.acknowledged) > enough)
        former = plainsail.kill(name)
        eventually(lambda former=former: plainsail.is_back(name, former))
        eventually(plainsail.is_serving)
        assert not lives(former)
    assert writer.lost() == set()


@pytest.mark.parametrize("name", ["edge", "web"])
def test_a_serving_process_that_is_killed_under_its_server_comes_back(plainsail, name):
    pid = plainsail.pid(name)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    eventually(lambda: not lives(int(children[0])))
    eventually(plainsail.is_serving)


def test_killing_a_server_takes_its_serving_process_along(plainsail):
    pid = plainsail.pid("web")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    plainsail.kill("web")
    eventually(lambda: not lives(int(children[0])))
    eventually(lambda: plainsail.is_back("web", pid))


def test_requests_wait_while_web_is_away(plainsail):
    former = plainsail.kill("web")
    assert plainsail.get("/no-such-page") == 404
    eventually(lambda: plainsail.is_back("web", former))


@pytest.mark.parametrize("how", ["command", "signal"])
def test_reloading_replaces_web_and_worker_without_a_failed_request(plainsail, how):
    eventually(plainsail.is_serving)
    former = {name: plainsail.pid(name) for name in ("web", "worker", "edge", "database")}
    statuses: list[object] = []
    is_over = threading.Event()

    def ask(method, body):
        while not is_over.is_set():
            try:
                statuses.append(plainsail.get("/no-such-page", method=method, body=body))
            except (OSError, http.client.HTTPException) as error:
                statuses.append(repr(error))

    threads = [
        threading.Thread(target=ask, args=asked) for asked in [("GET", None)] * 3 + [("POST", b"name=x" * 500)] * 2
    ]
    for thread in threads:
        thread.start()
    try:
        if how == "command":
            assert plainsail.command("reload").returncode == 0
        else:
            plainsail.process.send_signal(signal.SIGHUP)
        eventually(lambda: all(plainsail.is_back(name, former[name]) for name in ("web", "worker")))
        eventually(lambda: not lives(former["web"]))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {404}
    assert len(statuses) > 50
    assert {name: plainsail.pid(name) for name in ("edge", "database")} == {
        "edge": former["edge"],
        "database": former["database"],
    }


def test_a_second_up_on_the_same_directory_is_refused_in_plain_words(plainsail):
    refused = plainsail.command("up", PORT="1")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"Error: Plainsail is already running on {plainsail.data_dir} (process {plainsail.process.pid})."
        " Stop it, or set PLAINSAIL_DATA to another directory.\n"
    )
    assert plainsail.is_serving()


def test_a_second_one_beside_it_on_the_same_port_is_refused_in_plain_words(plainsail, surroundings):
    done = subprocess.run(
        [*COMMAND, "up"], env=surroundings | {"PORT": str(plainsail.port)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"Port {plainsail.port} can't be used: Address already in use." in done.stderr


def test_everything_it_keeps_is_private(plainsail):
    eventually((plainsail.data_dir / "mailbox").exists)
    for name in ("run", "files", "log", "mailbox"):
        assert (plainsail.data_dir / name).stat().st_mode & 0o077 == 0
    private = ("secret_key", "log/plainsail.log", "postgres/postgres.log")
    assert {(plainsail.data_dir / name).stat().st_mode & 0o777 for name in private} == {0o600}


def test_the_supervisor_stays_small(plainsail):
    status = Path(f"/proc/{plainsail.process.pid}/status").read_text()
    resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    assert resident < 40_000


def test_a_backup_of_the_whole_comes_up_elsewhere_with_the_same_rows(plainsail, surroundings, tmp_path):
    eventually(plainsail.is_serving)
    assert plainsail.command("backup", str(tmp_path / "saved.tar")).returncode == 0
    other = Plainsail(surroundings)
    restored = subprocess.run(
        [*COMMAND, "restore", tmp_path / "saved.tar"], env=surroundings, capture_output=True, text=True, check=False
    )
    assert restored.returncode == 0, restored.stderr
    try:
        # Asked for a demo, as `make run` does: what is there is somebody's business, to which none is added.
        other.start(with_demo=True)
        assert other.is_serving()
        assert (other.data_dir / "secret_key").read_text() == (plainsail.data_dir / "secret_key").read_text()
        assert rows(other) == rows(plainsail)
    finally:
        other.stop()


def rows(plainsail):
    """How many rows each table has, but for those that count who is running."""
    from plainsail.cli.postgres import Postgres

    busy = ("procrastinate_", "django_cache")
    with psycopg.connect(Postgres(plainsail.data_dir).dsn("owner")) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in tables
            if not name.startswith(busy)
        }


def test_more_webs_and_workers_of_other_machines_share_the_database(plainsail, surroundings):
    """Without a supervisor: only DATABASE_URL, the key, and an address each."""
    from plainsail.cli.postgres import Postgres

    postgres = Postgres(plainsail.data_dir)
    shutil.copytree(plainsail.data_dir / "static", Path(surroundings["PLAINSAIL_DATA"]) / "static")
    elsewhere = surroundings | {
        "DATABASE_URL": postgres.dsn("app"),
        "DATABASE_EDGE_URL": postgres.dsn("edge"),
        "SECRET_KEY": (plainsail.data_dir / "secret_key").read_text(),
        "PORT": str(free_port()),
    }
    workers = "SELECT id FROM procrastinate_workers"
    with psycopg.connect(postgres.dsn("app"), autocommit=True) as connection:
        # One that was killed lately still stands there, and is taken off meanwhile.
        before = set(connection.execute(workers))
        processes = [subprocess.Popen([*COMMAND, name], env=elsewhere) for name in ("web", "edge", "worker")]
        try:
            other = Plainsail(elsewhere)
            other.port = int(elsewhere["PORT"])
            eventually(other.is_serving, within=60)
            eventually(lambda: set(connection.execute(workers)) - before, within=60)
            assert [other.get("/no-such-page"), plainsail.get("/no-such-page")] == [404, 404]
        finally:
            for process in processes:
                process.terminate()
            codes = [process.wait(30) for process in processes]
    assert codes == [0, 0, 0]
    assert plainsail.is_serving()


@pytest.mark.parametrize(("how", "code"), [("queue away", 1), ("asked to", 0)])
def test_a_worker_of_its_own_says_by_its_status_whether_it_is_to_be_started_anew(plainsail, how, code):
    from plainsail.cli.postgres import Postgres

    listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %procrastinate%'"
    eventually(plainsail.is_serving)
    worker = subprocess.Popen([*COMMAND, "worker"], env=plainsail.environment, stderr=subprocess.DEVNULL)
    try:
        with psycopg.connect(Postgres(plainsail.data_dir).dsn("superuser"), autocommit=True) as connection:
            eventually(lambda: connection.execute(listening).fetchone() == (2,), within=60)
        if how == "asked to":
            worker.terminate()
            assert worker.wait(90) == code
            return
        # The supervisor would have the database back before anybody notices.
        plainsail.process.send_signal(signal.SIGSTOP)
        former = plainsail.kill("database")
        assert worker.wait(90) == code
    finally:
        plainsail.process.send_signal(signal.SIGCONT)
        worker.kill()
        worker.wait()
    eventually(lambda: plainsail.is_back("database", former))
    eventually(plainsail.is_serving)


def test_a_full_log_is_begun_anew_and_the_last_one_kept(plainsail):
    from plainsail.cli.supervisor import LARGEST_LOG

    logs = [plainsail.data_dir / "log" / "plainsail.log", plainsail.data_dir / "postgres" / "postgres.log"]
    for log in logs:
        os.truncate(log, LARGEST_LOG)
    plainsail.kill("mailcatcher")  # any news has the supervisor look
    eventually(lambda: all(log.stat().st_size < LARGEST_LOG for log in logs))
    assert [log.with_suffix(".log.1").stat().st_size for log in logs] == [LARGEST_LOG, LARGEST_LOG]
    for log in logs:
        assert log.with_suffix(".log.1").stat().st_mode & 0o077 == 0
        log.with_suffix(".log.1").unlink()


def test_the_databases_log_holds_no_ones_address(plainsail):
    from plainsail.cli.postgres import Postgres

    insert = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('ada@example.com', '', now())"
    with psycopg.connect(Postgres(plainsail.data_dir).dsn("app"), autocommit=True) as connection:
        connection.execute(insert)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert)
        connection.execute("DELETE FROM django_session")
    log = (plainsail.data_dir / "postgres" / "postgres.log").read_text()
    assert "django_session_pkey" in log
    assert "ada@example.com" not in log


def test_doctor_finds_nothing_wrong(plainsail):
    eventually(plainsail.is_serving)
    eventually(lambda: all(part.get("ready", True) for part in plainsail.status().values()))
    told = plainsail.command("doctor")
    assert "Everything is fine." in told.stdout, told.stdout
    assert told.returncode == 0


def test_ctrl_c_ends_everything_within_seconds_and_the_next_start_is_quick(plainsail):
    began = time.monotonic()
    assert plainsail.stop() == 0
    assert time.monotonic() - began < 15
    assert plainsail.everyone() == []
    assert not (plainsail.data_dir / "postgres" / "db" / "postmaster.pid").exists()
    assert plainsail.start() < 15
    assert plainsail.is_serving()


def test_sigterm_ends_it_like_ctrl_c(plainsail):
    assert plainsail.stop(signal.SIGTERM) == 0
    assert plainsail.everyone() == []
    plainsail.start()


def test_closing_the_terminal_ends_it_and_does_not_reload_it(plainsail):
    plainsail.stop()
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "up", "--no-demo"],
        env=plainsail.environment,
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one system call
    )
    os.close(end)
    try:
        eventually(plainsail.is_serving, within=30)
        os.close(terminal)
        assert process.wait(20) == 0
        assert plainsail.everyone() == []
    finally:
        process.kill()
        process.wait()
    plainsail.start()


def test_killing_the_supervisor_leaves_nothing_behind_and_the_next_start_serves(plainsail):
    writer = Writer(plainsail)
    writer.start()
    eventually(lambda: len(writer.acknowledged) > 20)
    plainsail.stop(signal.SIGKILL)
    eventually(lambda: plainsail.everyone() == [])

    def is_port_free():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", plainsail.port)) != 0

    eventually(is_port_free)
    plainsail.start()
    assert plainsail.is_serving()
    assert writer.lost() == set()


def test_a_supervisor_started_again_at_once_after_a_kill_waits_for_its_predecessor(plainsail):
    plainsail.stop(signal.SIGKILL)
    plainsail.start()
    assert plainsail.is_serving()
