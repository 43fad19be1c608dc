"""Input about many contacts at once: whom, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.forms import AskedForm
from plainsail.contacts.models import BulkAction
from plainsail.contacts.services.acting import Chosen
from plainsail.kernel.models import Workspace

Kind = BulkAction.Kind
MOST_CHOSEN = 200


class ChosenForm(AskedForm):
    """Whom it is about: as the list of contacts is asked, or the rows that were ticked."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self._ticked = data.getlist("ids")[:MOST_CHOSEN]

    @classmethod
    def read(cls, asked: Any) -> Chosen:
        """Whom an address asks for; everybody where it is garbage."""
        form = cls(asked)
        return form.chosen if form.is_valid() else Chosen()

    @property
    def chosen(self) -> Chosen:
        asked = {name: str(value or "") for name, value in self.cleaned_data.items()}
        return Chosen(ids=tuple(self._ids()), **asked)

    def _ids(self) -> list[UUID]:
        found = []
        for key in self._ticked:
            try:
                found.append(UUID(key))
            except ValueError:
                continue
        return found


class DeedForm(forms.Form):
    """What is to be done to them."""

    kind = forms.ChoiceField(label=_("What is to be done?"), widget=forms.RadioSelect)
    tag = forms.CharField(label=_("Tag"), max_length=60, required=False)
    list = forms.ChoiceField(
        label=_("List"),
        required=False,
        help_text=_("Whoever is taken off has not unsubscribed: you can put them back."),
    )
    basis = forms.CharField(
        label=_("How did they agree?"),
        max_length=300,
        required=False,
        help_text=_("Kept as the proof of each, such as “Signed the sheet at the spring fair”."),
    )
    points = forms.IntegerField(
        label=_("Points"),
        min_value=-10_000,
        max_value=10_000,
        required=False,
        help_text=_("A minus takes them away."),
    )

    def __init__(self, data: Any = None, *, workspace: Workspace, is_deleted: bool) -> None:
        super().__init__(data)
        kinds = [Kind.RESTORE] if is_deleted else [kind for kind in Kind if kind != Kind.RESTORE]
        self.initial["kind"] = kinds[0]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]  # a ChoiceField
        self._tags = {tag.name.casefold(): tag for tag in workspace.tags.order_by("name", "id")}
        self.lists = {str(one.id): one for one in workspace.lists.filter(archived_at=None).order_by("name", "id")}
        self.fields["list"].choices = [("", _("Choose …")), *((key, one.name) for key, one in self.lists.items())]  # type: ignore[attr-defined]
        if is_deleted:
            for name in ("tag", "list", "basis", "points"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        needed: Mapping[str, tuple[str, ...]] = {
            Kind.TAG: ("tag",),
            Kind.UNTAG: ("tag",),
            Kind.JOIN: ("list", "basis"),
            Kind.LEAVE: ("list",),
            Kind.SCORE: ("points",),
        }
        for name in needed.get(given.get("kind", ""), ()):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, _("This field is required."))
        if given.get("kind") == Kind.UNTAG and given.get("tag") and self.found_tag is None:
            self.add_error("tag", _("There is no tag of this name."))
        return given

    @property
    def found_tag(self) -> Any:
        return self._tags.get(self.cleaned_data.get("tag", "").casefold())
