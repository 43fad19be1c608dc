import hashlib
import json
import os
import subprocess
import tarfile
import threading
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from plainsail.cli.postgres import Postgres
from plainsail.cli.tests.conftest import without_ours
from plainsail.cli.tests.running import COMMAND, eventually
from plainsail.kernel import erasures

KEY = "the-key-of-this-installation-0123456789abcdef"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNTS = 20
TABLES = """
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE transfer (id bigserial PRIMARY KEY, giver int REFERENCES account, taker int REFERENCES account, amount int);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account USING (id = current_setting('plainsail.workspace')::int);
GRANT SELECT, INSERT, UPDATE ON account, transfer TO ps_app;
GRANT USAGE ON transfer_id_seq TO ps_app;
INSERT INTO account SELECT number, 1000 FROM generate_series(1, 20) AS number;
"""


@pytest.fixture
def business(postgres, data_dir):
    """A running database with books, files and a key; no Plainsail around it."""
    (data_dir / "files" / "2026").mkdir(parents=True)
    (data_dir / "files" / "2026" / "Käse & Brot.png").write_bytes(os.urandom(100_000))
    (data_dir / "files" / "empty").touch()
    (data_dir / "secret_key").write_text(KEY)
    with psycopg.connect(postgres.start()["owner"]) as connection:
        connection.execute(TABLES)
    return postgres


@pytest.fixture(scope="module")
def archive(running, tmp_path_factory):
    """A backup that no test changes."""
    (running.data_dir / "secret_key").write_text(KEY)
    with psycopg.connect(running.dsn("owner")) as connection:
        connection.execute(TABLES)
    path = tmp_path_factory.mktemp("backup") / "saved.tar"
    assert plainsail(without_ours() | {"PLAINSAIL_DATA": str(running.data_dir)}, "backup", path).returncode == 0
    return path


@pytest.fixture
def elsewhere(data_dir):
    """Another data directory, not there yet."""
    return data_dir / "elsewhere"


def plainsail(surroundings, *arguments, **more):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], env=surroundings | more, capture_output=True, text=True, check=False
    )


def books(url):
    """What must agree: rows, money in all accounts, and each balance with the transfers that made it."""
    with psycopg.connect(url) as connection:
        count, moved = connection.execute("SELECT count(*), coalesce(sum(amount), 0) FROM transfer").fetchone()
        money = connection.execute("SELECT sum(balance) FROM account").fetchone()[0]
        wrong = connection.execute(
            "SELECT count(*) FROM account WHERE balance <> 1000"
            " - coalesce((SELECT sum(amount) FROM transfer WHERE giver = account.id), 0)"
            " + coalesce((SELECT sum(amount) FROM transfer WHERE taker = account.id), 0)"
        ).fetchone()[0]
    return {"transfers": count, "moved": moved, "money": money, "wrong": wrong}


def transfer(connection, number):
    giver, taker = number % ACCOUNTS + 1, number * 7 % ACCOUNTS + 1
    with connection.transaction():
        connection.execute("UPDATE account SET balance = balance - 1 WHERE id = %s", [giver])
        connection.execute("UPDATE account SET balance = balance + 1 WHERE id = %s", [taker])
        connection.execute("INSERT INTO transfer (giver, taker, amount) VALUES (%s, %s, 1)", [giver, taker])


def restored_books(folder):
    postgres = Postgres(folder)
    try:
        return books(postgres.start()["owner"])
    finally:
        postgres.stop()


def test_what_is_restored_elsewhere_equals_what_was_saved(business, surroundings, elsewhere, tmp_path):
    archive = tmp_path / "saved.tar"
    erased = [{uuid4(): NOON}, {uuid4(): NOON}]
    erasures.add(business.data_dir / "backups" / "erasures.jsonl", erased[0])
    with psycopg.connect(business.dsn("owner"), autocommit=True) as connection:
        for number in range(50):
            transfer(connection, number)
    before = books(business.dsn("owner"))
    assert plainsail(surroundings, "backup", archive).returncode == 0
    # Somebody was erased after the backup was made.
    erasures.add(tmp_path / "erasures.jsonl", erased[1])
    person = erasures.ErasedPerson(uuid4(), "0123456789abcdef", datetime.now(UTC), is_suppressed=True)
    erasures.add_people(tmp_path / "erasures.jsonl", [person])

    done = plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert "2 files" in done.stdout
    assert "Erased since that backup was made: 0 businesses and 1 people." in done.stdout
    assert erasures.listed(elsewhere / "backups" / "erasures.jsonl") == erased[0] | erased[1]
    assert erasures.people(elsewhere / "backups" / "erasures.jsonl") == {person}
    assert restored_books(elsewhere) == before == {"transfers": 50, "moved": 50, "money": 20_000, "wrong": 0}
    assert (elsewhere / "secret_key").read_text() == KEY
    assert (elsewhere / "secret_key").stat().st_mode & 0o777 == 0o600
    for name in ("2026/Käse & Brot.png", "empty"):
        assert (elsewhere / "files" / name).read_bytes() == (business.data_dir / "files" / name).read_bytes()


def test_only_so_many_backups_are_kept_and_nothing_else_is_touched(running, tmp_path):
    surroundings = without_ours() | {"PLAINSAIL_DATA": str(running.data_dir)}
    old = [tmp_path / f"plainsail-2026010{day}-031700.tar" for day in (1, 2, 3)]
    # A clock that went wrong made one of the future: the new one is kept all the same.
    ahead, own = tmp_path / "plainsail-29990101-000000.tar", tmp_path / "before-the-fair.tar"
    for path in (*old, ahead, own):
        path.touch()
    new = tmp_path / "plainsail-20260104-031700.tar"
    done = plainsail(surroundings, "backup", new, "--keep", 3)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("*.tar")} == {new.name, old[2].name, ahead.name, own.name}
    assert f"Removed {old[0]}." in done.stdout
    assert plainsail(surroundings, "backup", new, "--keep", 1).returncode == 0
    assert {path.name for path in tmp_path.glob("*.tar")} == {new.name, own.name}
    assert plainsail(surroundings, "backup", new, "--keep", 0).returncode == 2


def test_books_balance_in_a_backup_taken_while_they_are_written(business, surroundings, elsewhere, tmp_path):
    archive = tmp_path / "saved.tar"
    is_over, made = threading.Event(), []

    def write(first):
        with psycopg.connect(business.dsn("owner"), autocommit=True) as connection:
            number = first
            while not is_over.is_set():
                try:
                    transfer(connection, number)
                    made.append(number)
                except psycopg.errors.DeadlockDetected:
                    pass
                number += 2

    threads = [threading.Thread(target=write, args=[first]) for first in (0, 1)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: len(made) > 100)
        before = len(made)
        done = plainsail(surroundings, "backup", archive)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert done.returncode == 0, done.stderr

    assert plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere)).returncode == 0
    restored = restored_books(elsewhere)
    assert before <= restored["transfers"] < len(made)
    assert (restored["money"], restored["wrong"]) == (20_000, 0)


def test_roles_rights_and_row_security_are_restored_too(archive, surroundings, elsewhere):
    plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere))
    postgres = Postgres(elsewhere)
    try:
        urls = postgres.start()
        with psycopg.connect(urls["app"]) as connection:
            connection.execute("SELECT set_config('plainsail.workspace', '7', true)")
            assert connection.execute("SELECT id FROM account").fetchall() == [(7,)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("ALTER TABLE account DISABLE ROW LEVEL SECURITY")
        with psycopg.connect(urls["edge"]) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM transfer")
    finally:
        postgres.stop()


def test_a_stopped_database_is_started_for_the_backup_and_stopped_again(business, surroundings):
    business.stop()
    done = plainsail(surroundings, "backup")
    assert done.returncode == 0, done.stderr
    assert Postgres(business.data_dir).running_pid() is None
    (archive,) = (business.data_dir / "backups").iterdir()
    assert archive.stat().st_mode & 0o777 == 0o600
    assert str(archive) in done.stdout


def test_restoring_into_a_directory_with_something_in_it_is_refused_unless_forced(archive, surroundings, elsewhere):
    assert plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere)).returncode == 0
    other = Postgres(elsewhere)
    with psycopg.connect(other.start()["owner"]) as connection:
        connection.execute("INSERT INTO transfer (giver, taker, amount) VALUES (1, 2, 5)")
    other.stop()
    (elsewhere / "files" / "newer").touch()

    refused = plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {elsewhere} is not empty.")
    assert restored_books(elsewhere)["transfers"] == 1
    assert plainsail(surroundings, "restore", "--force", archive, PLAINSAIL_DATA=str(elsewhere)).returncode == 0
    assert restored_books(elsewhere)["transfers"] == 0
    assert not (elsewhere / "files" / "newer").exists()


def test_a_restore_that_fails_leaves_the_present_database_alone(business, surroundings, tmp_path):
    archive, spoilt = tmp_path / "saved.tar", tmp_path / "spoilt.tar"
    with psycopg.connect(business.dsn("owner"), autocommit=True) as connection:
        transfer(connection, 3)
    plainsail(surroundings, "backup", archive)
    business.stop()
    dump = b"PGDMP and then nonsense"
    with tarfile.open(spoilt, "w") as target:
        members = {"secret_key": KEY.encode(), "database.dump": dump}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
        manifest = {"plainsail": "0", "made_at": "2026-01-01", "members": hashes}
        for name, content in (members | {"manifest.json": json.dumps(manifest).encode()}).items():
            add(target, name, content)
    failed = plainsail(surroundings, "restore", "--force", spoilt)
    assert failed.returncode == 1
    assert "pg_restore failed" in failed.stderr
    assert restored_books(business.data_dir)["transfers"] == 1


def add(target, name, content, **attributes):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for attribute, value in attributes.items():
        setattr(member, attribute, value)
    target.addfile(member, BytesIO(content))


@pytest.mark.parametrize("damage", ["cut", "flipped", "not a tar", "empty"])
def test_a_damaged_archive_is_refused_before_anything_is_touched(archive, surroundings, elsewhere, tmp_path, damage):
    damaged = tmp_path / "damaged.tar"
    content = bytearray(archive.read_bytes())
    if damage == "cut":
        del content[content.index(b"PGDMP") + 1000 :]
    elif damage == "flipped":
        content[content.index(b"PGDMP") + 200] ^= 0xFF
    else:
        content = bytearray(b"hello" * 500 if damage == "not a tar" else b"")
    damaged.write_bytes(content)
    refused = plainsail(surroundings, "restore", damaged, PLAINSAIL_DATA=str(elsewhere))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {damaged} is")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("change", [{"plainsail": "99.0.0"}, {"migrations": ["hosting/9999_from_the_future"]}])
def test_a_backup_of_a_newer_plainsail_is_refused_before_anything_is_touched(
    archive, surroundings, elsewhere, tmp_path, change
):
    newer = tmp_path / "newer.tar"
    with tarfile.open(archive) as source, tarfile.open(newer, "w") as target:
        for member in source:
            content = source.extractfile(member).read()
            if member.name == "manifest.json":
                content = json.dumps(json.loads(content) | change).encode()
            add(target, member.name, content)
    refused = plainsail(surroundings, "restore", newer, PLAINSAIL_DATA=str(elsewhere))
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The backup was made by a newer Plainsail (")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("../outside", {}),
        ("files/../../outside", {}),
        ("/tmp/outside", {}),
        ("postgres/passwords.json", {}),
        ("files/link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("files/device", {"type": tarfile.CHRTYPE}),
    ],
)
def test_a_forged_archive_writes_nothing_outside_its_place(surroundings, elsewhere, tmp_path, name, attributes):
    archive = tmp_path / "forged.tar"
    with tarfile.open(archive, "w") as target:
        add(target, name, b"", **attributes)
    refused = plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere))
    assert refused.returncode == 1
    assert f"unexpected {name}" in refused.stderr
    assert not Path("/tmp/outside").exists()
    assert list(elsewhere.iterdir()) == []


def test_a_backup_that_fails_leaves_no_half_file(business, surroundings, tmp_path):
    with psycopg.connect(business.dsn("superuser"), autocommit=True) as connection:
        # A table that can't be read to its end: its file is gone.
        connection.execute("CREATE TABLE broken AS SELECT generate_series(1, 1000)")
        connection.execute("CHECKPOINT")
        path = connection.execute("SELECT pg_relation_filepath('broken')").fetchone()[0]
    business.stop()
    (business.cluster / path).unlink()
    failed = plainsail(surroundings, "backup", tmp_path / "saved.tar")
    assert failed.returncode == 1
    assert "pg_dump failed" in failed.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_secret_key_than_the_backups_is_refused(archive, surroundings, elsewhere):
    refused = plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere), SECRET_KEY="x" * 40)
    assert refused.returncode == 1
    assert "SECRET_KEY is set to another key" in refused.stderr


def test_a_database_of_ones_own_is_saved_and_restored_through_its_url(business, surroundings, elsewhere, tmp_path):
    archive = tmp_path / "saved.tar"
    with psycopg.connect(business.dsn("owner"), autocommit=True) as connection:
        transfer(connection, 3)
        connection.execute("CREATE DATABASE other")
    own = {"DATABASE_URL": business.dsn("app"), "DATABASE_OWNER_URL": business.dsn("owner")}
    assert plainsail(surroundings, "backup", archive, **own).returncode == 0
    other = {"DATABASE_URL": business.dsn("app", "other"), "DATABASE_OWNER_URL": business.dsn("owner", "other")}
    done = plainsail(surroundings, "restore", archive, PLAINSAIL_DATA=str(elsewhere), **other)
    assert done.returncode == 0, done.stderr
    assert books(business.dsn("owner", "other")) == books(business.dsn("owner"))
    again = plainsail(surroundings, "restore", "--force", archive, PLAINSAIL_DATA=str(elsewhere), **other)
    assert again.returncode == 1
    assert "is not empty" in again.stderr
