"""How one of our processes starts another: `[*COMMAND, "migrate"]`."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import IO

from plainsail.cli.lifeline import tie_to_parent

# -P: modules are never looked for in the current folder, where anybody's `click.py` could pass for the real one.
COMMAND = [sys.executable, "-P", "-m", "plainsail.cli"]


def run(*arguments: str, stdout: int | IO[bytes] | None = None, extra: Mapping[str, str] | None = None) -> None:
    """Run one of our commands to its end, in a process of its own. Raises CalledProcessError.

    Ctrl-C is for us alone: it ends the child without a word of its own, as our end does, however that comes.
    """
    subprocess.run(
        [*COMMAND, *arguments],
        env=os.environ | (extra or {}),
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        process_group=0,
        preexec_fn=tie_to_parent(signal.SIGKILL),
    )
