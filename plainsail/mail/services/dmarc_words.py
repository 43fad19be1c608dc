"""What reports about a sending domain say, in plain words, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plainsail.kernel.lookups import tags
from plainsail.mail import queries
from plainsail.mail.models import DmarcReport, SendingDomain
from plainsail.mail.queries import Reported
from plainsail.mail.services import dmarc
from plainsail.ui.charts import Series

DAYS = 30
MOST_SOURCES = 50
SAFE_SHARE, SAFE_DAYS = 0.98, 14
"""From when on a stricter policy would hit hardly anybody but forgers."""


@dataclass(frozen=True)
class Source:
    """A source with what there is to say of it. `tone` is `good`, `warn` or `bad`."""

    reported: Reported
    tone: str
    words: str


@dataclass(frozen=True)
class Panel:
    """The page of a domain's reports."""

    address: str
    """Where reports shall go; empty where the installation takes none in."""
    is_asked_for: bool
    """Whether the record in the DNS names that address, or reports come."""
    reports: int
    reporters: Sequence[str]
    messages: int
    passed: int
    lines: Sequence[Series]
    sources: Sequence[Source]
    advice: str

    @property
    def failed(self) -> int:
        return self.messages - self.passed


def panel(domain: SendingDomain, *, today: date) -> Panel:
    """What was reported in the last thirty days. Four queries."""
    since = today - timedelta(days=DAYS - 1)
    days = queries.reported_days(domain, since=since, until=today)
    if not any(days[-1][1:]):
        days.pop()  # nobody has reported about a day that isn't over
    found = DmarcReport.objects.filter(domain=domain, begins_at__date__gte=since)
    address, reports = dmarc.address_of(domain), found.count()
    record = domain.finding("dmarc") or {}
    passed, failed = sum(good for _day, good, _bad in days), sum(bad for _day, _good, bad in days)
    sources = [_source(each) for each in queries.reported_sources(domain, since=since, most=MOST_SOURCES)]
    return Panel(
        address=address,
        is_asked_for=reports > 0 or (bool(address) and address.lower() in str(record.get("seen", "")).lower()),
        reports=reports,
        reporters=list(found.order_by("org").values_list("org", flat=True).distinct()[:12]),
        messages=passed + failed,
        passed=passed,
        lines=[
            Series(_("Passed"), [(_axis(day), good) for day, good, _bad in days]),
            Series(_("Failed"), [(_axis(day), bad) for day, _good, bad in days]),
        ],
        sources=sources,
        advice=_advice(passed, failed, sum(1 for _day, good, _bad in days if good), str(record.get("seen", ""))),
    )


def _axis(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def _source(found: Reported) -> Source:
    if found.source == dmarc.OTHERS:
        return Source(found, "neutral", _("Many small sources of long reports, added up."))
    if not found.failed:
        return Source(found, "good", _("All of it passed."))
    if found.passed:
        words = ngettext(
            "%(failed)s message failed, the others passed: often a forwarder or a mailing list changed it on the way.",
            "%(failed)s messages failed, the others passed: often a forwarder or a mailing list changed them on the way.",
            found.failed,
        )
        return Source(found, "warn", words % {"failed": f"{found.failed:,}"})
    if found.dkim_passed or found.spf_passed:
        return Source(found, "warn", _("Signed or named, but for another domain than the one readers see."))
    words = _(
        "Nothing passed. If it is a program of yours, add it to SPF or let it sign; if you don’t know it, somebody forges your name."
    )
    return Source(found, "bad", words)


def _advice(passed: int, failed: int, days: int, record: str) -> str:
    """The next step towards a policy that keeps forgers out."""
    every = passed + failed
    if not every:
        return ""
    policy = tags(record).get("p", "none").lower()
    if policy == "reject":
        return _("Your policy is “reject”: servers turn away what fails.")
    if passed < SAFE_SHARE * every:
        return _("Before you ask servers to turn away what fails, see to the sources below that are yours.")
    if days < SAFE_DAYS:
        return _("Nearly all of it passes. Watch for two weeks before you ask servers to be stricter.")
    stricter = "reject" if policy == "quarantine" else "quarantine"
    return _("Nearly all of it passes. You could write “p=%(policy)s” in the record, and forgeries are put aside.") % {
        "policy": stricter
    }
