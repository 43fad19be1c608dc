"""Submissions in words: each answer under the question as it was asked when it was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from plainsail.pages.models import Form, Submission
from plainsail.pages.services import forms, questions
from plainsail.pages.services.questions import Question

MOST_ROWS = 100_000


@dataclass(frozen=True)
class Entry:
    """A submission, and what was answered as (question, words), answers that say nothing left out."""

    submission: Submission
    answers: Sequence[tuple[str, str]]


def entries(form: Form, found: Iterable[Submission]) -> list[Entry]:
    """Each submission in words. Two queries, whatever their number."""
    asked = _asked(form)
    return [
        Entry(
            one,
            [
                (question["label"] or name, said)
                for name, question in asked.items()
                if name in one.values and name != "email" and (said := questions.said(question, one.values[name]))
            ],
        )
        for one in found
    ]


def table(form: Form, found: QuerySet[Submission], *, at_most: int) -> Iterator[Sequence[Any]]:
    """Rows for a spreadsheet, headed: a column for each question that the form asks or ever asked."""
    asked = _asked(form)
    yield [
        _("Sent at"),
        *(question["label"] or name for name, question in asked.items()),
        _("Agreed to"),
        _("Page"),
        *questions.CAMPAIGN,
    ]
    for one in found[:at_most].iterator(chunk_size=2000):
        yield [
            one.at.isoformat(timespec="seconds"),
            *(
                questions.said(question, one.values[name]) if name in one.values else ""
                for name, question in asked.items()
            ),
            "; ".join(box["wording"] for box in one.agreed),
            one.path,
            *(one.campaign.get(name, "") for name in questions.CAMPAIGN),
        ]


def _asked(form: Form) -> Mapping[str, Question]:
    """Everything the form asks now, then what only earlier versions asked, by name. Boxes are told apart, as agreed to."""
    now = [one for one in forms.asked(form) if not one["name"].startswith(forms.BOX)]
    hidden = [one for one in form.fields if one["kind"] == "hidden"]
    found: dict[str, Question] = {one["name"]: one for one in [*now, *hidden]}
    for fields in form.versions.order_by("-number").values_list("fields", flat=True)[:50]:
        for one in fields:
            found.setdefault(one["name"], one)
    return found
