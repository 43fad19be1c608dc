"""`kill -9` of the worker at any moment of its charge loop: nobody is charged twice, no invoice is lost, every unknown resolved.

The worker is a process of its own that does what falls due, as the jobs do it; its successor comes three minutes later.
PLAINSAIL_SEED=… chooses the same moments again (as far as a machine can).
"""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F

from plainsail.commerce import queries as books
from plainsail.commerce.models import Invoice
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock, events
from plainsail.kernel.models import PendingEvent, Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, SandboxRecord
from plainsail.payments.services import resolving
from plainsail.payments.tests.factories import LOST_DECLINED, LOST_TAKEN, MASTERCARD, NEVER_ARRIVES, PAYS, saved
from plainsail.subscriptions.models import DunningCase, Notice, Subscription
from plainsail.subscriptions.services import contracts, dunning, renewal, renewing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.two_processes, pytest.mark.long]

KILLS = int(os.environ.get("PLAINSAIL_KILLS") or (1000 if os.environ.get("PLAINSAIL_DEEP") else 20))
PAYING = (*[PAYS] * 7, *[MASTERCARD] * 4, *[LOST_TAKEN] * 3)
FAILING = (LOST_DECLINED, NEVER_ARRIVES)
WEEK, LATER = timedelta(days=7), timedelta(minutes=3)
KILLS_A_WEEK = 4
SUBSCRIBERS = ("commerce.settle_charge", "commerce.note_decline", "subscriptions.settle", "subscriptions.decline")


def test_kills_in_the_charge_loop_charge_nobody_twice_and_lose_nothing(
    juniper: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = int(os.environ.get("PLAINSAIL_SEED") or random.SystemRandom().randrange(2**32))
    print(f"PLAINSAIL_SEED={chosen}")
    chance = random.Random(chosen)
    monkeypatch.setattr(renewing, "AT_ONCE", 5)
    paying = open_contracts(juniper)
    killed, weeks, lasts = 0, 0, 2.0
    while killed < KILLS:
        at = NOON + WEEK * weeks
        for _each in range(KILLS_A_WEEK):
            took = killed_at_work(partial(work, juniper, at), after=chance.uniform(0, lasts))
            killed += took is None
            nobody_was_charged_twice(juniper)
            at += LATER
        began = time.monotonic()
        for _until_all_is_known in range(12):
            work(juniper, at)
            at += LATER
            if not is_open(juniper):
                # Killed between its being taken up and its charge, a further try is looked at again a day later.
                if at > NOON + WEEK * weeks + dunning.UNSETTLED:
                    break
                at += dunning.UNSETTLED
        # Moments are chosen over about as long as a week's work takes on this machine, now.
        lasts = (lasts + time.monotonic() - began) / 2
        weeks += 1
        nothing_is_lost(juniper, paying, weeks=weeks)
    print(f"{killed} kills in {weeks} weeks of {len(PAYING)} contracts that pay")


def open_contracts(of: Workspace) -> set[UUID]:
    """Weekly contracts, due at once, each with a customer and a card; returns those whose card pays."""
    found: set[UUID] = set()
    with workspace(of):
        price = commerce.offer(minor=700, interval="week").price
    for number, card in enumerate((*PAYING, *FAILING)):
        with workspace(of):
            account = commerce.account(f"customer-{number}@example.com")
        method = saved(of, card, payer_key=account.pk)
        with workspace(of):
            made = contracts.open_contract(account, prices=[price], payment_method_id=method.pk, at=NOON)
        if card in PAYING:
            found.add(made.id)
    return found


def work(of: Workspace, at: datetime) -> None:
    """What a worker's jobs do about money at a moment. No mail leaves here: letters count as taken by a mail server."""
    with clock.fixed(at):
        resolving.resolve(workspace_id=of.pk, at=at)
        _hear(of, at)
        renewal.run(workspace_id=of.pk, at=at)
        _hear(of, at)
    with workspace(of):
        Notice.objects.filter(sent_at=None).update(sent_at=F("written_at"))


def is_open(of: Workspace) -> bool:
    with workspace(of):
        return bool(Charge.objects.open().exists())


def _hear(of: Workspace, at: datetime) -> None:
    while sum(events.hear_batch(of.pk, subscriber, at=at) for subscriber in SUBSCRIBERS):
        pass


def killed_at_work(do: Callable[[], None], *, after: float) -> float | None:
    """Do something in a process of its own and kill that with -9 after some seconds; returns how long it took if it ended before."""
    connection.close()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            do()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    while time.monotonic() - began < after:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return time.monotonic() - began
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    _child, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}
    return None if status else after


def taken(of: Workspace) -> Counter[UUID]:
    """How often the gateway has taken money for an invoice, by its own book."""
    with workspace(of):
        keys = SandboxRecord.objects.filter(kind="charge", state="succeeded").values_list("key", flat=True)
        subjects = dict(Charge.objects.values_list("idempotency_key", "subject_id"))
        return Counter(subjects[key] for key in keys)


def nobody_was_charged_twice(of: Workspace) -> None:
    assert {invoice_id: times for invoice_id, times in taken(of).items() if times > 1} == {}


def tried(invoice_ids: list[UUID]) -> list[tuple[str, str, str]]:
    """What became of the charges for some invoices, for whoever reads a failure."""
    charges = Charge.objects.filter(subject_id__in=invoice_ids).order_by("created_at", "id")
    return list(charges.values_list("state", "decline_code", "method__last4"))


def nothing_is_lost(of: Workspace, paying: set[UUID], *, weeks: int) -> None:
    """Once nothing waits: every week is invoiced once and paid, the books say what the gateway's book says."""
    paid_for = taken(of)
    with workspace(of):
        assert not Charge.objects.open().exists()
        assert not PendingEvent.objects.filter(subscriber__in=SUBSCRIBERS).exists()
        invoices = Invoice.objects.in_bulk()
        billed: dict[UUID, list[UUID]] = defaultdict(list)
        for contract_id, invoice_id in DunningCase.objects.values_list("subscription_id", "invoice_id"):
            billed[contract_id].append(invoice_id)
        for contract_id in paying:
            unpaid = [one for one in billed[contract_id] if invoices[one].state != "paid"]
            assert (len(billed[contract_id]), unpaid) == (weeks, []), tried(unpaid)
            assert [paid_for[one] for one in billed[contract_id]] == [1] * weeks
        for case in DunningCase.objects.exclude(subscription_id__in=paying):
            # A try that was missed by days, as a week here goes by at once, waits for staff.
            is_waiting = case.next_try_at or case.late_for
            assert is_waiting or invoices[case.invoice_id].state in {"paid", "uncollectible"}
        numbers = sorted(int(one.number.rpartition("-")[2]) for one in invoices.values())
        assert numbers == list(range(1, len(invoices) + 1))
        assert len(invoices) == DunningCase.objects.count()
        assert books.balances()["clearing", "sandbox", "EUR"] == 700 * paid_for.total()
        assert not Subscription.objects.filter(id__in=paying).exclude(state="active").exists()
