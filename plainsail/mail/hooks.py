"""The confirmation mail of an opt-in, and what of the mail tables is personal."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.contacts.events import OptInRequested
from plainsail.contacts.models import ListMember
from plainsail.contacts.services import links
from plainsail.kernel.events import on
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.mail.services import transactional
from plainsail.mail.services.letters import letter


@on(OptInRequested, subscriber="mail.ask_to_confirm")
def ask_to_confirm(event: OptInRequested) -> None:
    """One mail with one button; whoever did not ask for it has nothing to do."""
    member = ListMember.objects.select_related("contact", "list", "workspace").filter(id=event.member_id).first()
    if member is None or member.state != ListMember.State.PENDING:
        return
    with translation.override(member.contact.locale or member.workspace.locale):
        subject = _("Please confirm: %(list)s") % {"list": member.list.name}
        html, text = letter(
            subject,
            [
                _("You, or somebody with your address, asked %(business)s for this. Press the button to confirm.")
                % {"business": member.workspace.name},
                _("It wasn’t you? Then do nothing: nothing more will be sent."),
            ],
            button=(_("Yes, I want this"), links.confirm_url(member.workspace, member)),
        )
        transactional.send(
            "contacts.confirm",
            to=member.contact.email,
            subject=subject,
            text=text,
            html=html,
            key=f"{member.id}:{event.at.date().isoformat()}",
            at=event.at,
            contact_id=member.contact_id,
        )


LEDGER = "that a message was sent is the proof of what was sent; the address goes, the row stays"
for table, answer in {
    "sender": PersonalData(fields=(), erase="keep", ground="the business's own addresses"),
    "email": PersonalData(fields=(), erase="keep", ground="names no recipient"),
    "emailchange": PersonalData(fields=(), erase="keep", ground="names no recipient"),
    "edition": PersonalData(fields=(), erase="keep", ground="names no recipient"),
    "broadcast": PersonalData(fields=(), erase="keep", ground="names no recipient"),
    "delivery": PersonalData(fields=("address", "contact_id"), erase="anonymise", ground=LEDGER),
    "sealedbody": PersonalData(fields=("sealed",), erase="delete"),
}.items():
    PERSONAL_DATA.register(f"mail.{table}", answer)
