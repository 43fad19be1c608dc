"""Real mail servers from Debian for tests that need one: installed without being started, where that is possible at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

PATIENCE = 240
"""Seconds that an installation may take."""
QUIET = Path("/usr/sbin/policy-rc.d")
"""Asked by Debian's packages before they start anything; 101 says no."""


@cache
def why_missing(package: str, program: str) -> str:
    """Install a package unless its program is there already. Why that is not possible; empty where it is there.

    Only as root on Debian, and never where PLAINSAIL_NO_INSTALL is set. Nothing is started, and nothing asks.
    """
    if Path(program).exists():
        return ""
    wanted = f"{package} is not installed (Debian: apt install {package})"
    if os.geteuid() != 0 or shutil.which("apt-get") is None or os.environ.get("PLAINSAIL_NO_INSTALL"):
        return wanted
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    had_one = QUIET.exists()
    try:
        if not had_one:
            QUIET.write_text("#!/bin/sh\nexit 101\n")
            QUIET.chmod(0o755)
        for command in (["install"], ["update"], ["install"]):
            more = ["-y", "--no-install-recommends", package] if command == ["install"] else []
            done = subprocess.run(
                ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *command, *more],
                env=settings,
                check=False,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            if Path(program).exists():
                return ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{package} could not be installed: {type(error).__name__}"
    finally:
        if not had_one:
            QUIET.unlink(missing_ok=True)
    return f"{package} could not be installed: {done.stderr.strip()[-200:]}"
