"""What must hold after every step of a life. Named after the list in the billing design (4.3), one function each.

Not here: I12, I25 and I26 (erasing), I22 (policies, see `test_policies`), I24 (a lint). I7 and I11 compare two moments and so
stand with the rules that make them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from plainsail.commerce.models import Invoice, InvoiceLine, Rounding
from plainsail.kernel.periods import Period, boundary, day_start, local_date, part
from plainsail.payments.models import Charge, Refund
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services.quoting import from_json
from plainsail.subscriptions.tests.lives.periods import (
    boundaries_of,
    i14_boundaries_come_from_the_anchor,
    i15_an_item_begins_where_the_one_before_it_ends,
    i15_days_that_were_put_ahead_came_back,
    i15_periods_tile_an_items_life,
    i18_a_period_costs_its_price,
)
from plainsail.subscriptions.tests.lives.snapshots import Snapshot

ENDED_BY_OTHERS = {"payment_failed", "seller_closed"}


def i01_the_books_balance(now: Snapshot) -> None:
    sums: dict[object, int] = defaultdict(int)
    for one in now.postings.values():
        sums[one.entry_id, one.currency] += one.amount_minor
        assert one.currency == one.account.currency
    assert not any(sums.values())


def i01_what_is_booked_stays(before: Snapshot, now: Snapshot) -> None:
    for key, one in before.postings.items():
        kept = now.postings[key]
        assert (kept.entry_id, kept.account_id, kept.amount_minor) == (one.entry_id, one.account_id, one.amount_minor)
    for key, entry in before.entries.items():
        kept_entry = now.entries[key]
        assert (kept_entry.source_type, kept_entry.source_id, kept_entry.at) == (
            entry.source_type,
            entry.source_id,
            entry.at,
        )


def i02_never_more_goes_back_than_was_taken(now: Snapshot) -> None:
    for charge in now.charges.values():
        back = sum(one.amount_minor for one in now.refunds.values() if one.charge_id == charge.id and _is_sent(one))
        held = sum(
            one.amount_minor for one in now.disputes.values() if one.charge_id == charge.id and one.state != "won"
        )
        assert back + held <= (charge.amount_minor if charge.has_succeeded else 0), (charge, back, held)


def _is_sent(refund: Refund) -> bool:
    """One that is only asked for may still be refused by the gateway, because a dispute came first."""
    return refund.state in {"submitted", "unknown", "succeeded"}


def i03_credit_notes_stay_within_their_lines(now: Snapshot) -> None:
    credited = now.credited()
    for line in now.lines.values():
        net, tax, gross = credited.get(line.id, (0, 0, 0))
        assert 0 <= net <= line.net_minor, line
        assert 0 <= tax <= line.tax_minor, line
        assert 0 <= gross <= line.gross_minor, line
        if gross == line.gross_minor:
            assert (net, tax) == (line.net_minor, line.tax_minor), line


def _is_ours(now: Snapshot, charge: Charge) -> bool:
    """Taken by the business: neither sent nor paid by the customer of their own accord."""
    return charge.initiator == Charge.Initiator.MERCHANT and not now.is_by_transfer(charge)


def i04_nothing_is_charged_after_a_cancellation(before: Snapshot, now: Snapshot) -> None:
    for contract in now.contracts.values():
        standing = now.in_force(contract)
        if standing is None:
            continue
        bills = now.invoices_of(contract)
        listed = now.listed(contract)
        due = {bill.id: listed.get(str(_first_day(now, bill)), 0) for bill in bills}
        if standing.id in before.cancellations:
            # What somebody sends or pays by themselves is no charge of ours: it pays what is still due.
            new = [one for key, one in now.charges.items() if key not in before.charges and _is_ours(now, one)]
            ours = [one for one in new if one.subject_id in due]
            assert not [one for one in ours if one.amount_minor > due[one.subject_id]], contract  # type: ignore[index]  # every subject is an invoice
        until = local_date(standing.effective_at, contract.timezone)
        for bill in bills:
            if from_json(standing.quote.result).wish == "met" and str(_first_day(now, bill)) < str(until):
                continue  # for days that were asked for
            if bill.payment_reference:
                continue  # days that were served are still owed
            if bill.paid_at and bill.paid_at > standing.request.received_at and bill.paid_minor:
                assert bill.payable_minor == bill.paid_minor or bill.id in now.disputed_invoices(), (contract, bill)


def _first_day(now: Snapshot, bill: Invoice) -> date | None:
    days = [line.period_start for line in now.lines.values() if line.invoice_id == bill.id and line.period_start]
    return min(days, default=None)


def i05_nothing_is_invoiced_after_the_end(now: Snapshot) -> None:
    credited = now.credited()
    for contract, end in _ends(now):
        for item in now.items_of(contract):
            for line in now.lines_of(item):
                if now.invoices[line.invoice_id].state in {"draft", "uncollectible"}:
                    continue
                assert line.period_start is not None
                if day_start(line.period_start, contract.timezone) >= end and line.gross_minor:
                    taken_back = credited.get(line.id, (0, 0, 0))[2]
                    assert taken_back == line.gross_minor or line.invoice_id in now.disputed_invoices(), (
                        contract,
                        line.period_start,
                        end,
                    )


def _ends(now: Snapshot) -> Iterator[tuple[Subscription, datetime]]:
    for contract in now.contracts.values():
        standing = now.in_force(contract)
        if standing is not None:
            yield contract, standing.effective_at
        elif contract.ended_at is not None and not contract.is_paid_off:
            yield contract, contract.ended_at


def i06_an_ended_contract_is_over(now: Snapshot) -> None:
    for contract in now.contracts.values():
        if contract.is_ended:
            assert contract.renews_at is None
            assert contract.ended_at is not None
            assert all(item.ends_on is not None for item in now.items_of(contract))
            assert not [one for one in now.cases.values() if one.subscription_id == contract.id and not one.closed_at]
            assert not [
                one for one in now.changes.values() if one.subscription_id == contract.id and not one.settled_at
            ]


def i07_one_cancellation_at_most_is_in_force(now: Snapshot) -> None:
    for contract in now.contracts.values():
        standing = [
            one for one in now.cancellations.values() if one.subscription_id == contract.id and not one.is_undone
        ]
        assert len(standing) <= 1
        if not contract.is_ended:
            assert contract.scheduled_end_at == (standing[0].effective_at if standing else None)


def i08_addons_end_with_their_plan(now: Snapshot) -> None:
    for contract in now.contracts.values():
        if contract.ended_at is not None:
            last = local_date(contract.ended_at, contract.timezone)
            assert all(item.ends_on is not None and item.ends_on <= last for item in now.items_of(contract))
        standing = now.in_force(contract)
        if standing is not None:
            promise = from_json(standing.quote.result)
            assert all(item.ends_at <= promise.effective_at for item in promise.items)


def i09_what_is_paid_for_can_be_used(now: Snapshot) -> None:
    today = {one.id: local_date(now.now, one.timezone) for one in now.contracts.values()}
    open_for = {(one.source_id, one.resource) for one in now.grants.values() if one.is_live(at=now.wall)}
    replaced = now.replaced()
    for contract in now.contracts.values():
        # What another took the place of is open only where one that runs opens it too.
        over = replaced | {one.id for one in now.items_of(contract) if _was_taken_out(now, one)}
        running = {one.product_id for one in now.items_of(contract) if one.id not in over}
        for item in now.items_of(contract):
            if item.id in over:
                is_open = (contract.id, f"product:{item.product_id}") in open_for
                assert item.product_id in running or not is_open, (contract, item)
                continue
            if contract.state == "paused" and contract.scheduled_end_at is not None:
                continue  # once its end is planned nothing closes before it
            if contract.is_paid_off and not any(bill.returnable.minor for bill in now.invoices_of(contract)):
                continue  # all of it was given back or forgiven: what it opened closes once that is heard
            is_served = contract.state == "paused" and item.charged_through <= today[contract.id]
            may = contract.is_paid_off or (not contract.is_ended and not is_served)
            assert ((contract.id, f"product:{item.product_id}") in open_for) == may, (contract, contract.state)
        standing = now.in_force(contract)
        # Where the customer chose to stop at once, they were shown what comes back.
        if standing is None or from_json(standing.quote.result).when != "now":
            for line in _lines_of_ended(now, contract, is_late=False):
                _unserved_days_came_back(now, contract, line)


def what_was_paid_after_the_end_came_back(now: Snapshot) -> None:
    """For days that weren't served, once nothing waits: that it was paid after all is heard of later."""
    for contract in now.contracts.values():
        for line in _lines_of_ended(now, contract, is_late=True):
            _unserved_days_came_back(now, contract, line)


def _lines_of_ended(now: Snapshot, contract: Subscription, *, is_late: bool) -> list[InvoiceLine]:
    """What a contract that is over was billed; with `is_late` what was paid only after that, else the rest. Not if it is paid off."""
    if contract.ended_at is None or contract.is_paid_off:
        return []
    lines = [line for item in now.items_of(contract) for line in now.lines_of(item)]
    paid = {line.id: now.invoices[line.invoice_id].paid_at for line in lines}
    return [line for line in lines if is_late == ((paid[line.id] or contract.started_at) >= contract.ended_at)]


def _was_taken_out(now: Snapshot, item: SubscriptionItem) -> bool:
    removal = now.removal_of(item)
    return removal is not None and removal.effective_at <= now.now


def _unserved_days_came_back(now: Snapshot, contract: Subscription, line: InvoiceLine) -> None:
    bill = now.invoices[line.invoice_id]
    assert contract.ended_at is not None
    assert line.period_start is not None
    assert line.period_end is not None
    if bill.state != Invoice.State.PAID or bill.id in now.disputed_invoices():
        return
    last = min(max(local_date(contract.ended_at, contract.timezone), line.period_start), line.period_end)
    unserved = line.gross_minor * part(last, line.period_end, Period(line.period_start, line.period_end))
    back = now.credited().get(line.id, (0, 0, 0))[2]
    # What was given back before lowers what is left to be cut, so only its own part of the rest comes back.
    assert back + 1 >= unserved - (back * unserved / line.gross_minor if line.gross_minor else 0), (contract, line)


def i13_an_invoice_is_charged_once(now: Snapshot) -> None:
    taken: dict[object, list[Charge]] = defaultdict(list)
    for charge in now.charges.values():
        taken[charge.subject_id].append(charge)
    for invoice_id, charges in taken.items():
        bill = now.invoices[invoice_id]  # type: ignore[index]  # every subject is an invoice
        assert sum(one.has_succeeded and not now.is_by_transfer(one) for one in charges) <= 1, bill
        assert sum(one.amount_minor for one in charges if one.has_succeeded) <= bill.gross_minor, bill
        assert sum(one.is_open for one in charges) <= 1, bill
        assert all(one.amount_minor <= bill.gross_minor for one in charges), bill


def a_change_is_paid_for_once_or_not_at_all(now: Snapshot) -> None:
    """What was charged for a change that wasn't carried out goes back in full; for one that was, it is what was shown."""
    disputed = now.disputed_invoices()
    for change in now.changes.values():
        if change.invoice_id is None:
            continue
        bill = now.invoices[change.invoice_id]
        if change.state == "done":
            assert (bill.state, bill.gross_minor) == ("paid", change.quote["charge_minor"]), change
        if change.state == "dropped":
            assert bill.state == "void" or bill.payable_minor == bill.paid_minor or bill.id in disputed, change


def an_addon_is_paid_for_once_or_not_at_all(now: Snapshot) -> None:
    """What was charged for an add-on that wasn't added goes back in full; for one that was, it is what was shown."""
    disputed = now.disputed_invoices()
    for order in now.added.values():
        if order.state == "done":
            assert now.items[order.item_id].price_id == order.price_id
        if order.invoice_id is None:
            assert order.state == "done", order
            assert not order.quote["charge_minor"], order
            continue
        bill = now.invoices[order.invoice_id]
        if order.state == "done":
            assert bill.gross_minor == order.quote["charge_minor"], order
            assert bill.state == "paid" or bill.payment_reference, order
        if order.state == "dropped":
            assert bill.state == "void" or bill.payable_minor == bill.paid_minor or bill.id in disputed, order


def i16_numbers_ascend_without_gap(now: Snapshot) -> None:
    bills = [(one.number, one.issued_at) for one in now.invoices.values() if one.number]
    notes = [(one.number, one.issued_at) for one in now.notes.values()]
    orders = [(one.number, one.created_at) for one in now.orders.values()]
    for documents in (bills, notes, orders):
        documents.sort()
        numbers = [int(number.rpartition("-")[2]) for number, _at in documents]
        assert numbers == list(range(1, len(numbers) + 1))
    for documents in (bills, notes):
        moments = [at for _number, at in documents]
        assert moments == sorted(moments), moments  # type: ignore[type-var]  # numbered documents have their moment


def i17_documents_add_up(now: Snapshot) -> None:
    lines: dict[object, list[InvoiceLine]] = defaultdict(list)
    for line in now.lines.values():
        assert line.net_minor + line.tax_minor == line.gross_minor
        lines[line.invoice_id].append(line)
    for bill in now.invoices.values():
        assert bill.net_minor == sum(line.net_minor for line in lines[bill.id])
        assert bill.tax_minor == sum(line.tax_minor for line in lines[bill.id])
        assert bill.gross_minor == bill.net_minor + bill.tax_minor
        assert bill.state != Invoice.State.OPEN or bill.due.minor > 0
        assert bill.state != Invoice.State.PAID or bill.due.minor == 0


def what_is_paid_in_parts_is_paid_so_often_and_no_more(now: Snapshot) -> None:
    """Exactly so many charges unless somebody cancels: never more of them, and paid off only once all are paid or forgiven."""
    taken = {one.subject_id for one in now.charges.values() if one.has_succeeded}
    taken |= {bill.id for bill in now.invoices.values() if bill.credited_minor and bill.state == Invoice.State.PAID}
    for contract in now.contracts.values():
        for item in now.items_of(contract):
            asked = now.payments_of(item)
            if item.runs_until is not None:
                assert len(asked) <= (item.payments or 1), (contract, item)
                assert item.charged_through <= item.runs_until
                if contract.is_paid_off:
                    assert len(asked) == item.payments, (contract, item)
                    assert all(line.invoice_id in taken for line in asked), (contract, item)
            if item.cycle is not None:
                begun = [boundary(contract.anchor_on, item.cycle.interval, again) for again in range(60)]
                for start, end in pairwise(begun):
                    inside = [line for line in asked if line.period_start and start <= line.period_start < end]
                    assert len(inside) <= item.cycle.payments, (contract, start)


def what_is_paid_off_is_never_charged_again(before: Snapshot, now: Snapshot) -> None:
    new = {one.subject_id for key, one in now.charges.items() if key not in before.charges}
    for contract in before.contracts.values():
        if contract.is_paid_off:
            assert not new & {bill.id for bill in now.invoices_of(contract)}, contract
            assert now.contracts[contract.id].is_paid_off


def i19_currencies_dont_mix(now: Snapshot) -> None:
    for charge in now.charges.values():
        assert charge.currency == now.invoices[charge.subject_id].currency
    for refund in now.refunds.values():
        assert refund.currency == now.charges[refund.charge_id].currency
    for note in now.notes.values():
        assert note.currency == now.invoices[note.invoice_id].currency


def i21_every_charge_was_agreed_to(now: Snapshot) -> None:
    """Contracts that begin with an order. Those that begin without one have no record of consent yet (a gap)."""
    for contract in now.contracts.values():
        if contract.order_id is None:
            continue
        most: dict[object, int] = defaultdict(int)
        parts: Counter[object] = Counter()
        for item in now.items_of(contract):
            made = now.change_to(item) or now.order_of(item)
            agreed = now.consents[made.consent_id if made else now.orders[contract.order_id].consent_id]
            assert (item.interval_unit, item.interval_count) == (agreed.interval, agreed.interval_count)
            asked = {line.id for line in now.payments_of(item)}
            for line in now.all_lines_of(item):
                most[line.invoice_id] += agreed.amount_minor if line.id in asked else agreed.initial_minor
                parts[line.invoice_id] += 1
        for charge in now.charges.values():
            if charge.subject_id in most:
                # Prices agreed to one by one were rounded one by one: the sum, rounded once, is half a unit each beside it.
                together = parts[charge.subject_id]
                is_summed = together > 1 and now.invoices[charge.subject_id].rounding == Rounding.SUM_BY_NET
                spare = (together + 1) // 2 if is_summed else 0
                assert charge.amount_minor <= most[charge.subject_id] + spare, (contract, charge)


def i21_every_long_renewal_was_announced(now: Snapshot) -> None:
    """Fifteen days before it was invoiced, or confirmed by the customer as a resting contract went on."""
    told = {(one.subscription_id, one.about_on): one for one in now.notices.values() if one.kind == "renewal"}
    for contract in now.contracts.values():
        for item in now.items_of(contract):
            for line in now.lines_of(item):
                agreed = {one.about_on for one in now.notices.values() if one.kind == "agreed"}
                is_asked_for = line.period_start in {item.starts_on} | now.resumed_on.get(contract.id, set()) | agreed
                begins_anew = (
                    item.cycle is not None and item.cycle.interval.is_long and _begins_cycle(contract, item, line)
                )
                if is_asked_for or not (begins_anew or (item.cycle is None and item.interval.is_long)):
                    continue
                notice = told[contract.id, line.period_start]  # type: ignore[index]  # recurring lines have their days
                issued_at = now.invoices[line.invoice_id].issued_at
                assert issued_at is not None
                assert issued_at - notice.written_at >= timedelta(days=15), (contract, line, notice)


def _begins_cycle(contract: Subscription, item: SubscriptionItem, line: InvoiceLine) -> bool:
    assert item.cycle is not None
    return line.period_start in boundaries_of(contract.anchor_on, item.cycle.interval, None)


def i23_nobody_gets_more_than_they_paid(now: Snapshot) -> None:
    for bill in now.invoices.values():
        back = sum(note.payable_minor for note in now.notes.values() if note.invoice_id == bill.id)
        assert back == bill.payable_minor <= bill.paid_minor


def nothing_is_charged_while_a_bank_decides(before: Snapshot, now: Snapshot) -> None:
    """By itself, for the contract whose payment is disputed; its customer may pay."""
    waiting = {key for key, one in now.disputes.items() if one.state == "open" and key in before.disputes}
    disputed = {now.charges[now.disputes[key].charge_id].subject_id for key in waiting}
    for contract in now.contracts.values():
        bills = {bill.id for bill in now.invoices_of(contract)}
        if bills & disputed:
            for key, charge in now.charges.items():
                assert key in before.charges or charge.initiator == "customer" or charge.subject_id not in bills, (
                    contract
                )


def books_say_what_the_gateway_says(now: Snapshot) -> None:
    """Once nothing waits: what came in less what went back is what the books expect of the gateway."""
    came = sum(one.amount_minor for one in now.charges.values() if one.has_succeeded and not now.is_by_transfer(one))
    came += sum(one.amount_minor for one in now.transfers.values() if one.state == "credited")
    went = sum(one.amount_minor for one in now.refunds.values() if one.state == "succeeded")
    held = sum(one.amount_minor for one in now.disputes.values() if one.state != "won")
    kinds: dict[str, int] = defaultdict(int)
    for (kind, _subject, _currency), amount in now.balances().items():
        kinds[kind] += amount
    owed = sum(note.payable_minor for note in now.notes.values()) - sum(
        one.amount_minor for one in now.refunds.values() if one.subject_id and one.state == "succeeded"
    )
    # What was paid beyond an invoice and hasn't gone back; while the bank holds it nobody can ask for it.
    beyond = -sum(
        one.amount_minor
        for one in now.postings.values()
        if now.entries[one.entry_id].source_type in {"payment", "dispute_lost"}
        and one.account.kind == "refunds_payable"
    ) - sum(one.amount_minor for one in now.refunds.values() if one.subject_id is None and one.state == "succeeded")
    assert kinds["clearing"] == came - went - held
    assert kinds["disputes_held"] == sum(one.amount_minor for one in now.disputes.values() if one.state == "open")
    assert -kinds["refunds_payable"] == owed + beyond
    assert kinds["receivable"] == sum(one.due.minor for one in now.invoices.values() if one.state == "open")


ALWAYS = (
    i01_the_books_balance,
    i02_never_more_goes_back_than_was_taken,
    i03_credit_notes_stay_within_their_lines,
    i05_nothing_is_invoiced_after_the_end,
    i06_an_ended_contract_is_over,
    i07_one_cancellation_at_most_is_in_force,
    i08_addons_end_with_their_plan,
    i09_what_is_paid_for_can_be_used,
    i13_an_invoice_is_charged_once,
    i14_boundaries_come_from_the_anchor,
    i15_periods_tile_an_items_life,
    i15_an_item_begins_where_the_one_before_it_ends,
    i15_days_that_were_put_ahead_came_back,
    a_change_is_paid_for_once_or_not_at_all,
    an_addon_is_paid_for_once_or_not_at_all,
    i16_numbers_ascend_without_gap,
    i17_documents_add_up,
    i18_a_period_costs_its_price,
    what_is_paid_in_parts_is_paid_so_often_and_no_more,
    i19_currencies_dont_mix,
    i21_every_charge_was_agreed_to,
    i21_every_long_renewal_was_announced,
    i23_nobody_gets_more_than_they_paid,
)
BETWEEN = (
    i01_what_is_booked_stays,
    i04_nothing_is_charged_after_a_cancellation,
    what_is_paid_off_is_never_charged_again,
    nothing_is_charged_while_a_bank_decides,
)
