"""`plainsail backup` and `restore`: everything a business is, in one file, and back again.

The dump is one snapshot of the database (pg_dump's own transaction), so books that balance in the database balance in
it, whatever is written meanwhile. The files come after it: each one that a row of the dump names is there.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

import plainsail
from plainsail.cli import archives, binaries, preparation, servers, supervisor
from plainsail.cli.errors import Refused
from plainsail.cli.postgres import DATABASE, Postgres
from plainsail.kernel import environment, erasures
from plainsail.kernel.environment import Environment

DRAFT_DATABASE = "plainsail_restored"
NAMED = re.compile(r"plainsail-\d{8}-\d{6}\.tar")
"""What backups are called where nobody names them."""
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
"""What our pg_restore says first, whatever server it talks to."""


class CannotRestore(Refused):
    """The data directory or the database is not in a state to restore into; the message says how to mend it."""


class Unreachable(Refused):
    """The database of our own that is to be saved or filled doesn't answer."""


class PartialSight(Refused):
    """The database's role doesn't see every row; the message says how to mend it."""


@dataclass(frozen=True)
class Restored:
    """What a restored backup says of itself."""

    made_at: str
    version: str
    files: int
    erased_since: tuple[int, int] = (0, 0)
    """Businesses and people who were erased after the backup was made: the next start erases them again."""


def backup(here: Environment, target: Path | None, *, at: datetime) -> tuple[Path, int]:
    """Save database, files and key into one archive; return where it is and its size in bytes.

    Works while everything runs; the embedded database is started for it if it doesn't. Raises PostgresError.
    """
    target = (target or archives.backups_dir(here) / f"plainsail-{at:%Y%m%d-%H%M%S}.tar").absolute()
    with (
        _database_url(here) as url,
        archives.written_whole(target) as draft,
        tempfile.TemporaryDirectory(prefix=".dump-", dir=target.parent) as folder,
    ):
        dump = Path(folder) / archives.DUMP
        _run("pg_dump", ["--format=custom", "--no-password", f"--file={dump}"], url=url)
        size = archives.pack(draft, dump=dump, key=here.secret_key, files=here.files_dir, at=at)
    # Beside each backup lies the list of what was erased: whoever restores it finds it there.
    erasures.merge(here.erasures, target.with_name(environment.ERASURES))
    return target, size


def prune(newest: Path, *, keep: int) -> list[Path]:
    """Remove all but the last `keep` archives beside the one just made, by the times in their names; returns which.

    Only what bears a name that backups are given by themselves, and never the one just made.
    """
    found = sorted((path for path in newest.parent.iterdir() if NAMED.fullmatch(path.name)), key=lambda path: path.name)
    others = [path for path in found if path != newest]
    gone = others[: max(0, len(others) - (keep - 1))]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def restore(source: Path, *, replace: bool) -> Restored:
    """Put a backup into the data directory and the database of this environment.

    Raises BadArchive, PostgresError, and CannotRestore: while Plainsail runs there, or when there is something already
    and `replace` doesn't say that it may go. The old database goes only when the new one is complete.
    """
    folder = environment.data_dir()
    if supervisor.running_supervisor(folder / "run") is not None:
        raise CannotRestore(f"Plainsail is running on {folder}. Stop it first.")
    if not replace and folder.exists() and any(folder.iterdir()):
        raise CannotRestore(
            f"{folder} is not empty. Choose another PLAINSAIL_DATA, or use --force to replace what is there."
        )
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as place:
        unpacked = Path(place)
        manifest = archives.unpack(source, unpacked)
        if archives.is_newer(manifest):
            raise CannotRestore(
                f"The backup was made by a newer Plainsail ({manifest['plainsail']}) than this ({plainsail.__version__})."
                " Install that version first."
            )
        key = (unpacked / archives.KEY).read_text()
        if os.environ.get("SECRET_KEY", key) != key:
            raise CannotRestore("SECRET_KEY is set to another key than the backup's. Unset it, or set it to that one.")
        if url := os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL"):
            _load_into_own(url, unpacked / archives.DUMP)
        else:
            _load_into_embedded(folder, unpacked / archives.DUMP)
        servers.write_private(folder / archives.KEY, key)
        count = _exchange_files(unpacked / archives.FILES, folder / "files")
    # The schema may be older than the code: the next start migrates it, and erases again who was erased since.
    erased = folder / "backups" / environment.ERASURES
    erasures.merge(source.with_name(environment.ERASURES), erased)
    environment.current.cache_clear()
    preparation.forget(environment.current())
    return Restored(
        made_at=manifest["made_at"],
        version=manifest["plainsail"],
        files=count,
        erased_since=erasures.made_since(erased, datetime.fromisoformat(manifest["made_at"])),
    )


@contextmanager
def _database_url(here: Environment) -> Iterator[str]:
    """The URL of a role that sees every row; of the embedded server, which is started if it is not running."""
    if not here.embedded_database:
        refuse_partial_sight(here.owner_database_url)
        yield here.owner_database_url
        return
    postgres = Postgres(here.data_dir)
    is_ours = postgres.running_pid() is None
    if is_ours:
        postgres.start()
    try:
        yield postgres.dsn("superuser")
    finally:
        if is_ours:
            postgres.stop()


def refuse_partial_sight(url: str) -> None:
    """A role under row-level security can't save everybody's rows. Raises PartialSight."""
    with _connected(url) as connection:
        query = "SELECT current_user FROM pg_class WHERE relrowsecurity AND row_security_active(oid) LIMIT 1"
        if (row := connection.execute(query).fetchone()) is not None:
            raise PartialSight(
                f"The role {row[0]} sees one business at a time, so it can't save them all. Use two roles, as"
                " docs/self-hosting/production.md shows, or the backups of whoever runs this database."
            )


def _load_into_embedded(folder: Path, dump: Path) -> None:
    """Load the dump beside the present database, and only then put it in that one's place."""
    postgres = Postgres(folder)
    postgres.start()
    try:
        with psycopg.connect(postgres.dsn("superuser", "postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DRAFT_DATABASE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {DRAFT_DATABASE} OWNER ps_owner TEMPLATE template0")
            _load(dump, _with_database(postgres.dsn("superuser"), DRAFT_DATABASE))
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
            connection.execute(f"ALTER DATABASE {DRAFT_DATABASE} RENAME TO {DATABASE}")
        # The rights on the database itself are in no dump.
        postgres.grant_roles()
    finally:
        postgres.stop()


def _load_into_own(url: str, dump: Path) -> None:
    """Load the dump into a database that somebody else runs: as its owner, and only into an empty one."""
    with _connected(url) as connection:
        query = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        if connection.execute(query).fetchone() != (0,):
            raise CannotRestore("The database of DATABASE_URL is not empty. Make an empty one and name that.")
    # Its roles have other names: everything becomes the owner's, and migrating gives the others their rights.
    script = [str(binaries.program("pg_restore")), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    load = [str(binaries.program("psql")), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    servers.pipe(
        script, [*load, "--output=/dev/null"], without=UNKNOWN_BEFORE_17, extra=servers.client_environment(url)
    )


def _connected(url: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(url, connect_timeout=10)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise Unreachable(f"The database can't be reached: {reason}. Check DATABASE_OWNER_URL.") from error


def _load(dump: Path, url: str) -> None:
    arguments = ["--exit-on-error", "--single-transaction", "--no-password"]
    _run("pg_restore", [*arguments, f"--dbname={urlsplit(url).path.lstrip('/')}", str(dump)], url=url)


def _run(program: str, arguments: list[str], *, url: str) -> None:
    servers.run([str(binaries.program(program)), *arguments], user=None, extra=servers.client_environment(url))


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _exchange_files(new: Path, place: Path) -> int:
    """Put the restored files where files are; return how many there are."""
    new.mkdir(exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    new.rename(place)
    place.chmod(0o700)
    return sum(path.is_file() for path in place.rglob("*"))
