"""Mail's timetable."""

from plainsail.kernel.jobs import every
from plainsail.mail.services import transactional

every(transactional.forget_old_bodies, hours=24)
