"""Input about countdowns, pop-ups, and who sees which section."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.db.models import Case, When
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.automations.models import Automation
from plainsail.blocks.sockets import REFERENCES, is_safe_link
from plainsail.contacts.models import List, Segment, Tag
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Countdown, Form, Page, Popup

CONTACTS = {"tag": Tag, "segment": Segment, "list": List}
"""What people who are known may be told apart by, as segments call it."""


def _rows(label: Any, empty: Any, help_text: Any = "") -> forms.ModelChoiceField[Any]:
    return forms.ModelChoiceField(label=label, queryset=None, required=False, empty_label=empty, help_text=help_text)


def _offer(form: forms.Form, rows: Mapping[str, Any]) -> None:
    """Rows of the open workspace: only known when a form is made, not when its class is."""
    for name, found in rows.items():
        cast("forms.ModelChoiceField[Any]", form.fields[name]).queryset = found


class CountdownForm(forms.Form):
    """A countdown: until when, and what holds afterwards."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Only you see it."))
    kind = forms.ChoiceField(label=_("Ends"), choices=Countdown.Kind)
    ends_at = forms.DateTimeField(
        label=_("Moment"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    days = forms.IntegerField(label=_("Days"), min_value=0, max_value=365, required=False)
    hours = forms.IntegerField(label=_("Hours"), min_value=0, max_value=23, required=False)
    list = _rows(_("List"), _("Choose a list"))
    tag = _rows(_("Tag"), _("Choose a tag"))
    automation = _rows(_("Automation"), _("Choose an automation"))
    then = forms.ChoiceField(label=_("Afterwards"), choices=Countdown.Then)
    words = forms.CharField(label=_("Words afterwards"), max_length=300, required=False)
    url = forms.CharField(label=_("Address afterwards"), max_length=1000, required=False)
    offers = forms.MultipleChoiceField(
        label=_("Offers that can’t be bought any more then"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Their checkout says so to whoever’s time is up, whichever link they kept."),
    )

    NEEDED = {Countdown.Kind.LIST: "list", Countdown.Kind.TAG: "tag", Countdown.Kind.SEQUENCE: "automation"}

    def __init__(self, *args: Any, subject: Countdown | None, workspace: Workspace, **options: Any) -> None:
        self.zone = ZoneInfo(workspace.timezone)
        options["initial"] = _initial(subject, self.zone)
        super().__init__(*args, **options)
        self.fields["ends_at"].help_text = _("In the time zone of the business: %(zone)s.") % {
            "zone": workspace.timezone
        }
        automations = Automation.objects.order_by("name", "id")
        _offer(
            self,
            {
                "list": List.objects.filter(archived_at=None).order_by("name", "id"),
                "tag": Tag.objects.order_by("name", "id"),
                "automation": automations,
            },
        )
        kind = REFERENCES.get("offer")
        found = [(str(option.id), option.label) for option in kind.options()] if kind else []
        cast("forms.MultipleChoiceField", self.fields["offers"]).choices = found
        if not found:
            del self.fields["offers"]

    def clean_ends_at(self) -> datetime | None:
        given = self.cleaned_data["ends_at"]
        return given.replace(tzinfo=None).replace(tzinfo=self.zone) if given else None

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        if url and not (is_safe_link(url) and url.startswith(("https://", "http://", "/"))):
            raise forms.ValidationError(_text("Use a web address (https://…) or a path (/…)."))
        return url

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        kind = given.get("kind")
        if kind == Countdown.Kind.FIXED and not given.get("ends_at") and "ends_at" not in self.errors:
            self.add_error("ends_at", _text("Choose a moment."))
        if kind != Countdown.Kind.FIXED and not (given.get("days") or given.get("hours")):
            self.add_error("days", _text("Say how long people have."))
        needed = self.NEEDED.get(cast("Countdown.Kind", kind))
        if needed and not given.get(needed):
            self.add_error(needed, _text("Choose one."))
        if given.get("then") == Countdown.Then.GO and not given.get("url") and "url" not in self.errors:
            self.add_error("url", _text("Say where the page leads."))
        return given

    @property
    def values(self) -> dict[str, Any]:
        """What is to be stored, once it is valid."""
        given = self.cleaned_data
        kind = given["kind"]
        return {
            **{name: given[name] for name in ("name", "kind", "then", "words", "url")},
            "ends_at": given["ends_at"] if kind == Countdown.Kind.FIXED else None,
            "minutes": ((given["days"] or 0) * 24 + (given["hours"] or 0)) * 60,
            **{name: given[name] if self.NEEDED.get(kind) == name else None for name in ("list", "tag", "automation")},
            "closes": {"offers": given["offers"]} if given.get("offers") else {},
        }


def _initial(subject: Countdown | None, zone: ZoneInfo) -> dict[str, Any]:
    if subject is None:
        return {"kind": Countdown.Kind.FIXED, "then": Countdown.Then.WORDS}
    names = ("name", "kind", "list", "tag", "automation", "then", "words", "url")
    hours, _rest = divmod(subject.minutes, 60)
    return {name: getattr(subject, name) for name in names} | {
        "ends_at": subject.ends_at.astimezone(zone).replace(tzinfo=None) if subject.ends_at else None,
        "days": hours // 24,
        "hours": hours % 24,
        "offers": subject.closes.get("offers", []),
    }


class NewPopupForm(forms.Form):
    """What a new pop-up is called, and the form in it."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Read out to who can’t see the screen."))
    form = _rows(_("Form in it"), _("None"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _offer(self, {"form": Form.objects.filter(is_archived=False).order_by("name", "id")})


class WhoForm(forms.Form):
    """Which contacts something is for, by one thing that is known of them."""

    tag = _rows(_("Only people with this tag"), _("Everybody"))
    segment = _rows(_("Only people in this segment"), _("Everybody"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = {"tag": Tag.objects.order_by("name", "id"), "segment": Segment.objects.order_by("name", "id")}
        _offer(self, names)

    @property
    def tree(self) -> dict[str, Any]:
        """The condition that was chosen; empty for everybody."""
        asked = [
            {"field": name, "op": "is", "value": str(self.cleaned_data[name].pk)}
            for name in ("tag", "segment")
            if self.cleaned_data[name]
        ]
        return asked[0] if len(asked) == 1 else ({"all": asked} if asked else {})

    @staticmethod
    def initial_of(tree: Mapping[str, Any]) -> dict[str, Any]:
        leaves = tree.get("all", [tree] if tree else [])
        return {leaf["field"]: leaf.get("value") for leaf in leaves if leaf.get("field") in ("tag", "segment")}


class PopupForm(WhoForm):
    """When a pop-up comes up, how often, where and for whom."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Popup.Kind)
    trigger = forms.ChoiceField(
        label=_("Comes up"),
        choices=Popup.Trigger,
        help_text=_("About to leave: the mouse goes to the top of the window; on a phone, scrolling up fast."),
    )
    seconds = forms.IntegerField(label=_("Seconds"), min_value=0, max_value=3600)
    percent = forms.IntegerField(label=_("Read, in a hundred"), min_value=1, max_value=100)
    often = forms.ChoiceField(label=_("How often"), choices=Popup.Often)
    days = forms.IntegerField(label=_("Days until again"), min_value=1, max_value=365)
    on_pages: forms.ModelMultipleChoiceField[Page] = forms.ModelMultipleChoiceField(
        label=_("On these pages"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: on all of them."),
    )
    sources = forms.CharField(
        label=_("Only people who came by"),
        max_length=300,
        required=False,
        help_text=_("What utm_source says, several with commas; empty for all."),
    )
    device = forms.ChoiceField(label=_("Devices"), choices=Popup.Device, required=False)
    visitors = forms.ChoiceField(label=_("Visitors"), choices=Popup.Visitors, required=False)

    STORED = ("kind", "trigger", "seconds", "percent", "often", "days", "device", "visitors")

    def __init__(self, *args: Any, subject: Popup, **options: Any) -> None:
        stored = {name: getattr(subject, name) for name in (*self.STORED, "on_pages")}
        initial = stored | {"sources": ", ".join(subject.sources)} | self.initial_of(subject.tree)
        super().__init__(*args, initial=initial, **options)
        # Those that are ticked first: among two hundred nobody finds three.
        is_ticked = Case(When(id__in=subject.on_pages, then=0), default=1)
        _offer(self, {"on_pages": Page.objects.current().with_address().order_by(is_ticked, "title", "id")})

    @property
    def values(self) -> dict[str, Any]:
        """What is to be stored, once it is valid."""
        given = self.cleaned_data
        sources = [one.strip() for one in given["sources"].split(",") if one.strip()]
        return {name: given[name] for name in self.STORED} | {
            "on_pages": [str(page.pk) for page in given["on_pages"]],
            "sources": sources[:20],
            "tree": self.tree,
        }


class ShownForm(WhoForm):
    """Who sees one section of a page."""

    who = forms.ChoiceField(label=_("Who sees it"))
    source = forms.CharField(label=_("Came by (utm_source)"), max_length=100, required=False)
    device = forms.ChoiceField(label=_("Device"), choices=[("", _("Any"))], required=False)
    language = forms.ChoiceField(label=_("Language of the browser"), required=False)

    def __init__(self, *args: Any, shown: Mapping[str, Any] | None, may_be_rest: bool, **options: Any) -> None:
        shown = shown or {}
        who = "rest" if shown.get("rest") else "visit" if "visit" in shown else "contact" if "tree" in shown else ""
        initial = {"who": who} | dict(shown.get("visit", {})) | self.initial_of(shown.get("tree", {}))
        super().__init__(*args, initial=initial, **options)
        rest = [("rest", _("Everybody who doesn’t see the section above"))] if may_be_rest else []
        everybody = [("", _("Everybody")), *rest]
        some = [
            ("contact", _("People with a tag, or in a segment")),
            ("visit", _("By where they come from or what with")),
        ]
        cast("forms.ChoiceField", self.fields["who"]).choices = [*everybody, *some]
        self.fields["who"].required = False
        device = [("", _("Any")), ("phone", _("Phone")), ("desktop", _("Computer"))]
        cast("forms.ChoiceField", self.fields["device"]).choices = device
        cast("forms.ChoiceField", self.fields["language"]).choices = [("", _("Any")), *settings.LANGUAGES]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("who") == "contact" and not (given.get("tag") or given.get("segment")):
            self.add_error("tag", _text("Choose a tag or a segment."))
        if given.get("who") == "visit" and not any(given.get(name) for name in ("source", "device", "language")):
            self.add_error("source", _text("Say by what."))
        return given

    def operation(self, block_id: str) -> dict[str, Any]:
        """The change of the document that this means for a section."""
        return {"op": "show", "block": block_id, "value": self.shown}

    @property
    def shown(self) -> dict[str, Any] | None:
        """Who sees it, as documents keep it; None for everybody."""
        given = self.cleaned_data
        match given["who"]:
            case "rest":
                return {"rest": True}
            case "contact":
                return {"tree": self.tree}
            case "visit":
                return {"visit": {name: given[name] for name in ("source", "device", "language") if given[name]}}
        return None
