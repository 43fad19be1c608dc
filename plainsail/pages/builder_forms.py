"""A visitors' form as it is built: its questions and boxes in the order in which they stand in the post.

They are added, moved and removed by posting, so the builder needs no script; dragging only changes the order of the post.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import CustomField, List, Tag
from plainsail.contacts.services.contacts import CUSTOM
from plainsail.contacts.services.values import fields_of
from plainsail.kernel.ids import new_id
from plainsail.pages.models import Form, Page
from plainsail.pages.services import questions
from plainsail.pages.services.questions import Question

MOST_BOXES = 10
ORDERING = ("up", "down", "remove", "box_remove")
DRAFTING = (*ORDERING, "add", "box_add", "preview")


class NewFormForm(forms.Form):
    """What a new form is called."""

    name = forms.CharField(label=_("Name"), max_length=120)


def _several(label: Any, help_text: Any = "") -> forms.ModelMultipleChoiceField[Any]:
    return forms.ModelMultipleChoiceField(
        label=label, queryset=None, required=False, widget=forms.CheckboxSelectMultiple, help_text=help_text
    )


class BuilderForm(forms.Form):
    """Everything that a form asks, says and does. `subject` is the form as it is stored."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Only you see it."))
    list: forms.ModelChoiceField[List] = forms.ModelChoiceField(
        label=_("List that people join"),
        queryset=None,
        required=False,
        empty_label=_("None: this form only asks"),
    )
    more_lists = _several(_("Lists that everybody joins besides"))
    offered_lists = _several(
        _("Lists to choose from"), _("Stand on the form, not ticked; people choose what they want.")
    )
    tags = _several(_("Tags that people get"))
    confirms = forms.BooleanField(label=_("People confirm by mail before they are on a list"), required=False)
    prefills = forms.BooleanField(
        label=_("Fill in what is known"),
        required=False,
        help_text=_(
            "Somebody who came from one of your mails finds their first name and address filled in, where the form "
            "stands alone. A mail may have been passed on: nothing else is ever shown."
        ),
    )
    consent = forms.CharField(
        label=_("Consent wording"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Stands below the form, and is kept with every consent as its proof."),
    )
    after = forms.ChoiceField(label=_("Afterwards people see"), choices=Form.After)
    thanks_title = forms.CharField(label=_("Headline afterwards"), max_length=120)
    thanks_text = forms.CharField(label=_("Text afterwards"), max_length=600, widget=forms.Textarea(attrs={"rows": 3}))
    thanks_page: forms.ModelChoiceField[Page] = forms.ModelChoiceField(
        label=_("Page afterwards"), queryset=None, required=False, empty_label=_("Choose a page")
    )
    thanks_url = forms.URLField(
        label=_("Address afterwards"), max_length=1000, required=False, assume_scheme="https", help_text=_("https://…")
    )

    def __init__(self, *args: Any, subject: Form, **options: Any) -> None:
        self.subject = subject
        options["initial"] = _initial(subject)
        super().__init__(*args, **options)
        # Rows of the open workspace: only known when a form is made, not when this class is.
        everything = {
            ("list", "more_lists", "offered_lists"): List.objects.filter(archived_at=None).order_by("name", "id"),
            ("tags",): Tag.objects.order_by("name", "id"),
            ("thanks_page",): Page.objects.published().with_address().order_by("title", "id"),
        }
        for names, rows in everything.items():
            for name in names:
                cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows.all()

    @property
    def is_drafting(self) -> bool:
        """Whether the post only asks for another look: a question more or less, or elsewhere."""
        return any(name in self.data for name in DRAFTING)

    @cached_property
    def custom_fields(self) -> Mapping[str, CustomField]:
        return fields_of(self.subject.workspace)

    @cached_property
    def questions(self) -> Sequence[Question]:
        """The questions as they stand: as posted where something was, else as stored."""
        if not self.is_bound:
            return questions.current(self.subject.workspace, self.subject.fields)
        return _with_steps(self._moved([*self._posted_questions(), *self._added()]))

    @cached_property
    def boxes(self) -> Sequence[dict[str, Any]]:
        """What is agreed to, in order."""
        if not self.is_bound:
            return [dict(box) for box in self.subject.boxes]
        found = []
        for at in self._order("box"):
            if self.data.get("box_remove") == at:
                continue
            wording = self.data.get(f"wording-{at}", "").strip()[:600]
            is_required = f"box_required-{at}" in self.data
            known = self.data.get(f"box_id-{at}", "")[:20]
            found.append({"id": known or new_id().hex[-10:], "wording": wording, "required": is_required})
        if "box_add" in self.data and len(found) < MOST_BOXES:
            found.append({"id": new_id().hex[-10:], "wording": "", "required": False, "is_new": True})
        return found

    @cached_property
    def row_errors(self) -> dict[str, str]:
        """What is wrong with a question or box, by its name or id; only once somebody saves."""
        if not self.is_bound or self.is_drafting:
            return {}
        found = {one["name"]: said for one in self.questions if (said := _fault_of(one))}
        return found | {box["id"]: _text("Write what people agree to.") for box in self.boxes if not box["wording"]}

    @property
    def addable(self) -> Sequence[tuple[Any, Sequence[tuple[str, Any]]]]:
        """What can be asked besides, in groups of (key, label)."""
        asked = {one["name"] for one in self.questions}
        about: Sequence[tuple[str, Any]] = [
            (name, label) for name, (_kind, label, _most) in questions.PROFILE.items() if name not in asked
        ]
        own: Sequence[tuple[str, Any]] = [(f"{CUSTOM}{key}", field.label) for key, field in self.custom_fields.items()]
        free: Sequence[tuple[str, Any]] = [
            (f"{questions.ASKED}{kind}", label) for kind, label in questions.KINDS.items() if kind != "email"
        ]
        groups: Sequence[tuple[Any, Sequence[tuple[str, Any]]]] = [
            (_("About the person"), about),
            (_("Your own fields"), [(key, label) for key, label in own if key not in asked]),
            (_("Only for this form"), free),
        ]
        return [(label, members) for label, members in groups if members]

    @property
    def is_full(self) -> bool:
        return len(self.questions) >= questions.MOST

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("after") == Form.After.PAGE and not cleaned.get("thanks_page"):
            self.add_error("thanks_page", _text("Choose a page, or another way to thank."))
        url = cleaned.get("thanks_url", "")
        if cleaned.get("after") == Form.After.ADDRESS and not url.startswith("https://"):
            self.add_error("thanks_url", _text("Use an address that begins with https://."))
        joins = any(cleaned.get(name) for name in ("list", "more_lists", "offered_lists"))
        if joins and not cleaned.get("consent") and not self.errors.get("consent"):
            self.add_error("consent", _text("Say what people agree to when they join a list."))
        if self.row_errors:
            self.add_error(None, _text("A question needs your attention: see below."))
        return cleaned

    @property
    def changes(self) -> dict[str, Any]:
        """What is to be stored, once it is valid."""
        given = self.cleaned_data
        names = (
            "name",
            "list",
            "confirms",
            "prefills",
            "consent",
            "after",
            "thanks_title",
            "thanks_text",
            "thanks_page",
        )
        return {name: given[name] for name in names} | {
            "thanks_url": given["thanks_url"] if given["after"] == Form.After.ADDRESS else "",
            "more_lists": [str(row.pk) for row in given["more_lists"]],
            "offered_lists": [str(row.pk) for row in given["offered_lists"]],
            "tags": [str(row.pk) for row in given["tags"]],
            "fields": [{key: value for key, value in one.items() if key != "is_new"} for one in self.questions],
            "boxes": [{key: value for key, value in box.items() if key != "is_new"} for box in self.boxes],
        }

    def drafted(self) -> Form:
        """The form as it would be, for the preview: not saved."""
        self.is_valid()
        made = copy(self.subject)
        made.fields, made.boxes = [dict(one) for one in self.questions], [dict(box) for box in self.boxes]
        made.consent = str(self.data.get("consent", made.consent))[:600] if self.is_bound else made.consent
        if self.is_bound:
            known = {str(pk) for pk in List.objects.values_list("pk", flat=True)}
            made.offered_lists = [pk for pk in self._sent("offered_lists") if pk in known]
        return made

    def _sent(self, name: str) -> Sequence[str]:
        return cast("QueryDict", self.data).getlist(name)

    def _order(self, name: str) -> Sequence[str]:
        """Places in the order in which their rows stand in the post."""
        return [at for at in dict.fromkeys(self._sent(name)) if at.isdigit() and len(at) < 4][: questions.MOST]

    def _posted_questions(self) -> Iterator[Question]:
        seen: set[str] = set()
        for at in self._order("row"):
            question = self._question(at)
            if question is not None and question["name"] not in seen:
                seen.add(question["name"])
                yield question | {"at": at}
        if "email" not in seen:
            yield questions.email() | {"at": "email"}

    def _question(self, at: str) -> Question | None:
        data, name = self.data, self.data.get(f"name-{at}", "")
        made = self._known(name, data.get(f"kind-{at}", ""))
        if made is None:
            return None
        made["label"] = " ".join(data.get(f"label-{at}", "").split())[:200]
        made["required"] = name == "email" or f"required-{at}" in data
        if words := " ".join(data.get(f"help-{at}", "").split())[:300]:
            made["help"] = words
        else:
            made.pop("help", None)
        made["breaks"] = f"break-{at}" in data
        if made["kind"] == "hidden":
            made["value"] = data.get(f"value-{at}", "").strip()[:200]
            source = data.get(f"source-{at}", "")
            made["source"] = source if source in questions.CAMPAIGN else ""
        elif "choices" in made and not questions.is_fixed(made):
            made["choices"] = self._choices(name, data.get(f"choices-{at}", ""))
        return made

    def _choices(self, name: str, lines: str) -> Sequence[dict[str, str]]:
        """A choice keeps its id while its words stay: what was chosen before goes on meaning the same."""
        stored: Question = next((one for one in self.subject.fields if one["name"] == name), {})
        ids = {one["label"]: one["id"] for one in stored.get("choices", [])}
        wanted = list(dict.fromkeys(line.strip()[:200] for line in lines.splitlines() if line.strip()))
        return [
            {"id": ids.get(label) or new_id().hex[-10:], "label": label} for label in wanted[: questions.MOST_CHOICES]
        ]

    def _known(self, name: str, kind: str) -> Question | None:
        """A question of this name and kind as it comes; None for one that can't be asked."""
        if name == "email":
            return questions.email()
        if name in questions.PROFILE:
            return questions.of_profile(name)
        if name.startswith(CUSTOM):
            field = self.custom_fields.get(name.removeprefix(CUSTOM))
            return questions.of_field(field) if field else None
        if name.startswith(questions.ASKED) and len(name) < 40 and kind in questions.KINDS and kind != "email":
            return questions.own(kind) | {"name": name}
        return None

    def _added(self) -> Sequence[Question]:
        """The question that was asked for with “Add”."""
        wanted = self.data.get("new", "")
        if "add" not in self.data or len(self._order("row")) >= questions.MOST:
            return []
        kind = wanted.removeprefix(questions.ASKED)
        if wanted.startswith(questions.ASKED):
            is_ours = kind in questions.KINDS and kind != "email"
            made = questions.own(kind) if is_ours else None
        else:
            made = self._known(wanted, "")
        return [made | {"is_new": True, "at": "new"}] if made else []

    def _moved(self, posted: Sequence[Question]) -> Sequence[Question]:
        """The rows without the one removed, and with one a place up or down."""
        removed = self.data.get("remove")
        rows = [row for row in posted if row["at"] != removed or row["name"] == "email"]
        for verb, step in (("up", -1), ("down", 1)):
            at = next((place for place, row in enumerate(rows) if row["at"] == self.data.get(verb)), None)
            if at is not None and 0 <= at + step < len(rows):
                rows[at], rows[at + step] = rows[at + step], rows[at]
                rows[at + step]["is_moved"] = verb
        return [{key: value for key, value in row.items() if key != "at"} for row in rows]


def _initial(subject: Form) -> dict[str, Any]:
    names = ("name", "list", "more_lists", "offered_lists", "tags", "confirms", "prefills", "consent", "after")
    return {
        name: getattr(subject, name) for name in (*names, "thanks_title", "thanks_text", "thanks_page", "thanks_url")
    }


def _with_steps(rows: Sequence[Question]) -> list[Question]:
    """Which step each question stands on: one more wherever a row begins a new one."""
    found, step = [], 1
    for place, row in enumerate(rows):
        breaks = row.pop("breaks", False)
        step = min(step + 1, questions.MOST_STEPS) if breaks and place else step
        found.append({**row, "step": step} if step > 1 else {key: value for key, value in row.items() if key != "step"})
    return found


def _fault_of(question: Question) -> str:
    if not question["label"] and question["kind"] != "hidden":
        return _text("Write what you ask.")
    if question["kind"] in questions.CHOOSING and len(question.get("choices", [])) < 2:
        return _text("Write at least two choices, one a line.")
    return ""
