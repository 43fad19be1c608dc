"""All the wiring of mail: confirmations, readers' answers, the step “send an e-mail”, menu, timeline, personal data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.sockets import API_SCOPES, ApiScope
from plainsail.automations.services import flows
from plainsail.automations.sockets import ACTIONS, STARTERS, Action, Config, Done, Starter
from plainsail.contacts.events import ListLeft, OptInRequested
from plainsail.contacts.models import Contact
from plainsail.contacts.services import lists
from plainsail.contacts.sockets import (
    SEGMENT_FIELDS,
    SEGMENT_USES,
    TIMELINE,
    TIMELINE_GROUPS,
    Kinds,
    TimelineEntry,
    TimelineGroup,
    TimelineSource,
)
from plainsail.kernel import environment
from plainsail.kernel.events import on
from plainsail.kernel.models import Workspace
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.mail import queries, segment_fields
from plainsail.mail.events import BroadcastCompleted
from plainsail.mail.forms import EmailStepForm
from plainsail.mail.models import Email
from plainsail.mail.services import answers, confirmations, emails, reporting, starters, steps
from plainsail.mail.sockets import NOTICES, Notice
from plainsail.tracking.sockets import LISTENERS
from plainsail.ui.sockets import (
    ACCOUNT,
    CREATE,
    MENU,
    SETTINGS,
    AccountItem,
    CreateItem,
    MenuItem,
    SettingsItem,
)

if environment.current().uses_mail_catcher:
    ACCOUNT.register("mailbox", AccountItem(label=gettext_lazy("Mailbox"), icon="inbox", url="mail:mailbox", order=60))

MENU.register(
    "mail",
    MenuItem(label=gettext_lazy("Emails"), icon="mail", url="mail:emails", order=30, can="mail.view", on_phone=True),
)
CREATE.register(
    "broadcast", CreateItem(label=gettext_lazy("Broadcast"), icon="mail", url="mail:new", order=30, can="mail.change")
)
SETTINGS.register(
    "senders",
    SettingsItem(
        label=gettext_lazy("Senders"),
        url="mail:senders",
        order=50,
        can="mail.view",
        pages=("mail:sender", "mail:new_sender"),
    ),
)


API_SCOPES.register(
    "mail",
    ApiScope(
        label=gettext_lazy("Messages"),
        read=gettext_lazy("Read what became of messages that programs sent"),
        write=gettext_lazy("Read, and send single messages such as receipts"),
        order=15,
    ),
)

SETTINGS.register(
    "notices",
    SettingsItem(label=gettext_lazy("Notices"), url="mail:notices", order=55, can="mail.view", pages=("mail:notice",)),
)
NOTICES.register(
    confirmations.KIND,
    Notice(
        label=gettext_lazy("Please confirm"),
        text=gettext_lazy("Somebody asked to join a list: nothing else is sent until they press its button."),
        to="customers",
        original=confirmations.original,
        fields={"list": gettext_lazy("Name of the list"), "business": gettext_lazy("Name of your business")},
        examples={"list": "Kiln news", "business": "Juniper Pottery Studio"},
        order=10,
    ),
)

SEGMENT_FIELDS.register("mail_sent", segment_fields.SENT)
SEGMENT_USES.register("mail", segment_fields.broadcasts_of)


@on(OptInRequested, subscriber="mail.ask_for_confirmation")
def ask_for_confirmation(event: OptInRequested) -> None:
    confirmations.ask(event.member_id, at=event.at)


@on(ListLeft, subscriber="mail.count_unsubscribes")
def count_unsubscribes(event: ListLeft) -> None:
    if event.contact_id is not None:
        answers.hear_leaving(contact_id=event.contact_id, list_id=event.list_id, at=event.at)


@on(BroadcastCompleted, subscriber="mail.count_providers")
def count_providers(event: BroadcastCompleted) -> None:
    reporting.look_again(event.broadcast_id, at=event.at)


LISTENERS.register("mail.answers", answers.hear_hits)


def _send(contact: Contact, config: Config, run_key: str, at: datetime) -> Done:
    why_not = steps.send(contact=contact, config=config, run_key=run_key, at=at)
    return Done(note=why_not or "", skipped=why_not is not None)


def _subject(config: Config) -> str:
    email = Email.objects.filter(id=config.get("email")).first() if config.get("email") else None
    return _("Send “%(subject)s”") % {"subject": email} if email is not None else _("Send an e-mail")


def _numbers(config: Config) -> str:
    if not config.get("email"):
        return ""
    counted = queries.numbers_of_email(config["email"])
    if not counted.accepted:
        return _("Nothing sent yet")
    share = round(100 * counted.clicked / counted.accepted)
    return _("%(sent)s sent · %(share)s%% clicked") % {"sent": f"{counted.accepted:,}", "share": share}


ACTIONS.register(
    "mail.send",
    Action(
        label=gettext_lazy("Send an e-mail"),
        icon="mail",
        form=EmailStepForm,
        perform=_send,
        sentence=_subject,
        detail=_numbers,
        begin=steps.begin,
        freeze=steps.freeze,
        panel="mail/step_panel.html",
        order=10,
    ),
)


def _welcome(workspace: Workspace, at: datetime) -> dict[str, Any]:
    """Joins the default list: a mail at once, and one more after two days to whoever is still there."""
    topic = lists.default(workspace, at=at)
    first = emails.create(starters.welcome(), subject=_("Good to have you here"), at=at)
    second = emails.create(starters.letter(), subject=_("One question"), at=at)
    config = {"list": str(topic.id)}
    return flows.build(
        "contacts.list_joined",
        config,
        [
            flows.action("mail.send", {**config, "email": str(first.id)}),
            flows.wait(2, "days", weekdays=True, from_hour=9, to_hour=17),
            flows.action("mail.send", {**config, "email": str(second.id)}),
        ],
    )


STARTERS.register(
    "mail.welcome",
    Starter(
        label=gettext_lazy("Welcome"),
        text=gettext_lazy("Somebody confirms your list: a warm first mail, and a second one two working days later."),
        icon="mail",
        build=_welcome,
        order=10,
    ),
)


def sent_to(contact: Contact, before: datetime, limit: int, kinds: Kinds | None) -> Sequence[TimelineEntry]:
    """Mail that a contact was sent, newest first."""
    if kinds is not None and "mail" not in kinds:
        return []
    return [
        TimelineEntry(
            each.settled_at,
            "mail",
            _("Was sent “%(subject)s”") % {"subject": each.edition or each.subject},
            kind="mail",
        )
        for each in queries.accepted_by(contact.id, before=before, limit=limit)
        if each.settled_at is not None
    ]


TIMELINE.register("mail", TimelineSource(fetch=sent_to, order=20))
TIMELINE_GROUPS.register(
    "mail", TimelineGroup(label=gettext_lazy("Mail"), kinds=frozenset({"mail", "click", "open"}), order=10)
)

LEDGER = "the record that a message was sent once; says when and to whom, not what"
for table, answer in {
    "sender": PersonalData(
        fields=("name", "address", "reply_to"), erase="keep", ground="a sender of the business itself"
    ),
    "email": PersonalData(fields=(), erase="keep", ground="names no person"),
    "emailchange": PersonalData(fields=(), erase="keep", ground="names no person"),
    "edition": PersonalData(fields=(), erase="keep", ground="names no person"),
    "inspection": PersonalData(fields=(), erase="keep", ground="names no person"),
    "listarchive": PersonalData(fields=(), erase="keep", ground="names no person"),
    "noticewords": PersonalData(fields=(), erase="keep", ground="the business's own words"),
    "noticeswitch": PersonalData(fields=(), erase="keep", ground="names no person"),
    "tally": PersonalData(fields=(), erase="keep", ground="counters"),
    "linkclick": PersonalData(fields=(), erase="keep", ground="says of a delivery, which names nobody once erased"),
    "sale": PersonalData(fields=(), erase="keep", ground="says of a delivery and an order, not whose"),
    "broadcast": PersonalData(fields=(), erase="keep", ground="names no person"),
    "delivery": PersonalData(fields=("contact_id", "address", "subject", "reply"), erase="anonymise", ground=LEDGER),
    "sealedbody": PersonalData(fields=("sealed",), erase="delete", portable=False),
}.items():
    PERSONAL_DATA.register(f"mail.{table}", answer)
