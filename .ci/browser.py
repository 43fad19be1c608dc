"""See to a Chromium for the browser journeys: the system's, else from apt as root, else Playwright's own download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def is_there() -> bool:
    """Tell whether the system has one, or Playwright has downloaded one."""
    if any(shutil.which(name) for name in NAMES):
        return True
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def ways() -> list[list[list[str]]]:
    """Return the ways to get one, best first, each a list of commands."""
    found = []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        found.append([["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium"]])
    found.append([[sys.executable, "-m", "playwright", "install", "chromium"]])
    return found


def main() -> int:
    if is_there():
        return 0
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for way in ways():
        print("Getting Chromium for the browser tests:", " && ".join(" ".join(command) for command in way), flush=True)
        if all(subprocess.run(command, env=environment).returncode == 0 for command in way) and is_there():
            return 0
    print("No Chromium could be installed. Install one (apt install chromium) and run this again.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
