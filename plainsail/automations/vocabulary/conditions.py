"""What automations ask about contacts: each question is one condition, put into one statement for all who come to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Condition, Config, StepForm
from plainsail.automations.vocabulary.choosing import ListForm, TagForm, list_name, name_of, tag_name
from plainsail.automations.vocabulary.choosing import SegmentForm as ChooseSegmentForm
from plainsail.contacts import queries as contact_queries
from plainsail.contacts import segment_forms
from plainsail.contacts.models import ContactTag, ListMember, Segment
from plainsail.contacts.segment_forms import SegmentForm
from plainsail.contacts.services import segments
from plainsail.contacts.sockets import having
from plainsail.kernel import clock
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id

NOBODY = Q(id__in=[])


class TreeForm(StepForm):
    """Conditions as a segment has them, for this step alone: posted by the segments' own builder, or `tree` as JSON."""

    template = "automations/tree.html"
    tree = forms.JSONField(label=gettext_lazy("Conditions"), widget=forms.HiddenInput, required=False)

    @property
    def is_drafting(self) -> bool:
        """Whether the post only asks for a condition more or less."""
        return self.is_built and self.builder.is_drafting

    @property
    def is_built(self) -> bool:
        """Whether the builder posted it."""
        return self.is_bound and "match" in self.data

    @cached_property
    def builder(self) -> SegmentForm:
        if not self.is_built:
            return SegmentForm(initial=segment_forms.start(self._stored()))
        # A segment has a name; these conditions are the step's own.
        posted: Any = self.data
        return SegmentForm({**posted.dict(), "name": "-"} if hasattr(posted, "dict") else {**posted, "name": "-"})

    @property
    def is_drawable(self) -> bool:
        """Whether the builder can show groups as deep as these stand in one another."""
        return segment_forms.depth_of(self._stored()) <= SegmentForm.DEEPEST

    @property
    def root(self) -> dict[str, Any]:
        return self.builder.drawn(self.workspace)

    @property
    def offered(self) -> list[Any]:
        return segment_forms.offered(self.workspace)

    def _stored(self) -> dict[str, Any]:
        tree = self.data.get("tree") if self.is_bound else self.initial.get("tree")
        return tree if isinstance(tree, dict) else {}

    def clean_tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = self.cleaned_data["tree"] or {}
        if self.is_built:
            tree = self.builder.tree() if self.builder.is_valid() else {}
        if not tree or tree in ({"all": []}, {"any": []}):
            raise forms.ValidationError(_("Add a condition."))
        try:
            contact_queries.condition_of(tree, at=clock.now())
        except contact_queries.BadSegment as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return tree


def has_tag(config: Config, at: datetime) -> Q:
    return having(ContactTag.objects.filter(tag_id=config["tag"]))


def is_on_list(config: Config, at: datetime) -> Q:
    return having(ListMember.objects.filter(list_id=config["list"], state=ListMember.State.SUBSCRIBED))


def is_in_segment(config: Config, at: datetime) -> Q:
    segment = Segment.objects.filter(id=config["segment"]).first()
    return NOBODY if segment is None else contact_queries.condition_of(segment.tree, at=at)


def matches(config: Config, at: datetime) -> Q:
    return contact_queries.condition_of(config["tree"], at=at)


def _segment_reads(config: Config) -> frozenset[str] | None:
    segment = Segment.objects.filter(id=config["segment"]).first()
    return frozenset() if segment is None else contact_queries.reads(segment.tree)


def _in_words(config: Config) -> str:
    if not config.get("tree"):
        return _("Is so: …?")
    business = Workspace.objects.get(id=current_workspace_id())
    return _("%(conditions)s?") % {"conditions": segments.in_words(business, config["tree"], at=clock.now())}


HAS_TAG = Condition(
    label=gettext_lazy("Has a tag?"),
    icon="tag",
    form=TagForm,
    holds_for=has_tag,
    reads=lambda config: ("tags",),
    sentence=lambda config: _("Has the tag “%(tag)s”?") % {"tag": tag_name(config)},
    order=10,
)
ON_LIST = Condition(
    label=gettext_lazy("Is on a list?"),
    icon="list",
    form=ListForm,
    holds_for=is_on_list,
    reads=lambda config: ("lists",),
    sentence=lambda config: _("Is on “%(list)s”?") % {"list": list_name(config)},
    order=20,
)
IN_SEGMENT = Condition(
    label=gettext_lazy("Is in a segment?"),
    icon="users",
    form=ChooseSegmentForm,
    holds_for=is_in_segment,
    reads=_segment_reads,
    sentence=lambda config: _("Is in “%(segment)s”?") % {"segment": name_of(Segment, config.get("segment"))},
    order=30,
)
MATCHES = Condition(
    label=gettext_lazy("Answers some conditions?"),
    icon="list-filter",
    form=TreeForm,
    holds_for=matches,
    reads=lambda config: contact_queries.reads(config["tree"]),
    sentence=_in_words,
    order=40,
)
