import dataclasses
import os

import pytest

from plainsail.cli import preparation
from plainsail.kernel import environment


@pytest.fixture
def here(data_dir, monkeypatch):
    """An environment over a package of its own, so that tests can change the code."""
    package = data_dir / "package"
    for area in ("accounts", "pages"):
        (package / area / "migrations" / "__pycache__").mkdir(parents=True)
        (package / area / "migrations" / "0001_initial.py").touch()
        (package / area / "models.py").touch()
    (package / "settings").mkdir()
    monkeypatch.setattr(preparation, "PACKAGE", package)
    return dataclasses.replace(environment.current(), data_dir=data_dir)


def test_nothing_changed_is_the_same_fingerprint(here):
    assert preparation.fingerprint(here) == preparation.fingerprint(here)


@pytest.mark.parametrize("name", ["pages/migrations/0002_more.py", "pages/static/pages/new.css", "settings/more.py"])
def test_a_new_migration_or_static_file_or_setting_changes_it(here, name):
    before = preparation.fingerprint(here)
    path = preparation.PACKAGE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert preparation.fingerprint(here) != before


def test_an_edited_migration_changes_it(here):
    path = preparation.PACKAGE / "pages" / "migrations" / "0001_initial.py"
    before = preparation.fingerprint(here)
    os.utime(path, (1, 1))
    assert preparation.fingerprint(here) != before


def test_another_database_changes_it(here):
    other = dataclasses.replace(here, owner_database_url="postgresql://owner@elsewhere/plainsail")
    assert preparation.fingerprint(other) != preparation.fingerprint(here)


@pytest.mark.parametrize("name", ["pages/models.py", "pages/migrations/__pycache__/0001_initial.pyc"])
def test_other_files_and_caches_do_not(here, name):
    before = preparation.fingerprint(here)
    (preparation.PACKAGE / name).write_text("changed")
    assert preparation.fingerprint(here) == before


def test_static_files_that_were_deleted_are_collected_again(here):
    (here.run_dir).mkdir()
    (here.run_dir / "prepared").write_text(preparation.fingerprint(here))
    assert not preparation.is_prepared(here)


def test_what_was_never_prepared_is_not(here):
    assert not preparation.is_prepared(here)


def test_forgetting_has_the_next_start_prepare_again(here):
    for mark, seen in (
        (here.run_dir / "prepared", preparation.fingerprint(here)),
        (here.data_dir / "static" / ".collected", preparation.fingerprint_of_code()),
    ):
        mark.parent.mkdir()
        mark.write_text(seen)
    assert preparation.is_prepared(here)
    preparation.forget(here)
    assert not preparation.is_prepared(here)


def test_migrations_are_named_by_their_area(here):
    assert preparation.migrations() == ["accounts/0001_initial", "pages/0001_initial"]
