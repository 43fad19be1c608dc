"""Published pages follow the pop-ups: those that need the script get it, those that carry it in vain lose it."""

from __future__ import annotations

from plainsail.kernel import clock
from plainsail.kernel.jobs import job
from plainsail.pages.services import popups, publishing


@job("pages.follow_popups")
def follow() -> None:
    """Freeze again every published page where that has changed; nothing happens to the others."""
    for page in popups.to_follow():
        publishing.refresh(page, at=clock.now())
