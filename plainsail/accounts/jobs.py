"""The timetable of accounts."""

from plainsail.accounts.services import people
from plainsail.kernel.jobs import every

every(people.clear_sessions, cron="17 3 * * *")
