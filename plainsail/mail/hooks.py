"""All the wiring of mail: confirmations, readers' answers, the step “send an e-mail”, menu, timeline, personal data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.accounts.sockets import API_SCOPES, AUDIT_ACTIONS, ApiScope, AuditAction
from plainsail.automations.sockets import (
    ACTIONS,
    CONDITIONS,
    STARTERS,
    TRIGGERS,
    Action,
    Config,
    Done,
    Work,
    Written,
)
from plainsail.contacts.events import ListLeft, OptInRequested
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import (
    EXPORTED,
    LIST_USES,
    SEGMENT_FIELDS,
    SEGMENT_USES,
    TAKEN_OUT,
    TIMELINE,
    TIMELINE_GROUPS,
    ExportedTable,
    Kinds,
    TimelineEntry,
    TimelineGroup,
    TimelineSource,
)
from plainsail.files.sockets import USES, UserOfFiles
from plainsail.kernel import environment
from plainsail.kernel.events import on
from plainsail.kernel.http import workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.mail import queries, recipes, segment_fields, vocabulary
from plainsail.mail.events import BroadcastCompleted, BroadcastHeld, SenderPaused
from plainsail.mail.forms import EmailStepForm
from plainsail.mail.models import Broadcast, Email, Feedback, Sender
from plainsail.mail.services import answers, confirmations, forgetting, gate, reporting, steps, team_letters, uses
from plainsail.mail.sockets import NOTICES, Notice
from plainsail.tracking.sockets import ACCEPTED, LISTENERS, RECLASSED
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

USES.register("mail", UserOfFiles(label=gettext_lazy("Emails"), uses=uses.of_file))

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
        pages=("mail:sender", "mail:new_sender", "mail:limits", "mail:carriers", "mail:carrier", "mail:new_carrier"),
    ),
)

SETTINGS.register(
    "sending_domains",
    SettingsItem(
        label=gettext_lazy("Sending domains"),
        url="mail:domains",
        order=50,
        can="mail.view",
        pages=("mail:domain", "mail:new_domain", "mail:domain_reports"),
    ),
)
AUDIT_ACTIONS.register(
    gate.PASSED, AuditAction(label=gettext_lazy("Let a broadcast leave although its domain was not ready"))
)
AUDIT_ACTIONS.register(
    gate.MAIL_PASSED,
    AuditAction(label=gettext_lazy("Let a mail of an automation leave although its domain was not ready")),
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

NOTICES.register(
    team_letters.HELD,
    Notice(
        label=gettext_lazy("A broadcast could not leave"),
        text=gettext_lazy("Its domain, your address or its sender is not as it must be: a mail to every owner."),
        to="team",
        original=team_letters.original_held,
        fields={"subject": gettext_lazy("Subject of the broadcast")},
        examples={"subject": "News from the kiln"},
        may_be_silent=True,
        order=20,
    ),
)
NOTICES.register(
    team_letters.PAUSED,
    Notice(
        label=gettext_lazy("A sender is stopped"),
        text=gettext_lazy("Servers refuse it, too many complained, or an import is full of dead addresses."),
        to="team",
        original=team_letters.original_paused,
        fields={"sender": gettext_lazy("Name and address of the sender")},
        examples={"sender": "Juniper Pottery Studio <hello@juniper.example>"},
        may_be_silent=True,
        order=30,
    ),
)

SEGMENT_FIELDS.register("mail_sent", segment_fields.SENT)
SEGMENT_USES.register("mail", segment_fields.broadcasts_of)
LIST_USES.register("mail", segment_fields.broadcasts_about)


@on(OptInRequested, subscriber="mail.ask_for_confirmation")
def ask_for_confirmation(event: OptInRequested) -> None:
    confirmations.ask(event.member_id, at=event.at)


@on(ListLeft, subscriber="mail.count_unsubscribes")
def count_unsubscribes(event: ListLeft) -> None:
    if event.contact_id is not None and event.is_own_word:
        answers.hear_leaving(contact_id=event.contact_id, list_id=event.list_id, at=event.at)


@on(BroadcastHeld, subscriber="mail.tell_team")
def tell_of_held(event: BroadcastHeld) -> None:
    found = Broadcast.objects.select_related("email", "edition", "sender").get(id=event.broadcast_id)
    team_letters.tell_held(found, at=event.at)


@on(SenderPaused, subscriber="mail.tell_team")
def tell_of_paused(event: SenderPaused) -> None:
    team_letters.tell_paused(Sender.objects.get(id=event.sender_id), at=event.at)


@on(BroadcastCompleted, subscriber="mail.count_providers")
def count_providers(event: BroadcastCompleted) -> None:
    reporting.look_again(event.broadcast_id, at=event.at)


LISTENERS.register("mail.answers", answers.hear_hits)
RECLASSED.register("mail.answers", answers.unhear_clicks)
ACCEPTED.register("mail", queries.accepted_at)


def _send(contact: Contact, config: Config, run_key: str, at: datetime) -> Done:
    why_not = steps.send(contact=contact, config=config, run_key=run_key, at=at)
    return Done(note=why_not or "", skipped=why_not is not None)


def _send_many(work: Sequence[Work], config: Config, at: datetime) -> dict[str, Done]:
    return {key: Done(note=why_not, skipped=True) for key, why_not in steps.send_many(work, config, at).items()}


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


def _written(business: Workspace, configs: Sequence[Config]) -> list[Written | None]:
    """What is known of the mails of some steps. Two statements, whatever their number."""
    keys = [UUID(one["email"]) for one in configs if one.get("email")]
    emails = Email.objects.filter(workspace=business).in_bulk(keys)
    counted = queries.numbers_of_emails(keys)
    found: list[Written | None] = []
    for config in configs:
        email = emails.get(UUID(config["email"])) if config.get("email") else None
        numbers = counted.get(email.id, queries.Numbers()) if email else queries.Numbers()
        found.append(
            email
            and Written(
                subject=email.subject,
                url=workspace_url(business, "mail:email", email.id),
                got=numbers.accepted,
                clicked=numbers.clicked,
                opened=numbers.opened,
            )
        )
    return found


ACTIONS.register(
    steps.ACTION,
    Action(
        label=gettext_lazy("Send an e-mail"),
        icon="mail",
        form=EmailStepForm,
        perform=_send,
        perform_many=_send_many,
        sentence=_subject,
        detail=_numbers,
        begin=steps.begin,
        check_live=steps.check_live,
        freeze=steps.freeze,
        again=lambda config, at: steps.again(config, at=at),
        panel="mail/step_panel.html",
        is_mail=True,
        written=_written,
        entitle=steps.entitle,
        order=10,
    ),
)


CONDITIONS.register("mail.reacted", vocabulary.REACTED)
TRIGGERS.register("mail.opened", vocabulary.OPENED)
TRIGGERS.register("mail.clicked", vocabulary.CLICKED)
TRIGGERS.register("mail.unopened", vocabulary.UNOPENED)


for key, starter in recipes.ALL.items():
    STARTERS.register(key, starter)


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


EXPORTED.register("mail", ExportedTable(columns=queries.MAIL_COLUMNS, rows=queries.mail_of_contacts, order=20))
TIMELINE.register("mail", TimelineSource(fetch=sent_to, order=20))


REASONS: dict[str, Any] = {
    "no_such_mailbox": gettext_lazy("the address doesn’t exist"),
    "no_such_domain": gettext_lazy("the domain of the address doesn’t exist"),
    "mailbox_disabled": gettext_lazy("the mailbox was closed"),
    "mailbox_full": gettext_lazy("the mailbox is full"),
    "mailbox_busy": gettext_lazy("the mailbox gets too much at once"),
    "sender_not_on_its_list": gettext_lazy("the mailbox takes mail from some senders only"),
    "server_unreachable": gettext_lazy("the mail server could not be reached"),
    "server_in_trouble": gettext_lazy("the mail server was in trouble"),
    "too_large": gettext_lazy("the message was too large"),
    "malformed": gettext_lazy("the server found a fault in the message"),
    "content_refused": gettext_lazy("the server refused what was in the message"),
    "sender_refused": gettext_lazy("the server refused the sender"),
    "sent_too_much": gettext_lazy("more was sent than the mail server lets out"),
    "not_authenticated": gettext_lazy("the sender’s domain isn’t set up as the server wants it"),
    "blocklisted": gettext_lazy("the server blocks this sender"),
    "taken_for_spam": gettext_lazy("the server took the message for spam"),
    "refused_by_policy": gettext_lazy("a policy of the server refused it"),
    "on_services_list": gettext_lazy("the mail service keeps the address on a list of its own"),
    "some_recipients": gettext_lazy("some of the people behind the address didn’t get it"),
    "still_trying": gettext_lazy("the server still tries"),
}


def came_back(contact: Contact, before: datetime, limit: int, kinds: Kinds | None) -> Sequence[TimelineEntry]:
    """Bounces, complaints and automatic replies of a contact, newest first."""
    if kinds is not None and "feedback" not in kinds:
        return []
    return [
        TimelineEntry(
            each.received_at, "mail", _worded(each), text=each.words if each.kind == "bounce" else "", kind="feedback"
        )
        for each in queries.feedback_of(contact.id, before=before, limit=limit)
    ]


def _worded(kept: Feedback) -> str:
    if kept.kind == Feedback.Kind.COMPLAINT:
        return _("Reported a mail as spam: gets no more")
    if kept.kind != Feedback.Kind.BOUNCE:
        return str(Feedback.Kind(kept.kind).label)
    reason = str(REASONS.get(kept.reason, _("no reason was given")))
    if kept.effect == Feedback.Effect.SUPPRESSED:
        return _("A mail came back: %(reason)s. The address is written to no more") % {"reason": reason}
    return _("A mail came back: %(reason)s") % {"reason": reason}


TIMELINE.register("mail_feedback", TimelineSource(fetch=came_back, order=21))
TIMELINE_GROUPS.register(
    "mail", TimelineGroup(label=gettext_lazy("Mail"), kinds=frozenset({"mail", "click", "open", "feedback"}), order=10)
)

LEDGER = "the record that a message was sent once; says when and to whom, not what"
for table, answer in {
    "sender": PersonalData(
        fields=("name", "address", "reply_to"), erase="keep", ground="a sender of the business itself"
    ),
    "email": PersonalData(fields=(), erase="keep", ground="names no person"),
    "emailchange": PersonalData(fields=("by",), erase="keep", ground="which of the staff changed a mail"),
    "carrier": PersonalData(fields=(), erase="keep", ground="keys of the business; names no person"),
    "edition": PersonalData(fields=(), erase="keep", ground="names no person"),
    "bucket": PersonalData(fields=(), erase="keep", ground="names no person"),
    "exchange": PersonalData(fields=(), erase="keep", ground="domains of mailbox providers, not addresses"),
    "inspection": PersonalData(fields=(), erase="keep", ground="names no person"),
    "listarchive": PersonalData(fields=(), erase="keep", ground="names no person"),
    "noticewords": PersonalData(fields=(), erase="keep", ground="the business's own words"),
    "noticeswitch": PersonalData(fields=(), erase="keep", ground="names no person"),
    "tally": PersonalData(fields=(), erase="keep", ground="counters"),
    "linkclick": PersonalData(fields=(), erase="keep", ground="says of a delivery, which names nobody once erased"),
    "sale": PersonalData(fields=(), erase="keep", ground="says of a delivery and an order, not whose"),
    "broadcast": PersonalData(fields=(), erase="keep", ground="names no person"),
    "delivery": PersonalData(fields=("contact_id", "address", "subject", "reply"), erase="anonymise", ground=LEDGER),
    "feedback": PersonalData(
        fields=("contact_id", "words", "excerpt"), erase="anonymise", ground="totals of what came back stay"
    ),
    "straymail": PersonalData(fields=("sealed",), erase="keep", ground="sealed, nobody’s, gone after ninety days"),
    "sendingdomain": PersonalData(fields=(), erase="keep", ground="names no person"),
    "dmarcreport": PersonalData(fields=(), erase="keep", ground="names no person"),
    "dmarcday": PersonalData(fields=(), erase="keep", ground="addresses of servers, which are no people"),
    "dkimkey": PersonalData(fields=(), erase="keep", ground="a key of the business", portable=False),
    "gateoverride": PersonalData(fields=("person",), erase="keep", ground="who on the team took it upon themselves"),
    "sealedbody": PersonalData(fields=("sealed",), erase="delete", portable=False),
}.items():
    PERSONAL_DATA.register(f"mail.{table}", answer)

TAKEN_OUT.register("mail.sealedbody", forgetting.bodies)
TAKEN_OUT.register("mail.delivery", forgetting.deliveries)
TAKEN_OUT.register("mail.feedback", forgetting.feedback)
