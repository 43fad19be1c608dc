"""Closing a business, taking that back, and asking for its erasure: what its owner decides. `advancing` does the rest."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.models import User
from plainsail.accounts.services import audit, hosts
from plainsail.commerce.models import Seller
from plainsail.commerce.services import sellers
from plainsail.hosting import queries
from plainsail.hosting.models import Closure
from plainsail.hosting.services import cancelling, facts, obstacles, retention
from plainsail.kernel import due
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.services import winding_down

CLOSURE = "hosting.closure"
"""Kind of due work: a closing goes one step on."""
KEPT = "hosting.kept"
"""Kind of due work: something kept of an erased business is to go."""


class IsOperator(Refusal):
    """The business that sells this installation's plans can't be closed from inside."""

    code = "is_operator"
    message = _("This business sells the plans of this installation. Whoever runs the installation ends it as a whole.")


class NothingToReopen(Refusal):
    """Nobody closed it, or it is being erased."""

    code = "nothing_to_reopen"
    message = _("There is nothing to take back.")


class CustomersFirst(Refusal):
    """What becomes of the business's own customers has to be chosen before anything is erased."""

    code = "customers_first"
    message = _("Customers of yours have running contracts. Close the business first, and choose what becomes of them.")


def in_force(business: Workspace) -> Closure | None:
    """The closing that stands, in the open workspace."""
    found: Closure | None = Closure.objects.in_force().filter(workspace=business).select_related("workspace").first()
    return found


def close(business: Workspace, *, customers: str, by: User | None, email: str, at: datetime) -> Closure:
    """Begin to close a business: it sells nothing more from now on. Opens its workspace.

    Asked again it gives the one that stands; a choice that is better for customers (`now`) takes the former one's place.
    Raises IsOperator.
    """
    _refuse_operator(business)
    promised = queries.promised_days(business)
    with workspace(business):
        Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
        closure = in_force(business) or _begin(business, promised=promised, by=by, email=email, at=at)
        if closure.state == Closure.State.WINDING_DOWN and closure.customers != customers:
            _choose(closure, customers, at=at)
        due.schedule(CLOSURE, at)
        return closure


def _refuse_operator(business: Workspace) -> None:
    if business.is_operator:
        raise IsOperator


def _begin(business: Workspace, *, promised: int, by: User | None, email: str, at: datetime) -> Closure:
    made: Closure = Closure.objects.create(
        asked_at=at,
        asked_by=by,
        email=email,
        locale=(by.locale if by else "") or business.locale,
        policy=retention.standing(promised_days=promised, at=at),
        created_at=at,
    )
    seller = Seller.objects.filter(state=Seller.State.ACTIVE).first()
    if seller is not None:
        sellers.stop_selling(seller)
    facts.note(made, "asked", at=at, by=str(by) if by else "", stopped_selling=seller is not None)
    audit.record("hosting.closed", by=by, at=at, subject=business.name)
    return made


def _choose(closure: Closure, customers: str, *, at: datetime) -> None:
    was_chosen = facts.has(closure, "customers_chosen")
    if was_chosen and closure.customers == Closure.Customers.REFUND:
        # Who was told of a refund has had it: the choice is never made worse.
        return
    closure.customers = customers
    closure.save(update_fields=["customers"])
    facts.note(closure, "customers_chosen", at=at, customers=customers)


def reopen(business: Workspace, *, by: User | None, at: datetime) -> None:
    """Take the closing back: everything is as it was, but for contracts that have ended. Raises NothingToReopen."""
    with workspace(business):
        held = Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
        closure = in_force(business)
        if closure is None or not closure.can_reopen:
            raise NothingToReopen
        _restore(held, closure, at=at)
        closure.state = Closure.State.REOPENED
        closure.save(update_fields=["state"])
        facts.note(closure, "reopened", at=at, by=str(by) if by else "")
        audit.record("hosting.reopened", by=by, at=at, subject=business.name)
        business.state = held.state
        made_by_us = facts.last(closure, "plan_cancelled")
    if made_by_us is not None:
        cancelling.undo_if(business, made_by_us.details["cancellation"], at=at)


@transaction.atomic
def _restore(business: Workspace, closure: Closure, *, at: datetime) -> None:
    business.state = Workspace.State.OPEN
    business.save(update_fields=["state"])
    hosts.reopen_sites(business)
    asked = facts.last(closure, "asked")
    if asked is not None and asked.details["stopped_selling"]:
        sellers.sell_again(sellers.of_workspace(at=at))
    winding_down.take_back_all(business, at=at)


def ask_erasure(business: Workspace, *, by: User | None, email: str, at: datetime) -> Closure:
    """Ask for everything to be erased without waiting for the end of the grace. Opens its workspace.

    It happens as soon as nothing stands in the way; the day by which it has to be answered is written down.
    Raises IsOperator, CustomersFirst.
    """
    _refuse_operator(business)
    promised = queries.promised_days(business)
    with workspace(business):
        Workspace.objects.select_for_update(no_key=True).get(pk=business.pk)
        closure = in_force(business)
        if closure is None and winding_down.running(business).exists():
            raise CustomersFirst
        closure = closure or _begin(business, promised=promised, by=by, email=email, at=at)
        if closure.erase_asked_at is None:
            closure.erase_asked_at = at
            closure.answer_by = retention.answer_by(closure.policy, at, zone=business.timezone)
            closure.save(update_fields=["erase_asked_at", "answer_by"])
            facts.note(closure, "erasure_asked", at=at, by=str(by) if by else "")
            audit.record("hosting.erasure_asked", by=by, at=at, subject=business.name)
        due.schedule(CLOSURE, at)
        return closure


def take_over_refunds(business: Workspace, *, by: User | None, at: datetime) -> None:
    """A person has paid back what the gateway could not; in the open workspace. Raises NothingToReopen without a closing."""
    closure = in_force(business)
    if closure is None:
        raise NothingToReopen
    facts.note(closure, obstacles.REFUNDS_TAKEN_OVER, at=at, by=str(by) if by else "")
    due.schedule(CLOSURE, at)
