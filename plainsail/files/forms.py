"""Input of the library's screens, checked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.files.models import File

MOST_FILES = 20


class SearchForm(forms.Form):
    """What the library is searched for."""

    q = forms.CharField(required=False, max_length=200)
    kind = forms.ChoiceField(required=False, choices=[("", ""), *File.Kind.choices])


class FileForm(forms.Form):
    """What a file is called, what is said to those who can't see it, what must stay visible."""

    name = forms.CharField(label=_("Name"), max_length=150)
    alt = forms.CharField(
        label=_("Words for those who can’t see it"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "What can be seen, in a sentence. Stands wherever the picture is used, unless it gets other words there."
        ),
    )
    focus_x = forms.IntegerField(label=_("Across, in %"), min_value=0, max_value=100, required=False)
    focus_y = forms.IntegerField(label=_("Down, in %"), min_value=0, max_value=100, required=False)

    @classmethod
    def of(cls, file: File) -> FileForm:
        names = ("name", "alt", "focus_x", "focus_y")
        return cls(initial={name: getattr(file, name) for name in names})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("focus_x", "focus_y"):
            if cleaned.get(name) is None:
                cleaned[name] = 50
        return cleaned


class CropForm(forms.Form):
    """The part of a picture that is shown, in pixels of the whole."""

    x = forms.IntegerField(label=_("From the left"), min_value=0)
    y = forms.IntegerField(label=_("From the top"), min_value=0)
    width = forms.IntegerField(label=_("Width"), min_value=1)
    height = forms.IntegerField(label=_("Height"), min_value=1)
