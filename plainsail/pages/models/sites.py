"""What a business shows under its own host."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.models import TiedForeignKey, WorkspaceKey, WorkspaceOwned


class Site(WorkspaceOwned):
    """What a business shows under its own host. One for each workspace."""

    workspace = WorkspaceKey(related_name="sites")
    name = models.CharField(max_length=120)
    theme = models.JSONField(default=dict)
    """`{name, corners, spacing}`: the look of new pages, mails and the site's own notices."""
    description = models.CharField(max_length=300, blank=True)
    """What the business is, in a sentence: for search engines and shared links that say nothing of their own."""
    icon_url = models.CharField(max_length=500, blank=True)
    """Address of a square picture for browser tabs; the name's first letter stands there without one."""
    social_image_url = models.CharField(max_length=500, blank=True)
    """Address of the picture that a shared link shows, where its page has none."""
    profiles = models.TextField(max_length=2000, blank=True)
    """Addresses of the business elsewhere, one a line: said to search engines as `sameAs`."""
    is_hidden = models.BooleanField(default=False)
    """Search engines are asked to stay away from the whole site."""
    asks_to_recognise = models.BooleanField(default=False)
    """Visitors are asked whether a cookie of this site may tell that they came back; without a yes there is none."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace"], name="pages_site_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Redirect(WorkspaceOwned):
    """Where visitors of an address are led on to. A published page at the same address goes first."""

    class Status(models.IntegerChoices):
        LASTING = 301, _("for good (301)")
        PASSING = 302, _("for now (302)")

    workspace = WorkspaceKey(related_name="redirects")
    site = TiedForeignKey(Site, on_delete=models.CASCADE, related_name="redirects")
    path = models.CharField(_("from"), max_length=500)
    """Leading slash, no trailing one, as visitors ask for it; old sites have other signs in theirs than pages here."""
    target = models.CharField(_("to"), max_length=2000)
    """A path of the site, or an address elsewhere."""
    status = models.PositiveSmallIntegerField(_("kind"), choices=Status, default=Status.LASTING)
    is_automatic = models.BooleanField(default=False)
    """Made when a page's address changed."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "path"], name="pages_redirect_path"),
        ]

    def __str__(self) -> str:
        return f"{self.path} → {self.target}"


class SiteScript(WorkspaceOwned):
    """A script of somebody else's that the owner wants on every page; runs only after the visitor agreed to its purpose."""

    class Purpose(models.TextChoices):
        STATISTICS = "statistics", _("Statistics")
        MARKETING = "marketing", _("Marketing")
        COMFORT = "comfort", _("Comfort: chat, maps, films")

    workspace = WorkspaceKey(related_name="site_scripts")
    site = TiedForeignKey(Site, on_delete=models.CASCADE, related_name="scripts")
    name = models.CharField(_("name"), max_length=80)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    source_url = models.CharField(_("address of the script"), max_length=500, blank=True)
    code = models.TextField(_("code"), max_length=10_000, blank=True)
    hosts = models.CharField(_("hosts that it talks to"), max_length=500, blank=True)
    """Beside the one it comes from, with blanks between."""
    is_on = models.BooleanField(default=True)

    class Meta(WorkspaceOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.name


class Republishing(WorkspaceOwned):
    """The published pages of a site being frozen again, after something that all of them show has changed."""

    workspace = WorkspaceKey(related_name="republishings")
    site = TiedForeignKey(Site, on_delete=models.CASCADE, related_name="republishings")
    asked_at = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    reached = models.UUIDField(null=True)
    """The page that was dealt with last; they go in the order of their ids."""
    failures = models.JSONField(default=list)
    """`[{page, title, words}]` of pages that still show what they showed before."""
    ended_at = models.DateTimeField(null=True)

    class Meta(WorkspaceOwned.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "site", "-asked_at"], name="pages_republishing_newest")
        ]

    def __str__(self) -> str:
        return f"{self.done}/{self.total}"

    @property
    def percent(self) -> int:
        return 100 if not self.total else 100 * self.done // self.total
