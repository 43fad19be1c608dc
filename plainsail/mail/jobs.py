"""Mail's timetable."""

from plainsail.kernel.jobs import every
from plainsail.mail.services import recovery, transactional

every(transactional.forget_old_bodies, hours=24)
every(recovery.look, minutes=1)
