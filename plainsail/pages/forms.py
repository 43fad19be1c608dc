"""Input of the pages' screens, checked. The editor's JSON is checked here too, before any operation is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services.operations import InvalidOperation
from plainsail.contacts.models import List
from plainsail.pages.models import Form, Page
from plainsail.pages.services import sites
from plainsail.pages.starters import STARTERS

MOST_BYTES = 500_000


class NewPageForm(forms.Form):
    """Which starter a new page is made from, and what it is called."""

    starter = forms.ChoiceField(choices=[(starter.key, starter.label) for starter in STARTERS.values()])
    title = forms.CharField(label=_("Title"), max_length=120, required=False)


class PageForm(forms.ModelForm[Page]):
    """What a page says about itself."""

    class Meta:
        model = Page
        fields: ClassVar[list[str]] = ["title", "description", "path"]
        help_texts: ClassVar[dict[str, Any]] = {
            "title": _("Stands in the browser’s tab and in search results."),
            "description": _("One or two sentences for search results."),
            "path": _("Where the page stands on your site. “/” is the first page."),
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {"description": forms.Textarea(attrs={"rows": 3})}

    def clean_path(self) -> str:
        try:
            return sites.clean_path(self.cleaned_data["path"])
        except sites.BadAddress as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def _post_clean(self) -> None:
        """Leave the page as it is: a service changes it. (ModelForm would write the values into it here.)"""


class VersionForm(forms.Form):
    """The name under which a version is kept."""

    name = forms.CharField(label=_("Name of this version"), max_length=80)


class FormForm(forms.ModelForm[Form]):
    """A visitors' form: which list, what it asks, what it says."""

    ask_first_name = forms.BooleanField(label=_("Ask for the first name"), required=False)

    class Meta:
        model = Form
        fields: ClassVar[list[str]] = ["name", "list", "consent", "thanks_title", "thanks_text"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "consent": forms.Textarea(attrs={"rows": 3}),
            "thanks_text": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "list": _("Who confirms by mail joins this list."),
            "consent": _("Stands below the form, and is kept with every consent as its proof."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists: forms.ModelChoiceField[List] = self.fields["list"]  # type: ignore[assignment]  # made from a foreign key
        lists.queryset = List.objects.order_by("name", "id")
        self.fields["ask_first_name"].initial = any(field["name"] == "first_name" for field in self.instance.fields)

    def _post_clean(self) -> None:
        """Leave the form as it is: a service changes it."""


@dataclass(frozen=True)
class EditRequest:
    """What the editor sends: the revision it is on, the operations, and whose panel it wants back."""

    revision: int
    operations: list[Any]
    panel: str


def read_edit(body: bytes) -> EditRequest:
    """The editor's JSON. Raises InvalidOperation for anything else."""
    if len(body) > MOST_BYTES:
        raise InvalidOperation
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidOperation from error
    if not isinstance(sent, dict):
        raise InvalidOperation
    revision, operations, panel = sent.get("revision"), sent.get("operations", []), sent.get("panel", "")
    if isinstance(revision, bool) or not isinstance(revision, int) or not 0 <= revision < 2**31:
        raise InvalidOperation
    if not isinstance(operations, list) or not isinstance(panel, str):
        raise InvalidOperation
    return EditRequest(revision, operations, panel[:40])
