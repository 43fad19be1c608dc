"""What of contacts and deals lets people in."""

from __future__ import annotations

from operator import itemgetter

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Trigger
from plainsail.automations.vocabulary.choosing import (
    LevelForm,
    ListForm,
    SegmentForm,
    StageForm,
    TagForm,
    list_name,
    name_of,
    tag_name,
)
from plainsail.contacts.events import (
    ContactCreated,
    ListJoined,
    ListLeft,
    ScoreReached,
    SegmentEntered,
    SegmentLeft,
    TagAdded,
    TagRemoved,
)
from plainsail.contacts.models import ScoreLevel, Segment
from plainsail.deals.events import DealLost, DealMoved, DealWon
from plainsail.deals.models import Stage

LIST_JOINED = Trigger(
    label=gettext_lazy("Joins a list"),
    icon="zap",
    event=ListJoined,
    form=ListForm,
    about=lambda event: [str(event.list_id)],
    wants=itemgetter("list"),
    sentence=lambda config: _("Joins “%(list)s”") % {"list": list_name(config)},
    order=10,
)
TAG_ADDED = Trigger(
    label=gettext_lazy("Gets a tag"),
    icon="tag",
    event=TagAdded,
    form=TagForm,
    about=lambda event: [str(event.tag_id)],
    wants=itemgetter("tag"),
    sentence=lambda config: _("Gets the tag “%(tag)s”") % {"tag": tag_name(config)},
    order=20,
)
CONTACT_CREATED = Trigger(
    label=gettext_lazy("Becomes a contact"),
    icon="user-plus",
    event=ContactCreated,
    sentence=lambda config: _("Becomes a contact"),
    order=30,
)

SEGMENT_ENTERED = Trigger(
    label=gettext_lazy("Comes into a segment"),
    icon="users",
    event=SegmentEntered,
    form=SegmentForm,
    about=lambda event: [str(event.segment_id)],
    wants=itemgetter("segment"),
    sentence=lambda config: _("Comes into “%(segment)s”") % {"segment": name_of(Segment, config.get("segment"))},
    order=32,
)
SEGMENT_LEFT = Trigger(
    label=gettext_lazy("Leaves a segment"),
    icon="users",
    event=SegmentLeft,
    form=SegmentForm,
    about=lambda event: [str(event.segment_id)],
    wants=itemgetter("segment"),
    sentence=lambda config: _("Leaves “%(segment)s”") % {"segment": name_of(Segment, config.get("segment"))},
    order=33,
)


SCORE_REACHED = Trigger(
    label=gettext_lazy("Reaches a score"),
    icon="star",
    event=ScoreReached,
    form=LevelForm,
    about=lambda event: [str(event.level_id)],
    wants=itemgetter("level"),
    sentence=lambda config: _("Reaches “%(level)s”") % {"level": name_of(ScoreLevel, config.get("level"))},
    order=40,
)
DEAL_MOVED = Trigger(
    label=gettext_lazy("A deal comes to a stage"),
    icon="columns-2",
    event=DealMoved,
    form=StageForm,
    about=lambda event: [str(event.stage_id)],
    wants=itemgetter("stage"),
    sentence=lambda config: _("A deal comes to “%(stage)s”") % {"stage": name_of(Stage, config.get("stage"))},
    order=55,
)
DEAL_WON = Trigger(
    label=gettext_lazy("A deal is won"),
    icon="circle-check",
    event=DealWon,
    policy="every",
    sentence=lambda config: _("A deal is won"),
    order=60,
)
DEAL_LOST = Trigger(
    label=gettext_lazy("A deal is lost"),
    icon="circle-x",
    event=DealLost,
    policy="every",
    sentence=lambda config: _("A deal is lost"),
    order=70,
)
LIST_LEFT = Trigger(
    label=gettext_lazy("Leaves a list"),
    icon="ban",
    event=ListLeft,
    form=ListForm,
    about=lambda event: [str(event.list_id)],
    wants=itemgetter("list"),
    sentence=lambda config: _("Leaves “%(list)s”") % {"list": list_name(config)},
    order=12,
)
TAG_REMOVED = Trigger(
    label=gettext_lazy("Loses a tag"),
    icon="minus",
    event=TagRemoved,
    form=TagForm,
    about=lambda event: [str(event.tag_id)],
    wants=itemgetter("tag"),
    sentence=lambda config: _("Loses the tag “%(tag)s”") % {"tag": tag_name(config)},
    order=22,
)
