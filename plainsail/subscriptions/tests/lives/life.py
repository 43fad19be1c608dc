"""One business for one life: its wall clock, its inbox of events, its waiting jobs. Everything else is the real thing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction

from plainsail.commerce.models import Seller
from plainsail.commerce.services import clocks, sellers
from plainsail.kernel import clock, events
from plainsail.kernel.jobs import JOBS
from plainsail.kernel.models import PendingEvent, Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, GatewayAccount, Refund
from plainsail.payments.services import charging, resolving, transfers
from plainsail.subscriptions.models import PolicyVersion, Subscription
from plainsail.subscriptions.services import renewal
from plainsail.subscriptions.tests.lives.snapshots import Snapshot, take

MONEY = ("commerce.", "subscriptions.")
WORDS = {"commerce.send_receipt"}
"""Heard by nobody here: mails change no money, and each costs as much as a renewal."""
JOBS_OF_MONEY = ("payments.submit_refund", "subscriptions.settle_declaration")
STEPS_AT_ONCE = 15
"""How many renewals one move of the clock may bring; beyond that a life takes too long."""


class Life:
    """A seller with its customers, from its first day on. All moments are the seller's; `wall` is the wall's."""

    def __init__(self, of: Workspace, *, zone: str, wall: datetime, **facts: object) -> None:
        self.of = of
        self.wall = wall
        self.ahead = timedelta(0)
        self.is_closing = False
        self.charges_at_closing = 0
        with workspace(of):
            sellers.of_workspace(at=wall)
            Seller.objects.update(timezone=zone, **facts)

    def promise(self, kind: str, text: dict[str, object]) -> None:
        """What the business's policy of a kind says from its first day on."""
        with workspace(self.of):
            PolicyVersion.objects.create(kind=kind, version=1, text=text | {"version": 1}, made_at=self.wall)

    @property
    def now(self) -> datetime:
        return self.wall + self.ahead

    def snapshot(self) -> Snapshot:
        with workspace(self.of):
            with connection.cursor() as cursor:
                # What is checked at the end of a transaction is checked now: a life never commits.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            return take(now=self.now, wall=self.wall)

    def advance(self, by: timedelta) -> None:
        """Move the seller's clock ahead, not further than a life can bear."""
        now = self.now
        to = min(now + by, self._bearable(now))
        clocks.advance(self.of.pk, to=to, at=self.wall)
        self.ahead = to - self.wall

    def _bearable(self, now: datetime) -> datetime:
        with workspace(self.of):
            shortest = [
                item.interval.count * {"day": 1, "week": 7, "month": 30, "year": 365}[item.interval.unit]
                for one in Subscription.objects.filter(ended_at=None)
                for item in one.items.filter(ends_on=None).exclude(interval_unit="")
            ]
        return now + timedelta(days=min(shortest, default=400) * STEPS_AT_ONCE)

    def wait(self, by: timedelta) -> None:
        """Let the wall's clock tick, and ask the gateway about what is open."""
        self.wall += by
        with clock.fixed(self.wall):
            resolving.resolve(workspace_id=self.of.pk, at=self.wall)

    def run_due(self) -> None:
        with clock.fixed(self.wall):
            renewal.run(workspace_id=self.of.pk, at=self.wall)

    def run_jobs(self) -> None:
        """Refunds are sent, public declarations matched; everything else that waits is left out."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = ANY(%s) RETURNING id, task_name, args",
                [list(JOBS_OF_MONEY)],
            )
            waiting = sorted(cursor.fetchall())
        with clock.fixed(self.wall):
            for _id, name, arguments in waiting:
                call = arguments if isinstance(arguments, dict) else __import__("json").loads(arguments)
                JOBS[name].perform(call["call"], call["workspace"])

    def hear(self, *, order: random.Random | None = None, copies: int = 1) -> int:
        """Let the money's subscribers hear what waits: in order, or shuffled and each several times."""
        with workspace(self.of), clock.fixed(self.wall):
            waiting = [
                row
                for row in PendingEvent.objects.select_related("event").order_by("event__created_at", "id")
                if row.subscriber.startswith(MONEY) and row.subscriber not in WORDS
            ]
        told = waiting * copies
        if order is not None:
            order.shuffle(told)
        with workspace(self.of), clock.fixed(self.wall):
            for row in told:
                self._tell(row)
            PendingEvent.objects.filter(pk__in=[row.pk for row in waiting]).delete()
        return len(waiting)

    def _tell(self, row: PendingEvent) -> None:
        for listening in events.listeners(row.event.name):
            if listening.subscriber == row.subscriber:
                listening.handler(events.rebuild(listening.event, row.event))

    def hear_all(self, **how: object) -> None:
        for _round in range(20):
            if not self.hear(**how):  # type: ignore[arg-type]  # the same arguments
                return
        raise AssertionError("Events keep making events.")

    def follow_gateway(self, *, again: bool = False) -> None:
        """Read the gateway's news; `again` as if nothing had been read before."""
        with workspace(self.of):
            if again:
                GatewayAccount.objects.update(changes_cursor="")
        with clock.fixed(self.wall):
            resolving.follow_changes(workspace_id=self.of.pk, at=self.wall)

    def look_up_everything(self) -> None:
        """The gateway tells of every charge once more."""
        with workspace(self.of):
            ids = list(Charge.objects.order_by("created_at", "id").values_list("id", flat=True))
        for charge_id in ids:
            charging.look_up(self.of.pk, charge_id, at=self.wall)

    def send_by_hand(self, refund: Refund) -> None:
        """Staff send a refund at their bank, and say so."""
        with clock.fixed(self.wall):
            transfers.confirm_sent(self.of.pk, refund.id, at=self.wall)

    def settle_down(self) -> None:
        """Until nothing waits: outcomes are known, events heard, refunds sent."""
        self.follow_gateway()
        for _round in range(6):
            self.hear_all()
            self.run_jobs()
            with workspace(self.of):
                to_send = list(transfers.to_send())
            for refund in to_send:
                self.send_by_hand(refund)
            with workspace(self.of):
                if not Charge.objects.open().exists() and not Refund.objects.exclude(state__in=Refund.FINAL).exists():
                    break
            self.wait(timedelta(minutes=90))
        self.hear_all()

    @contextmanager
    def undone_afterwards(self) -> Iterator[None]:
        """What happens inside didn't happen."""
        moment, token = (self.wall, self.ahead), transaction.atomic()
        token.__enter__()
        try:
            yield
        finally:
            transaction.set_rollback(True)
            token.__exit__(None, None, None)
            self.wall, self.ahead = moment

    def outcome(self, of: Callable[[], None]) -> object:
        """How the books would stand if something happened, ids and times left out."""
        with self.undone_afterwards():
            of()
            return self.snapshot().digest()
