"""Migrating makes anew only what a change is about."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from plainsail.kernel import states


@pytest.fixture
def state(db: None) -> ProjectState:
    found: ProjectState = MigrationLoader(connection).project_state()
    found.apps  # from here on it is kept
    return found


def classes(state: ProjectState) -> dict[str, int]:
    return {model._meta.label: id(model) for model in state.apps.get_models()}


def test_a_new_field_is_there_and_what_has_nothing_to_do_with_it_stays(state):
    before = classes(state)
    with states.nearby():
        state.add_field("pages", "form", "colour", models.CharField(max_length=9, default=""), preserve_default=True)
    changed = {label for label, made in classes(state).items() if before[label] != made}

    assert state.apps.get_model("pages", "form")._meta.get_field("colour").max_length == 9
    assert "pages.Form" in changed
    assert not {"kernel.Workspace", "mail.Delivery", "commerce.Order"} & changed
    assert len(changed) < 40


def test_whoever_runs_python_sees_everything_made_anew(state):
    with states.nearby():
        state.add_field("pages", "form", "colour", models.CharField(max_length=9, default=""), preserve_default=True)
    before = classes(state)
    assert state.is_delayed
    state.clear_delayed_apps_cache()
    assert all(before[label] != made for label, made in classes(state).items() if label.startswith(("pages.", "mail.")))


def test_outside_of_it_everything_is_as_in_django(state):
    with pytest.raises(ZeroDivisionError), states.nearby():
        raise ZeroDivisionError
    before = classes(state)
    state.add_field("pages", "form", "colour", models.CharField(max_length=9, default=""), preserve_default=True)
    assert before["kernel.Workspace"] != classes(state)["kernel.Workspace"]
