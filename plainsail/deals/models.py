"""What may become of a business's conversations: pipelines of stages, deals in them, and every move."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.contacts.models import Contact
from plainsail.kernel.models import OwnedManager, OwnedQuerySet, TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.kernel.money import Money


class Pipeline(WorkspaceOwned):
    """A way that deals go, from the first word to won or lost."""

    workspace = WorkspaceKey(related_name="pipelines")
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    lost_reasons = models.JSONField(default=list)
    """What may be chosen as the reason why a deal was lost: plain words."""
    archived_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "name"], name="pipeline_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(WorkspaceOwned):
    """A step of a pipeline. Each has one for won and one for lost, at its end."""

    class Kind(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    workspace = WorkspaceKey(related_name="stages")
    pipeline = TiedForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.OPEN)
    probability = models.PositiveSmallIntegerField(default=0)
    """Of how many deals in a hundred that stand here the business thinks that they are won in the end."""
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="stage_probability"),
            models.UniqueConstraint(
                fields=["workspace", "pipeline", "kind"], condition=~models.Q(kind="open"), name="stage_one_end"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "pipeline", "position"], name="stages_of_pipeline")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind == self.Kind.OPEN

    @property
    def is_lost(self) -> bool:
        return self.kind == self.Kind.LOST

    @property
    def share(self) -> Fraction:
        """The probability as a part of one."""
        return Fraction(self.probability, 100)


class DealQuerySet(OwnedQuerySet["Deal"]):
    def alive(self) -> DealQuerySet:
        """Those that nobody deleted."""
        return self.filter(deleted_at=None)


class Deal(WorkspaceOwned):
    """Something that a contact may buy. Money is a guess until it is won, and never a booking."""

    workspace = WorkspaceKey(related_name="deals")
    pipeline = TiedForeignKey(Pipeline, on_delete=models.CASCADE, related_name="deals")
    stage = TiedForeignKey(Stage, on_delete=models.CASCADE, related_name="deals")
    contact = TiedForeignKey(Contact, on_delete=models.CASCADE, related_name="deals")
    title = models.CharField(_("title"), max_length=150)
    value_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expected_on = models.DateField(null=True)
    """The day on which it is thought to be decided."""
    entered_at = models.DateTimeField()
    """When it came to its stage."""
    closed_at = models.DateTimeField(null=True)
    lost_reason = models.CharField(max_length=200, blank=True)
    deleted_at = models.DateTimeField(null=True)

    objects: ClassVar[OwnedManager] = OwnedManager.from_queryset(DealQuerySet)()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.CheckConstraint(condition=models.Q(value_minor__gte=0), name="deal_value"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["workspace", "pipeline", "stage", "-entered_at", "-id"],
                condition=models.Q(deleted_at=None),
                name="deals_by_stage",
            ),
            models.Index(fields=["workspace", "contact"], name="deals_of_contact"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def value(self) -> Money:
        return Money(self.value_minor, self.currency)

    def is_late(self, *, today: date) -> bool:
        """Whether it should have been decided before today, and is not."""
        return self.closed_at is None and self.expected_on is not None and self.expected_on < today


class DealMove(WorkspaceOwned):
    """A deal went from one stage to another. Kept for its history and for going back."""

    workspace = WorkspaceKey(related_name="deal_moves")
    deal = TiedForeignKey(Deal, on_delete=models.CASCADE, related_name="moves")
    source = TiedForeignKey(Stage, on_delete=models.CASCADE, related_name="+")
    target = TiedForeignKey(Stage, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    reason_before = models.CharField(max_length=200, blank=True)
    """Why the deal counted as lost before this move: what going back has to restore."""
    entered_before = models.DateTimeField()
    closed_before = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "deal", "-at", "-id"], name="moves_of_deal")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"
