"""`make` sees to a virtual environment that is whole, whoever was cut off at it before."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plainsail.cli.tests.running import eventually

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path):
    """One with nothing to install, so that no index is needed."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    (folder / "requirements").mkdir()
    (folder / "requirements" / "run.txt").touch()
    return folder


@pytest.fixture(autouse=True)
def interruptible():
    """Where the tests run in the background, interruptions are ignored, and whoever they start would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(checkout, **options):
    return subprocess.Popen(
        [sys.executable, checkout / ".ci" / "environment.py", checkout / ".venv", "run"],
        env=os.environ | {"PIP_NO_INDEX": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def finish(process):
    said = process.communicate(timeout=120)[0]
    return process.returncode, said


def is_whole(checkout):
    venv = checkout / ".venv"
    pip = subprocess.run([venv / "bin" / "python", "-m", "pip", "--version"], capture_output=True, check=False)
    return pip.returncode == 0 and (venv / "bin" / "plainsail").exists() and not (venv / ".half").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("seconds", [0.15, 1.0])
def test_cut_off_while_it_is_made_it_is_whole_the_next_time(checkout, number, seconds):
    cut_off = start(checkout)
    eventually((checkout / ".venv").exists)
    time.sleep(seconds)
    cut_off.send_signal(number)
    code, said = finish(cut_off)
    assert code != 0
    # Before its first line Python itself words an interruption, and ends with 1.
    assert code == 1 or "Traceback" not in said
    code, said = finish(start(checkout))
    assert code == 0, said
    assert is_whole(checkout)


def test_two_at_once_make_one_and_a_third_has_nothing_to_do(checkout):
    codes = [finish(process) for process in [start(checkout), start(checkout)]]
    assert [code for code, _ in codes] == [0, 0], codes
    assert sum(said.count("Installing what Plainsail needs") for _, said in codes) == 1
    assert is_whole(checkout)
    assert finish(start(checkout)) == (0, "")


def test_where_nothing_can_be_written_it_names_the_way_out(checkout):
    (checkout / ".venv").write_text("in the way")
    code, said = finish(start(checkout))
    assert code == 1
    assert said.endswith("Name another place: make … VENV=/somewhere\n")
