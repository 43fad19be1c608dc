"""The gate before mail to many: its sender's domain must be set up. An owner may let one through, in writing.

A broadcast is held when it leaves, mails of automations when the automation goes live: what leaves then leaves for years.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.models import User
from plainsail.accounts.services import audit
from plainsail.kernel import environment
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.errors import Link, Refusal
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Email, GateOverride, Sender
from plainsail.mail.services import domain_checks, domain_words, domains, origins, senders
from plainsail.mail.services.domain_checks import Finding

PASSED, MAIL_PASSED = "mail.gate_passed", "mail.gate_passed_mail"
FEWEST_WORDS = 20
"""Characters of a reason."""


class NothingToOverride(Refusal):
    """The gate is open, or was opened for this broadcast, or these mails, before."""

    code = "nothing_to_override"
    message = gettext_lazy("Nothing stands in the way any more.")


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


def faults_of(broadcast: Broadcast) -> list[Finding]:
    """The same for a broadcast, with those of all senders whose names its variants leave in."""
    writing = {broadcast.sender_id: broadcast.sender}
    if broadcast.is_test:
        writing |= {each.sender_id: each.sender for each in broadcast.variants.select_related("sender")}
    found = [fault for sender in writing.values() if sender is not None for fault in faults(sender)]
    return [fault for place, fault in enumerate(found) if fault not in found[:place]]


def override_of(broadcast: Broadcast) -> GateOverride | None:
    """What an owner wrote; a variant is let through with the broadcast that it belongs to."""
    found: GateOverride | None = GateOverride.objects.filter(broadcast=broadcast.test_of_id or broadcast.id).first()
    return found


def stands_in_the_way(broadcast: Broadcast) -> bool:
    """Whether the gate alone is what an owner could open for this broadcast."""
    return bool(faults_of(broadcast)) and override_of(broadcast) is None


def holds(broadcast: Broadcast) -> list[str]:
    """In words, what keeps a broadcast that should have left; empty where nothing does, or it is on its way."""
    return keepers(broadcast) if broadcast.is_held else []


def keepers(broadcast: Broadcast) -> list[str]:
    """In words, what a broadcast may not leave with now: its domain, which an owner can override, or the postal address."""
    found = [worded(finding) for finding in faults_of(broadcast)]
    if found and override_of(broadcast) is not None:
        found = []
    if not origins.business().postal_address.strip():
        found.append(_("Your postal address is missing, and marketing mail must show it."))
    return found


def ways_on(broadcast: Broadcast, business: Workspace) -> list[Link]:
    """Where what keeps a broadcast is mended."""
    found = [way_to_address(business)] if not business.postal_address.strip() else []
    if stands_in_the_way(broadcast) and broadcast.sender is not None:
        found.append(way_to_domain(business, broadcast.sender))
    return found


@transaction.atomic
def override(broadcast: Broadcast, *, words: str, by: User, at: datetime) -> GateOverride:
    """An owner lets this one broadcast leave all the same. Their words stay, with what was wrong. Raises NothingToOverride.

    It opens this gate alone: postal address, unsubscribe link and all other checks hold.
    """
    if not stands_in_the_way(broadcast):
        raise NothingToOverride
    found = faults_of(broadcast)
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


@dataclass(frozen=True)
class Held:
    """Mails of automations that wait for the domain of their sender, and what is wrong with it."""

    sender: Sender
    faults: Sequence[Finding]
    mails: Sequence[Email]


def held(mails: Collection[Email]) -> Held:
    """Which of these mails an automation may not go live with: all that no owner let through. Two queries, none where all is green."""
    sender = senders.default()
    found = faults(sender)
    if not found:
        return Held(sender, [], [])
    passed = set(
        GateOverride.objects.filter(email__in=mails, domain=sender.domain).order_by().values_list("email_id", flat=True)
    )
    return Held(sender, found, [mail for mail in mails if mail.id not in passed])


@transaction.atomic
def override_mails(mails: Collection[Email], *, words: str, by: User, at: datetime) -> None:
    """An owner lets these mails leave from the domain that they come from now, whenever they do. Raises NothingToOverride."""
    waiting = held(mails)
    if not waiting.mails:
        raise NothingToOverride
    for mail in waiting.mails:
        GateOverride.objects.create(
            email=mail,
            domain=waiting.sender.domain,
            words=words.strip(),
            person=str(by)[:254],
            at=at,
            findings=waiting.faults,
        )
        details = {"words": words.strip()[:1000], "faults": [finding["code"] for finding in waiting.faults]}
        audit.record(MAIL_PASSED, by=by, at=at, subject=str(mail), subject_id=mail.id, details=details)


def way_to_mails(business: Workspace, mails: Collection[Email]) -> Link:
    """The page that says what these mails wait for, and where an owner lets them through."""
    asked = urlencode([("mail", str(mail.id)) for mail in mails])
    return gettext_lazy("See what is missing"), f"{workspace_url(business, 'mail:gate')}?{asked}"


def way_to_address(business: Workspace) -> Link:
    """Where the postal address is entered."""
    return gettext_lazy("Add it now"), f"{workspace_url(business, 'accounts:business')}#id_postal_address"


def way_to_domain(business: Workspace, sender: Sender) -> Link:
    """Where the records that a sender's domain should have are shown, or where it is set up first."""
    domain = None if domains.is_free_mail(sender.domain) else domains.covering(sender.address)
    if domain is not None:
        return gettext_lazy("See what to add"), workspace_url(business, "mail:domain", domain.id)
    if domains.is_free_mail(sender.domain):
        return gettext_lazy("Change the sender"), workspace_url(business, "mail:sender", sender.id)
    return gettext_lazy("Set it up"), workspace_url(business, "mail:new_domain")
