"""A sequence as its screen shows it: mails one below the other, each with the wait before it and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from plainsail.automations.forms import DelayForm
from plainsail.automations.models import Automation
from plainsail.automations.services import sequences
from plainsail.automations.services.flows import Step
from plainsail.automations.services.sequences import Letter
from plainsail.automations.sockets import ACTIONS, Written
from plainsail.automations.views import drawing
from plainsail.kernel.http import Request, workspace_url


@dataclass(frozen=True)
class Line:
    """One mail of the list. `up` and `down` are the order of all mails after it has moved; empty where it can't."""

    id: str
    number: int
    written: Written | None
    address: str
    """Where it is written, with the way back."""
    delay: DelayForm
    waits: Sequence[Step]
    is_off: bool
    is_chosen: bool
    fault: str
    here: int
    """People who wait for it, or whom it is about to reach."""
    up: str
    down: str

    @property
    def said(self) -> str:
        """The waits before it in words."""
        return ", ".join(filter(None, map(said, self.waits)))

    @property
    def has_several_waits(self) -> bool:
        return len(self.waits) > 1

    @property
    def window(self) -> str:
        return drawing.hours(self.waits[0]) if self.waits else ""

    @property
    def clicked(self) -> int:
        """Per cent of those who got it."""
        return (drawing.share(self.written.clicked, self.written.got) or 0) if self.written else 0

    @property
    def opened(self) -> int:
        """Per cent of those who got it; without what programs fetched."""
        return (drawing.share(self.written.opened, self.written.got) or 0) if self.written else 0


def shown(request: Request, found: Automation, drawn: drawing.Drawing) -> dict[str, Any]:
    """The mails, and what stands behind the last one; without them for an automation that is more than a sequence."""
    if not sequences.is_sequence(found.draft):
        return {"is_sequence": False}
    letters = sequences.letters(found.draft)
    written = _written(request, letters)
    lines = [
        _line(request, found, drawn, letters=letters, index=index, written=written) for index in range(len(letters))
    ]
    mails = sum(1 + len(letter.waits) for letter in letters)
    after = ", ".join(said(step) for step in found.draft["steps"][mails:])
    return {"is_sequence": True, "lines": lines, "after": after}


def _line(
    request: Request,
    found: Automation,
    drawn: drawing.Drawing,
    *,
    letters: Sequence[Letter],
    index: int,
    written: Mapping[str, Written | None],
) -> Line:
    letter, order = letters[index], [each.id for each in letters]
    return Line(
        id=letter.id,
        number=index + 1,
        written=written[letter.id],
        address=_address(request, found, letter, written[letter.id]),
        delay=delay_form(request, letter, auto_id=f"{letter.id}-%s"),
        waits=letter.waits,
        is_off=letter.is_off,
        is_chosen=drawn.chosen == letter.id,
        fault=drawn.faults.get(letter.id, ""),
        here=sum(drawn.counts.here[step["id"]] for step in (*letter.waits, letter.step)),
        up=moved(order, index, -1),
        down=moved(order, index, 1),
    )


def delay_form(request: Request, letter: Letter, data: Any = None, *, auto_id: str = "id_%s") -> DelayForm:
    """How long after the mail before it a mail leaves."""
    first: Mapping[str, Any] = letter.waits[0] if letter.waits else {"amount": 0, "unit": "days"}
    return DelayForm(data, workspace=request.workspace, initial=first, auto_id=auto_id)


def letter_of(found: Automation, step_id: str) -> Letter | None:
    """A mail of the sequence by its step; None for one that is gone."""
    if not sequences.is_sequence(found.draft):
        return None
    return next((letter for letter in sequences.letters(found.draft) if letter.id == step_id), None)


def said(wait: Step) -> str:
    """A wait in words, such as: 2 days, Weekdays, 9:00 to 12:00."""
    time = drawing.duration(wait) if wait["amount"] else ""
    return ", ".join(filter(None, (time, drawing.hours(wait))))


def moved(order: Sequence[str], index: int, by: int) -> str:
    """The order with one mail moved by a place, as its form sends it."""
    to = index + by
    if not 0 <= to < len(order):
        return ""
    changed = list(order)
    changed.insert(to, changed.pop(index))
    return ",".join(changed)


def _written(request: Request, letters: Sequence[Letter]) -> dict[str, Written | None]:
    """What is known of each mail; a call for each kind of action that sends some."""
    found: dict[str, Written | None] = {letter.id: None for letter in letters}
    for kind in {letter.step["action"] for letter in letters}:
        ask, own = ACTIONS[kind].written, [letter for letter in letters if letter.step["action"] == kind]
        if ask is not None:
            told = ask(request.workspace, [letter.step["config"] for letter in own])
            found |= {letter.id: one for letter, one in zip(own, told, strict=True)}
    return found


def _address(request: Request, found: Automation, letter: Letter, written: Written | None) -> str:
    if written is None:
        return ""
    back = f"{workspace_url(request.workspace, 'automations:sequence', found.id)}?step={letter.id}"
    return f"{written.url}?{urlencode({'back': back})}"
