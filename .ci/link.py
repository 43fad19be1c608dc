"""Make this checkout importable in the virtual environment that runs this, and give that its `plainsail` command.

With --check: exit with 1 when the environment was linked before, but it or the checkout has been moved since.
"""

import shlex
import sys
import sysconfig
from pathlib import Path

# Resolved, since the same environment may be called by several paths.
PYTHON = Path(sys.prefix).resolve() / "bin" / "python"
ROOT = Path(__file__).resolve().parents[1]
PATH_FILE = Path(sysconfig.get_path("purelib")) / "plainsail.pth"
COMMAND = Path(sysconfig.get_path("scripts")) / "plainsail"


def command() -> str:
    # By a shell, since a path with blanks or of more than 127 characters can't stand behind #!. -P keeps files of the
    # current folder from passing for modules.
    return f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -P -m plainsail.cli "$@"\n'


def is_current() -> bool:
    """Tell whether the links lead here; an environment that was never linked is as good as a new one."""
    if not PATH_FILE.exists():
        return True
    return PATH_FILE.read_text() == f"{ROOT}\n" and COMMAND.exists() and COMMAND.read_text() == command()


if "--check" in sys.argv:
    sys.exit(not is_current())
PATH_FILE.write_text(f"{ROOT}\n")
COMMAND.write_text(command())
COMMAND.chmod(0o755)
