"""Split tests of pages: variants at one address, what they brought, and which one won."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.pages import Page


class SplitTest(WorkspaceOwned):
    """Some variants of a page shown at its address, by shares, until one is found to be the best. One at a time."""

    class State(models.TextChoices):
        DRAFT = "draft", _("being prepared")
        RUNNING = "running", _("running")
        ENDED = "ended", _("ended")

    class Goal(models.TextChoices):
        OPT_IN = "opt_in", _("Forms sent")
        SALE = "sale", _("Sales")
        REVENUE = "revenue", _("Revenue")

    workspace = WorkspaceKey(related_name="split_tests")
    page = TiedForeignKey(Page, on_delete=models.CASCADE, related_name="split_tests")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    goal = models.CharField(_("goal"), max_length=10, choices=Goal, default=Goal.OPT_IN)
    decides = models.BooleanField(default=True)
    """The winner is shown to everybody as soon as there is one; else somebody presses a button."""
    least_days = models.PositiveSmallIntegerField(default=7)
    most_days = models.PositiveSmallIntegerField(default=28)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    winner = models.CharField(max_length=1, blank=True)
    decision = models.JSONField(default=dict)
    """`{rule, chances}` as it stood when the test ended."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "page"], condition=~models.Q(state="ended"), name="pages_split_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page} · {self.get_state_display()}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING


class SplitVariant(WorkspaceOwned):
    """One variant. A is the page itself; the others are pages beside it, edited and published like it."""

    workspace = WorkspaceKey(related_name="split_variants")
    test = TiedForeignKey(SplitTest, on_delete=models.CASCADE, related_name="variants", db_index=False)
    page = TiedForeignKey(Page, on_delete=models.CASCADE, related_name="variants")
    letter = models.CharField(max_length=1)
    share = models.PositiveSmallIntegerField()
    """Of a hundred visitors."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "test", "letter"], name="pages_variant_letter"),
        ]

    def __str__(self) -> str:
        return self.letter


class SplitSale(WorkspaceOwned):
    """A sale that came of a variant. `subject_id` is what was paid, and makes counting it twice impossible."""

    workspace = WorkspaceKey(related_name="split_sales")
    variant = TiedForeignKey(SplitVariant, on_delete=models.CASCADE, related_name="sales")
    subject_id = models.UUIDField()
    contact_id = models.UUIDField()
    amount = models.BigIntegerField()
    """Minor units, before tax."""
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "variant", "subject_id"], name="pages_split_sale_once"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
