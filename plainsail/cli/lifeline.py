"""Ties between a parent process and its children: end when the parent is gone, tell the parent when ready."""

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from contextlib import suppress

READY_FD = "PLAINSAIL_READY_FD"
IS_LINUX = platform.system() == "Linux"
PR_SET_PDEATHSIG = 1
# Loaded once here: in the child, between fork and exec, nothing may be imported.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if IS_LINUX else None


def tie_to_parent(ending: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` for subprocess: the child gets the signal `ending` when the thread that started it ends.

    The kernel of Linux sees to it, even when the parent is killed with -9; elsewhere nothing happens.
    """
    parent = os.getpid()
    number = int(ending)

    def tie() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)  # the parent was gone before the kernel was asked

    return tie


def die_with_parent() -> None:
    """Have this process killed when its parent ends; for children that the parent forks by itself."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def announce_ready() -> None:
    """Tell the supervisor, if one waits to hear it, that this process can do its work now."""
    descriptor = os.environ.pop(READY_FD, "")
    if descriptor.isdigit():
        with suppress(BrokenPipeError):  # a twin of this process was quicker
            os.write(int(descriptor), b"1")
        os.close(int(descriptor))
