"""A Dovecot of its own, in a folder of its own, on loopback: a real IMAP server with one mailbox."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plainsail.mail.tests import debian

PROGRAM = "/usr/sbin/dovecot"
USER, PASSWORD = "bounces", "pass word/1"

SETTINGS = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
mail_location = maildir:{folder}/mail:INBOX={folder}/mail
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = {folder}/people
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/home
}}
{more}
"""
WITHOUT_MOVE = "imap_capability = IMAP4rev1 UIDPLUS LITERAL+ SASL-IR\n"


@dataclass(frozen=True)
class Running:
    """A server that runs: its port, and the folder of its mailbox (Maildir)."""

    port: int
    maildir: Path

    def deliver(self, raw: bytes, name: str) -> None:
        """Put a message where a delivery agent would."""
        placed = self.maildir / "new" / name
        placed.write_bytes(raw)
        shutil.chown(placed, "nobody", "nogroup")

    def lying_in(self, folder: str) -> int:
        """Messages in a folder, on disk."""
        where = self.maildir if folder == "INBOX" else self.maildir / f".{folder}"
        return sum(1 for part in ("new", "cur") if (where / part).is_dir() for _each in (where / part).iterdir())


def why_not() -> str:
    """Why no Dovecot can run here; empty where one can."""
    if os.geteuid() != 0:
        return "Dovecot only starts as root"
    return debian.why_missing("dovecot-imapd", PROGRAM)


@contextmanager
def running(*, can_move: bool = True) -> Iterator[Running]:
    """A server with an empty mailbox. `can_move`: whether it says that it knows MOVE (RFC 6851)."""
    # Its processes run as a user of their own, who must be able to walk there.
    folder = Path(tempfile.mkdtemp(prefix="plainsail-dovecot-"))
    folder.chmod(0o755)
    for name in ("mail/new", "mail/cur", "mail/tmp", "home"):
        (folder / name).mkdir(parents=True)
    for path in (folder / "home", folder / "mail", *(folder / "mail").iterdir()):
        shutil.chown(path, "nobody", "nogroup")
    port = _free_port()
    settings = SETTINGS.format(folder=folder, port=port, more="" if can_move else WITHOUT_MOVE)
    (folder / "dovecot.conf").write_text(settings)
    (folder / "people").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    server = subprocess.Popen(
        [PROGRAM, "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, folder)
        yield Running(port, folder / "mail")
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, folder: Path) -> None:
    for _time in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as there:
                if there.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    log = folder / "dovecot.log"
    raise RuntimeError(f"Dovecot does not answer: {log.read_text() if log.exists() else ''}")


def _free_port() -> int:
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return int(there.getsockname()[1])
