"""What the team hears by mail when mail doesn’t leave: a broadcast that is held, a sender that is paused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.services import hosts
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Delivery, Sender
from plainsail.mail.services import gate, health, notices, origins, replies, transactional
from plainsail.mail.services.letters import letter

HELD, PAUSED = "mail.held", "mail.sender_paused"

Facts = Mapping[str, str]


def tell_held(broadcast: Broadcast, *, at: datetime) -> None:
    """Tell the owners that a broadcast could not leave, and what to do; once for each time, where the notice is on."""
    business = origins.business()
    with override(business.locale):
        sender = broadcast.sender
        causes = gate.keepers(broadcast)
        if sender is not None and sender.is_paused:
            causes.append(_why_paused(sender))
        page = hosts.app_url(workspace_url(business, "mail:broadcast", broadcast.id))
        _tell(
            HELD,
            business,
            _held({"subject": str(broadcast.edition or broadcast.email)}),
            values={"subject": str(broadcast.edition or broadcast.email)},
            causes=causes,
            button=(_("See the broadcast"), page),
            key=f"{broadcast.id}:{at.isoformat()}",
            at=at,
        )


def tell_paused(sender: Sender, *, at: datetime) -> None:
    """Tell the owners that nothing more leaves in a sender's name, and why; once for each pause, where the notice is on."""
    business = origins.business()
    with override(business.locale):
        page = hosts.app_url(workspace_url(business, "mail:sender", sender.id))
        _tell(
            PAUSED,
            business,
            _paused({"sender": str(sender)}),
            values={"sender": str(sender)},
            causes=[_why_paused(sender)],
            button=(_("See the sender"), page),
            key=f"{sender.id}:{at.isoformat()}",
            at=at,
        )


def original_held() -> tuple[str, str]:
    """Subject and opening words with their fields in braces, in the active language."""
    subject, words = _held({"subject": "{{subject}}"})
    return subject, "\n\n".join(words)


def original_paused() -> tuple[str, str]:
    """The same of a sender's pause."""
    subject, words = _paused({"sender": "{{sender}}"})
    return subject, "\n\n".join(words)


def _held(facts: Facts) -> tuple[str, list[str]]:
    return _("It could not leave: %(subject)s") % facts, [
        _("When its time came, something was not as it must be. Nothing was sent, and nothing is lost."),
        _("Mend what stands below, then let it go on from its page."),
    ]


def _paused(facts: Facts) -> tuple[str, list[str]]:
    return _("Mail of %(sender)s is stopped") % facts, [
        _("Nothing more leaves in this name until you have looked. What waits goes out when you let it go on.")
    ]


def _why_paused(sender: Sender) -> str:
    advice = str(health.ADVICE.get(replies.explain(sender.pause_reason).reason, "")) if sender.pause_reason else ""
    said = _("The reason: %(reason)s") % {"reason": sender.pause_reason}
    return f"{said}\n{advice}".strip()


def _tell(
    kind: str,
    business: Workspace,
    original: tuple[str, list[str]],
    *,
    values: Facts,
    causes: Sequence[str],
    button: tuple[str, str],
    key: str,
    at: datetime,
) -> None:
    if not notices.is_on(kind):
        return
    said = notices.said(kind, subject=original[0], paragraphs=original[1], values=values)
    html, text = letter(said.subject, [*said.paragraphs, *causes], button=button)
    for owner in Membership.objects.filter(workspace=business, role=Role.OWNER).select_related("user"):
        transactional.send(
            kind,
            to=owner.user.email,
            subject=said.subject,
            text=text,
            html=html,
            key=f"{key}:{owner.user_id}",
            at=at,
            when_uncertain=Delivery.WhenUncertain.RESEND,
        )
