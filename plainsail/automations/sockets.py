"""What other areas plug into automations: what lets people in, what is done for them, what is asked about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.utils.functional import Promise

from plainsail.contacts.models import Contact
from plainsail.kernel.events import Event, on
from plainsail.kernel.models import Workspace
from plainsail.kernel.registry import Registry

Words = str | Promise
Config = Mapping[str, Any]


class StepForm(forms.Form):
    """The settings of a step, a condition or a trigger. Subclasses add fields; choices may come from `self.workspace`.

    `config()` gives plain JSON values; the form is filled again with `initial=config`.
    """

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        self.workspace = workspace
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices. Called once the workspace is known."""

    def config(self) -> dict[str, Any]:
        """The settings to keep, as JSON."""
        return {name: str(value) if isinstance(value, UUID) else value for name, value in self.cleaned_data.items()}


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """An event that lets a contact in. `matches` looks at the event with the trigger's settings.

    `sentence` says it in a few words, such as: Joins “Free lesson”.
    """

    label: Words
    icon: str
    event: type[Event]
    sentence: Callable[[Config], str]
    matches: Callable[[Any, Config], bool] = lambda event, config: True
    form: type[StepForm] = StepForm
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Done:
    """What an action has to say afterwards; `skipped` where it was right to do nothing."""

    note: str = ""
    skipped: bool = False


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something done for a contact. `perform(contact, config, run_key, at)` runs inside the workspace, in the step's
    transaction, and is idempotent on `run_key`, which is the same for the same run, step and visit.

    `freeze` turns a draft's settings into those of a version when it goes live (such as: this edition of the mail);
    `again` gives the settings of a copy of the step.
    `detail` is a second line under the sentence; `panel` names a template shown in the step's panel, which gets `config`.
    """

    label: Words
    icon: str
    sentence: Callable[[Config], str]
    perform: Callable[[Contact, Config, str, datetime], Done | None]
    form: type[StepForm] = StepForm
    freeze: Callable[[Config], dict[str, Any]] = dict
    detail: Callable[[Config], str] = lambda config: ""
    begin: Callable[[datetime], dict[str, Any]] = lambda at: {}
    """Settings of a new step of this kind, before anybody has chosen."""
    again: Callable[[Config, datetime], dict[str, Any]] = lambda config, at: dict(config)
    panel: str = ""
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A question about a contact, answered when they come to it: `holds(contact, config, at)`."""

    label: Words
    icon: str
    sentence: Callable[[Config], str]
    holds: Callable[[Contact, Config, datetime], bool]
    form: type[StepForm] = StepForm
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A flow to start from: `build(workspace, at)` makes what it needs and gives the draft.

    `sketch()` gives what is drawn of it in small: things with `icon`, `tone`, `says` and `ways`, see `views.sketching`.
    `needs` are triggers without which it is not offered.
    """

    label: Words
    text: Words
    icon: str
    build: Callable[[Workspace, datetime], dict[str, Any]]
    sketch: Callable[[], Sequence[Any]] = tuple
    needs: tuple[str, ...] = ()
    order: int = 0

    @property
    def is_offered(self) -> bool:
        """Whether all that it needs is there."""
        return all(key in TRIGGERS for key in self.needs)


@dataclass
class TriggerRegistry(Registry[Trigger]):
    """Registering a trigger also subscribes to its event, under a name that stays."""

    name: str
    hear: Callable[[str, Event], None] | None = field(default=None)

    def __post_init__(self) -> None:
        super().__init__(self.name)

    def register(self, key: str, value: Trigger) -> Trigger:
        super().register(key, value)
        on(value.event, subscriber=f"automations.{key}")(partial(self._tell, key))
        return value

    def _tell(self, key: str, event: Event) -> None:
        assert self.hear is not None, "set in automations.hooks"
        self.hear(key, event)


TRIGGERS = TriggerRegistry("automations.triggers")
ACTIONS: Registry[Action] = Registry("automations.actions")
CONDITIONS: Registry[Condition] = Registry("automations.conditions")
STARTERS: Registry[Starter] = Registry("automations.starters")
