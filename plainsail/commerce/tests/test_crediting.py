"""Credit notes never take back more than there is, and the last one comes out even."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.commerce import queries
from plainsail.commerce.models import CreditNoteLine, Invoice
from plainsail.commerce.services import crediting, invoicing, taxing
from plainsail.commerce.services.crediting import CreditPart, ExceedsLine, NotIssued
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.tests.factories import NOON, account, euros, issued, seller
from plainsail.kernel.money import BadMoney, Money
from plainsail.kernel.testing.vectors import of_kind


def minor(text: str) -> int:
    return Money.parse(text, "EUR").minor


def credit_whole_line(invoice: Invoice, line):
    part = CreditPart(line=line, amount=euros(line.gross_minor))
    return crediting.credit(invoice, parts=[part], reason="Returned", at=NOON)


@pytest.mark.parametrize(("given_", "expected"), of_kind("credit_note_series"))
def test_notes_for_each_line_sum_to_the_invoice(in_juniper, given_, expected):
    seller(rounding="sum_by_net")
    invoice = issued(*map(minor, given_["nets"]), rate=given_["rate"], tax_behavior="exclusive")
    assert invoice.gross_minor == minor(expected["invoice_total"])
    notes = [credit_whole_line(invoice, line) for line in invoice.lines.order_by("position")]
    assert [note.gross_minor for note in notes] == [minor(total) for total in expected["cn_totals"]]


@pytest.mark.parametrize(("given_", "expected"), of_kind("refund_tax_split"))
def test_a_part_is_spread_over_the_lines_with_its_tax(in_juniper, given_, expected):
    invoice = issued(6000, 4000, rate="25", tax_behavior="exclusive")
    assert (invoice.gross_minor, invoice.tax_minor) == (minor(given_["gross"]), minor(given_["tax"]))
    note = crediting.credit_amount(invoice, amount=euros(minor(given_["refund"])), reason="Part", at=NOON)
    assert note.tax_minor == minor(expected["tax_refunded"])
    assert sorted(line.gross_minor for line in note.lines.all()) == [1000, 1500]


@pytest.mark.parametrize(("given_", "expected"), of_kind("refund_vs_credit"))
def test_what_is_due_goes_first_and_the_rest_is_paid_back(in_juniper, given_, expected):
    invoice = issued(given_["creditable_minor"] + given_["used_gross_minor"])
    Invoice.objects.filter(pk=invoice.pk).update(paid_minor=given_["paid_share_minor"])
    amount = euros(given_["creditable_minor"])
    note = crediting.credit_amount(invoice, amount=amount, reason="Ended", at=NOON)
    assert (note.payable_minor, note.receivable_minor) == (expected["refund_minor"], expected["credit_minor"])


def test_crediting_what_is_due_settles_the_invoice_and_the_books(in_juniper):
    invoice = issued(11900, rate="19")
    note = crediting.credit_amount(invoice, amount=euros(11900), reason="Mistake", at=NOON)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.due, note.number) == ("paid", euros(0), "TEST-CN-00001")
    assert queries.balances() == {}


def test_more_than_is_left_of_a_line_is_refused(in_juniper):
    invoice = issued(100, 50)
    first = invoice.lines.order_by("position").first()
    credit_whole_line(invoice, first)
    with pytest.raises(ExceedsLine):
        crediting.credit(invoice, parts=[CreditPart(line=first, amount=euros(1))], reason="x", at=NOON)
    with pytest.raises(ExceedsLine):
        crediting.credit_amount(invoice, amount=euros(51), reason="x", at=NOON)
    with pytest.raises(ExceedsLine):
        crediting.credit_amount(invoice, amount=euros(0), reason="x", at=NOON)


def test_the_same_line_twice_in_a_note_is_refused(in_juniper):
    invoice = issued(100)
    line = invoice.lines.get()
    with pytest.raises(ExceedsLine):
        crediting.credit(invoice, parts=[CreditPart(line=line, amount=euros(60))] * 2, reason="x", at=NOON)


def test_another_invoice_s_line_or_another_currency_is_refused(in_juniper):
    invoice, other = issued(100), issued(100)
    with pytest.raises(ExceedsLine):
        crediting.credit(invoice, parts=[CreditPart(line=other.lines.get(), amount=euros(1))], reason="x", at=NOON)
    with pytest.raises(BadMoney):
        crediting.credit_amount(invoice, amount=Money(1, "USD"), reason="x", at=NOON)


def test_a_draft_has_nothing_to_credit(in_juniper):
    draft = invoicing.draft(account(), lines=[LineSpec(description="a", unit=euros(100))], at=NOON)
    with pytest.raises(NotIssued):
        crediting.credit_amount(draft, amount=euros(1), reason="x", at=NOON)


def test_an_invoice_with_a_deduction_can_be_credited_wholly(in_juniper):
    invoice = issued(5000, -2000, rate="19")
    crediting.credit_amount(invoice, amount=euros(1234), reason="Part", at=NOON)
    crediting.credit_amount(invoice, amount=euros(3000 - 1234), reason="Rest", at=NOON)
    assert queries.balances() == {}


def test_notes_in_any_order_take_each_line_whole(in_juniper):
    seller(rounding="sum_by_net")
    invoice = issued(2, 2, 2, 2, 2, rate="20", tax_behavior="exclusive")
    assert (invoice.tax_minor, invoice.gross_minor) == (2, 12)
    for line in invoice.lines.order_by("-position"):
        part = CreditPart(line=line, amount=euros(2), of="net")
        assert crediting.credit(invoice, parts=[part], reason="x", at=NOON).tax_minor == line.tax_minor
    assert queries.balances() == {}


def test_the_lines_of_several_invoices_are_read_at_once(in_juniper, django_assert_num_queries):
    invoices = [issued(100, 50, rate="19"), issued(70, rate="7")]
    crediting.credit_amount(invoices[0], amount=euros(75), reason="x", at=NOON)
    with django_assert_num_queries(2):
        billed = crediting.billed_lines([invoice.id for invoice in invoices])
    assert [billed[line.id].left.gross for one in invoices for line in one.lines.order_by("position")] == [50, 25, 70]


rates = st.sampled_from(["0", "7", "19", "20", "8.875"])
line_amounts = st.lists(st.integers(1, 50_000), min_size=1, max_size=4)
steps = st.lists(
    st.tuples(st.sampled_from(["gross", "net", "spread"]), st.integers(0, 3), st.integers(1, 60_000)), max_size=8
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line_amounts, rates, st.sampled_from(["inclusive", "exclusive"]), st.sampled_from(sorted(taxing.ROUNDINGS)), steps
)
def test_however_an_invoice_is_credited_it_adds_up(in_juniper, amounts, rate, behavior, rounding, wishes):
    seller(rounding=rounding)
    invoice = issued(*amounts, rate=rate, tax_behavior=behavior)
    lines = list(invoice.lines.order_by("position"))
    for of, index, wish in wishes:
        try:
            if of == "spread":
                crediting.credit_amount(invoice, amount=euros(wish), reason="x", at=NOON)
            else:
                part = CreditPart(line=lines[index % len(lines)], amount=euros(wish), of=of)
                crediting.credit(invoice, parts=[part], reason="x", at=NOON)
        except ExceedsLine:
            continue
    for line in lines:
        notes = CreditNoteLine.objects.filter(invoice_line=line)
        for name in ("net_minor", "tax_minor", "gross_minor"):
            taken = [getattr(one, name) for one in notes]
            assert all(amount >= 0 for amount in taken)
            assert sum(taken) <= getattr(line, name)
    rest = sum(left.minor for left in crediting.left_to_credit(invoice).values())
    if rest:
        crediting.credit_amount(invoice, amount=euros(rest), reason="rest", at=NOON)
    invoice.refresh_from_db()
    assert (invoice.due.minor, invoice.state) == (0, "paid")
    for name in ("net_minor", "tax_minor"):
        credited = sum(getattr(one, name) for one in CreditNoteLine.objects.filter(note__invoice=invoice))
        assert credited == getattr(invoice, name)
    assert not any(key[1] == str(invoice.billing_account_id) for key in queries.balances())
