"""The embedded PostgreSQL: made, started and stopped as a child process of this one.

Safe by construction: no TCP; one unix socket in a directory of mode 0700; a random password for each role, kept
with mode 600 in the data directory; fsync on. The superuser makes and backs up, `ps_owner` migrates, `ps_app` and
`ps_edge` serve. As root the server runs as a user of its own, see `binaries`.

Call `start()` from the main thread: Linux stops the server when the *thread* that started it ends.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal, Self
from urllib.parse import quote

from plainsail.cli import binaries, roles, servers
from plainsail.cli.binaries import PostgresError, RunAs
from plainsail.cli.lifeline import IS_LINUX

Role = Literal["superuser", "owner", "app", "edge"]
LOGINS: dict[Role, str] = {"superuser": "postgres", "owner": "ps_owner", "app": "ps_app", "edge": "ps_edge"}
DATABASE = "plainsail"
# The kernel refuses longer socket paths; the name of the socket in its directory is ".s.PGSQL.5432".
LONGEST_SOCKET_DIR = 107 - len("/.s.PGSQL.5432")
LARGEST_LOG = 10_000_000
"""Bytes after which the next start begins a new one; only warnings and errors go there."""
MAKING = "16MB"
"""The database's own cache while the cluster is made, which starts four servers: the whole one takes longer to lay out."""
# Written once into postgresql.conf, where an operator may change them.
SETTINGS = {
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "jit": "off",
    # One round is enough to keep passwords of 256 random bits, and each connection pays for every round.
    "scram_iterations": "1",
    # Reads go through the page cache of the same machine: three more processes would only cost memory.
    "io_method": "sync",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Statements and the details of errors hold people's addresses; the application's log says what failed.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def shared_megabytes(limit_file: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Memory for the database's own cache: a sixteenth of the machine's or the container's, 64 to 512 MB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no container, or "max"
        memory = min(memory, int(limit_file.read_text()))
    return max(64, min(512, memory // 16 // 1024**2))


class AlreadyRunning(PostgresError):
    """A server of this data directory runs already."""


class Postgres:
    """The cluster of one data directory. Not for use from several threads.

    `init()` makes it if need be, `start()` returns when it accepts connections, `stop()` ends it in order.
    """

    def __init__(self, data_dir: Path | str) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.folder = self.data_dir / "postgres"
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._settings = {**SETTINGS, "shared_buffers": f"{shared_megabytes()}MB"}
        self._is_throwaway = False

    @classmethod
    def throwaway(cls, folder: Path | str) -> Self:
        """Return a cluster for tests: it starts sooner, doesn't survive a power cut, and is deleted by `stop()`."""
        postgres = cls(folder)
        postgres._is_throwaway = True
        postgres._settings |= {
            "shared_buffers": "64MB",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        return postgres

    # --- what callers need -------------------------------------------------------------------------------------

    @property
    def is_made(self) -> bool:
        """Whether `init()` has been completed before."""
        return (self.folder / "location.json").exists() and (self.cluster / "PG_VERSION").exists()

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return Path(self._location["cluster"])

    @property
    def sockets(self) -> Path:
        """The directory of the server's unix socket."""
        return Path(self._location["sockets"])

    @property
    def log_path(self) -> Path:
        """Where the server writes warnings and errors."""
        return self.folder / "postgres.log"

    def dsn(self, role: Role, database: str = DATABASE) -> str:
        """Return the connection URL of a role, password included. Raises PostgresError before `init()`."""
        try:
            password = json.loads((self.folder / "passwords.json").read_text())[role]
        except FileNotFoundError as error:
            raise PostgresError(f"There is no database in {self.data_dir} yet. `plainsail up` makes one.") from error
        return f"postgresql://{LOGINS[role]}:{password}@/{database}?host={quote(str(self.sockets), safe='')}"

    def init(self) -> None:
        """Make the cluster with its roles and its database unless it is there: whole or not at all, in about 0.7 s."""
        if self.is_made:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self.is_made:
                self._make()

    def start(self) -> dict[Role, str]:
        """Start the server and return the URL of every role when it accepts connections.

        Crash recovery takes as long as it takes: there is no time limit while the server lives. Raises
        AlreadyRunning when another process holds this data directory, PostgresError when the server gives up.
        """
        self.spawn()
        while not self.is_ready():
            time.sleep(0.01)
        return {role: self.dsn(role) for role in LOGINS}

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server and return at once; `is_ready()` tells when it accepts connections."""
        self.init()
        if self._lock is None:
            self._lock = self._take_lock()
        try:
            self.process = self._launch()
        except PostgresError:
            self._release_lock()
            raise
        return self.process

    def _launch(self) -> subprocess.Popen[bytes]:
        self._await_predecessor()
        self._refuse_copy()
        user = binaries.owner_of(self.cluster)
        self._ensure_sockets(user)
        self._leave_urls()
        command = [str(binaries.server_programs(user) / "postgres"), "-D", str(self.cluster)]
        command += ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.sockets}"]
        command += ["-c", "unix_socket_permissions=0777", "-p", "5432"]  # the directory is the guard
        with self._open_log() as log:
            return servers.launch(command, user=user, log=log)

    def is_ready(self) -> bool:
        """Tell whether the server that we started accepts connections. Raises PostgresError if it has ended."""
        if self.process is None:
            return False
        if self.process.poll() is not None:
            raise PostgresError(f"PostgreSQL ended with status {self.process.returncode}:\n{self._end_of_log()}")
        status = self._pid_file()
        # A file left behind by a server that was killed names another process.
        is_ready = len(status) > 7 and status[0] == str(self.process.pid) and status[7].strip() == "ready"
        if is_ready and not (self.folder / "roles").exists():
            self.grant_roles()
        return is_ready

    def running_pid(self) -> int | None:
        """Return the process id of the server of this directory, whoever started it; None if none runs."""
        status = self._pid_file()
        if not status or not status[0].lstrip("-").isdigit():
            return None
        pid = abs(int(status[0]))
        return pid if servers.is_server_of(pid, self.cluster) else None

    def stop(self, timeout: float = 30) -> None:
        """End the server: open transactions are rolled back, memory is written out. Harmless if it has ended."""
        if self.process is not None:
            self.interrupt()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                # Ends without a checkpoint: what was committed is replayed at the next start.
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
            self.process = None
        self._release_lock()
        if self._is_throwaway:
            self.remove()

    def remove(self) -> None:
        """Delete the cluster with every row of it, wherever it lies. Only for one that has been stopped."""
        if (self.folder / "location.json").exists():
            for folder in (self.cluster.parent, self.sockets, self.folder):
                shutil.rmtree(folder, ignore_errors=True)

    def interrupt(self) -> None:
        """Ask the server to end now, without waiting for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    # --- making it ---------------------------------------------------------------------------------------------

    def _make(self) -> None:
        user = binaries.system_user()
        base = self._choose_base(user)
        cluster, draft = base / "db", base / "db.new"
        if cluster.exists():
            # Left by a data directory that was deleted. Rows are never thrown away unasked.
            cluster.rename(base / f"db.left-{int(time.time())}")
        if draft.exists():
            shutil.rmtree(draft)
        servers.private_dir(draft, user)
        passwords = {role: secrets.token_hex(32) for role in LOGINS}
        bin_dir = binaries.server_programs(user)
        self._initdb(bin_dir, draft, passwords["superuser"], user)
        draft.rename(cluster)
        servers.write_private(self.folder / "passwords.json", json.dumps(passwords))
        self._record(cluster=cluster, sockets=self._choose_sockets(base, user))
        self._leave_urls()

    def _choose_base(self, user: RunAs | None) -> Path:
        """Return the folder that will hold the cluster: in the data directory if the server's user can get there."""
        if user is not None and binaries.reachable(self.data_dir.parent, user):
            # Passing through is all that is given: nobody can list the directory, and its secrets have mode 600.
            self.data_dir.chmod(stat.S_IMODE(self.data_dir.stat().st_mode) | 0o011)
            self.folder.chmod(0o711)
        if binaries.reachable(self.folder, user):
            return self.folder
        if self._is_throwaway:
            base = Path(tempfile.mkdtemp(prefix="plainsail-"))
        else:
            base = binaries.SYSTEM_DIR / hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]
            base.mkdir(parents=True, exist_ok=True)
        base.chmod(0o711)
        return base

    def _initdb(self, bin_dir: Path, cluster: Path, password: str, user: RunAs | None) -> None:
        password_file = cluster.with_name("password")
        servers.write_private(password_file, password)
        servers.give(password_file, user)
        command = [str(bin_dir / "initdb"), "-D", str(cluster), "-U", LOGINS["superuser"], "--encoding=UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"]
        settings = self._settings | {"shared_buffers": MAKING}
        command += [f"--set={name}={value}" for name, value in settings.items()]
        if self._is_throwaway:
            command += ["--no-sync", "--no-data-checksums"]
        try:
            servers.run(command, user=user)
        finally:
            password_file.unlink()
        (cluster / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        configuration = cluster / "postgresql.conf"
        written = f"shared_buffers = {self._settings['shared_buffers']}"
        configuration.write_text(configuration.read_text().replace(f"shared_buffers = {MAKING}", written))

    def grant_roles(self) -> None:
        """Make the roles and give them their rights on the database, as `roles` says. Can be repeated."""
        passwords = json.loads((self.folder / "passwords.json").read_text())
        # By the input, since arguments can be seen by everyone on the machine.
        variables = "".join(f"\\set {LOGINS[role]} {passwords[role]}\n" for role in ("owner", "app", "edge"))
        command = [str(binaries.program("psql")), "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1"]
        servers.run(
            [*command, "--dbname=postgres"],
            user=None,
            stdin=variables + roles.SCRIPT,
            extra=servers.client_environment(self.dsn("superuser", "postgres")),
        )
        (self.folder / "roles").touch()

    # --- where it is -------------------------------------------------------------------------------------------

    @property
    def _location(self) -> dict[str, str]:
        try:
            location: dict[str, str] = json.loads((self.folder / "location.json").read_text())
        except FileNotFoundError as error:
            raise PostgresError(f"There is no database in {self.data_dir} yet. `plainsail up` makes one.") from error
        # Relative to the data directory where it is inside it, so that the directory can be moved.
        return {name: str(self.folder / path) for name, path in location.items()}

    def _record(self, *, cluster: Path, sockets: Path) -> None:
        paths = {"cluster": cluster, "sockets": sockets}
        inside = {
            name: str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)
            for name, path in paths.items()
        }
        servers.write_private(self.folder / "location.json", json.dumps(inside))

    def _choose_sockets(self, base: Path, user: RunAs | None) -> Path:
        inside = base / "socket"
        if _fits(inside):
            servers.private_dir(inside, user)
            return inside
        short = Path(tempfile.mkdtemp(prefix="plainsail-", dir=_short_folder()))
        servers.private_dir(short, user)
        return short

    def _ensure_sockets(self, user: RunAs | None) -> None:
        """Make the socket's directory anew if it is gone, too long after a move, or not ours alone any more."""
        is_safe = servers.is_private_dir(self.sockets, user) and _fits(self.sockets)
        if not is_safe:
            self._record(cluster=self.cluster, sockets=self._choose_sockets(self.cluster.parent, user))

    def _refuse_copy(self) -> None:
        """Where the cluster lies outside, a copied data directory would work on the rows of the first one."""
        if self.cluster.is_relative_to(self.folder):
            return
        mark = self.cluster.parent / "data_dir"
        first = Path(mark.read_text()) if mark.exists() else self.data_dir
        if first != self.data_dir and (first / "postgres" / "location.json").exists():
            raise PostgresError(
                f"{self.data_dir} is a copy of {first}, whose rows lie in {self.cluster}."
                " To make another one of it, use plainsail backup and restore."
            )
        mark.write_text(str(self.data_dir))

    def _leave_urls(self) -> None:
        """Write the URLs where the other processes look them up; they change when the data directory is moved."""
        path = self.folder / "urls.json"
        urls = json.dumps({role: self.dsn(role) for role in LOGINS if role != "superuser"})
        if not path.exists() or path.read_text() != urls:
            servers.write_private(path, urls)

    # --- one server for one directory --------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._lock is not None:
            yield
            return
        self._lock = self._take_lock()
        try:
            yield
        finally:
            self._release_lock()

    def _take_lock(self) -> IO[str]:
        lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise AlreadyRunning(
                f"Another Plainsail is running on {self.data_dir}. Stop it, or set PLAINSAIL_DATA to another directory."
            ) from error
        return lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _await_predecessor(self, timeout: float = 30) -> None:
        """Wait for the server of a supervisor that was killed: it ends by itself within seconds."""
        deadline = time.monotonic() + timeout
        while pid := self.running_pid():
            if time.monotonic() > deadline:
                raise AlreadyRunning(f"A PostgreSQL server (process {pid}) that we did not start uses {self.cluster}.")
            if not IS_LINUX and servers.is_orphan(pid):
                # Where the system doesn't tell a server that its parent is gone, we do.
                os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
        # When the server itself was killed, its last processes may still compute for nobody and hold its memory.
        while left := servers.living_in(self.cluster):
            if time.monotonic() > deadline:
                raise AlreadyRunning(f"Processes {left} of a former server don't end. End them: kill -9.")
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
            time.sleep(0.02)

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().split("\n")
        except (FileNotFoundError, PermissionError):
            return []

    def _open_log(self) -> IO[bytes]:
        path = self.log_path
        is_large = path.exists() and path.stat().st_size > LARGEST_LOG
        how = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_large else os.O_APPEND)
        return os.fdopen(os.open(path, how, 0o600), "wb")

    def _end_of_log(self, lines: int = 15) -> str:
        try:
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def _fits(sockets: Path) -> bool:
    return len(os.fsencode(sockets)) <= LONGEST_SOCKET_DIR


def _short_folder() -> str | None:
    """Return the user's own runtime folder if there is one; None means the system's temporary folder."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return runtime if 0 < len(runtime) < 40 and os.geteuid() != 0 and Path(runtime).is_dir() else None
