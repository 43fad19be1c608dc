"""Mail's timetable."""

from plainsail.kernel.jobs import every
from plainsail.mail.services import dmarc, mailboxes, recovery, returns, transactional, verification

every(transactional.forget_old_bodies, hours=24)
every(recovery.look, minutes=1)
every(returns.forget_strays, hours=24)
every(dmarc.forget, hours=24)
every(mailboxes.fetch, minutes=5)
every(verification.look_at_all, hours=24)
