"""Bank transfer from the checkout to the books: asked for, matched, paid in part or beyond, lapsed, paid back by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plainsail.commerce import queries
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.services import girocode, lapsing, receiving, refunding, transfer_orders
from plainsail.commerce.tests.factories import NOON, euros, monthly, offer, pay, placed
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Refund, Transfer
from plainsail.payments.services import transfers
from plainsail.payments.services.statements import Entry
from plainsail.payments.services.transfers import BankAccount
from plainsail.portal.models import Grant

TO = BankAccount(holder="Juniper Kites", iban="DE89370400440532013000", bic="COBADEFFXXX", days=10)
DAY = date(2026, 11, 25)
LATER = NOON + timedelta(days=2)
LAPSED = NOON + timedelta(days=11)


@pytest.fixture
def account(juniper):
    with workspace(juniper):
        return transfers.set_up(TO, mode="test", at=NOON)


def ordered(juniper, sold=None, *, at=NOON) -> Order:
    if sold is None:
        with workspace(juniper):
            sold = offer()
    order = placed(juniper, sold, at=at)
    transfer_orders.ask(juniper.pk, order.pk, at=at)
    return order


def billed(juniper) -> Invoice:
    with workspace(juniper):
        return Invoice.objects.select_related("order").get()


def entry(invoice, minor=17500, *, key="A/0", currency="EUR", iban="NL91ABNA0417164300") -> Entry:
    amount = Money(minor, currency)
    text = f"Thanks! {invoice.payment_reference}"
    return Entry(key=key, booked_on=DAY, amount=amount, payer_name="M. Thiessen", payer_iban=iban, text=text)


def imported(juniper, *entries, at=LATER):
    return receiving.import_entries(juniper.pk, entries, mode="test", at=at)


def access(juniper, *, at) -> int:
    with workspace(juniper):
        return Grant.objects.live(at=at).count()


def test_an_order_by_transfer_is_invoiced_at_once_and_says_where_to_send_it(juniper, account):
    ordered(juniper)
    invoice = billed(juniper)
    assert (invoice.state, invoice.order.state, invoice.due_on) == ("open", "open", date(2026, 12, 3))
    # One in a hundred begins with something that is right by its check digits, too; only one of them is anybody’s.
    assert invoice.payment_reference in transfers.references_in(invoice.payment_reference)
    assert invoice.document["payment"] == {
        "holder": "Juniper Kites",
        "iban": TO.iban,
        "bic": TO.bic,
        "reference": invoice.payment_reference,
        "due_minor": 17500,
    }
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Delivery.objects.filter(source_kind="commerce.transfer").count() == 1
    assert access(juniper, at=NOON) == 0


def test_asking_twice_changes_nothing(juniper, account):
    order = ordered(juniper)
    first = billed(juniper)
    transfer_orders.ask(juniper.pk, order.pk, at=LATER)
    again = billed(juniper)
    assert (again.payment_reference, again.number, again.order.pay_by) == (
        first.payment_reference,
        first.number,
        first.order.pay_by,
    )


def test_what_comes_in_with_the_reference_pays_the_order(juniper, account):
    ordered(juniper)
    done = imported(juniper, entry(billed(juniper)))
    run_jobs(at=LATER)
    invoice = billed(juniper)
    assert (done.new, done.matched) == (1, 1)
    assert (invoice.state, invoice.order.state, invoice.order.paid_at) == ("paid", "paid", LATER)
    with workspace(juniper):
        assert queries.customer_credits(juniper) == []
    assert access(juniper, at=LATER) == 1


def test_importing_it_again_is_harmless(juniper, account):
    ordered(juniper)
    invoice = billed(juniper)
    imported(juniper, entry(invoice))
    again = imported(juniper, entry(invoice))
    assert (again.new, again.matched) == (0, 0)
    with workspace(juniper):
        assert Transfer.objects.count() == 1
        assert queries.customer_credits(juniper) == []


def test_less_leaves_the_rest_open_and_the_rest_pays_it(juniper, account):
    ordered(juniper)
    invoice = billed(juniper)
    imported(juniper, entry(invoice, 10000))
    assert (billed(juniper).state, billed(juniper).due) == ("open", euros(7500))
    run_jobs(at=LAPSED)
    assert billed(juniper).order.state == "open"
    imported(juniper, entry(invoice, 7500, key="A/1"), at=LAPSED)
    assert (billed(juniper).state, billed(juniper).order.state) == ("paid", "paid")


def test_more_stays_the_customer_s_credit_and_pays_the_next_invoice(juniper, account):
    ordered(juniper)
    imported(juniper, entry(billed(juniper), 20000))
    with workspace(juniper):
        (credit,) = queries.customer_credits(juniper)
        assert credit.amount == euros(2500)
        sold = offer("Kite", 2000)
    ordered(juniper, sold, at=LATER)
    run_jobs(at=LATER)
    with workspace(juniper):
        assert Invoice.objects.get(gross_minor=2000).state == "paid"
        assert queries.customer_credits(juniper)[0].amount == euros(500)


def test_credit_is_sent_back_by_hand_once(juniper, account):
    ordered(juniper)
    imported(juniper, entry(billed(juniper), 20000))
    with workspace(juniper):
        (credit,) = queries.customer_credits(juniper)
    receiving.pay_back_credit(juniper.pk, credit.account.id, amount=credit.amount, at=LATER)
    with pytest.raises(receiving.CreditSpent):
        receiving.pay_back_credit(juniper.pk, credit.account.id, amount=credit.amount, at=LATER)
    with workspace(juniper):
        assert queries.customer_credits(juniper) == []


@pytest.mark.parametrize("change", ["no reference", "another currency"])
def test_what_can_not_be_matched_waits_for_a_person(juniper, account, change):
    ordered(juniper)
    invoice = billed(juniper)
    told = entry(invoice, currency="CHF" if change == "another currency" else "EUR")
    if change == "no reference":
        told = Entry(key="B/0", booked_on=DAY, amount=euros(17500), text="for the weekend")
    assert imported(juniper, told).matched == 0
    with workspace(juniper):
        (waiting,) = queries.unclaimed_transfers(juniper)
    if change == "another currency":
        with pytest.raises(receiving.OtherCurrency):
            receiving.assign(juniper.pk, waiting.pk, named=invoice.number, at=LATER)
        return
    receiving.assign(juniper.pk, waiting.pk, named=f" {invoice.number.lower()} ", at=LATER)
    assert billed(juniper).state == "paid"


def test_a_person_notes_what_they_saw_and_the_statement_does_not_count_it_twice(juniper, account):
    ordered(juniper)
    invoice = billed(juniper)
    receiving.mark_paid(juniper.pk, invoice.pk, amount=euros(17500), booked_on=DAY, payer_name="", at=LATER)
    assert billed(juniper).state == "paid"
    assert imported(juniper, entry(invoice)).new == 0
    with workspace(juniper):
        assert queries.customer_credits(juniper) == []


def test_an_order_lapses_after_the_seller_s_days_and_not_before(juniper, account):
    order = ordered(juniper)
    run_jobs(at=order.created_at + timedelta(hours=30))
    assert billed(juniper).order.state == "open"
    run_jobs(at=LAPSED)
    invoice = billed(juniper)
    assert (invoice.order.state, invoice.state) == ("expired", "void")
    with workspace(juniper):
        assert invoice.credit_notes.get().gross_minor == 17500
    assert imported(juniper, entry(invoice), at=LAPSED).matched == 0
    with workspace(juniper):
        assert queries.unclaimed_transfers(juniper).count() == 1


def test_what_is_given_at_once_ends_when_nobody_pays(juniper):
    with workspace(juniper):
        transfers.set_up(BankAccount(**{**TO.__dict__, "gives_at_once": True}), mode="test", at=NOON)
    ordered(juniper)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Order.objects.get().state == "open"
    assert access(juniper, at=NOON) == 1
    run_jobs(at=LAPSED)
    run_jobs(at=LAPSED)
    assert access(juniper, at=LAPSED) == 0


def test_whoever_changes_their_mind_pays_the_same_invoice_by_card(juniper, account):
    order = ordered(juniper)
    assert pay(juniper, order).state == "paid"
    invoice = billed(juniper)
    assert (invoice.state, invoice.order.state) == ("paid", "paid")
    run_jobs(at=LAPSED)
    assert billed(juniper).order.state == "paid"


def test_a_trial_by_transfer_begins_at_once(juniper, account):
    with workspace(juniper):
        sold = monthly(trial_days=14)
    order = ordered(juniper, sold)
    with workspace(juniper):
        order.refresh_from_db()
        assert (order.state, order.method.is_by_transfer) == ("paid", True)
        assert juniper.subscriptions.get().state == "trialing"


def test_a_refund_is_a_task_with_the_account_it_came_from(juniper, account):
    ordered(juniper)
    imported(juniper, entry(billed(juniper)))
    with workspace(juniper):
        refunding.refund_order(Order.objects.get(), amount=euros(5000), reason="Rain", at=LATER)
    run_jobs(at=LATER)
    with workspace(juniper):
        (task,) = queries.refunds_to_send(juniper)
        assert (task.amount, task.to_iban, task.to_name) == (euros(5000), "NL91ABNA0417164300", "M. Thiessen")
        assert task.invoice_number == Invoice.objects.get().number
        assert Refund.objects.get().state == "submitted"
    transfers.confirm_sent(juniper.pk, task.pk, at=LATER)
    run_jobs(at=LATER)
    with workspace(juniper):
        assert Refund.objects.get().state == "succeeded"
        assert list(queries.refunds_to_send(juniper)) == []


def test_a_seller_without_a_bank_account_takes_no_transfers(juniper):
    with workspace(juniper):
        order = placed(juniper, offer())
    with pytest.raises(transfer_orders.NotOffered):
        transfer_orders.ask(juniper.pk, order.pk, at=NOON)


def test_the_code_for_banking_apps_says_what_the_standard_wants():
    text = girocode.payload(
        holder="Juniper Kites", iban=TO.iban, bic="", reference="RF18539007547034", amount=euros(17500)
    )
    assert text.split("\n") == [
        *("BCD", "002", "1", "SCT", "", "Juniper Kites", TO.iban, "EUR175.00", "", "RF18539007547034"),
    ]
    assert girocode.payload(holder="x", iban="y", bic="", reference="z", amount=Money(100, "CHF")) == ""
    assert girocode.png(text).startswith(b"\x89PNG")


def test_the_next_lapse_is_the_earliest_of_both_kinds(juniper, account):
    ordered(juniper)
    with workspace(juniper):
        step = lapsing.upcoming(LAPSED)
        assert step is not None
        assert step.due_at == billed(juniper).order.pay_by
