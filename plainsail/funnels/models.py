"""Funnels: an ordered map of steps that is the routing itself, and codes by which a funnel is handed to another business."""

from __future__ import annotations

from string import ascii_uppercase
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import Base, TiedForeignKey, Workspace, WorkspaceKey, WorkspaceOwned


class Funnel(WorkspaceOwned):
    """A way that visitors are led, from a first page to thanks. Where somebody goes next is read from its steps."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")

    workspace = WorkspaceKey(related_name="funnels")
    name = models.CharField(_("name"), max_length=100)
    state = models.CharField(max_length=6, choices=State, default=State.DRAFT)
    published_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField()
    is_changed = models.BooleanField(default=True)
    """Whether its mails or pages were changed on the map since the last publishing."""

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "name", "id"], name="funnels_by_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE


class FunnelStep(WorkspaceOwned):
    """One place on the map. Which of the references is filled depends on its kind; the pages of a split are rows of their own."""

    class Kind(models.TextChoices):
        PAGE = "page", _("Page")
        FORM = "form", _("Page with a form")
        CHECKOUT = "checkout", _("Checkout")
        UPSELL = "upsell", _("Upsell")
        DOWNSELL = "downsell", _("Downsell")
        SPLIT = "split", _("Split")
        MAIL = "mail", _("Mail")
        WAIT = "wait", _("Wait")
        THANKS = "thanks", _("Thank-you page")

    class Unit(models.TextChoices):
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")

    workspace = WorkspaceKey(related_name="funnel_steps")
    funnel = TiedForeignKey(Funnel, on_delete=models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=100)
    page = TiedForeignKey("pages.Page", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_steps")
    form = TiedForeignKey("pages.Form", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_steps")
    offer = TiedForeignKey(
        "commerce.Offer", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_steps"
    )
    email = TiedForeignKey("mail.Email", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_steps")
    list = TiedForeignKey(
        "contacts.List", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_steps"
    )
    """Of a checkout: which list its buyers are put on, because of what they bought, so that the mails behind it may reach them."""
    amount = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.DAYS)
    automation = TiedForeignKey(
        "automations.Automation", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_steps"
    )
    """Of the first mail or wait in a row: what sends them, made when the funnel is published."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "funnel", "position"],
                name="funnels_step_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=Q(amount__gte=1), name="funnels_step_amount"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shown(self) -> bool:
        """Whether visitors stand before it; mails and waits happen behind their back."""
        return self.kind not in (self.Kind.MAIL, self.Kind.WAIT)

    @property
    def is_one_more(self) -> bool:
        """Whether it offers one thing more to those who have just bought."""
        return self.kind in (self.Kind.UPSELL, self.Kind.DOWNSELL)

    @property
    def flow_key(self) -> str:
        """What a mail or a wait is called in the automation that it becomes a step of: always the same."""
        return f"s{self.id.hex[12:]}"

    @property
    def sells(self) -> bool:
        return self.kind in (self.Kind.CHECKOUT, self.Kind.UPSELL, self.Kind.DOWNSELL)


class SplitPage(WorkspaceOwned):
    """One of the pages of a split, and how many of a hundred visitors are shown it. Without a page it waits for one."""

    workspace = WorkspaceKey(related_name="funnel_split_pages")
    step = TiedForeignKey(FunnelStep, on_delete=models.CASCADE, related_name="split_pages", db_index=False)
    position = models.PositiveSmallIntegerField()
    page = TiedForeignKey(
        "pages.Page", on_delete=models.SET_NULL, null=True, blank=True, related_name="funnel_split_pages"
    )
    share = models.PositiveSmallIntegerField()
    """Per cent; those of a step make a hundred."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(
                fields=["workspace", "step", "position"],
                name="funnels_split_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=99), name="funnels_split_share"),
        ]

    def __str__(self) -> str:
        return f"{self.letter} {self.share} %"

    @property
    def letter(self) -> str:
        """What it is called on the map: A, B, C …"""
        return ascii_uppercase[self.position]


class ShareCode(Base):
    """A funnel as it was when its code was made, for whoever has the code. Shared: it is redeemed in another business."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="share_codes")
    funnel_id = models.UUIDField()
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    """Keyed hash of the code, by which it is found."""
    sealed = models.TextField()
    """The code itself, encrypted, for the business that made it to show again."""
    package = models.JSONField(null=True)
    """Of a code made before pictures went along. What a later one hands on lies on disk, as the file that it is."""
    stored = models.PositiveBigIntegerField(default=0)
    """Bytes of that file: what counts against the room of whoever made the code."""
    is_for_one = models.BooleanField(default=False)
    """Whether it works a single time."""
    redeemed = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(is_for_one=False) | Q(redeemed__lte=1), name="funnels_code_for_one"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "funnel_id", "-created_at"], name="funnels_codes_of_funnel")
        ]

    def __str__(self) -> str:
        return self.name
