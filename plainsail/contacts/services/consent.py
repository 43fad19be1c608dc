"""Consent: asked for, confirmed, withdrawn. Each act is a row that is never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _text

from plainsail.contacts.events import ListJoined, ListLeft, OptInRequested
from plainsail.contacts.models import ConsentEntry, Contact, List, ListMember
from plainsail.contacts.services import contacts, suppression
from plainsail.kernel.events import publish
from plainsail.kernel.models import Workspace

ASK_AGAIN_AFTER = timedelta(days=1)
"""Somebody unconfirmed gets one confirmation mail a day at most, whoever fills in the form with their address."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Where an act of consent came from."""

    wording: str = ""
    source: str = ""
    form_version: int | None = None
    ip: str | None = None
    user_agent: str = ""


@transaction.atomic
def opt_in(
    workspace: Workspace,
    *,
    email: str,
    list: List,
    wording: str,
    at: datetime,
    fields: Mapping[str, Any] | None = None,
    source: str = "",
    form_version: int | None = None,
    ip: str | None = None,
    user_agent: str = "",
) -> Contact:
    """Somebody asks to join a list. They are pending until they confirm, unless they are on it already.

    Raises BadAddress, UnknownField.
    """
    proof = Proof(wording=wording, source=source, form_version=form_version, ip=ip, user_agent=user_agent)
    contact = contacts.find_or_create(email=email, source=source, at=at, fields=fields)
    ask(contact, [list], proof=proof, at=at)
    return contact


@transaction.atomic
def ask(contact: Contact, lists: Sequence[List], *, proof: Proof, at: datetime) -> None:
    """A contact asks to join lists, and is pending on each until they confirm. One mail asks for all of them at once."""
    members = [member for topic in lists if (member := _ask(contact, topic, proof, at=at)) is not None]
    if members:
        first = members[0]
        publish(OptInRequested(list_id=first.list_id, member_id=first.id, contact_id=contact.id, at=at))


def _ask(contact: Contact, topic: List, proof: Proof, *, at: datetime) -> ListMember | None:
    """Note that somebody asks to join a list; the row to be confirmed, or None where no mail is due."""
    member, is_new = ListMember.objects.select_for_update().get_or_create(
        list=topic, contact=contact, defaults={"state": ListMember.State.PENDING, "changed_at": at}
    )
    _record(contact, topic, ConsentEntry.Act.ASKED, proof, at=at)
    if member.state == ListMember.State.SUBSCRIBED:
        return None
    has_left = member.state != ListMember.State.PENDING
    if has_left:
        member.state, member.taken_from, member.changed_at = ListMember.State.PENDING, "", at
    # Only who has confirmed before can have left, so asking those at once lets nobody flood a stranger.
    is_due = is_new or has_left or member.asked_at is None or at - member.asked_at >= ASK_AGAIN_AFTER
    if is_due:
        member.asked_at = at
    member.save(update_fields=["state", "taken_from", "changed_at", "asked_at"])
    return member if is_due else None


@transaction.atomic
def join(contact: Contact, lists: Sequence[List], *, proof: Proof, at: datetime) -> None:
    """A contact joins lists by what they agreed to, without a mail to confirm: the business chose a form like that.

    Whoever left a list, or may not be written to at all, confirms all the same: else anybody could undo another's word
    by typing in their address.
    """
    left = set(contact.memberships.filter(state=ListMember.State.UNSUBSCRIBED).values_list("list_id", flat=True))
    is_shut = suppression.is_suppressed(contact)
    ask(contact, [topic for topic in lists if is_shut or topic.id in left], proof=proof, at=at)
    for topic in lists:
        if not is_shut and topic.id not in left:
            _join(contact, topic, proof, at=at)


def _join(contact: Contact, topic: List, proof: Proof, *, at: datetime) -> None:
    member, is_new = ListMember.objects.select_for_update().get_or_create(
        list=topic, contact=contact, defaults={"state": ListMember.State.SUBSCRIBED, "changed_at": at}
    )
    _record(contact, topic, ConsentEntry.Act.ASKED, proof, at=at)
    if not is_new and member.state == ListMember.State.SUBSCRIBED:
        return
    member.state, member.changed_at = ListMember.State.SUBSCRIBED, at
    member.save(update_fields=["state", "changed_at"])
    publish(ListJoined(list_id=topic.id, contact_id=contact.id, at=at))


@transaction.atomic
def confirm(member: ListMember, *, at: datetime, ip: str | None = None, user_agent: str = "") -> bool:
    """The person behind the address confirms. False where they were on the list already.

    Confirming lifts their own “never write to me”, because it is a later word of the same person; it lifts no bounce
    and no complaint.
    """
    locked = ListMember.objects.select_for_update().select_related("contact", "list").get(pk=member.pk)
    if locked.state == ListMember.State.SUBSCRIBED:
        return False
    suppression.lift_own_wish(locked.contact)
    for each in (locked, *_asked_with(locked)):
        each.state, each.taken_from, each.changed_at = ListMember.State.SUBSCRIBED, "", at
        each.save(update_fields=["state", "taken_from", "changed_at"])
        _record(locked.contact, each.list, ConsentEntry.Act.CONFIRMED, Proof(ip=ip, user_agent=user_agent), at=at)
        publish(ListJoined(list_id=each.list_id, contact_id=locked.contact_id, at=at))
    return True


def lists_asked(member: ListMember) -> list[List]:
    """The lists that one confirmation is about: the one that was named first, then those asked for in the same breath."""
    return [member.list, *(other.list for other in _asked_with(member))]


def _asked_with(member: ListMember) -> list[ListMember]:
    if member.asked_at is None:
        return []
    others = ListMember.objects.select_related("list").filter(contact=member.contact_id, asked_at=member.asked_at)
    return list(others.filter(state=ListMember.State.PENDING).exclude(pk=member.pk).order_by("list__name", "id"))


@transaction.atomic
def add_with_basis(contact: Contact, list: List, *, basis: str, source: str, at: datetime) -> bool:
    """Put a contact on a list on a stated basis (a paper form, an earlier system); False where nothing changed.

    Never lifts an unsubscription, and puts nobody on a list whose address is blocked: once they confirm another list, a
    word of ours would count for this one.
    """
    if suppression.is_suppressed(contact):
        return False
    member, is_new = ListMember.objects.select_for_update().get_or_create(
        list=list, contact=contact, defaults={"state": ListMember.State.SUBSCRIBED, "changed_at": at}
    )
    if not is_new and member.state != ListMember.State.PENDING:
        return False
    if not is_new:
        member.state, member.changed_at = ListMember.State.SUBSCRIBED, at
        member.save(update_fields=["state", "changed_at"])
    _record(contact, list, ConsentEntry.Act.IMPORTED, Proof(wording=basis, source=source), at=at)
    publish(ListJoined(list_id=list.id, contact_id=contact.id, at=at))
    return True


@transaction.atomic
def withdraw(contact: Contact, list: List, *, at: datetime, proof: Proof = Proof()) -> bool:
    """Unsubscribe from one list, by the person's own word. False where they had left already or were never on it.

    Whom the business took off before can't be put back any more; that they left is told once.
    """
    rows = ListMember.objects.filter(contact=contact, list=list)
    gone = {"state": ListMember.State.UNSUBSCRIBED, "taken_from": "", "changed_at": at}
    left = rows.exclude(state=ListMember.State.UNSUBSCRIBED).update(**gone)
    if not left and not rows.exclude(taken_from="").update(**gone):
        return False
    _record(contact, list, ConsentEntry.Act.WITHDRAWN, proof, at=at)
    if left:
        publish(ListLeft(list_id=list.id, contact_id=contact.id, at=at))
    return True


@transaction.atomic
def withdraw_all(contact: Contact, *, at: datetime, proof: Proof = Proof()) -> None:
    """Unsubscribe from everything, and never write again without a new confirmation."""
    for member in contact.memberships.select_related("list").order_by("id"):
        withdraw(contact, member.list, at=at, proof=proof)
    suppression.add(contact, reason=suppression.Reason.UNSUBSCRIBED, at=at)


def _record(contact: Contact, list: List, act: ConsentEntry.Act, proof: Proof, *, at: datetime) -> None:
    ConsentEntry.objects.create(
        contact=contact,
        list=list,
        act=act,
        wording=proof.wording,
        source=proof.source[:80],
        form_version=proof.form_version,
        ip=proof.ip,
        user_agent=proof.user_agent[:400],
        at=at,
    )
    contacts.touch([contact.id], at=at)


@transaction.atomic
def leave(contact: Contact, list: List | None, *, at: datetime) -> None:
    """Out of a list, or of everything where none is named."""
    if list is None:
        withdraw_all(contact, at=at, proof=Proof(source="unsubscribe link"))
    else:
        withdraw(contact, list, at=at, proof=Proof(source="unsubscribe link"))


@transaction.atomic
def choose(contact: Contact, *, keep: Sequence[str], stop: bool, at: datetime, ip: str | None = None) -> list[List]:
    """What the preferences page says: lists not kept are left; `stop` leaves them all for good.

    Who ticks a list that they left is asked to confirm, as by a form: a mail that was passed on carries the link to this
    page along. Returns the lists that were asked about.
    """
    proof = Proof(source="preferences page", ip=ip)
    if stop:
        withdraw_all(contact, at=at, proof=proof)
        return []
    kept, asked = _ids(keep), []
    # Lists that are put away aren't on the page: nobody could tick or untick them.
    for member in contact.memberships.filter(list__archived_at=None).select_related("list").order_by("id"):
        if member.list_id not in kept:
            withdraw(contact, member.list, at=at, proof=proof)
        elif member.state == ListMember.State.UNSUBSCRIBED:
            _ask_again(contact, member.list, proof=proof, at=at)
            asked.append(member.list)
    return asked


def _ask_again(contact: Contact, list: List, *, proof: Proof, at: datetime) -> None:
    wording = _text("Ticked “%(list)s” on the page of what they get.") % {"list": list.name}
    opt_in(contact.workspace, email=contact.email, list=list, wording=wording, source=proof.source, ip=proof.ip, at=at)


def _ids(keys: Sequence[str]) -> set[UUID]:
    found = set()
    for key in keys:
        with suppress(ValueError):
            found.add(UUID(key))
    return found
