"""What a business shows under its own host."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainsail.kernel.models import WorkspaceKey, WorkspaceOwned


class Site(WorkspaceOwned):
    """What a business shows under its own host. One for each workspace."""

    workspace = WorkspaceKey(related_name="sites")
    name = models.CharField(max_length=120)
    theme = models.JSONField(default=dict)
    """`{name, corners, spacing}`: the look of new pages, mails and the site's own notices."""

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace"], name="pages_site_once"),
        ]

    def __str__(self) -> str:
        return self.name
