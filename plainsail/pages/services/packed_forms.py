"""A form in a file that leaves the business: what it asks and says, without whom it asks for. Read back with care: a file may
come from anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from plainsail.accounts.models import User
from plainsail.kernel.ids import new_id
from plainsail.pages.models import Form
from plainsail.pages.services import forms, questions
from plainsail.pages.services.questions import Question

WORDS = {"thanks_title": 120, "thanks_text": 600}
MOST_BOXES = 10


def pack(form: Form) -> dict[str, Any]:
    """`{name, fields, boxes, consent, thanks_title, thanks_text}`, plain JSON."""
    return {name: getattr(form, name) for name in ("name", "fields", "boxes", "consent", *WORDS)}


def unpack(form: Form, said: Mapping[str, Any], *, at: datetime, by: User | None = None) -> Form:
    """Let a form ask and say what a file says, as far as that can be asked here; what can't is left out.

    Answers for fields of the other business's own are kept with the submissions. Consent isn't read: it names who asks.
    """
    changes: dict[str, Any] = {"fields": list(_questions(said.get("fields")))}
    if boxes := list(_boxes(said.get("boxes"))):
        changes["boxes"] = boxes
    changes |= {name: words for name, limit in WORDS.items() if (words := _line(said.get(name), limit))}
    return forms.change(form, by=by, at=at, **changes)


def _questions(raw: object) -> Iterator[Question]:
    seen: set[str] = set()
    for each in raw[: questions.MOST] if isinstance(raw, list) else ():
        made = _question(each) if isinstance(each, Mapping) else None
        if made is not None and made["name"] not in seen:
            seen.add(made["name"])
            yield made
    if "email" not in seen:
        yield questions.email()


def _question(raw: Mapping[str, Any]) -> Question | None:
    made = _kind(str(raw.get("name", "")), str(raw.get("kind", "")))
    if made is None:
        return None
    made["label"] = _line(raw.get("label"), 200) or made["label"]
    made["required"] = made["name"] == "email" or raw.get("required") is True
    made["breaks"] = raw.get("breaks") is True
    if words := _line(raw.get("help"), 300):
        made["help"] = words
    if "choices" in made and (labels := _labels(raw.get("choices"))):
        made["choices"] = [{"id": new_id().hex[-10:], "label": label} for label in labels]
    return made


def _kind(name: str, kind: str) -> Question | None:
    if name == "email":
        return questions.email()
    if name in questions.PROFILE:
        return questions.of_profile(name)
    return questions.own(kind) if kind in questions.KINDS and kind not in ("email", "hidden") else None


def _labels(raw: object) -> list[str]:
    found = (
        [_line(each.get("label"), 200) for each in raw if isinstance(each, Mapping)] if isinstance(raw, list) else []
    )
    return [label for label in dict.fromkeys(found) if label][: questions.MOST_CHOICES]


def _boxes(raw: object) -> Iterator[dict[str, Any]]:
    for each in raw[:MOST_BOXES] if isinstance(raw, list) else ():
        wording = _line(each.get("wording"), 600) if isinstance(each, Mapping) else ""
        if wording:
            yield {"id": new_id().hex[-10:], "wording": wording, "required": each.get("required") is True}


def _line(raw: object, limit: int) -> str:
    return " ".join(questions.UNPRINTABLE.sub("", raw).split())[:limit] if isinstance(raw, str) else ""
