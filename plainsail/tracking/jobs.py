"""When tracking works without being told: what landed while nobody listened."""

from plainsail.kernel.jobs import every
from plainsail.tracking.services import landing

every(landing.drain, minutes=1)
