"""New prices for running contracts: told in time, agreed to, never charged without; or kept off, or the contract ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.commerce.models import ConsentRecord, Invoice
from plainsail.commerce.services import catalogue, clocks
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Delivery
from plainsail.subscriptions.models import Cancellation, PriceNotice, Subscription
from plainsail.subscriptions.services import cancellation, letters, links, price_rises
from plainsail.subscriptions.tests.factories import combined, subscribed

TRACE = Trace(ip="203.0.113.9", user_agent="Firefox")
NOT_BEFORE = date(2026, 12, 1)
FIRST = date(2026, 12, 23)
"""The first boundary that is three weeks away."""


@pytest.fixture
def contract(juniper) -> Subscription:
    """€29.00 a month from 23 November."""
    return subscribed(juniper)


def price_of(contract, minor, interval="month"):
    with workspace(contract.workspace_id):
        product = contract.items.order_by("id").first().product
        return catalogue.add_price(product, terms=PriceTerms(amount=euros(minor), interval=interval), at=NOON).price


def planned(contract, minor=3500, *, otherwise="keep", starts_on=NOT_BEFORE, at=NOON):
    new = price_of(contract, minor)
    with workspace(contract.workspace_id):
        from plainsail.commerce.models import Price

        old = Price.objects.select_related("product").get(id=contract.items.get().price_id)
        return price_rises.plan(old, new, starts_on=starts_on, otherwise=otherwise, at=at)


def advance(contract, to: datetime) -> None:
    clocks.advance(contract.workspace_id, to=to, at=NOON)


def noticed(contract) -> PriceNotice:
    with workspace(contract.workspace_id):
        return PriceNotice.objects.select_related("rise__new_price", "item__subscription").get()


def deliver(contract, *, at: datetime = NOON) -> None:
    """The mail server takes every letter that waits."""
    with workspace(contract.workspace_id):
        for row in Delivery.objects.all():
            Delivery.objects.filter(id=row.id).update(state=Delivery.State.ACCEPTED, settled_at=row.created_at)


def newest(contract) -> Invoice:
    with workspace(contract.workspace_id):
        return Invoice.objects.order_by("-issued_at", "-id").first()


def fresh(contract) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def day(month, number, hour=12) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


def test_a_preview_says_how_many_when_and_how_much(contract, juniper):
    new = price_of(contract, 3500)
    with workspace(juniper):
        from plainsail.commerce.models import Price

        old = Price.objects.select_related("product").get(id=contract.items.get().price_id)
        shown = price_rises.preview(old, new, starts_on=NOT_BEFORE, at=NOON)
    assert (shown.contracts, shown.days, shown.each, shown.more) == (1, ((FIRST, 1),), euros(600), euros(600))
    with workspace(juniper):
        assert not PriceNotice.objects.exists()


def test_the_letter_leaves_three_weeks_before(contract):
    planned(contract)
    advance(contract, day(12, 1))
    assert noticed(contract).written_at is None
    advance(contract, day(12, 2))
    notice = noticed(contract)
    assert (notice.about_on, notice.written_at) == (FIRST, day(12, 2, 8))
    with workspace(contract.workspace_id):
        assert Delivery.objects.filter(source_kind="subscriptions.price_notice").count() == 1


def test_who_agrees_pays_the_new_price_from_that_day_on(contract):
    planned(contract)
    advance(contract, day(12, 3))
    deliver(contract)
    with workspace(contract.workspace_id):
        for _twice in range(2):
            price_rises.agree(noticed(contract), trace=TRACE, at=day(12, 3))
        assert "€35.00" in letters.next_charge(fresh(contract))
        consent = ConsentRecord.objects.get(id=noticed(contract).consent_id)
        assert (consent.amount_minor, consent.ip) == (3500, "203.0.113.9")
        assert "From 23 December 2026 on I pay €35.00 every month, instead of €29.00" in consent.text
    advance(contract, day(12, 24))
    assert newest(contract).gross_minor == 3500
    assert noticed(contract).outcome == "risen"


def test_a_consumer_s_silence_keeps_the_old_price(contract):
    planned(contract)
    advance(contract, day(12, 3))
    deliver(contract)
    advance(contract, datetime(2027, 1, 24, tzinfo=UTC))
    with workspace(contract.workspace_id):
        assert set(Invoice.objects.values_list("gross_minor", flat=True)) == {2900}
    assert noticed(contract).outcome == "kept"


def test_or_it_ends_the_contract_at_that_boundary_by_the_owner_s_choice(contract):
    planned(contract, otherwise="end")
    advance(contract, day(12, 3))
    deliver(contract)
    advance(contract, day(12, 24))
    assert fresh(contract).state == "ended"
    with workspace(contract.workspace_id):
        made = Cancellation.objects.select_related("request").get()
        assert (made.request.kind, made.request.door) == ("price_change", "seller")
        assert Invoice.objects.count() == 1


def test_ending_pays_back_what_is_left_of_longer_items(juniper):
    made = combined(juniper, "month", "year")
    with workspace(juniper):
        from plainsail.commerce.models import Price

        base = made.items.get(role="base")
        old = Price.objects.select_related("product").get(id=base.price_id)
        new = catalogue.add_price(old.product, terms=PriceTerms(amount=euros(3500), interval="month"), at=NOON).price
        price_rises.plan(old, new, starts_on=NOT_BEFORE, otherwise="end", at=NOON)
    advance(made, day(12, 3))
    deliver(made)
    advance(made, day(12, 24))
    with workspace(juniper):
        assert fresh(made).state == "ended"
        # 335 of 365 days of €29.00 are left.
        assert Cancellation.objects.get().quote.result["refund_minor"] == 2662


def test_without_a_letter_that_left_nobody_pays_more_and_the_rise_waits(contract):
    planned(contract)
    advance(contract, day(12, 24))
    assert newest(contract).gross_minor == 2900
    notice = noticed(contract)
    assert (notice.outcome, notice.about_on) == ("", date(2027, 1, 23))
    advance(contract, datetime(2027, 1, 3, tzinfo=UTC))
    assert noticed(contract).attempts == 2


def test_a_business_is_told_and_not_asked(contract):
    with workspace(contract.workspace_id):
        contract.account.is_consumer = False
        contract.account.save()
    planned(contract)
    advance(contract, day(12, 3))
    deliver(contract)
    advance(contract, day(12, 24))
    assert newest(contract).gross_minor == 3500


def test_a_lower_price_counts_at_once(contract):
    planned(contract, 1900)
    with workspace(contract.workspace_id):
        assert "€19.00" in letters.next_charge(fresh(contract))
        assert not Delivery.objects.filter(source_kind="subscriptions.price_notice").exists()
    advance(contract, day(12, 24))
    assert newest(contract).gross_minor == 1900


def test_what_is_taken_back_does_not_come(contract):
    rise = planned(contract)
    advance(contract, day(12, 3))
    deliver(contract)
    with workspace(contract.workspace_id):
        price_rises.agree(noticed(contract), trace=TRACE, at=day(12, 3))
        price_rises.take_back(rise, at=day(12, 4))
        assert Delivery.objects.filter(source_kind="subscriptions.price_taken_back").count() == 1
    advance(contract, day(12, 24))
    assert newest(contract).gross_minor == 2900


def test_two_rises_at_once_are_refused_and_so_are_prices_that_do_not_fit(contract):
    planned(contract)
    with pytest.raises(price_rises.RiseUnderway):
        planned(contract, 4000)
    yearly = price_of(contract, 30000, "year")
    with workspace(contract.workspace_id), pytest.raises(price_rises.NotThatPrice):
        from plainsail.commerce.models import Price

        old = Price.objects.select_related("product").get(id=contract.items.get().price_id)
        price_rises.preview(old, yearly, starts_on=NOT_BEFORE, at=NOON)


def test_who_leaves_because_of_it_gets_the_rest_of_the_period_back(contract):
    at = day(12, 8)
    with workspace(contract.workspace_id):
        assert cancellation.preview(fresh(contract), when="now", at=day(12, 10)).refund_minor == 0
    planned(contract)
    advance(contract, day(12, 3))
    with workspace(contract.workspace_id):
        quote = cancellation.preview(fresh(contract), when="now", at=day(12, 10))
        # 13 of 30 days are left; the day itself counts as unused.
        assert (quote.refund_minor, quote.refund_rule) == (1257, "prorated")
    assert at < day(12, 10)


def test_the_letter_s_page_agrees_by_one_button_and_changes_nothing_when_looked_at(contract, site_client):
    planned(contract)
    advance(contract, day(12, 3))
    with workspace(contract.workspace_id):
        path = links.price_path(noticed(contract).id)
    page = site_client.get(path).content.decode()
    assert ("€35.00 every month" in page, "I agree to the new price" in page, "/cancel/" in page) == (True, True, True)
    assert noticed(contract).consent_id is None
    assert "You have agreed" in site_client.post(path).content.decode()
    assert noticed(contract).consent_id is not None
    assert site_client.get("/price/forged/").status_code == 404


def test_an_owner_looks_first_and_then_plans(contract, juniper, as_ada):
    new = price_of(contract, 3500)
    path = "/w/juniper/sales/subscriptions/prices/"
    with workspace(juniper):
        old_id = contract.items.get().price_id
    form = {"old_price": str(old_id), "new_price": str(new.pk), "starts_on": "2026-12-01", "otherwise": "keep"}
    shown = as_ada.post(path, form | {"look": "1"}).content.decode()
    assert ("1 contract changes" in shown, "€6.00 more" in shown, "23 December 2026: 1" in shown) == (True, True, True)
    with workspace(juniper):
        assert not PriceNotice.objects.exists()
    wrong = as_ada.post(path, form | {"new_price": str(old_id), "look": "1"})
    assert (wrong.status_code, "Choose a price of the same product" in wrong.content.decode()) == (422, True)
    done = as_ada.post(path, form | {"plan": "1"}, follow=True).content.decode()
    assert "1, of which 0 told and 0 agreed" in done
    with workspace(juniper):
        rise = juniper.price_rises.get()
    as_ada.post(f"{path}{rise.pk}/removal/")
    assert noticed(contract).outcome == "taken_back"


def test_the_letter_is_not_written_after_the_contract_was_cancelled_or_ended(contract):
    planned(contract)
    with workspace(contract.workspace_id):
        Subscription.objects.filter(pk=contract.pk).update(scheduled_end_at=day(12, 22))
    advance(contract, day(12, 3))
    assert noticed(contract).delivery_id is None
    assert NOON + timedelta(days=1) < day(12, 3)
