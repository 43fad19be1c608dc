"""Input about contacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import CustomField, Import, List, Tag
from plainsail.contacts.services import importing_encodings, values, wishes
from plainsail.contacts.services.contacts import CUSTOM, PROFILE, AddressTaken
from plainsail.contacts.services.importing import Wishes
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.countries import countries
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.zones import zones


def _words(label: Any, size: int, complete: str, *, rows: int = 0) -> forms.CharField:
    attributes = {"autocomplete": complete} if complete else {}
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput(attrs=attributes)
    return forms.CharField(label=label, max_length=size, required=False, widget=widget)


class ProfileForm(forms.Form):
    """What is known of a person, apart from address and consent."""

    first_name = _words(_("First name"), 100, "")
    last_name = _words(_("Last name"), 100, "")
    phone = _words(_("Phone"), 20, "")
    company = _words(_("Company"), 150, "")
    street = _words(_("Street"), 200, "")
    postal_code = _words(_("Postal code"), 20, "")
    city = _words(_("City"), 100, "")
    country = forms.ChoiceField(label=_("Country"), required=False)
    locale = forms.ChoiceField(label=_("Language"), required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), required=False)
    notes = _words(_("Notes"), 5000, "", rows=3)

    def __init__(self, *args: Any, custom: Sequence[CustomField] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self._custom = {f"{CUSTOM}{field.key}": field for field in custom}
        for name, field in self._custom.items():
            self.fields[name] = _field_of(field)
        self._offer("country", countries(get_language() or "en"))
        self._offer("locale", settings.LANGUAGES)
        self._offer("timezone", zones())

    def _offer(self, name: str, known: Sequence[tuple[str, Any]]) -> None:
        stored = self.initial.get(name, "")
        # An import may have brought what is none of these: editing something else shall not lose it.
        odd = [(stored, stored)] if stored and stored not in dict(known) else []
        self.fields[name].choices = [("", _("Choose …")), *odd, *known]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def profile(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in PROFILE}

    @property
    def custom(self) -> dict[str, Any]:
        """What was given for custom fields, by their keys."""
        return {field.key: self.cleaned_data[name] for name, field in self._custom.items()}

    @property
    def custom_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self._custom]

    def refuse(self, refusal: Refusal) -> None:
        """Say at the field what a service had against it; of an address, with the way to whom it belongs."""
        own = f"{CUSTOM}{refusal.field}"
        words = _with_link(refusal) if isinstance(refusal, AddressTaken) else str(refusal)
        self.add_error(own if own in self.fields else refusal.field, words)


def _with_link(refusal: AddressTaken) -> str:
    taken = refusal.contact
    label = _("Show or restore %(name)s") if taken.is_deleted else _("Show %(name)s")
    url = workspace_url(taken.workspace, "contacts:contact", taken.id)
    return format_html('{} <a href="{}">{}</a>', refusal, url, label % {"name": taken})


def _field_of(field: CustomField) -> forms.Field:
    """A custom field as an input of its kind."""
    kind: str = field.kind
    options: dict[str, Any] = {"label": field.label, "help_text": field.hint, "required": False}
    if kind in {CustomField.Kind.CHOICE, CustomField.Kind.YES_NO}:
        offered = _YES_OR_NO if kind == CustomField.Kind.YES_NO else [("", _("Choose …")), *field.labels.items()]
        return forms.ChoiceField(choices=offered, **options)
    if kind == CustomField.Kind.CHOICES:
        boxes = forms.CheckboxSelectMultiple()
        return forms.MultipleChoiceField(choices=list(field.labels.items()), widget=boxes, **options)
    return _PLAIN[kind](**options)


_YES_OR_NO = [("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))]
_PLAIN: dict[str, Callable[..., forms.Field]] = {
    CustomField.Kind.TEXT: partial(forms.CharField, max_length=values.LONGEST_TEXT),
    CustomField.Kind.LONG_TEXT: partial(
        forms.CharField, max_length=values.LONGEST_LONG_TEXT, widget=forms.Textarea({"rows": 3})
    ),
    CustomField.Kind.NUMBER: partial(
        forms.DecimalField,
        decimal_places=6,
        max_digits=19,
        localize=True,
        widget=forms.TextInput({"inputmode": "decimal"}),
    ),
    CustomField.Kind.DATE: partial(forms.DateField, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")),
}


def custom_initial(fields: Sequence[CustomField], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a profile form starts with in its custom fields; `said` as `queries.values_of` reads it."""
    return {f"{CUSTOM}{field.key}": _shown(field, said[field.key]) for field in fields if field.key in said}


def _shown(field: CustomField, value: Any) -> Any:
    if field.has_choices:
        ids = {label: key for key, label in field.labels.items()}
        return [ids.get(one, one) for one in value] if isinstance(value, list) else ids.get(value, value)
    return ("yes" if value else "no") if isinstance(value, bool) else value


class NewContactForm(ProfileForm):
    """A person added by hand."""

    # No input for addresses: browsers take none with letters beyond ASCII before the @.
    email = forms.CharField(label=_("E-mail address"), max_length=254, widget=forms.TextInput({"inputmode": "email"}))
    field_order = ("email",)


class ListForm(forms.Form):
    """A topic that people may join."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("Description"),
        help_text=_("Shown to people where they choose what to get."),
        max_length=300,
        required=False,
    )

    @classmethod
    def of(cls, topic: List) -> ListForm:
        return cls(initial={"name": topic.name, "description": topic.description})


class TagForm(forms.Form):
    """A tag by its name."""

    name = forms.CharField(label=_("Tag"), max_length=60)


class TagDetailsForm(TagForm):
    """A tag with what it belongs to and how long it lasts."""

    name = forms.CharField(label=_("Name"), max_length=60)
    category = forms.CharField(
        label=_("Category"),
        max_length=60,
        required=False,
        help_text=_("Tags of one category stand together, such as “Courses”."),
    )
    lasts_days = forms.IntegerField(
        label=_("Lasts (days)"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("Comes off by itself that many days after it was put on. Empty: it stays."),
    )

    @classmethod
    def of(cls, tag: Tag) -> TagDetailsForm:
        return cls(initial={"name": tag.name, "category": tag.category, "lasts_days": tag.lasts_days})


class CustomFieldForm(forms.Form):
    """A fact that this business keeps of its contacts. The kind is chosen once."""

    label = forms.CharField(label=_("Name"), max_length=100)
    kind = forms.ChoiceField(label=_("Kind"), choices=CustomField.Kind.choices)
    hint = forms.CharField(
        label=_("Help"), max_length=300, required=False, help_text=_("A line below the field, for whoever fills it in.")
    )
    choices = forms.CharField(
        label=_("Choices"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("One a line; only for one or several choices."),
    )

    def __init__(self, *args: Any, field: CustomField | None = None, **options: Any) -> None:
        if field is not None:
            start = {"label": field.label, "hint": field.hint, "choices": "\n".join(field.labels.values())}
            options["initial"] = start | options.get("initial", {})
        super().__init__(*args, **options)
        if field is not None:
            del self.fields["kind"]
            if not field.has_choices:
                del self.fields["choices"]

    @property
    def given(self) -> dict[str, Any]:
        """What the services of fields take."""
        lines = str(self.cleaned_data.get("choices", "")).splitlines()
        return {name: value for name, value in self.cleaned_data.items() if name != "choices"} | {"choices": lines}


class ErasureForm(forms.Form):
    """The address of whoever is to be erased, written out to be sure."""

    email = forms.CharField(
        label=_("Type the address to confirm"), max_length=254, widget=forms.TextInput({"autocomplete": "off"})
    )


class MergeForm(forms.Form):
    """The address of the contact that becomes part of another."""

    email = forms.CharField(
        label=_("Address of the other contact"), max_length=254, widget=forms.TextInput({"inputmode": "email"})
    )


class BasisForm(forms.Form):
    """Why somebody may be put on a list without a confirmation mail."""

    list = forms.UUIDField()
    basis = forms.CharField(label=_("How did they agree?"), max_length=300)


class UploadForm(forms.Form):
    """A file of contacts, or what somebody copied out of one."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("CSV, Excel (.xlsx) or vCard, up to 1 GB."),
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,.xlsx,.vcf"}),
    )
    text = forms.CharField(
        label=_("Or paste"),
        required=False,
        strip=False,
        max_length=4_000_000,
        widget=forms.Textarea({"rows": 4, "placeholder": "Anna Berg <anna@example.com>"}),
        help_text=_("One person a line, or cells copied out of a spreadsheet."),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("file") and not str(given.get("text") or "").strip() and not self.errors:
            self.add_error("file", _("Choose a file, or paste something."))
        return given


class LayoutForm(forms.Form):
    """How a file is to be read, where the guess was wrong."""

    encoding = forms.ChoiceField(label=_("Encoding"))
    delimiter = forms.ChoiceField(
        label=_("Cells are separated by"),
        choices=[(",", _("commas")), (";", _("semicolons")), ("\t", _("tabs")), ("|", _("bars"))],
    )
    has_head = forms.BooleanField(label=_("The first line names the columns"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = [(key, f"{letters} ({name})") for key, (letters, name) in importing_encodings.ENCODINGS.items()]
        if (stored := self.initial.get("encoding")) and stored not in importing_encodings.ENCODINGS:
            known.append((stored, stored.replace("_", "-").upper()))
        self.fields["encoding"].choices = known  # type: ignore[attr-defined]  # a ChoiceField


class MappingForm(forms.Form):
    """A mapping to be used: one of ours (`program:<key>`) or one that was kept (its id)."""

    mapping = forms.CharField(max_length=60)


class ImportForm(forms.Form):
    """What each column is, and what goes for all rows."""

    rule = forms.ChoiceField(
        label=_("For people who are here already"), choices=Import.Rule.choices, widget=forms.RadioSelect
    )
    lists = forms.MultipleChoiceField(
        label=_("Put everybody on"), required=False, widget=forms.CheckboxSelectMultiple()
    )
    tags = forms.CharField(
        label=_("Tags for everybody"), max_length=500, required=False, help_text=_("Separated by commas.")
    )
    basis = forms.CharField(
        label=_("Where do these addresses come from, and how did these people agree to get mail?"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Kept with each contact as proof. Needed before anybody is put on a list."),
    )
    basis_on = forms.DateField(
        label=_("Agreed on, or last confirmed on"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    is_announced = forms.BooleanField(
        label=_("Start automations for them"),
        required=False,
        help_text=_("Such as those that begin when somebody joins a list. Otherwise nobody is written to by this."),
    )
    keep_as = forms.CharField(
        label=_("Keep what the columns are as"),
        max_length=100,
        required=False,
        help_text=_("A name, to use the same again for the next file."),
    )

    def __init__(self, *args: Any, made: Import, workspace: Workspace, **options: Any) -> None:
        start = {"rule": made.rule, "lists": made.list_ids, "basis": made.basis, "basis_on": made.basis_on}
        known = workspace.tags.filter(id__in=made.tag_ids).order_by("name")
        start |= {"is_announced": made.is_announced, "tags": ", ".join(tag.name for tag in known)}
        options["initial"] = start
        super().__init__(*args, **options)
        topics = [(str(one.id), one.name) for one in workspace.lists.filter(archived_at=None).order_by("name", "id")]
        self.fields["lists"].choices = topics  # type: ignore[attr-defined]  # a ChoiceField
        offered = _targets(workspace)
        for place, (column, target) in enumerate(zip(made.columns, made.targets, strict=True)):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=column, choices=offered, required=False, initial=target
            )
        self._width = len(made.columns)

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[f"column-{place}"] for place in range(self._width)]

    @property
    def wishes(self) -> Wishes:
        given = self.cleaned_data
        return Wishes(
            targets=[given[f"column-{place}"] for place in range(self._width)],
            rule=given["rule"],
            list_ids=[UUID(key) for key in given["lists"]],
            tags=[name.strip()[:60] for name in given["tags"].split(",") if name.strip()],
            basis=given["basis"],
            basis_on=given["basis_on"],
            is_announced=given["is_announced"],
        )


def _targets(workspace: Workspace) -> list[Any]:
    """What a column may be, in groups."""
    labels = ProfileForm.base_fields
    more = {"score": _("Score")}
    own = workspace.custom_fields.filter(archived_at=None).order_by("position", "id")
    kinds = [kind for kind in CustomField.Kind if kind not in {CustomField.Kind.CHOICE, CustomField.Kind.CHOICES}]
    return [
        ("", _("Leave out")),
        ("email", _("E-mail address")),
        ("name", _("First and last name")),
        *[(name, labels[name].label if name in labels else more[name]) for name in PROFILE],
        ("tags", _("Tags")),
        ("lists", _("Lists")),
        ("standing", _("Status in the old program")),
        ("standing:unsubscribed", _("Unsubscribed (a day, or yes)")),
        ("standing:bounced", _("Bounced (a day, or yes)")),
        (_("Your fields"), [(f"field:{field.key}", field.label) for field in own]),
        (_("Make a field of it"), [(f"new:{kind.value}", kind.label) for kind in kinds]),
    ]


class AskedForm(forms.Form):
    """Whose contacts are meant: as their list is asked."""

    segment_id = forms.UUIDField(required=False)
    list_id = forms.UUIDField(required=False)
    tag_id = forms.UUIDField(required=False)
    text = forms.CharField(max_length=200, required=False)
    state = forms.ChoiceField(choices=[("", ""), ("deleted", "")], required=False)


class WishForm(forms.Form):
    """Which button of the page of what they get a reader pressed. What is none of it saves the ticks."""

    erase = forms.BooleanField(required=False)
    sure = forms.BooleanField(required=False)
    pause = forms.TypedChoiceField(required=False, coerce=int, choices=[(str(weeks), weeks) for weeks in wishes.WEEKS])
    go_on = forms.BooleanField(required=False)
    stop = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        # A number of weeks that is not offered is no wish at all.
        self.cleaned_data.setdefault("pause", "")
        return super().clean() or self.cleaned_data
