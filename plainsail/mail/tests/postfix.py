"""A Postfix of its own, in a folder of its own, on loopback: accepts, refuses in the conversation, and bounces later."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plainsail.mail.tests import debian

PLACES = ("/usr/sbin", "/usr/lib/postfix/sbin", "/usr/libexec/postfix")

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = {commands}
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.postfix.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/refused, permit_mynetworks, reject
transport_maps = texthash:{folder}/ways
local_recipient_maps =
alias_maps =
alias_database =
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup   unix n - n 60 1 pickup
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
flush    unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp     unix - - n - - smtp
relay    unix - - n - - smtp
error    unix - - n - - error
retry    unix - - n - - error
discard  unix - - n - - discard
lmtp     unix - - n - - lmtp
anvil    unix - - n - 1 anvil
scache   unix - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""
WAYS = """
taken.example    discard:
gone.example     smtp:[127.0.0.1]:{remote}
full.example     smtp:[127.0.0.1]:{remote}
{returns}        {way}
"""
REFUSED = "refused@taken.example 550 5.1.1 No such user here\n"


def why_not() -> str:
    """Why no Postfix can run here; empty where one can."""
    if os.geteuid() != 0:
        return "Postfix only starts as root"
    if _program("master") is not None and _program("postfix") is not None:
        return ""
    return debian.why_missing("postfix", "/usr/sbin/postfix")


@contextmanager
def running(*, returns: str, door: int, protocol: str, remote: int) -> Iterator[int]:
    """The port of a Postfix that hands mail to the domain `returns` over to our door, by `lmtp` or `smtp`, and mail to
    gone.example and full.example to the server at `remote`, whose refusals it reports.
    """
    # Its processes run as a user of their own, who must be able to walk there.
    folder = Path(tempfile.mkdtemp(prefix="plainsail-postfix-"))
    folder.chmod(0o755)
    port = _free_port()
    master, command = _program("master"), _program("postfix")
    assert master is not None
    assert command is not None
    settings = {"folder": folder, "daemons": master.parent, "commands": command.parent, "port": port}
    (folder / "main.cf").write_text(MAIN.format(**settings))
    (folder / "master.cf").write_text(MASTER.format(**settings))
    way = f"lmtp:inet:127.0.0.1:{door}" if protocol == "lmtp" else f"smtp:[127.0.0.1]:{door}"
    (folder / "ways").write_text(WAYS.format(returns=returns, way=way, remote=remote))
    (folder / "refused").write_text(REFUSED)
    (folder / "spool").mkdir()
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    try:
        _postfix(command, folder, "start")
        _wait_for(port, folder)
        yield port
    finally:
        _postfix(command, folder, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _postfix(command: Path, folder: Path, verb: str) -> None:
    done = subprocess.run([command, "-c", folder, verb], check=False, capture_output=True, text=True, timeout=60)
    if verb == "start" and done.returncode:
        raise RuntimeError(f"Postfix does not start: {done.stdout} {done.stderr} {_log(folder)}")


def _wait_for(port: int, folder: Path) -> None:
    for _time in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as there:
                if there.recv(100).startswith(b"220"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"Postfix does not answer: {_log(folder)}")


def _log(folder: Path) -> str:
    log = folder / "mail.log"
    return log.read_text() if log.exists() else ""


def _program(name: str) -> Path | None:
    found = [Path(place) / name for place in PLACES if (Path(place) / name).exists()]
    return found[0] if found else None


def _free_port() -> int:
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return int(there.getsockname()[1])
