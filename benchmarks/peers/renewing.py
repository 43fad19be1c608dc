"""Renews contracts in sets and one at a time, in a process of its own; prints a JSON object for each round.

`python -m benchmarks.peers.renewing ROUNDS SETS SINGLES MANY`, in the environment of an installation.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import django

django.setup()

import psycopg  # noqa: E402 - after Django, as all that needs its models

from plainsail.accounts.tests.factories import WorkspaceFactory  # noqa: E402
from plainsail.commerce.models import Invoice  # noqa: E402
from plainsail.commerce.services import clocks, invoicing, sellers  # noqa: E402
from plainsail.commerce.tests.factories import NOON  # noqa: E402
from plainsail.kernel import due  # noqa: E402
from plainsail.kernel.models import Workspace  # noqa: E402
from plainsail.kernel.periods import local_date  # noqa: E402
from plainsail.kernel.tenancy import workspace  # noqa: E402
from plainsail.payments.models import Charge  # noqa: E402
from plainsail.subscriptions.models import Subscription  # noqa: E402
from plainsail.subscriptions.services import (  # noqa: E402
    billing,
    charging,
    contracts,
    dunning,
    noticing,
    renewal,
    scheduling,
    swapping,
)
from plainsail.subscriptions.services.ending import CONTRACTS  # noqa: E402
from plainsail.subscriptions.tests.factories import subscribed  # noqa: E402

AT = datetime(2026, 12, 24, 9, tzinfo=UTC)
"""A day after the month for which all of them have paid."""
COPIED = {
    "contacts_contact": {"id": "contact", "email": "'c' || {n} || '@example.com'"},
    "commerce_billingaccount": {"id": "account", "contact_id": "contact"},
    "payments_sandboxrecord": {"id": "record", "ref": "'card_' || {n}", "key": "'card_' || {n}"},
    "payments_paymentmethod": {"id": "method", "payer_key": "account", "gateway_ref": "'card_' || {n}"},
    "commerce_order": {
        "id": "order",
        "billing_account_id": "account",
        "method_id": "method",
        "number": "'ORD-' || {n}",
    },
    "subscriptions_subscription": {
        "id": "contract",
        "reference": "'S-' || {n}",
        "account_id": "account",
        "order_id": "order",
        "payment_method_id": "method",
    },
    "subscriptions_subscriptionitem": {"id": "item", "subscription_id": "contract"},
}
"""The rows of a contract that are copied, and what differs in each copy: a column's expression, or whose id it bears."""
KINDS = ("contact", "account", "record", "method", "order", "contract", "item")


def main() -> None:
    rounds, sets, singles, many = map(int, sys.argv[1:])
    renew_in_sets(business(1, 40))
    renew_singly(business(2, 5))
    for number in range(rounds):
        contenders: list[tuple[str, Callable[[Workspace], None], int]] = [
            ("sets", renew_in_sets, sets),
            ("singles", renew_singly, singles),
        ]
        made = {name: business(10 + 2 * number + index, count) for index, (name, _f, count) in enumerate(contenders)}
        found = {
            name: round(count / timed(renew, made[name]), 2)
            for name, renew, count in (contenders if number % 2 else contenders[::-1])
        }
        for name, _renew, count in contenders:
            expect(made[name], count)
        say({**found, "load": round(os.getloadavg()[0], 2)})
    at_scale(many)


def at_scale(count: int) -> None:
    """Many in one go; then the same day again."""
    of = business(9, count)
    with Memory() as memory:
        seconds = timed(renew_in_sets, of)
    expect(of, count)
    charged = asked(of)
    again = timed(renew_in_sets, of)
    expect(of, count)
    say(
        {
            "renewals": count,
            "seconds": round(seconds, 1),
            "per_second": round(count / seconds, 1),
            "rss_mb_at_20_60_100_percent_of_the_time": memory.at(0.2, 0.6, 1.0),
            "second_run_seconds": round(again, 2),
            "charged_by_second_run": asked(of) - charged,
            "load": round(os.getloadavg()[0], 2),
        }
    )


def renew_in_sets(of: Workspace) -> None:
    renewal.run(workspace_id=of.pk, at=AT)


def renew_singly(of: Workspace) -> None:
    """What the product did before it had sets: the same services, one contract, a row and a statement each."""
    while True:
        with workspace(of):
            step = renewal.upcoming(clocks.seller_now(AT))
        if step is None:
            return
        _renew_one(of.pk, UUID(step.key.partition(":")[2]))


def _renew_one(workspace_id: UUID, contract_id: UUID) -> None:
    with workspace(workspace_id):
        contract = Subscription.objects.select_for_update().get(id=contract_id)
        assert sellers.may_sell(sellers.of_workspace(at=AT))
        assert not noticing.holds(contract, at=AT)
        noticing.run_on(contract)
        swapping.before_renewal(contract, at=AT)
        invoice = _invoice_one(contract)
        dunning.open_cases([(contract, invoice.id)], at=AT)
    assert contract.payment_method_id is not None
    charging.charge(workspace_id, contract.id, invoice.id, method_id=contract.payment_method_id, at=AT)


def _invoice_one(contract: Subscription) -> Invoice:
    assert contract.renews_at is not None
    day = local_date(contract.renews_at, contract.timezone)
    running = contract.items.select_for_update(of=("self",)).filter(ends_on=None).order_by("id")
    items = scheduling.due_on(list(running), day)
    lines = [billing.line(contract, item) for item in items]
    invoice = invoicing.issue(contract.account, lines=lines, named=billing.named(contract), at=AT)
    for item in items:
        item.charged_through = scheduling.next_due(item, anchor=contract.anchor_on).period.end
        item.save(update_fields=["charged_through"])
    contract.renews_at = contracts.renewal_moment(contract)
    contract.charge_from = None
    contract.state = Subscription.State.ACTIVE
    contract.save(update_fields=["renews_at", "charge_from", "state"])
    due.schedule(CONTRACTS, clocks.wall(contract.renews_at))
    return invoice


def business(number: int, count: int) -> Workspace:
    """A seller with so many contracts of €29.00 a month, all due on one day, each with a customer, an order and a card."""
    of: Workspace = WorkspaceFactory(slug=f"bench-{number}", timezone="Europe/Berlin")
    contract = subscribed(of, at=NOON)
    with workspace(of):
        noticing.plan_new()
        order = contract.account.orders.get()
        ids = {
            "contact": contract.account.contact_id,
            "account": contract.account_id,
            "method": order.method_id,
            "record": of.sandbox_records.get(kind="card").id,
            "order": order.id,
            "contract": contract.id,
            "item": contract.items.get().id,
        }
    with psycopg.connect(os.environ["BENCH_SUPERUSER"], dbname="plainsail") as connection:
        connection.execute("SET session_replication_role = replica")
        for table, changed in COPIED.items():
            _copy(connection, table, ids[changed["id"]], changed, number=number, count=count - 1)
            connection.execute(f"ANALYZE {table}".encode())
    return of


def _copy(
    connection: psycopg.Connection[object],
    table: str,
    template: object,
    changed: dict[str, str],
    *,
    number: int,
    count: int,
) -> None:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'", [table]
    )
    names = [str(name) for (name,) in rows]  # type: ignore[misc]  # one column
    values = [_expression(changed[name], number) if name in changed else f't."{name}"' for name in names]
    columns = ", ".join(f'"{name}"' for name in names)
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {', '.join(values)} FROM {table} t, generate_series(1, {count}) n "
        "WHERE t.id = %s"
    )
    connection.execute(statement.encode(), [template])


def _expression(kind: str, number: int) -> str:
    """The ids of copies ascend, as those made one after the other do."""
    if kind not in KINDS:
        return kind.format(n=f"'{number}-' || lpad(n::text, 9, '0')")
    return f"('01c{KINDS.index(kind):x}{number:04x}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def expect(of: Workspace, count: int) -> None:
    """Each contract was invoiced and charged once, by a number of its own, and no number is missing."""
    with workspace(of):
        charges = Charge.objects.filter(initiator="merchant", state="succeeded")
        numbers = sorted(int(re.sub(r"\D", "", number)) for number in Invoice.objects.values_list("number", flat=True))
        assert charges.count() == count, charges.count()
        assert charges.values("subject_id").distinct().count() == count
        assert Invoice.objects.filter(state="paid").count() == count + 1
        assert numbers == list(range(1, count + 2))


def asked(of: Workspace) -> int:
    """How often the gateway was asked for money, by its own book."""
    with workspace(of):
        return int(of.sandbox_records.filter(kind="charge").count())


def timed(renew: Callable[[Workspace], None], of: Workspace) -> float:
    began = time.perf_counter()
    renew(of)
    return time.perf_counter() - began


class Memory:
    """The resident memory of this process, looked at all along."""

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Memory:
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text()
            found = re.search(r"VmRSS:\s+(\d+) kB", status)
            self._seen.append(round(int(found[1]) / 1024, 1) if found else 0.0)
            if self._over.wait(0.1):
                return

    def at(self, *shares: float) -> list[float]:
        return [self._seen[min(int(len(self._seen) * share), len(self._seen) - 1)] for share in shares]


def say(found: dict[str, object]) -> None:
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
