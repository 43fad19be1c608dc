"""Migrating without drawing every model anew for each field.

Django keeps the models as they are between two migrations. After a field was added it makes anew the model, those that it
points to, and all that point to those: and here nearly everything points to the workspace. With two hundred tables that is
most of the time that setting up takes. Making SQL needs the model itself and what it points to, by name; so the rest stays
as it is, which Django calls delayed. A migration that runs Python has everything made anew first, as it does in Django.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState, get_related_models_tuples

Key = tuple[str, str]


@contextmanager
def nearby() -> Iterator[None]:
    """Within this, a changed model is made anew with its own neighbours alone."""
    project: Any = ProjectState  # what is kept back is Django's own, and in no declaration of its types
    real = project._find_reload_model
    project._find_reload_model = _neighbours
    try:
        yield
    finally:
        project._find_reload_model = real


def _neighbours(state: Any, app_label: str, model_name: str, delay: bool = False) -> set[Key]:
    state.is_delayed = True
    found: set[Key] = {(app_label, model_name)}
    if (app_label, model_name) in HUBS:
        return found
    try:
        model = state.apps.get_model(app_label, model_name)
    except LookupError:
        return found
    return found | {key for key in get_related_models_tuples(model) if key not in HUBS}


HUBS: frozenset[Key] = frozenset({("kernel", "workspace"), ("contenttypes", "contenttype")})
"""Models that nearly all others point to; none of them is pointed at by what its own fields are."""
