"""The gate before a broadcast: its sender's domain must be set up. An owner may let one through, in writing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.kernel import environment
from plainsail.kernel.errors import Refusal
from plainsail.mail.models import Broadcast, GateOverride, Sender
from plainsail.mail.services import domain_checks, domain_words, domains, origins
from plainsail.mail.services.domain_checks import Finding

PASSED = "mail.gate_passed"
FEWEST_WORDS = 20
"""Characters of a reason."""


class NothingToOverride(Refusal):
    """The gate is open, or was opened for this broadcast before."""

    code = "nothing_to_override"
    message = gettext_lazy("Nothing stands in the way of this broadcast.")


def is_needed() -> bool:
    """Mail that stays in the local mailbox needs no gate, and none where the operator answers for the DNS."""
    here = environment.current()
    return here.checks_sending_domains and not here.uses_mail_catcher


def faults(sender: Sender) -> list[Finding]:
    """What must be mended before a broadcast leaves in this name; empty where all is green. One query."""
    if not is_needed():
        return []
    if domains.is_free_mail(sender.domain):
        return [domain_checks.found("mx", "bad", "free_mail", name=sender.domain)]
    domain = domains.covering(sender.address)
    if sender.carrier_id is not None:
        # A mail service sends from servers and signs with keys of its own, and takes no mail from a domain that it didn't
        # check itself. What is left to the owner is DMARC.
        findings = domain.findings if domain is not None else []
        return [finding for finding in findings if finding["key"] == "dmarc" and finding["tone"] == "bad"]
    if domain is None:
        return [domain_checks.found("spf", "bad", "not_set_up", name=sender.domain)]
    if not domain.findings:
        return [domain_checks.found("spf", "bad", "not_looked_at", name=domain.domain)]
    must = {*domain_checks.MUST, "ptr"}
    return [finding for finding in domain.findings if finding["key"] in must and finding["tone"] == "bad"]


def worded(finding: Finding) -> str:
    """A fault in words."""
    own = {
        "free_mail": _("%(name)s belongs to a mailbox provider, which turns away mail that others send in its name."),
        "not_set_up": _("%(name)s is not set up for sending yet. Settings → Sending domains shows what to add."),
        "not_looked_at": _("The DNS of %(name)s was not looked at yet. Do so in Settings → Sending domains."),
    }
    if finding["code"] in own:
        text: str = own[finding["code"]] % finding["facts"]
        return text
    return domain_words.worded(finding)


def override_of(broadcast: Broadcast) -> GateOverride | None:
    found: GateOverride | None = GateOverride.objects.filter(broadcast=broadcast).first()
    return found


def stands_in_the_way(broadcast: Broadcast) -> bool:
    """Whether the gate alone is what an owner could open for this broadcast."""
    return bool(broadcast.sender and faults(broadcast.sender)) and override_of(broadcast) is None


def holds(broadcast: Broadcast) -> list[str]:
    """In words, what keeps a broadcast that should have left; empty where nothing does, or it is on its way."""
    if not broadcast.is_paused or broadcast.prepared_at is not None or broadcast.audience:
        return []
    return keepers(broadcast)


def keepers(broadcast: Broadcast) -> list[str]:
    """In words, what a broadcast may not leave with now: its domain, which an owner can override, or the postal address."""
    found = [worded(finding) for finding in faults(broadcast.sender)] if broadcast.sender else []
    if found and override_of(broadcast) is not None:
        found = []
    if not origins.business().postal_address.strip():
        found.append(_("Your postal address is missing, and marketing mail must show it. Add it in Settings."))
    return found


@transaction.atomic
def override(broadcast: Broadcast, *, words: str, by: User, at: datetime) -> GateOverride:
    """An owner lets this one broadcast leave all the same. Their words stay, with what was wrong. Raises NothingToOverride.

    It opens this gate alone: postal address, unsubscribe link and all other checks hold.
    """
    if broadcast.sender is None or not stands_in_the_way(broadcast):
        raise NothingToOverride
    found = faults(broadcast.sender)
    made: GateOverride = GateOverride.objects.create(
        broadcast=broadcast, words=words.strip(), person=str(by)[:254], at=at, findings=found
    )
    audit.record(
        PASSED,
        by=by,
        at=at,
        subject=str(broadcast),
        subject_id=broadcast.id,
        details={"words": words.strip()[:1000], "faults": [finding["code"] for finding in found]},
    )
    return made
