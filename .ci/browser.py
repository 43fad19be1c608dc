"""See to a Chromium for the browser journeys: the system's, else from apt as root, else Playwright's own download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def is_there() -> bool:
    """Tell whether CHROMIUM names one, the system has one, or Playwright has downloaded one."""
    if os.environ.get("CHROMIUM") or any(shutil.which(name) for name in NAMES):
        return True
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def ways() -> list[list[list[str]]]:
    """Return the ways to get one, best first, each a list of commands."""
    found = []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        install = [*apt, "install", "-y", "--no-install-recommends"]
        found += [[[*apt, "update"], [*install, name]] for name in ("chromium-headless-shell", "chromium")]
    found.append([[sys.executable, "-m", "playwright", "install", "chromium"]])
    return found


def main() -> int:
    if is_there():
        return 0
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for way in ways():
        sys.stderr.write(f"Getting Chromium for the browser tests with {way[-1][0]}.\n")
        if all(subprocess.run(command, env=environment, check=False).returncode == 0 for command in way) and is_there():
            return 0
    sys.stderr.write("No Chromium could be installed. Install one (apt install chromium) and run this again.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
