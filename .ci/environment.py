"""Make the virtual environment and install what a lock file names: `environment.py VENV run|dev`.

Whole or anew: whoever was cut off at it finds a mark and begins again. Two at once wait for each other.
Runs on the system's Python, with nothing but its own library.
"""

import errno
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAID = {"run": "what Plainsail needs", "dev": "what tests and checks need"}
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


class Environment:
    """The virtual environment in a folder, and how far it is."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.lock = lock
        # Its making was begun here, so that it may be thrown away; an environment of somebody else's may not.
        self.ours = folder / ".made"
        self.half = folder / ".half"

    def has(self, kind: str) -> bool:
        """Tell whether all that this lock file names is installed."""
        stamp = self.folder / f".{kind}"
        return not self.half.exists() and stamp.exists() and stamp.read_text() == digest(kind) and self.is_linked()

    def is_linked(self) -> bool:
        """Tell whether it works, and leads to this checkout: both may have been moved."""
        return self._ends_well(ROOT / ".ci" / "link.py", "--check")

    def make(self) -> None:
        """See to an environment that can install: the one that is there, or a new one."""
        if not os.access(self.folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.folder))
        is_broken = self.half.exists() and self.ours.exists()
        if not is_broken and self.is_linked() and self._ends_well("-m", "pip", "--version"):
            return
        # Without pip first, which takes seconds: cut off in the middle of it, nobody could tell how much of it is there.
        self._run(sys.executable, "-m", "venv", "--clear", "--without-pip", self.folder)
        self.ours.touch()
        self.half.touch()
        self._run(self.python, "-m", "ensurepip", "--upgrade", "--default-pip", stdout=subprocess.DEVNULL)

    def install(self, kind: str) -> None:
        """Install a lock file's packages, and have the environment lead to this checkout."""
        say(f"Installing {SAID[kind]}; this happens once.")
        self.half.touch()
        pip = ["-m", "pip", "--quiet", "install", "--no-deps", "--require-hashes", "-r"]
        self._run(self.python, *pip, lock_file(kind))
        self._run(self.python, ROOT / ".ci" / "link.py")
        # Tests need all that runs, and more.
        for name in {"run", kind}:
            (self.folder / f".{name}").write_text(digest(name))
        self.half.unlink()

    def _run(self, *command: object, stdout: "int | None" = None) -> None:
        # In a group of its own, so that Ctrl-C ends it through us, with all that it started and without a trace of its
        # own. After a kill it goes on, and keeps the lock until it ends.
        with subprocess.Popen(
            [str(part) for part in command],
            env=os.environ | QUIET,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            process_group=0,
            pass_fds=[self.lock],
        ) as process:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if code:
            raise subprocess.CalledProcessError(code, process.args)

    def _ends_well(self, *arguments: object) -> bool:
        command = [str(self.python), *map(str, arguments)]
        with suppress(OSError):
            return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode == 0
        return False


def lock_file(kind: str) -> Path:
    return ROOT / "requirements" / f"{kind}.txt"


def digest(kind: str) -> str:
    return hashlib.sha256(lock_file(kind).read_bytes()).hexdigest()


def locked(folder: Path) -> int:
    """Return the lock on making this environment, once it is ours."""
    folder.mkdir(parents=True, exist_ok=True)
    # The folder around it: what is inside is deleted when the environment is made anew.
    lock = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another make is at the environment; waiting for it.")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks
    return lock


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    folder, kind = Path(sys.argv[1]).absolute(), sys.argv[2]
    try:
        environment = Environment(folder, locked(folder))
        if not environment.has(kind):
            environment.make()
            environment.install(kind)
    except KeyboardInterrupt:
        say("\nStopped. Start it again: it begins anew where it was cut off.")
        return 130
    except OSError as error:
        say(f"{error.filename or folder}: {error.strerror}. Name another place: make … VENV=/somewhere")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"{' '.join(map(str, error.cmd[1:4]))} failed; see above.")
        return 1
    return 0


sys.exit(main())
