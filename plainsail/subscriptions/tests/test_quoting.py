"""What a cancellation shows is what it does, to the cent, however the price was made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from plainsail.commerce.models import CreditNote, Invoice, InvoiceLine
from plainsail.commerce.services import clocks, refunding
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.money import half_up
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.kernel.testing.vectors import of_kind
from plainsail.payments.models import Charge, Refund
from plainsail.payments.tests.factories import saved
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, contracts, declaring, policies, renewal
from plainsail.subscriptions.services.quoting import from_json
from plainsail.subscriptions.tests.factories import subscribed

YEAR = {"interval_count": 12}
DOOR = CancellationRequest.Door.PORTAL


def cancel(contract: Subscription, *, at: datetime, when: str = "now"):
    with workspace(contract.workspace_id):
        request = declaring.declare(declaring.from_confirm_page({"when": when}, contract, door=DOOR), received_at=at)
        return cancellation.put_in_force(request, contract, when=when, at=at)


def taxed(of, rate: str, **fields) -> None:
    with workspace(of):
        commerce.seller(tax_rate=Decimal(rate), **fields)


@pytest.mark.parametrize("rounding", ["line", "sum_by_net", "sum_by_net_keep_gross"])
@pytest.mark.parametrize("behavior", ["inclusive", "exclusive"])
@pytest.mark.parametrize(("plan", "rate", "days"), [(5000, "20", 100), (16001, "25", 200), (2999, "23.33", 59)])
def test_the_unused_days_of_a_year_come_back_as_shown(juniper, rounding, behavior, plan, rate, days):
    taxed(juniper, rate, rounding=rounding)
    contract = subscribed(juniper, minor=plan, tax_behavior=behavior, **YEAR)
    at = NOON + timedelta(days=days)
    with workspace(juniper):
        shown = cancellation.preview(contract, when="now", at=at)
    cancel(contract, at=at)
    run_jobs()
    part = Fraction(365 - days, 365)
    with workspace(juniper):
        note = CreditNote.objects.get()
        assert (note.gross_minor, note.payable_minor) == (shown.refund_minor, shown.refund_minor)
        assert [refund.amount_minor for refund in Refund.objects.all()] == [shown.refund_minor]
    if behavior == "exclusive":
        assert note.net_minor == half_up(plan * part)
        assert note.tax_minor == half_up(note.net_minor * Fraction(Decimal(rate)) / 100)
    else:
        assert note.gross_minor == half_up(plan * part)


def test_a_stored_quote_is_the_quote(juniper):
    contract = subscribed(juniper, minor=11900, tax_behavior="exclusive", **YEAR)
    with workspace(juniper):
        shown = cancellation.preview(contract, when="now", at=NOON + timedelta(days=100))
    assert from_json(shown.as_json()) == shown
    assert shown.refund_by == NOON + timedelta(days=114)


def test_of_a_line_credited_before_only_a_part_of_the_rest_comes_back(juniper):
    contract = subscribed(juniper, minor=36500, **YEAR)
    with workspace(juniper):
        refunding.refund_invoice(Invoice.objects.get(), amount=commerce.euros(16500), reason="Sorry", at=NOON)
        shown = cancellation.preview(contract, when="now", at=NOON + timedelta(days=73))
    assert shown.refund_minor == 16000


@pytest.mark.parametrize(("days", "when", "refund"), [(14, "now", 2900), (15, "period_end", 0)])
def test_a_withdrawal_that_comes_too_late_keeps_the_paid_time(juniper, days, when, refund):
    contract = subscribed(juniper)
    with workspace(juniper):
        shown = cancellation.preview(contract, when="now", at=NOON + timedelta(days=days), kind="withdrawal")
    assert (shown.when, shown.refund_minor) == (when, refund)


def test_the_law_and_the_better_policy_reach_the_page(juniper, monkeypatch):
    """A German consumer in the second year, whose policy gave nothing back."""
    nothing = {"version": 2, "rules": [{"when": {}, "refund": "none"}], "pay_within": "P14D"}
    contract = subscribed(juniper, minor=36600, **YEAR)
    assert clocks.advance(juniper.pk, to=NOON + timedelta(days=366), at=NOON) == 1 + 2  # and two letters
    run_jobs()
    with workspace(juniper):
        contract = Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)
        contract.terms |= {"refund": nothing}
        better = cancellation.preview(contract, when="now", at=NOON + timedelta(days=400))
        monkeypatch.setitem(policies.DEFAULTS, "refund", nothing)
        least = cancellation.preview(contract, when="now", at=NOON + timedelta(days=400))
    # 28 December 2027; the year runs to 23 November 2028 and has 366 days.
    assert [(line.amount_minor, line.ground) for line in better.refunds] == [(33100, "policy")]
    assert [(line.amount_minor, line.ground) for line in least.refunds] == [(30000, "tacit_renewal")]


def test_an_add_on_that_joins_later_pays_its_part_of_the_period_and_then_whole_ones(juniper):
    contract = subscribed(juniper, minor=2900)
    with workspace(juniper):
        addon = commerce.monthly("Glazes", 3000)
        contract.items.create(
            product=addon.price.product,
            price_id=addon.price_id,
            role="addon",
            description="Glazes",
            quantity=2,
            unit_minor=addon.price.unit_minor,
            interval_unit="month",
            starts_on=date(2026, 12, 8),
            charged_through=date(2026, 12, 8),
        )
        contract.renews_at = contracts.renewal_moment(contract)
        contract.save(update_fields=["renews_at"])
    for at in (datetime(2026, 12, 8, 12, tzinfo=UTC), datetime(2026, 12, 23, 12, tzinfo=UTC)):
        renewal.renew(juniper.pk, contract.pk, at=at)
    with workspace(juniper):
        lines = InvoiceLine.objects.filter(description="Glazes").order_by("period_start")
        assert [(str(line.period_start), str(line.period_end), line.gross_minor) for line in lines] == [
            ("2026-12-08", "2026-12-23", 3000),
            ("2026-12-23", "2027-01-23", 6000),
        ]


@pytest.mark.parametrize(("given_", "expected"), of_kind("addon_same_day_cancel"))
def test_cancelling_the_plan_on_its_first_day_ends_its_add_ons_with_it(juniper, given_, expected):
    """Kill Bill’s story. A plan is never free here, so its free month is one at a euro, and one invoice has both."""
    start = datetime.fromisoformat(f"{given_['start']}T12:00:00+00:00")
    minor = half_up(Fraction(given_["addon"].split()[0]) * 100)
    with workspace(juniper):
        prices = [commerce.monthly("Plan", 100).price, commerce.monthly("Add-on", minor).price]
        account = commerce.account()
    method = saved(juniper, payer_key=account.id, at=start)
    with workspace(juniper):
        contract = contracts.open_contract(account, prices=prices, payment_method_id=method.pk, at=start)
    renewal.renew(juniper.pk, contract.pk, at=start)
    cancel(contract, at=start + timedelta(hours=1), when="period_end")
    clocks.advance(juniper.pk, to=start + timedelta(days=200), at=start + timedelta(hours=2))
    with workspace(juniper):
        invoices = [invoice.gross_minor for invoice in Invoice.objects.order_by("issued_at")]
        ends = {str(item.ends_on) for item in contract.items.all()}
        charged = [charge.amount_minor for charge in Charge.objects.filter(state=Charge.State.SUCCEEDED)]
    assert len(invoices) == 1 + expected["later_invoices"]
    assert invoices == charged == [100 + minor]
    assert ends == {expected["both_end"]}
