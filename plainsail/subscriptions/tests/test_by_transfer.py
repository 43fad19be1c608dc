"""Contracts paid by bank transfer: each renewal asks for its money, reminders come by mail, nothing is ever charged."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from plainsail.commerce.models import CreditNote, Invoice, Order
from plainsail.commerce.services import catalogue, lapsing, receiving, transfer_orders
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests.factories import NOON, euros, monthly, placed
from plainsail.kernel.periods import local_date
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Charge, Transfer
from plainsail.payments.services import transfers
from plainsail.payments.services.statements import Entry
from plainsail.payments.services.transfers import BankAccount
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import addons, cancellation, changing, declaring, renewal, rescheduling
from plainsail.subscriptions.services.changing import Wanted

TO = BankAccount(holder="Juniper Kites", iban="DE89370400440532013000", days=10)


def send_money(juniper, invoice, minor=2900, *, at=NOON):
    entry = Entry(key=f"{invoice.id}/{minor}", booked_on=at.date(), amount=euros(minor), text=invoice.payment_reference)
    receiving.import_entries(juniper.pk, [entry], mode="test", at=at)


def step_until(juniper, moment: datetime) -> None:
    """Take every step that falls due by a moment, each at its own."""
    while True:
        with workspace(juniper):
            step = renewal.upcoming(moment)
        if step is None:
            return
        renewal.perform(juniper.pk, step, step.due_at)


@pytest.fixture
def contract(juniper) -> Subscription:
    """€29.00 a month, the first of them paid."""
    with workspace(juniper):
        transfers.set_up(TO, mode="test", at=NOON)
        sold = monthly()
    order = placed(juniper, sold)
    transfer_orders.ask(juniper.pk, order.pk, at=NOON)
    with workspace(juniper):
        first = Invoice.objects.get()
    send_money(juniper, first)
    with workspace(juniper):
        return Subscription.objects.get()


def local_day(moment: datetime) -> date:
    return local_date(moment, "Europe/Berlin")


def newest(juniper) -> Invoice:
    with workspace(juniper):
        return Invoice.objects.order_by("-created_at", "-id").first()


def letters(juniper) -> int:
    with workspace(juniper):
        return Delivery.objects.filter(source_kind="commerce.transfer").count()


def test_a_renewal_asks_for_its_money_and_charges_nothing(juniper, contract):
    with workspace(juniper):
        charges = Charge.objects.count()
    step_until(juniper, contract.renews_at)
    invoice = newest(juniper)
    assert (invoice.state, bool(invoice.payment_reference)) == ("open", True)
    assert invoice.due_on == date(2027, 1, 2)
    assert letters(juniper) == 1
    with workspace(juniper):
        assert Charge.objects.count() == charges
        assert DunningCase.objects.get().tries == 0


def test_its_money_settles_the_renewal(juniper, contract):
    step_until(juniper, contract.renews_at)
    later = contract.renews_at + timedelta(days=4)
    send_money(juniper, newest(juniper), at=later)
    run_jobs(at=later)
    with workspace(juniper):
        assert DunningCase.objects.get().closed_at is not None
        assert newest(juniper).state == "paid"


def test_credit_pays_a_renewal_by_itself(juniper, contract):
    with workspace(juniper):
        first = Invoice.objects.get()
    send_money(juniper, first, 2901)
    send_money(juniper, first, 2899)
    step_until(juniper, contract.renews_at)
    assert newest(juniper).state == "paid"
    assert letters(juniper) == 0


def test_reminders_come_by_mail_once_the_days_are_over_then_the_contract_ends(juniper, contract):
    step_until(juniper, contract.renews_at + timedelta(days=10))
    assert letters(juniper) == 1
    step_until(juniper, contract.renews_at + timedelta(days=12))
    assert letters(juniper) == 2
    step_until(juniper, contract.renews_at + timedelta(days=29))
    with workspace(juniper):
        contract.refresh_from_db()
        assert (contract.state, contract.end_reason) == ("ended", "payment_failed")
        assert Charge.objects.filter(state=Charge.State.DECLINED).count() == 0
    assert newest(juniper).state == "uncollectible"


def test_cancelling_takes_back_what_is_neither_paid_nor_served(juniper, contract):
    step_until(juniper, contract.renews_at)
    at = contract.renews_at + timedelta(days=1)
    with workspace(juniper):
        contract.refresh_from_db()
        declaration = declaring.from_confirm_page({"when": "period_end"}, contract, door="portal")
        request = declaring.declare(declaration, received_at=at)
        cancellation.put_in_force(request, contract, when="period_end", at=at)
    assert newest(juniper).state == "void"


def test_a_contract_given_ahead_ends_when_its_order_is_not_paid(juniper):
    with workspace(juniper):
        transfers.set_up(BankAccount(**{**TO.__dict__, "gives_at_once": True}), mode="test", at=NOON)
        sold = monthly()
    order = placed(juniper, sold)
    transfer_orders.ask(juniper.pk, order.pk, at=NOON)
    with workspace(juniper):
        assert Subscription.objects.get().state == "active"
    lapsed = NOON + timedelta(days=11)
    run_jobs(at=lapsed)
    run_jobs(at=lapsed)
    with workspace(juniper):
        assert Subscription.objects.get().state == "ended"
        assert Order.objects.get().state == "expired"


def test_what_was_given_ahead_is_paid_before_the_contract_changes(juniper):
    with workspace(juniper):
        transfers.set_up(BankAccount(**{**TO.__dict__, "gives_at_once": True}), mode="test", at=NOON)
        sold = monthly()
        other = catalogue.add_price(sold.price.product, terms=PriceTerms(amount=euros(9900), interval="month"), at=NOON)
        kiln = monthly("Kiln", 1000)
        addons.offer_to(sold.price.product, kiln.price.product, at=NOON)
    order = placed(juniper, sold)
    transfer_orders.ask(juniper.pk, order.pk, at=NOON)
    with workspace(juniper):
        contract = Subscription.objects.get()
        with pytest.raises(changing.NotChangeable, match="payment is still open"):
            changing.preview(contract, Wanted(other.price, "Studio club"), at=NOON)
        with pytest.raises(addons.NotNow, match="payment is still open"):
            addons.preview(contract, kiln, at=NOON)
        with pytest.raises(rescheduling.NotMovable, match="payment is still open"):
            rescheduling.refuse_unmovable(contract, at=NOON)
    with workspace(juniper):
        # The contract hears of it a moment later.
        assert lapsing.lapse(order.pk, at=NOON + timedelta(days=11))
        with pytest.raises(changing.NotChangeable, match="payment is still open"):
            changing.preview(contract, Wanted(other.price, "Studio club"), at=NOON + timedelta(days=11))


@pytest.fixture
def dearer(juniper, contract) -> Wanted:
    """€99.00 a month."""
    with workspace(juniper):
        product = contract.items.get().product
        terms = PriceTerms(amount=euros(9900), interval="month")
        return Wanted(catalogue.add_price(product, terms=terms, at=NOON).price, "Big club")


def change(juniper, contract, wanted, *, at=NOON):
    with workspace(juniper):
        shown = changing.preview(contract, wanted, at=at).digest
    return changing.choose(juniper.pk, contract.pk, wanted, shown=shown, trace=Trace(), at=at)


def plan(juniper, contract) -> str:
    with workspace(juniper):
        return contract.items.get(ends_on=None).description


def test_a_dearer_plan_is_asked_for_and_begins_when_its_money_comes(juniper, contract, dearer):
    made = change(juniper, contract, dearer)
    invoice = newest(juniper)
    assert (made.state, invoice.state, invoice.due.minor) == ("asked", "open", 9900)
    assert letters(juniper) == 1
    assert plan(juniper, contract) != "Big club"
    send_money(juniper, invoice, 9900)
    run_jobs(at=NOON)
    assert plan(juniper, contract) == "Big club"
    with workspace(juniper):
        assert CreditNote.objects.get().gross_minor == 2900
        assert contract.changes.get().state == "done"


def test_days_that_pass_until_the_money_comes_are_not_paid_for_twice(juniper, contract, dearer):
    change(juniper, contract, dearer)
    invoice = newest(juniper)
    later = NOON + timedelta(days=10)
    with workspace(juniper):
        days = (local_day(contract.renews_at) - local_day(NOON)).days
        expected = changing._quote(contract, changing.plan_of(contract), dearer, at=later)
    send_money(juniper, invoice, 9900, at=later)
    run_jobs(at=later)
    with workspace(juniper):
        new, old = contract.items.get(ends_on=None), contract.items.exclude(ends_on=None).get()
        assert (new.starts_on, old.ends_on) == (local_day(later), local_day(later))
        notes = {note.invoice_id: note.gross_minor for note in CreditNote.objects.all()}
        assert notes.pop(invoice.id) == 9900 - expected.charge_minor == 9900 - round(9900 * (days - 10) / days)
        assert list(notes.values()) == [expected.comes_back.minor]


def test_a_change_whose_money_does_not_come_lapses_and_nothing_is_owed(juniper, contract, dearer):
    change(juniper, contract, dearer)
    step_until(juniper, NOON + timedelta(days=15))
    with workspace(juniper):
        assert contract.changes.get().state == "dropped"
        assert Delivery.objects.filter(source_kind="subscriptions.plan_not_changed").count() == 1
        contract.refresh_from_db()
        assert contract.state == "active"
        assert not DunningCase.objects.exists()
    assert newest(juniper).state == "void"
    assert plan(juniper, contract) != "Big club"


def test_money_that_comes_after_all_changes_nothing_and_waits_for_a_person(juniper, contract, dearer):
    change(juniper, contract, dearer)
    invoice = newest(juniper)
    later = NOON + timedelta(days=15)
    step_until(juniper, later)
    send_money(juniper, invoice, 9900, at=later)
    run_jobs(at=later)
    assert plan(juniper, contract) != "Big club"
    with workspace(juniper):
        assert Transfer.objects.filter(state=Transfer.State.UNCLAIMED).count() == 1


def test_part_of_the_money_goes_back_where_the_rest_does_not_come(juniper, contract, dearer):
    change(juniper, contract, dearer)
    send_money(juniper, newest(juniper), 4000)
    step_until(juniper, NOON + timedelta(days=15))
    with workspace(juniper):
        assert sum(note.payable_minor for note in CreditNote.objects.all()) == 4000
        assert contract.changes.get().state == "dropped"


def test_a_change_that_waits_for_its_money_is_taken_back(juniper, contract, dearer):
    change(juniper, contract, dearer)
    with pytest.raises(changing.NotChangeable, match="waits for its payment"):
        change(juniper, contract, dearer)
    looked = changing.look_up(juniper.pk, contract.pk, at=NOON)
    assert (looked.state, "/transfer/" in looked.url, letters(juniper)) == ("asked", True, 1)
    assert changing.give_up(juniper.pk, contract.pk, at=NOON) is not None
    assert newest(juniper).state == "void"
    with workspace(juniper):
        assert contract.changes.get().state == "dropped"


def test_cancelling_comes_before_a_change_that_waits_for_its_money(juniper, contract, dearer):
    change(juniper, contract, dearer)
    with workspace(juniper):
        declaration = declaring.from_confirm_page({"when": "period_end"}, contract, door="portal")
        request = declaring.declare(declaration, received_at=NOON)
        cancellation.put_in_force(request, contract, when="period_end", at=NOON)
        assert contract.changes.get().state == "dropped"
    assert newest(juniper).state == "void"


def test_credit_of_the_customer_pays_for_a_change_at_once(juniper, contract, dearer):
    with workspace(juniper):
        first = Invoice.objects.get()
    send_money(juniper, first, 9900)
    assert change(juniper, contract, dearer).state == "done"
    assert plan(juniper, contract) == "Big club"
    assert letters(juniper) == 0


def test_a_cheaper_plan_asks_for_nothing_now(juniper, contract):
    with workspace(juniper):
        product = contract.items.get().product
        terms = PriceTerms(amount=euros(900), interval="month")
        cheaper = Wanted(catalogue.add_price(product, terms=terms, at=NOON).price, "Small")
    assert change(juniper, contract, cheaper).state == "planned"
    assert letters(juniper) == 0


def test_an_addon_is_asked_for_like_a_renewal_and_begins_at_once(juniper, contract):
    with workspace(juniper):
        sold = monthly("Kiln", 1000)
        addons.offer_to(contract.items.get().product, sold.price.product, at=NOON)
        shown = addons.preview(contract, sold, at=NOON).digest
    made = addons.choose(juniper.pk, contract.pk, sold, shown=shown, trace=Trace(), return_path="/", at=NOON)
    assert (made.state, newest(juniper).state, bool(newest(juniper).payment_reference)) == ("done", "open", True)
    assert letters(juniper) == 1
    send_money(juniper, newest(juniper), 1000)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert contract.items.count() == 2
        assert DunningCase.objects.get().closed_at is not None


def test_after_weeks_asleep_the_customer_is_asked_then_reminded_as_slowly_as_ever(juniper, contract):
    awake = NOON + timedelta(days=40)
    renewal.run(workspace_id=juniper.pk, at=awake)
    with workspace(juniper):
        case = DunningCase.objects.get()
        assert (case.tries, case.late_for, newest(juniper).due_on) == (0, None, awake.date() + timedelta(days=10))
    later = awake + timedelta(days=29)
    renewal.run(workspace_id=juniper.pk, at=later)
    with workspace(juniper):
        case.refresh_from_db()
        assert (case.tries, case.next_try_at) == (1, later + timedelta(days=3))
        assert not Subscription.objects.get().is_ended


def test_what_was_given_ahead_cancelled_and_paid_after_all_gives_the_days_after_its_end_back_once(juniper):
    """Found by random lives."""
    with workspace(juniper):
        transfers.set_up(BankAccount(**{**TO.__dict__, "gives_at_once": True}), mode="test", at=NOON)
        sold = monthly(minor=3000)
    order = placed(juniper, sold)
    transfer_orders.ask(juniper.pk, order.pk, at=NOON)
    cancelled_at = NOON + timedelta(days=5)
    with workspace(juniper):
        bill = Invoice.objects.get()
        data = {"when": "period_end", "shown_refund": 0}
        declaring.cancel(Subscription.objects.get(), data, door="portal", at=cancelled_at)
        assert Subscription.objects.get().is_ended
    for again in range(2):
        send_money(juniper, bill, 3000, at=cancelled_at + timedelta(days=again))
        run_jobs(at=cancelled_at + timedelta(days=again))
    with workspace(juniper):
        note = CreditNote.objects.get()
        assert (note.invoice_id, note.gross_minor) == (bill.id, 2500)
