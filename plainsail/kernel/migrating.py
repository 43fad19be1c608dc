"""Applying migrations without building every model anew at each of their operations.

Django keeps its picture of the models whole by rendering again whatever is related to a model that changes. Here
everything is related to the workspace, so a hundred tables made from nothing were fourteen thousand classes. The two
changes that migrations are mostly made of need none of it: nobody points to a model that is new, and neither an index
nor a constraint is seen by other models.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState


class PatientState(ProjectState):
    """Models as the migrations so far leave them; of new ones, and of new indexes and constraints, only what changed."""

    def clone(self) -> PatientState:
        made = PatientState({key: model.clone() for key, model in self.models.items()}, self.real_apps)
        if "apps" in self.__dict__:
            made.apps = self.apps.clone()
        made.is_delayed = self.is_delayed
        return made

    def add_model(self, model_state: ModelState) -> None:
        apps = self.__dict__.pop("apps", None)  # Django's own would render all that is related
        super().add_model(model_state)
        if apps is not None:
            apps.render_multiple([model_state])
            self.apps = apps

    def _append_option(self, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        model_state = self.models[app_label, model_name]
        model_state.options[option_name] = [*model_state.options[option_name], obj]
        if "apps" in self.__dict__:  # asked otherwise, it would be made
            setattr(self.apps.get_model(app_label, model_name)._meta, option_name, model_state.options[option_name])


class Executor(MigrationExecutor):
    """Django's, with such a state."""

    def _create_project_state(self, with_applied_migrations: bool = False) -> ProjectState:
        made = super()._create_project_state(with_applied_migrations)  # type: ignore[misc]  # not in the stubs
        return PatientState(made.models, made.real_apps)
