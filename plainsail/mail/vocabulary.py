"""What mail adds to automations: mails that people got, opened, whose links they followed, and that they left unopened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from plainsail.automations.sockets import Came, Coming, Condition, Config, StepForm, Trigger
from plainsail.contacts.sockets import having
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Delivery, Email
from plainsail.tracking.events import LinkClicked, MailOpened

NEWEST = 200


UNCERTAIN = gettext_lazy("Some programs open mails by themselves, and some hide that people did: links tell more.")


def mails_of(business: Workspace) -> Sequence[tuple[Any, str]]:
    """The newest mails with a subject: what broadcasts and automations send."""
    written = business.emails.exclude(subject="").order_by("-created_at", "-id")
    return list(written.values_list("id", "subject")[:NEWEST])


class MailForm(StepForm):
    """Which mail, or any."""

    email = forms.ChoiceField(label=gettext_lazy("Mail"), required=False)

    def prepare(self) -> None:
        self.offer("email", mails_of(self.workspace))
        self.fields["email"].choices = [("", _("Any mail")), *self.fields["email"].choices[1:]]  # type: ignore[attr-defined]  # a ChoiceField


class OpenedForm(MailForm):
    """Which mail, and how little an opening says."""

    email = forms.ChoiceField(label=gettext_lazy("Mail"), required=False, help_text=UNCERTAIN)


class ReactionForm(StepForm):
    """Which mail, and what somebody did with it."""

    email = forms.ChoiceField(label=gettext_lazy("Mail"))
    deed = forms.ChoiceField(
        label=gettext_lazy("What they did"),
        choices=[
            ("clicked", gettext_lazy("Followed a link in it")),
            ("opened", gettext_lazy("Opened it")),
            ("got", gettext_lazy("Got it")),
        ],
        help_text=UNCERTAIN,
    )

    def prepare(self) -> None:
        self.offer("email", mails_of(self.workspace))


class ClickForm(MailForm):
    """Which mail, and what the link's address holds."""

    url = forms.CharField(
        label=gettext_lazy("The link’s address has"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Leave it empty for any link."),
    )


class UnopenedForm(StepForm):
    """Which broadcast, what was not done with it, and for how long."""

    broadcast = forms.ChoiceField(label=gettext_lazy("Broadcast"))
    deed = forms.ChoiceField(
        label=gettext_lazy("What they did not do"),
        choices=[
            ("", gettext_lazy("Open it, or follow a link in it")),
            ("clicked", gettext_lazy("Follow a link in it")),
        ],
        required=False,
        help_text=UNCERTAIN,
    )
    hours = forms.IntegerField(label=gettext_lazy("Hours later"), min_value=1, max_value=24 * 30, initial=48)

    def prepare(self) -> None:
        found = self.workspace.broadcasts.select_related("email").order_by("-edited_at", "-id")[:NEWEST]
        self.offer("broadcast", ((one.id, str(one)) for one in found))


def about_mail(told: Sequence[Any], config: Config) -> Sequence[Any]:
    """Those of the events that are about the mail chosen, sent as a broadcast or by an automation. One statement."""
    if not config.get("email"):
        return told
    sent = Delivery.objects.filter(id__in=[event.delivery_id for event in told], edition__email_id=config["email"])
    meant = set(sent.values_list("id", flat=True))
    return [event for event in told if event.delivery_id in meant]


def left_unopened(business: Workspace, config: Config, since: datetime, until: datetime) -> Iterator[Coming | Came]:
    """Who got the broadcast so many hours ago, and neither opened it nor followed a link; or followed none, where only that counts.

    Reads the broadcast's rows at each look while its hours run out for somebody, and at no other. Opened by a mail
    service's program alone counts as unopened: nobody knows.
    """
    pause = timedelta(hours=config["hours"])
    broadcast = Broadcast.objects.filter(id=config["broadcast"], started_at__lte=until - pause).first()
    if broadcast is None or (broadcast.finished_at is not None and broadcast.finished_at <= since - pause):
        return
    left = Delivery.objects.filter(
        source_kind="broadcast",
        source_id=broadcast.id,
        state=Delivery.State.ACCEPTED,
        settled_at__gt=since - pause,
        settled_at__lte=until - pause,
        clicked_at=None,
        contact_id__isnull=False,
    )
    if config.get("deed") != "clicked":
        left = left.filter(opened_at=None)
    rows = left.order_by("settled_at", "id").values_list("id", "contact_id", "settled_at")
    for delivery_id, contact_id, settled_at in rows.iterator():
        yield Came(contact_id, settled_at + pause, f"unopened {delivery_id}")


def _subject(config: Config) -> str:
    found = Email.objects.filter(id=config["email"]).first() if config.get("email") else None
    return _("“%(subject)s”") % {"subject": found} if found is not None else _("any mail")


def _unopened(config: Config) -> str:
    hours = int(config.get("hours") or 0)
    found = Broadcast.objects.filter(id=config["broadcast"]).first() if config.get("broadcast") else None
    said = ngettext(
        "Has not opened “%(broadcast)s” for %(hours)d hour", "Has not opened “%(broadcast)s” for %(hours)d hours", hours
    )
    if config.get("deed") == "clicked":
        said = ngettext(
            "Has followed no link in “%(broadcast)s” for %(hours)d hour",
            "Has followed no link in “%(broadcast)s” for %(hours)d hours",
            hours,
        )
    return said % {"broadcast": found or "…", "hours": hours}


def has_reacted(config: Config, at: datetime) -> Q:
    """Got the mail, opened it, or followed a link in it; who follows one has opened it. One probe of the index of their mails."""
    sent = Delivery.objects.filter(edition__email_id=config["email"], contact_id__isnull=False)
    if config["deed"] == "clicked":
        return having(sent.filter(clicked_at__isnull=False))
    if config["deed"] == "opened":
        return having(sent.filter(Q(opened_at__isnull=False) | Q(clicked_at__isnull=False)))
    return having(sent.filter(state=Delivery.State.ACCEPTED))


def _reacted(config: Config) -> str:
    found = Email.objects.filter(id=config["email"]).first() if config.get("email") else None
    said = {"opened": _("Opened “%(mail)s”?"), "got": _("Got “%(mail)s”?")}
    return said.get(config.get("deed", ""), _("Followed a link in “%(mail)s”?")) % {"mail": found or "…"}


# Nobody tells of each opening and click: whoever waits for one is asked about every few minutes.
REACTED = Condition(
    label=gettext_lazy("Opened a mail, or followed a link?"),
    icon="mail-open",
    form=ReactionForm,
    holds_for=has_reacted,
    reads=lambda config: None,
    sentence=_reacted,
    order=15,
)
OPENED = Trigger(
    label=gettext_lazy("Opens a mail"),
    icon="mail-open",
    event=MailOpened,
    form=OpenedForm,
    choose=about_mail,
    sentence=lambda config: _("Opens %(mail)s") % {"mail": _subject(config)},
    order=24,
)
CLICKED = Trigger(
    label=gettext_lazy("Follows a link in a mail"),
    icon="link",
    event=LinkClicked,
    form=ClickForm,
    matches=lambda event, config: (config.get("url") or "") in event.url,
    choose=about_mail,
    sentence=lambda config: _("Follows a link in %(mail)s") % {"mail": _subject(config)},
    order=25,
)
UNOPENED = Trigger(
    label=gettext_lazy("Does not open a broadcast, or follows no link"),
    icon="mail",
    form=UnopenedForm,
    comes=left_unopened,
    sentence=_unopened,
    order=26,
)
