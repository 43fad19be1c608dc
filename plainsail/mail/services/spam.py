"""What SpamAssassin says about a message, where it is installed. Its own tests only: nothing is asked over the network."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from decimal import Decimal

TIMEOUT = 30
SCORE = re.compile(rb"^Content analysis details:\s+\((-?[0-9.]+) points", re.MULTILINE)
RULE = re.compile(r"^\s*(-?[0-9]+\.[0-9]+)\s+([A-Z][A-Z0-9_]+)\s+(.*)$")


@dataclass(frozen=True)
class Judged:
    """Points (5 are spam by default), and the rules that gave some: (points, rule, what it says)."""

    score: Decimal
    rules: list[tuple[str, str, str]]


def is_installed() -> bool:
    return shutil.which("spamassassin") is not None


def judge(message: bytes) -> Judged | None:
    """Judge a whole message; takes a second or two. None where SpamAssassin is not there, or gave no answer in time."""
    program = shutil.which("spamassassin")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as home:
        try:
            done = subprocess.run(  # a program of the system, fixed arguments, the message on its input
                [program, "--local", "--test-mode", "--nocreate-prefs", "--cf=use_bayes 0"],
                input=message,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
                env={"HOME": home, "PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    found = SCORE.search(done.stdout)
    if found is None:
        return None
    report = done.stdout[found.end() :].decode("utf-8", "replace")
    rules = [match.groups() for line in report.splitlines() if (match := RULE.match(line))]
    counted = [(points, rule, text.strip()) for points, rule, text in rules if Decimal(points) != 0]
    return Judged(Decimal(found[1].decode()), counted)
