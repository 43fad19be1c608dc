"""Scripts of others on a site: added, switched, removed. Every published page follows, for its policy names them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from plainsail.kernel.models import Workspace
from plainsail.pages.models import SiteScript
from plainsail.pages.services import republishing, sites


@transaction.atomic
def add(workspace: Workspace, *, at: datetime, **values: Any) -> SiteScript:
    """A script with `name`, `purpose`, and `source_url` or `code`; asleep on every page until a visitor agrees."""
    made: SiteScript = SiteScript.objects.create(site=sites.site_of(workspace), created_at=at, **values)
    republishing.ask(workspace, at=at)
    return made


@transaction.atomic
def switch(script: SiteScript, *, at: datetime) -> None:
    """Off where it was on, on where it was off."""
    script.is_on = not script.is_on
    script.save(update_fields=["is_on"])
    republishing.ask(script.workspace, at=at)


@transaction.atomic
def remove(script: SiteScript, *, at: datetime) -> None:
    workspace = script.workspace
    script.delete()
    republishing.ask(workspace, at=at)
