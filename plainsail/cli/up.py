"""What `plainsail up` does before and around its supervisor: database, set-up, demo, the lines it prints."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from plainsail.cli import command, preparation, sockets
from plainsail.cli.errors import user_name
from plainsail.cli.postgres import Postgres
from plainsail.cli.supervisor import CannotStart, Supervisor, await_port, claim, say
from plainsail.kernel import environment
from plainsail.kernel.environment import Environment


def up(*, with_demo: bool) -> None:
    """Start everything and keep it running. Raises CannotStart or PostgresError when that is impossible."""
    folder = environment.data_dir()
    refuse_others(folder)
    make_folders(folder)
    lock = claim(folder / "run")
    here = environment.current()
    check_mail_server(here)
    await_port(here.bind, here.port)
    postgres = None if os.environ.get("DATABASE_URL") else Postgres(folder)
    if postgres is not None:
        if not postgres.is_made:
            say("Making the database. This happens once.")
            if with_demo:
                preparation.demo_wanted(folder).touch()
        # This leaves the addresses of the roles, which the environment reads.
        postgres.init()
        environment.current.cache_clear()
        here = environment.current()
    try:
        if postgres is not None:
            postgres.start()
        if not preparation.is_prepared(here):
            say("Setting up tables and files for this version.")
            preparation.prepare(here)
        if with_demo and may_have_demo(here):
            say("Making a demo business to look around in.")
            make_demo(folder)
        with listening(here) as listener, log_file(folder) as log:
            Supervisor(here, postgres, listener, log).run(when_ready=lambda: greet(here))
    finally:
        if postgres is not None:
            postgres.stop()
        lock.close()


def make_folders(folder: Path) -> None:
    """Make the data directory and its parts, which only this user may look into."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    for name in ("run", "files", "log"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)


def refuse_others(folder: Path) -> None:
    """Root may write everywhere, and whose the directory is could then not read what it left. Raises CannotStart."""
    with suppress(FileNotFoundError, NotADirectoryError):
        owner = (folder / "secret_key").stat().st_uid
        if os.geteuid() == 0 != owner:
            name = user_name(owner)
            raise CannotStart(
                f"{folder} belongs to {name}. Start Plainsail as {name}: runuser -u {name} -- plainsail up"
            )


def check_mail_server(here: Environment) -> None:
    """Raises BadEnvironment for an SMTP_URL that can't be understood: now, and not when the first mail is to leave."""
    if not here.uses_mail_catcher:
        from plainsail.mail.services.smtp import Server  # brings TLS along, which is of no use to most

        Server.from_url(here.smtp_url)


def may_have_demo(here: Environment) -> bool:
    """Tell whether a demo business belongs here: on the first start of an installation that nobody else can have."""
    is_private = here.embedded_database and here.host in {"localhost", "127.0.0.1"}
    return is_private and preparation.demo_wanted(here.data_dir).exists()


def demo_file(folder: Path) -> Path:
    """Return where the sign-in of the demo business is kept: `{"email", "password"}`, mode 600."""
    return folder / "demo.json"


def make_demo(folder: Path) -> None:
    """Make it in a process of its own: this one stays small. Plainsail is of use without it, too."""
    try:
        command.run("demo", stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        say("The demo business could not be made; see above. Plainsail starts without it.")
    else:
        preparation.demo_wanted(folder).unlink()


def greet(here: Environment) -> None:
    """Print where Plainsail is and how to get in."""
    await_answer(here.local_address, here.port)
    say(f"\nPlainsail is running at {here.base_url}")
    with suppress(FileNotFoundError):
        demo = json.loads(demo_file(here.data_dir).read_text())
        say(f"  Demo business: sign in as {demo['email']} with the password {demo['password']}")
    if here.uses_mail_catcher:
        say(f"  Mail is kept here: {here.base_url}/mailbox/ (set SMTP_URL to send it)")
    say("  Stop with Ctrl-C. `plainsail doctor` tells how it is.\n")


def await_answer(address: str, port: int, *, patience: float = 10.0) -> None:
    """Wait until the port takes connections: the edge says that it is ready a moment before it listens."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


@contextmanager
def listening(here: Environment) -> Iterator[socket.socket]:
    """The socket between edge and web, held by the supervisor: requests wait in it while web is replaced."""
    path = sockets.short_path(here.web_socket)
    os.environ["PLAINSAIL_WEB_SOCKET"] = str(path)
    listener = sockets.listen_unix(path)
    try:
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)
        if path != here.run_dir / path.name:
            with suppress(OSError):
                path.parent.rmdir()


@contextmanager
def log_file(folder: Path) -> Iterator[IO[bytes] | None]:
    """Where the children's lines go: PLAINSAIL_LOG, else a file in the data directory; None for `-`, our own output."""
    where = os.environ.get("PLAINSAIL_LOG", "")
    if where == "-":
        yield None
        return
    path = Path(where) if where else folder / "log" / "plainsail.log"
    path.touch(mode=0o600)
    with path.open("ab") as log:
        say(f"The log is {path}.")
        yield log
