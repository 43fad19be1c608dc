"""What an operator gets wrong is said in plain words, and nobody's files get into our processes."""

import errno
import os
import subprocess
import sys

import pytest

from plainsail.cli import serving
from plainsail.cli.errors import worded
from plainsail.cli.tests.running import COMMAND, free_port

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def plainsail(surroundings, *arguments, **options):
    done = subprocess.run(
        [*COMMAND, *arguments], env=surroundings, capture_output=True, text=True, check=False, timeout=60, **options
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"PORT": "80000"}, "PORT is '80000'; it must be a number from 1 to 65535."),
        ({"MAILCATCHER_PORT": "x"}, "MAILCATCHER_PORT is 'x'; it must be a number from 1 to 65535."),
        ({"PLAINSAIL_BIND": "203.0.113.9"}, "This machine has no address 203.0.113.9 (PLAINSAIL_BIND)"),
        (
            {"PLAINSAIL_URL": "app.example.com"},
            "PLAINSAIL_URL is 'app.example.com'; it must start with http:// or https",
        ),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must look like postgresql://user:password@host:5432/database."),
        ({"SMTP_URL": "mail.example.com"}, "SMTP_URL must look like smtp://host:25"),
        ({"SMTP_URL": "smtp://me:secret@mail.example.com"}, "SMTP_URL would send a password unencrypted."),
    ],
)
def test_a_setting_that_cant_be_is_named_before_anything_is_made(surroundings, data_dir, given, told):
    refused = plainsail(surroundings | {"PORT": str(free_port())} | given, "up")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {told}")
    assert not (data_dir / "postgres").exists()


def test_a_database_that_is_away_is_named_when_migrating(surroundings):
    refused = plainsail(surroundings | {"DATABASE_URL": f"postgresql://u:p@127.0.0.1:{free_port()}/x"}, "migrate")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The database can't be reached: connection failed")


def test_a_file_in_the_data_directorys_place_is_named(surroundings, data_dir):
    (data_dir / "file").touch()
    refused = plainsail(surroundings | {"PLAINSAIL_DATA": str(data_dir / "file")}, "up")
    assert refused.stderr == f"Error: {data_dir}/file is in the way: File exists.\n"


@is_root
def test_whose_data_directory_it_is_is_told_to_whom_it_is_closed(surroundings, data_dir):
    data_dir.chmod(0o700)
    # All is imported before: nobody may not be able to read this Python.
    as_nobody = (
        "import os, pwd, errno; from plainsail.cli.main import cli; import plainsail.cli.up;"
        "os.setgid(65534); os.setuid(65534); cli(['up'], prog_name='plainsail')"
    )
    refused = subprocess.run(
        [sys.executable, "-c", as_nobody], env=surroundings, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 1
    assert f"nobody may not use {data_dir}" in refused.stderr
    assert f"({data_dir} belongs to root)" in refused.stderr


@is_root
def test_root_leaves_nothing_in_somebody_elses_data_directory(surroundings, data_dir):
    (data_dir / "secret_key").write_text("x" * 40)
    for path in (data_dir, data_dir / "secret_key"):
        os.chown(path, 65534, 65534)
    refused = plainsail(surroundings, "up")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {data_dir} belongs to nobody. Start Plainsail as nobody: ")
    assert [path.name for path in data_dir.iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full. Make room, and try again"),
        (OSError(errno.EROFS, "Read-only file system", "/srv/data"), "/srv/data lies where nothing can be written."),
        (OSError(errno.ENOENT, "No such file or directory", "/nowhere"), "/nowhere: No such file or directory."),
    ],
)
def test_what_the_file_system_refuses_is_put_in_words(error, told):
    assert worded(error).startswith(told)


@pytest.mark.parametrize("error", [ConnectionResetError(errno.ECONNRESET, "reset"), OSError("odd")])
def test_what_is_not_about_files_stays_a_bug(error):
    assert worded(error) is None


def test_files_of_the_current_folder_dont_pass_for_modules(surroundings, tmp_path):
    (tmp_path / "click.py").write_text("raise SystemExit('not click')")
    (tmp_path / "plainsail").mkdir()
    (tmp_path / "plainsail" / "__init__.py").write_text("raise SystemExit('not plainsail')")
    assert plainsail(surroundings, "version", cwd=tmp_path).returncode == 0


def test_serving_looks_for_modules_where_it_did_before(monkeypatch):
    monkeypatch.setattr(serving, "die_with_parent", lambda: None)
    before = list(sys.path)
    assert callable(serving.load("plainsail.cli.tests.slow:application"))
    assert sys.path == before


def test_help_names_the_command_as_it_is_called(surroundings):
    assert plainsail(surroundings, "doctor", "--help").stdout.startswith("Usage: plainsail doctor [OPTIONS]")
