"""What other areas plug into automations: what lets people in, what is done for them, what is asked about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from plainsail.contacts.models import Contact
from plainsail.kernel.events import Event, on_sets
from plainsail.kernel.models import Workspace
from plainsail.kernel.registry import Registry

Words = str | Promise
Config = Mapping[str, Any]


class StepForm(forms.Form):
    """The settings of a step, a condition or a trigger. Subclasses add fields; choices may come from `self.workspace`.

    `config()` gives plain JSON values; the form is filled again with `initial=config`. `template` draws settings that
    are more than fields; where such a form says `is_drafting`, a post only asks to see it again.
    """

    template: str = ""

    @property
    def is_drafting(self) -> bool:
        return False

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        self.workspace = workspace
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices. Called once the workspace is known."""

    def offer(self, name: str, rows: Iterable[tuple[Any, Any]]) -> None:
        """Let a field choose among rows, given as (key, words)."""
        field: Any = self.fields[name]
        field.choices = [("", _("Choose …")), *((str(key), words) for key, words in rows)]

    def config(self) -> dict[str, Any]:
        """The settings to keep, as JSON."""
        return {name: str(value) if isinstance(value, UUID) else value for name, value in self.cleaned_data.items()}


@dataclass(frozen=True, kw_only=True)
class Coming:
    """People whom the clock lets in at a moment. `cause` is the same whenever the same moment is looked for again."""

    people: QuerySet[Contact]
    at: datetime
    cause: str


@dataclass(frozen=True)
class Came:
    """One contact whom the clock lets in, because of something of their own: a cart, a mail."""

    contact_id: UUID
    at: datetime
    cause: str


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What lets a contact in: an event, or the clock. `sentence` says it in a few words, such as: Joins “Free lesson”.

    Of an event, `about` names what it is about (the list's id, say) and `wants` what the settings ask for, empty for any: so
    that an automation is found by it however many listen. `matches` looks closer, at an event with the settings, and `choose`
    at a set of them.
    `comes` tells instead whom the clock lets in after one moment and up to another.
    """

    label: Words
    icon: str
    sentence: Callable[[Config], str]
    event: type[Event] | None = None
    about: Callable[[Any], Collection[str]] = lambda event: ()
    wants: Callable[[Config], str] = lambda config: ""
    matches: Callable[[Any, Config], bool] = lambda event, config: True
    choose: Callable[[Sequence[Any], Config], Sequence[Any]] = lambda told, config: told
    comes: Callable[[Workspace, Config, datetime, datetime], Iterable[Coming | Came]] | None = None
    form: type[StepForm] = StepForm
    begin: Callable[[datetime], dict[str, Any]] = lambda at: {}
    """Settings of the trigger when it is chosen, before anybody has filled them in: a secret, say."""
    policy: str = "once"
    """The entry rule that is offered when it is chosen: `every` where what it tells of comes again by itself."""
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Done:
    """What an action has to say afterwards; `skipped` where it was right to do nothing."""

    note: str = ""
    skipped: bool = False


class Work(NamedTuple):
    """A contact for whom an action is due. The key is the same for the same run, step and visit."""

    contact_id: UUID
    run_key: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """The mail of a step: its subject, the address of the page where it is written, and how many people got, clicked and
    opened it so far."""

    subject: str
    url: str
    got: int = 0
    clicked: int = 0
    opened: int = 0


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something done for a contact. `perform(contact, config, run_key, at)` runs inside the workspace, in the step's
    transaction, and is idempotent on `run_key`, which is the same for the same run, step and visit.

    `perform_many(work, config, at)` does the same for thousands in a few statements, and tells by run key what there is to
    say; an action without it is performed for one after the other, each in a transaction of its own.
    `check_live` gets the settings of all such steps of a flow before it goes live or on, and raises a Refusal where it may not.
    `freeze` turns a draft's settings into those of a version when it goes live (such as: this edition of the mail);
    `again` gives the settings of a copy of the step.
    `detail` is a second line under the sentence; `panel` names a template shown in the step's panel, which gets `config`.
    """

    label: Words
    icon: str
    sentence: Callable[[Config], str]
    perform: Callable[[Contact, Config, str, datetime], Done | None]
    perform_many: Callable[[Sequence[Work], Config, datetime], Mapping[str, Done]] | None = None
    form: type[StepForm] = StepForm
    check_live: Callable[[Sequence[Config], datetime], None] = lambda configs, at: None
    freeze: Callable[[Config], dict[str, Any]] = dict
    detail: Callable[[Config], str] = lambda config: ""
    begin: Callable[[datetime], dict[str, Any]] = lambda at: {}
    """Settings of a new step of this kind, before anybody has chosen."""
    again: Callable[[Config, datetime], dict[str, Any]] = lambda config, at: dict(config)
    panel: str = ""
    is_mail: bool = False
    """Whether it sends a mail: sequences are made of those."""
    written: Callable[[Workspace, Sequence[Config]], Sequence[Written | None]] | None = None
    """Of an action that sends mails, what is known of those of some steps, in their order; None for one that is gone."""
    entitle: Callable[[Config, str], None] | None = None
    """Give the new mail of such a step its subject."""
    steers: bool = False
    """Whether it may end runs, also the one that takes it: what follows then looks again who is still there."""
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A question about contacts, answered when they come to it: `holds_for(config, at)` is the one condition that it means,
    put into one statement for all who are there. May raise BadSegment.

    `reads` names what of a contact the answer depends on, as ContactChanged does; None where nobody announces a change.
    """

    label: Words
    icon: str
    sentence: Callable[[Config], str]
    holds_for: Callable[[Config, datetime], Q]
    reads: Callable[[Config], Collection[str] | None] = lambda config: None
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
    is_sequence: bool = False
    """Whether it is best opened as a list of mails."""
    order: int = 0

    @property
    def is_offered(self) -> bool:
        """Whether all that it needs is there."""
        return all(key in TRIGGERS for key in self.needs)


@dataclass
class TriggerRegistry(Registry[Trigger]):
    """Registering a trigger also subscribes to its event, under a name that stays."""

    name: str
    hear: Callable[[str, Sequence[Event]], None] | None = field(default=None)
    is_wanted: Callable[[str], bool] | None = field(default=None)
    """Whether anything in the open workspace waits for a trigger at all: else its events need not be heard."""

    def __post_init__(self) -> None:
        super().__init__(self.name)

    def register(self, key: str, value: Trigger) -> Trigger:
        super().register(key, value)
        if value.event is not None:
            hearing = on_sets(value.event, subscriber=f"automations.{key}", is_wanted=partial(self._is_wanted, key))
            hearing(partial(self._tell, key))
        return value

    def _tell(self, key: str, told: Sequence[Event]) -> None:
        assert self.hear is not None, "set in automations.hooks"
        self.hear(key, told)

    def _is_wanted(self, key: str) -> bool:
        assert self.is_wanted is not None, "set in automations.hooks"
        return self.is_wanted(key)


@dataclass(frozen=True)
class Use:
    """Something that an automation needs, and where: what it is called, and the address of its page."""

    label: str
    url: str


TRIGGERS = TriggerRegistry("automations.triggers")
ACTIONS: Registry[Action] = Registry("automations.actions")
CONDITIONS: Registry[Condition] = Registry("automations.conditions")
STARTERS: Registry[Starter] = Registry("automations.starters")
