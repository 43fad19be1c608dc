"""The one mail that somebody gets who asked to join a list: please confirm. Without it nothing else is ever sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from plainsail.contacts.models import ListMember
from plainsail.contacts.services import consent, links
from plainsail.kernel import languages
from plainsail.mail.models import Delivery
from plainsail.mail.services import notices, origins, transactional
from plainsail.mail.services.letters import letter

KIND = "confirmation"


def ask(member_id: UUID, *, at: datetime) -> Delivery | None:
    """Ask for confirmation, once for each time that somebody asked to join. None where there is nothing to confirm now."""
    member = ListMember.objects.select_related("contact", "list").filter(id=member_id).first()
    if member is None or member.state != ListMember.State.PENDING or member.contact.is_deleted:
        return None
    business = origins.business()
    with translation.override(languages.first_known(member.contact.locale, business.locale)):
        named = get_text_list([topic.name for topic in consent.lists_asked(member)], _("and"))
        facts = {"list": named, "business": business.name}
        subject, words = _said(facts)
        notice = notices.said(KIND, subject=subject, paragraphs=words, values=facts)
        html, text = letter(
            _("One more click"),
            notice.paragraphs,
            button=(_("Yes, sign me up"), links.confirm_url(business, member)),
            footer=_("If it wasn’t you, just ignore this mail: nothing was signed up."),
        )
    return transactional.send(
        KIND,
        to=member.contact.email,
        subject=notice.subject,
        text=text,
        html=html,
        key=f"{member.id}:{at.isoformat()}",
        at=at,
        contact_id=member.contact_id,
        # A second copy of the same question costs less than none.
        when_uncertain=Delivery.WhenUncertain.RESEND,
    )


def _said(facts: Mapping[str, str]) -> tuple[str, list[str]]:
    return _("Please confirm: %(list)s") % facts, [
        _("You asked to join “%(list)s” at %(business)s. Please confirm that it was you.") % facts,
        _("Without this you won’t hear from us again."),
    ]


def original() -> tuple[str, str]:
    """Subject and words with their fields in braces, in the active language."""
    subject, words = _said({"list": "{{list}}", "business": "{{business}}"})
    return subject, "\n\n".join(words)
