"""What earns contacts points, what they earned, and how many are enough."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class ScoreRule(WorkspaceOwned):
    """So many points for each event of a kind, at most so many times in a span of days."""

    class Span(models.IntegerChoices):
        DAY = 1, _("a day")
        WEEK = 7, _("a week")
        MONTH = 30, _("thirty days")

    workspace = WorkspaceKey(related_name="score_rules")
    name = models.CharField(_("name"), max_length=100)
    event = models.CharField(max_length=80)
    """Key in `sockets.SCORABLE`: the event's name."""
    field = models.CharField(max_length=40, blank=True)
    """The column of the event that is looked at; empty where every one counts."""
    value = models.CharField(max_length=200, blank=True)
    is_exact = models.BooleanField(default=True)
    """Whether the column has to be the value, or to hold it."""
    points = models.IntegerField()
    at_most = models.PositiveSmallIntegerField(null=True)
    """How often a contact earns it in a span; None for every time."""
    span_days = models.PositiveSmallIntegerField(null=True, choices=Span)
    """Spans follow each other from 1 January 1970, in UTC; None is one for ever."""
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class ScoreEntry(WorkspaceOwned):
    """Points that a contact got: by a rule for an event, by hand, or from a program that set the score."""

    workspace = WorkspaceKey(related_name="score_entries")
    contact = TiedForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="score_entries")
    rule = TiedForeignKey(ScoreRule, on_delete=models.CASCADE, related_name="entries", null=True, db_index=False)
    """No index of its own: one on it alone, with most entries in one rule, is what the planner must never choose."""
    event_id = models.UUIDField(null=True)
    points = models.IntegerField()
    """As earned. Those of a rule fade; those by hand stay."""
    note = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "event_id", "rule"], name="score_once_an_event"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "contact", "-at"], name="scores_of_contact"),
            models.Index(fields=["workspace", "rule", "contact", "at"], name="scores_by_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+}"


class ScoreLevel(WorkspaceOwned):
    """A score with a name, such as “Hot” from 50: whoever comes to it for the first time is told of."""

    workspace = WorkspaceKey(related_name="score_levels")
    name = models.CharField(_("name"), max_length=60)
    points = models.IntegerField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "points"], name="score_level_points"),
        ]

    def __str__(self) -> str:
        return self.name


class Scoring(WorkspaceOwned):
    """How a business counts, and how far it has counted: one row a business."""

    workspace = WorkspaceKey(related_name="scorings")
    half_life_days = models.PositiveSmallIntegerField(null=True)
    """After so many days points of a rule are worth half; None for ever in full."""
    counted_at = models.DateTimeField(null=True)
    faded_on = models.DateField(null=True)
    recount_total = models.PositiveIntegerField(default=0)
    recount_done = models.PositiveIntegerField(default=0)
    recounting_since = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace"], name="scoring_once"),
        ]

    def __str__(self) -> str:
        return str(self.half_life_days or "∞")
