"""A migrated test database that is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from plainsail.kernel.testing import migrated


@pytest.fixture
def kept(tmp_path: Path, db: None) -> Path:
    """This run's database as it would be kept."""
    file = tmp_path / "kept.sql"
    migrated.keep(connection.settings_dict["NAME"], file)
    return file


def tables(name: str) -> list[tuple[object, ...]]:
    with psycopg.connect(os.environ["PLAINSAIL_TEST_SUPERUSER"], dbname=name) as other:
        return other.execute(
            "SELECT relname, relrowsecurity, relacl::text FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
        ).fetchall()


def test_it_comes_back_with_its_tables_rights_and_guards(kept: Path) -> None:
    name = f"{connection.settings_dict['NAME']}_kept"
    assert migrated.read_back(name, kept)
    assert tables(name) == tables(connection.settings_dict["NAME"])
    migrated._drop(name)


def test_nothing_is_read_from_a_file_that_is_broken_or_not_there(kept: Path) -> None:
    # In front: a cut might fall into a comment, which would swallow what comes after it.
    kept.write_text("garbage;\n" + kept.read_text())
    assert not migrated.read_back("test_plainsail_broken", kept)
    assert not kept.exists()
    assert not migrated.read_back("test_plainsail_broken", kept)


def test_what_was_kept_before_makes_room(kept: Path) -> None:
    newer = kept.with_name("newer.sql")
    migrated.keep(connection.settings_dict["NAME"], newer)
    assert sorted(kept.parent.glob("*")) == [newer]


def test_a_changed_model_is_migrated_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "plainsail" / "area" / "models.py"
    model.parent.mkdir(parents=True)
    model.write_text("a = 1")
    monkeypatch.setattr(migrated, "PACKAGE", tmp_path / "plainsail")
    before = migrated.kept_file(tmp_path)
    assert migrated.kept_file(tmp_path) == before
    model.write_text("a = 2")
    assert migrated.kept_file(tmp_path) != before
