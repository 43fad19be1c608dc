"""Pop-ups and bars: a small document each, when and to whom it is shown, and how often that was so."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, TiedOneToOneField, WorkspaceKey, WorkspaceOwned
from plainsail.pages.models.pages import Page


class Popup(WorkspaceOwned):
    """What comes up on pages. Its words are a page's document beside the site, edited and published like one."""

    class Kind(models.TextChoices):
        DIALOG = "dialog", _("A window over the page")
        TOP = "top", _("A bar at the top")
        BOTTOM = "bottom", _("A bar at the bottom")

    class Trigger(models.TextChoices):
        TIME = "time", _("after some seconds")
        SCROLL = "scroll", _("once somebody has read some of the page")
        EXIT = "exit", _("when somebody is about to leave")
        CLICK = "click", _("when a link to it is pressed")

    class Often(models.TextChoices):
        ONCE = "once", _("Once")
        DAYS = "days", _("Again after some days")
        UNTIL_SENT = "sent", _("On each visit, until its form is sent")

    class Device(models.TextChoices):
        ANY = "", _("Phones and computers")
        PHONE = "phone", _("Phones")
        DESKTOP = "desktop", _("Computers")

    class Visitors(models.TextChoices):
        ANY = "", _("Everybody")
        NEW = "new", _("Those who are here for the first time")
        RETURNING = "returning", _("Those who were here before")

    workspace = WorkspaceKey(related_name="popups")
    page = TiedOneToOneField(Page, on_delete=models.CASCADE, related_name="popup")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.DIALOG)
    trigger = models.CharField(_("comes up"), max_length=10, choices=Trigger, default=Trigger.TIME)
    seconds = models.PositiveSmallIntegerField(default=10)
    percent = models.PositiveSmallIntegerField(default=50)
    often = models.CharField(_("how often"), max_length=10, choices=Often, default=Often.DAYS)
    days = models.PositiveSmallIntegerField(default=7)
    on_pages = models.JSONField(default=list)
    """Ids of the pages it comes up on; none for all."""
    sources = models.JSONField(default=list)
    """Values of `utm_source` that it is for; none for all."""
    device = models.CharField(_("devices"), max_length=10, choices=Device, blank=True)
    visitors = models.CharField(_("visitors"), max_length=10, choices=Visitors, blank=True)
    tree = models.JSONField(default=dict)
    """A condition on the contact, as segments have them; empty for everybody, known or not."""

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return str(self.page)

    @property
    def key(self) -> str:
        """How browsers remember it, and how links name it."""
        return f"p-{self.id.hex[-12:]}"


class PopupDay(WorkspaceOwned):
    """How often a pop-up was shown, closed, and led to a form, on one day of the business."""

    workspace = WorkspaceKey(related_name="popup_days")
    popup = TiedForeignKey(Popup, on_delete=models.CASCADE, related_name="counted", db_index=False)
    day = models.DateField()
    shown = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "popup", "day"], name="pages_popup_day"),
        ]

    def __str__(self) -> str:
        return f"{self.popup_id} {self.day}"
