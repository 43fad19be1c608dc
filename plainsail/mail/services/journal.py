"""What a sender writes down beside the database while it talks: what it is about to hand over, and what was said to it.

One file for each claim, in the data directory, held by a lock of the kernel's while its process lives. It is written with
a plain write before content leaves and straight after each answer, so that it survives `kill -9` of the sender and of the
database; it does not survive the machine losing power, which is told by the boot id at its head. Django-free.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from plainsail.kernel import environment

FIRST = "plainsail-journal-1"
SUFFIX = ".journal"


def folder() -> Path:
    """Where journals lie; only this user may look into it."""
    found = environment.current().data_dir / "journals"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


class Journal:
    """The journal of one claim. Begin it before the claim is committed, drop it when the outcomes are."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._noted = b""

    @classmethod
    def begin(cls, *, workspace_id: UUID, claim: UUID) -> Journal:
        """A fresh file, ours alone while this process lives."""
        path = folder() / f"{claim.hex}{SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, f"{FIRST} {boot_id()} {workspace_id.hex} {claim.hex}\n".encode())
        return cls(path, descriptor)

    def intend(self, delivery_id: UUID) -> None:
        """Among the next bytes on the wire is the content of this message. Call `flush` before they leave."""
        self._noted += b"i %b\n" % delivery_id.hex.encode()

    def note(self, delivery_id: UUID, state: str, cause: str, reply: str) -> None:
        """What became of a message. `reply` is one line. Call `flush` before waiting for anything."""
        self._noted += f"o {delivery_id.hex} {state} {cause or '-'} {reply}\n".encode("utf-8", "replace")

    def flush(self) -> None:
        """Write down what was noted: several answers read at once are one write, and so are the intentions behind them."""
        if self._noted:
            os.write(self._descriptor, self._noted)
            self._noted = b""

    def drop(self) -> None:
        """The outcomes are committed: nothing here is needed any more."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Leave the file to whoever recovers it."""
        with suppress(OSError):
            os.close(self._descriptor)


@dataclass
class Found:
    """What a dead sender left: outcomes as (state, cause, reply), and messages whose content may have left unanswered."""

    journal: Journal
    workspace_id: UUID
    claim: UUID
    is_of_this_boot: bool
    outcomes: dict[UUID, tuple[str, str, str]] = field(default_factory=dict)
    unanswered: set[UUID] = field(default_factory=set)


def left_behind() -> Iterator[Found]:
    """Every journal on this machine whose process is gone, held by us until it is dropped or closed."""
    for path in sorted(folder().glob(f"*{SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        journal = Journal(path, descriptor)
        if not path.exists():  # its process dropped it between our opening and our locking
            journal.close()
            continue
        found = _read(journal)
        if found is None:
            # Without a whole head nothing was ever claimed under it: the claim is committed after that is written.
            journal.drop()
            continue
        yield found


def _read(journal: Journal) -> Found | None:
    lines = journal.path.read_bytes().split(b"\n")[:-1]  # the last has no line end: torn, or empty
    if not lines or not lines[0].startswith(FIRST.encode()):
        return None
    _name, boot, workspace, claim = lines[0].decode().split(" ")
    found = Found(journal, UUID(workspace), UUID(claim), is_of_this_boot=boot == boot_id())
    for line in lines[1:]:
        kind, _blank, rest = line.decode("utf-8", "replace").partition(" ")
        if kind == "i":
            found.unanswered.add(UUID(rest))
        elif kind == "o":
            delivery, state, cause, reply = rest.split(" ", 3)
            found.outcomes[UUID(delivery)] = (state, "" if cause == "-" else cause, reply)
            found.unanswered.discard(UUID(delivery))
    return found


def boot_id() -> str:
    """Changes with each start of the machine; `-` where the system doesn't tell, and a power loss can't be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "-"
