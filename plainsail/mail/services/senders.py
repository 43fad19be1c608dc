"""The senders of a business: one is made by itself, the owner may change it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from plainsail.kernel import environment
from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.mail.events import SenderPaused
from plainsail.mail.models import Sender
from plainsail.mail.services import headers
from plainsail.mail.services.buckets import Limits


class AddressTaken(Refusal):
    """Another sender of this business has this address."""

    code = "address_taken"
    message = _("There is a sender with this address already.")


def default() -> Sender:
    """The sender that mail comes from where nothing else is chosen; made on first use from the business's name."""
    found: Sender | None = Sender.objects.filter(is_default=True).first()
    if found is not None:
        return found
    business = Workspace.objects.get(id=current_workspace_id())
    made: Sender
    made, _is_new = Sender.objects.get_or_create(
        is_default=True, defaults={"name": business.name[:100], "address": first_address(business)}
    )
    return made


def first_address(business: Workspace) -> str:
    """An address to begin with, under the domain of this installation."""
    domain = environment.current().base_domain
    return f"{business.slug}@{domain}" if "." in domain else f"hello@{business.slug}.{domain}"


def add(*, name: str, address: str, reply_to: str) -> Sender:
    """A further sender. Raises Unmailable, AddressTaken."""
    bare = headers.address(address)
    if Sender.objects.filter(address=bare).exists():
        raise AddressTaken(field="address")
    made: Sender = Sender.objects.create(name=headers.one_line(name), address=bare, reply_to=_reply_to(reply_to))
    return made


def change(sender: Sender, *, name: str, address: str, reply_to: str) -> Sender:
    """Rename or readdress a sender; a pause ends with it. Raises Unmailable, AddressTaken."""
    bare = headers.address(address)
    if Sender.objects.filter(address=bare).exclude(id=sender.id).exists():
        raise AddressTaken(field="address")
    sender.name, sender.address, sender.reply_to = headers.one_line(name), bare, _reply_to(reply_to)
    sender.paused_at, sender.pause_reason = None, ""
    sender.save(update_fields=["name", "address", "reply_to", "paused_at", "pause_reason"])
    return sender


def make_default(sender: Sender) -> None:
    """Mail comes from this sender where nothing else is chosen."""
    Sender.objects.filter(is_default=True).exclude(id=sender.id).update(is_default=False)
    Sender.objects.filter(id=sender.id).update(is_default=True)


def pause(sender: Sender, *, reason: str, at: datetime) -> None:
    """Let nothing leave in this name: servers refuse the sender itself, and more mail would make it worse."""
    if Sender.objects.filter(id=sender.id, paused_at=None).update(paused_at=at, pause_reason=reason):
        publish(SenderPaused(sender_id=sender.id, at=at))


def tell_if_paused(sender: Sender, *, since: datetime) -> None:
    """Tell of a pause that a sending process wrote down by itself. Told by several of them it is one pause all the same."""
    found = Sender.objects.filter(id=sender.id, paused_at__gte=since).first()
    if found is not None and found.paused_at is not None:
        publish(SenderPaused(sender_id=found.id, at=found.paused_at))


def limit(
    sender: Sender,
    *,
    most_a_day: int | None,
    most_an_hour: int | None,
    most_an_hour_each: int | None,
    warms_up: bool,
    at: datetime,
) -> None:
    """How much may leave in this name; None is no limit. A warm-up begins on the day it is switched on and goes on."""
    since = (sender.warms_up_since or at.date()) if warms_up else None
    Sender.objects.filter(id=sender.id).update(
        most_a_day=most_a_day,
        most_an_hour=most_an_hour,
        most_an_hour_each=most_an_hour_each,
        warms_up_since=since,
    )


def most_today(sender: Sender, *, at: datetime) -> int | None:
    """Messages that may leave in this name today (UTC); None is no limit."""
    limits = Limits(sender.most_a_day, sender.most_an_hour, sender.most_an_hour_each, sender.warms_up_since)
    return limits.most_on(at.date())


def resume(sender: Sender, *, at: datetime) -> None:
    """Somebody looked at it: mail may leave again."""
    Sender.objects.filter(id=sender.id).update(paused_at=None, pause_reason="", resumed_at=at)


def _reply_to(value: str) -> str:
    return headers.address(value) if value.strip() else ""
