"""The pages and sites that a new one starts from: finished documents with words in them, never a blank canvas."""

from plainsail.pages.starters.base import PURPOSES, Business, SiteStarter, Starter
from plainsail.pages.starters.gatherings import GATHERINGS
from plainsail.pages.starters.local import LOCAL
from plainsail.pages.starters.opening import OPENING
from plainsail.pages.starters.prices import PRICES
from plainsail.pages.starters.selling import SELLING
from plainsail.pages.starters.sites import HOMES, SITES
from plainsail.pages.starters.small import SMALL
from plainsail.pages.starters.telling import TELLING

ALL = {starter.key: starter for starter in (*OPENING, *SMALL, *SELLING, *PRICES, *TELLING, *LOCAL, *GATHERINGS, *HOMES)}
STARTERS: dict[str, Starter] = {key: starter for key, starter in ALL.items() if starter not in HOMES}
"""What the gallery shows, by key."""
SITE_STARTERS: dict[str, SiteStarter] = {site.key: site for site in SITES}

__all__ = ["ALL", "PURPOSES", "SITE_STARTERS", "STARTERS", "Business", "SiteStarter", "Starter"]
