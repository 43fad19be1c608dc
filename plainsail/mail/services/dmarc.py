"""Reports of mail servers about a sending domain: each taken in once, added up by day and source, kept for a year."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from django.db import connection

from plainsail.kernel import clock, environment
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id, for_each_workspace, outside_transaction, workspace
from plainsail.mail.models import DmarcDay, DmarcReport, SendingDomain
from plainsail.mail.services import dmarc_addresses, dmarc_reading
from plainsail.mail.services.dmarc_addresses import Place
from plainsail.mail.services.dmarc_reading import Report, Unreadable

logger = logging.getLogger("plainsail.mail")

KEPT_FOR = timedelta(days=400)
"""A year, and the month it is compared with."""
LONGEST = timedelta(days=32)
"""Of the time that a report is about."""
MOST_A_DAY = 300
"""Reports about one domain in a day. A few dozen servers report; who knows the address could send any number."""
OTHERS = dmarc_reading.OTHERS
COLUMNS = ("messages", "passed", "dkim_passed", "spf_passed", "quarantined", "rejected")


def address_of(domain: SendingDomain) -> str:
    """Where reports about a domain shall go; empty where this installation takes no mail in."""
    if not environment.current().bounce_domain:
        return ""
    return f"d+{dmarc_addresses.token(domain.workspace_id, domain.id)}@{domain.return_domain}"


def wanted(domain: SendingDomain) -> str:
    """The record that asks for reports (RFC 9989): watch first, and let nobody use names that don't exist."""
    return f"v=DMARC1; p=none; np=reject; rua=mailto:{address_of(domain) or f'dmarc@{domain.domain}'}"


@outside_transaction
def take_in(raw: bytes, place: Place, *, received_at: datetime) -> str:
    """Take in one report. Returns `kept`, or why not: `repeated`, or a reason that whoever operates can look up.

    The same report again changes nothing, whatever its bytes. Commits by itself.
    """
    try:
        report = dmarc_reading.read_mail(raw)
    except Unreadable as error:
        return error.code
    if not Workspace.objects.filter(id=place.workspace_id).exists():
        return "no_workspace"
    with workspace(place.workspace_id):
        domain = SendingDomain.objects.select_for_update().filter(id=place.domain_id).first()
        return "no_domain" if domain is None else _keep(report, domain, at=received_at)


def _keep(report: Report, domain: SendingDomain, *, at: datetime) -> str:
    if report.domain != domain.domain and not report.domain.endswith(f".{domain.domain}"):
        return "other_domain"
    span = report.ends_at - report.begins_at
    if not timedelta(0) <= span <= LONGEST or not at - KEPT_FOR < report.begins_at < at + timedelta(days=2):
        return "other_time"
    known = DmarcReport.objects.filter(domain=domain)
    digest = hashlib.blake2b(f"{report.org.lower()}\0{report.report_id}".encode(), digest_size=16).hexdigest()
    if known.filter(digest=digest).exists():
        return "repeated"
    if known.filter(received_at__gt=at - timedelta(days=1)).count() >= MOST_A_DAY:
        return "too_many"
    DmarcReport.objects.create(
        domain=domain,
        digest=digest,
        org=report.org[:100],
        begins_at=report.begins_at,
        ends_at=report.ends_at,
        received_at=at,
        messages=sum(sums.messages for sums in report.sources.values()),
    )
    _add(report, domain, at=at)
    return "kept"


def _add(report: Report, domain: SendingDomain, *, at: datetime) -> None:
    """Add to the sums of its day, source by source, in one statement. A report counts for the day on which it begins (UTC)."""
    names = sorted(report.sources)
    columns: list[list[int]] = [[getattr(report.sources[name], column) for name in names] for column in COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO mail_dmarcday AS d (id, created_at, workspace_id, domain_id, day, source, {', '.join(COLUMNS)}) "
            f"SELECT t.id, %s, %s, %s, %s, t.source, {', '.join(f't.{name}' for name in COLUMNS)} FROM "
            f"unnest(%s::uuid[], %s::text[], {', '.join('%s::bigint[]' for _column in COLUMNS)}) "
            f"AS t(id, source, {', '.join(COLUMNS)}) ON CONFLICT (workspace_id, domain_id, day, source) "
            f"DO UPDATE SET {', '.join(f'{name} = d.{name} + EXCLUDED.{name}' for name in COLUMNS)}",
            [
                at,
                current_workspace_id(),
                domain.id,
                report.begins_at.date(),
                [new_id() for _name in names],
                names,
                *columns,
            ],
        )


@job("mail.forget_dmarc")
@outside_transaction
def forget() -> None:
    """Delete what is older than is kept."""
    before = clock.now() - KEPT_FOR

    def old() -> None:
        DmarcDay.objects.filter(day__lt=before.date()).delete()
        DmarcReport.objects.filter(received_at__lt=before).delete()

    for_each_workspace(old, reason="reports about sending domains grow old")
