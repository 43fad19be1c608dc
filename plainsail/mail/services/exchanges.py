"""Whose servers take the mail of a domain, asked of the DNS ahead of sending and kept for a month."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import dns.exception
import dns.resolver
from django.db import connection

from plainsail.kernel import clock
from plainsail.kernel.jobs import job
from plainsail.kernel.tenancy import current_workspace_id, outside_transaction, workspace
from plainsail.mail.models import Exchange

KNOWN_FOR = timedelta(days=30)
MOST = 500
"""Domains looked up for one broadcast, those with most readers first; the others are each a provider of their own."""
PATIENCE = 3.0
"""Seconds for one domain."""
AT_ONCE = 8
SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"}
"""Below a country, names that nobody owns alone: `mx.example.co.uk` belongs to `example.co.uk`."""

Resolve = Callable[[str], str]


@job("mail.look_up_exchanges")
@outside_transaction
def look_up(*, workspace_id: UUID, broadcast_id: UUID) -> None:
    """Find out the mailbox providers of a broadcast's readers. No broadcast waits for it."""
    at = clock.now()
    with workspace(workspace_id):
        asked = unknown_domains(broadcast_id, at=at)
    found = resolved(asked)
    with workspace(workspace_id):
        keep(found, at=at)


def unknown_domains(broadcast_id: UUID, *, at: datetime) -> list[str]:
    """Domains of a broadcast's readers that nobody asked about lately. Reads its rows once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lower(split_part(c.email, '@', 2)) AS domain FROM mail_delivery d "
            "JOIN contacts_contact c ON c.id = d.contact_id AND c.workspace_id = d.workspace_id "
            "WHERE d.workspace_id = %(workspace)s AND d.source_kind = 'broadcast' AND d.source_id = %(broadcast)s "
            "GROUP BY 1 HAVING NOT EXISTS (SELECT 1 FROM mail_exchange e WHERE e.workspace_id = %(workspace)s "
            "  AND e.domain = lower(split_part(min(c.email), '@', 2)) AND e.looked_at > %(since)s) "
            "ORDER BY count(*) DESC, 1 LIMIT %(most)s",
            {
                "workspace": current_workspace_id(),
                "broadcast": broadcast_id,
                "since": at - KNOWN_FOR,
                "most": MOST,
            },
        )
        return [domain for (domain,) in cursor.fetchall()]


def resolved(domains: Iterable[str], *, resolve: Resolve | None = None) -> dict[str, str]:
    """Domain to provider, several at a time. A domain without an answer is its own provider."""
    asked = list(domains)
    with ThreadPoolExecutor(AT_ONCE) as executor:
        return dict(zip(asked, executor.map(resolve or provider_of, asked), strict=True))


def keep(found: dict[str, str], *, at: datetime) -> None:
    """Remember what the DNS said. One statement."""
    rows = [Exchange(domain=domain, provider=provider, looked_at=at) for domain, provider in sorted(found.items())]
    Exchange.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["workspace", "domain"],
        update_fields=["provider", "looked_at"],
    )


def provider_of(domain: str) -> str:
    """The owner's domain of the first mail exchanger, such as `google.com`; the domain itself where there is none."""
    try:
        answer = dns.resolver.resolve(f"{domain}.", "MX", lifetime=PATIENCE, search=False)
        first = min(answer, key=lambda record: (record.preference, record.exchange))
    except (dns.exception.DNSException, OSError, UnicodeError, ValueError):
        return domain
    return owner_of(first.exchange.to_text(omit_final_dot=True)) or domain


def owner_of(host: str) -> str:
    """The registrable part of a host's name, as far as its shape tells."""
    labels = host.lower().strip(".").split(".")
    is_below_country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL
    return ".".join(labels[-3:] if is_below_country else labels[-2:])
