"""The timetable of accounts."""

from plainsail.accounts.services import domains, people
from plainsail.kernel.jobs import every

every(people.clear_sessions, cron="17 3 * * *")
every(domains.look_at_all, hours=1)
