"""How steps look: icons and words, the map's nodes with their numbers, and a funnel in small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from plainsail.funnels.models import FunnelStep, ShareCode
from plainsail.funnels.queries import StepNumbers, pages_of
from plainsail.funnels.services import sharing
from plainsail.funnels.services.publishing import PAGES
from plainsail.funnels.services.routing import Kind

ICONS: dict[str, tuple[str, str]] = {
    Kind.PAGE: ("panels-top-left", "accent"),
    Kind.FORM: ("clipboard-list", "accent"),
    Kind.CHECKOUT: ("credit-card", "good"),
    Kind.UPSELL: ("arrow-up", "good"),
    Kind.DOWNSELL: ("arrow-down", "good"),
    Kind.SPLIT: ("split", "info"),
    Kind.MAIL: ("mail", "warn"),
    Kind.WAIT: ("clock", "warn"),
    Kind.THANKS: ("gift", "accent"),
}
"""Icon and tone."""
TEXTS: dict[str, Promise] = {
    Kind.PAGE: gettext_lazy("Something to read, and a button that leads on"),
    Kind.FORM: gettext_lazy("Asks for an address; mails behind it begin here"),
    Kind.CHECKOUT: gettext_lazy("Where an offer is paid"),
    Kind.UPSELL: gettext_lazy("One more offer for those who just bought"),
    Kind.DOWNSELL: gettext_lazy("A smaller offer for those who said no to the upsell"),
    Kind.SPLIT: gettext_lazy("Two to five pages, each for a share of the visitors"),
    Kind.MAIL: gettext_lazy("Sent to those who came through the form or the checkout before"),
    Kind.WAIT: gettext_lazy("Time between two mails"),
    Kind.THANKS: gettext_lazy("Where the way ends"),
}


@dataclass
class Node:
    """A step on the map. `side` is the downsell that hangs beside it."""

    step: FunnelStep
    icon: str
    tone: str
    text: str
    numbers: StepNumbers
    fault: str = ""
    is_chosen: bool = False
    side: Node | None = None

    @property
    def asked(self) -> str:
        """What the people did, in words with their number."""
        return said(self.numbers)


def said(numbers: StepNumbers) -> str:
    done = {"done": f"{numbers.done:,}"}
    words = {
        "sent": ngettext("%(done)s signed up", "%(done)s signed up", numbers.done),
        "bought": ngettext("%(done)s bought", "%(done)s bought", numbers.done),
        "clicked": ngettext("%(done)s clicked", "%(done)s clicked", numbers.done),
        "left": ngettext("%(done)s went on", "%(done)s went on", numbers.done),
    }
    return words[numbers.asked] % done if numbers.asked else ""


def nodes(
    steps: Sequence[FunnelStep], numbers: Mapping[UUID, StepNumbers], faults: Mapping[str, str], chosen: str
) -> list[Node]:
    """The map from the top down; a downsell hangs at its upsell."""
    found: list[Node] = []
    for step in steps:
        icon, tone = ICONS[step.kind]
        key = str(step.id)
        node = Node(step, icon, tone, detail(step), numbers[step.id], faults.get(key, ""), chosen == key)
        if step.kind == Kind.DOWNSELL and found and found[-1].step.kind == Kind.UPSELL:
            found[-1].side = node
        else:
            found.append(node)
    return found


def detail(step: FunnelStep) -> str:
    """A step's second line: what stands there."""
    kind = str(step.get_kind_display())
    if step.kind == Kind.WAIT:
        return duration(step.amount, step.unit)
    if step.kind == Kind.SPLIT:
        return " · ".join(str(one) for one in step.split_pages.all())
    if step.sells and step.offer is not None:
        return f"{step.offer.name}, {step.offer.price.amount.format(get_language() or 'en')}"
    named = step.page or step.email
    return kind if named is None or str(named) == step.name else f"{kind} · {named}"


def duration(amount: int, unit: str) -> str:
    hours = ngettext("%(count)s hour", "%(count)s hours", amount)
    days = ngettext("%(count)s day", "%(count)s days", amount)
    return (hours if unit == FunnelStep.Unit.HOURS else days) % {"count": amount}


def panel(step: FunnelStep) -> dict[str, Any]:
    """What the head of a step's panel shows."""
    icon, tone = ICONS[step.kind]
    wants = any(one.page is None for one in step.split_pages.all()) or (
        step.kind in PAGES - {Kind.SPLIT} and not step.page
    )
    return {"icon": icon, "tone": tone, "wants_page": wants, "shown": pages_of(step)}


def kinds() -> list[dict[str, Any]]:
    """What can be put in."""
    return [{"key": key, "label": label, "text": TEXTS[key], "icon": ICONS[key][0]} for key, label in Kind.choices]


@dataclass(frozen=True)
class Stroke:
    """One box of a funnel in small."""

    icon: str
    tone: str
    says: str
    ways: Sequence[Any] = field(default_factory=tuple)


def sketch(package: Mapping[str, Any]) -> list[Stroke]:
    """A package in small."""
    return [Stroke(*ICONS[step["kind"]], _said(step)) for step in package["steps"]]


def _said(step: Mapping[str, Any]) -> str:
    if step["kind"] != Kind.WAIT:
        return str(step["name"])
    return _("Wait %(time)s") % {"time": duration(step["amount"], step.get("unit", "days"))}


def codes(found: Iterable[ShareCode]) -> list[dict[str, Any]]:
    """Share codes, each as people read it."""
    return [{"code": code, "written": sharing.written(code)} for code in found]
