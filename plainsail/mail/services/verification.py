"""Looking at a sending domain's DNS: when somebody asks, and every day."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from plainsail.kernel import clock, lookups
from plainsail.kernel.jobs import job
from plainsail.kernel.lookups import Names
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import SendingDomain
from plainsail.mail.services import domain_checks, domains
from plainsail.mail.services.domain_checks import Finding

logger = logging.getLogger("plainsail.mail")


def look(workspace_id: UUID, domain_id: UUID, *, at: datetime, names: Names | None = None) -> list[Finding]:
    """Ask the DNS about a domain and write down what it says; keys whose records are right sign from now on.

    Stands outside of transactions. What was good and can't be asked now stays good: name servers that rest for an hour
    change nothing about who may send.
    """
    with workspace(workspace_id):
        found = SendingDomain.objects.filter(id=domain_id).first()
        if found is None:
            return []
        about, before = domain_checks.plan(found), {one["key"]: one for one in found.findings}
    asked = names or lookups.names()
    findings = [_kept(before.get(one["key"]), one) for one in domain_checks.look(about, asked)]
    right = domain_checks.keys_found(about, asked)
    with workspace(workspace_id):
        # Somebody may have changed the domain meanwhile: then what was found is about another plan.
        current = SendingDomain.objects.select_for_update().filter(id=domain_id).first()
        if current is None or domain_checks.plan(current) != about:
            return findings
        current.findings, current.checked_at = findings, at
        current.save(update_fields=["findings", "checked_at"])
        domains.let_sign(right, at=at)
    return findings


def _kept(before: Finding | None, now: Finding) -> Finding:
    is_unanswered = now["code"] in {"dns_timeout", "dns_servfail"}
    return before if is_unanswered and before is not None and before["tone"] == "good" else now


@job("mail.look_at_domain")
@outside_transaction
def look_later(*, workspace_id: UUID, domain_id: UUID) -> None:
    """The same, by a worker."""
    look(workspace_id, domain_id, at=clock.now())


@job("mail.look_at_domains")
@outside_transaction
def look_at_all() -> None:
    """Have every sending domain of every open business looked at."""
    for workspace_id in (
        Workspace.objects.filter(state=Workspace.State.OPEN).order_by("id").values_list("id", flat=True)
    ):
        with workspace(workspace_id):
            for domain_id in SendingDomain.objects.order_by("id").values_list("id", flat=True):
                look_later.once(f"mail.domain:{domain_id}", domain_id=domain_id)
