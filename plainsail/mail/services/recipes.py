"""What a recipe is written with: each part says how it looks in small, and makes its step when the recipe is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.automations.services import flows
from plainsail.automations.services.flows import Flow, Step
from plainsail.automations.sockets import Config, Starter, Words
from plainsail.blocks.services import documents
from plainsail.contacts.models import List, Segment
from plainsail.contacts.services import lists, segments, tags
from plainsail.contacts.services.segments import NameTaken
from plainsail.kernel.models import Workspace
from plainsail.mail.services import emails

THEME = "juniper"


@dataclass
class Kitchen:
    """For whom a recipe is made. What several parts need is made once."""

    workspace: Workspace
    at: datetime
    topic: List

    def tag(self, name: str) -> str:
        return str(tags.named(self.workspace, name).id)

    def segment(self, name: str, tree: Mapping[str, Any]) -> str:
        """A segment of this name: the one that there is, or a new one."""
        try:
            return str(segments.save(self.workspace, name=name, tree=tree, at=self.at).id)
        except NameTaken:
            return str(Segment.objects.get(name=name).id)


@dataclass(frozen=True)
class Part:
    """One step. `says` is read in the active language where the recipe is shown."""

    icon: str
    tone: str
    says: str
    make: Callable[[Kitchen], Step]
    ways: Sequence[tuple[str, Sequence[Part]]] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class Start:
    """What lets people in: the trigger's key, how it looks, and its settings."""

    kind: str
    icon: str
    says: Callable[[], str]
    config: Callable[[Kitchen], Config] = lambda kitchen: {}
    policy: str = "once"


def letter(subject: str, preheader: str, *paragraphs: str, button: str = "", link: str = "/") -> Part:
    """A mail of its own about the default list, to whoever consented to it."""

    def make(kitchen: Kitchen) -> Step:
        hello = _("Hello {{first_name|there}},")
        said = "".join(f"<p>{paragraph}</p>" for paragraph in (hello, *paragraphs))
        parts: list[tuple[str, dict[str, Any]]] = [("text", {"text": said})]
        if button:
            parts.append(("button", {"button": button, "link": link, "layout": "start"}))
        parts.append(("text", {"text": f"<p>{kitchen.workspace.name}</p>"}))
        email = emails.create(documents.build(THEME, parts), subject=subject, preheader=preheader, at=kitchen.at)
        return flows.action("mail.send", {"email": str(email.id), "list": str(kitchen.topic.id)})

    return Part("mail", "accent", _("Send “%(subject)s”") % {"subject": subject}, make)


def wait(amount: int, unit: str = "days", *, in_the_morning: bool = False) -> Part:
    """Some time; and then a working day between nine and noon, where wanted."""
    words = {
        "hours": ngettext("Wait %(count)s hour", "Wait %(count)s hours", amount),
        "days": ngettext("Wait %(count)s day", "Wait %(count)s days", amount),
    }
    hours = {"weekdays": True, "from_hour": 9, "to_hour": 12} if in_the_morning else {}
    return Part("clock", "warn", words[unit] % {"count": amount}, lambda kitchen: flows.wait(amount, unit, **hours))  # type: ignore[arg-type]  # hours as wait takes them


def add_tag(name: str) -> Part:
    says = _("Add tag “%(tag)s”") % {"tag": name}
    return Part("tag", "accent", says, lambda kitchen: flows.action("contacts.add_tag", {"tag": kitchen.tag(name)}))


def remove_tag(name: str) -> Part:
    says = _("Remove tag “%(tag)s”") % {"tag": name}
    return Part(
        "minus", "accent", says, lambda kitchen: flows.action("contacts.remove_tag", {"tag": kitchen.tag(name)})
    )


def leave_list() -> Part:
    says = _("Take off the list")
    return Part(
        "ban", "accent", says, lambda kitchen: flows.action("contacts.leave_list", {"list": str(kitchen.topic.id)})
    )


def if_in(name: str, tree: Mapping[str, Any], *, yes: Sequence[Part] = (), no: Sequence[Part] = ()) -> Part:
    """Asks whether somebody is in a segment."""

    def make(kitchen: Kitchen) -> Step:
        rows = {key: [part.make(kitchen) for part in parts] for key, parts in (("yes", yes), ("no", no))}
        return flows.condition("contacts.in_segment", {"segment": kitchen.segment(name, tree)}, **rows)

    says = _("Is in “%(segment)s”?") % {"segment": name}
    return Part("split", "info", says, make, [(_("Yes"), yes), (_("No"), no)])


def if_so(says: str, tree: Mapping[str, Any], *, yes: Sequence[Part] = (), no: Sequence[Part] = ()) -> Part:
    """Asks some conditions of this step alone, which make no segment."""

    def make(kitchen: Kitchen) -> Step:
        rows = {key: [part.make(kitchen) for part in parts] for key, parts in (("yes", yes), ("no", no))}
        return flows.condition("contacts.matches", {"tree": dict(tree)}, **rows)

    return Part("split", "info", says, make, [(_("Yes"), yes), (_("No"), no)])


def end() -> Part:
    return Part("square", "neutral", _("End"), lambda kitchen: flows.end())


def recipe(
    *,
    label: Words,
    text: Words,
    icon: str,
    start: Start,
    parts: Callable[[], list[Part]],
    order: int,
    exits: Sequence[Mapping[str, Any]] = (),
) -> Starter:
    """A recipe as automations offer it: offered where its trigger is there, drawn in small, made when it is taken.

    `exits` are trees of conditions; whoever one of them fits leaves early.
    """

    def build(workspace: Workspace, at: datetime) -> Flow:
        kitchen = Kitchen(workspace, at, lists.default(workspace, at=at))
        steps = [part.make(kitchen) for part in parts()]
        flow = flows.build(start.kind, start.config(kitchen), steps, policy=start.policy)
        return flow | ({"exits": [flows.ask("contacts.matches", {"tree": tree}) for tree in exits]} if exits else {})

    def sketch() -> list[Part]:
        return [Part(start.icon, "accent", start.says(), lambda kitchen: {}), *parts()]

    return Starter(label=label, text=text, icon=icon, build=build, sketch=sketch, needs=(start.kind,), order=order)
