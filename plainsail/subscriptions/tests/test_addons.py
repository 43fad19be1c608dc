"""Add-ons bought for a running contract: charged for their part, agreed to, ended with the contract or by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.commerce.models import ConsentRecord, Invoice
from plainsail.commerce.services import clocks, sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import MAREN, NOON, euros
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Refund
from plainsail.payments.tests.factories import CHECKED_ALWAYS, DECLINED
from plainsail.portal.models import Grant
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions.models import AddonOffer, AddonOrder, Subscription, SubscriptionItem
from plainsail.subscriptions.services import addon_removals, addons, cancellation, declaring
from plainsail.subscriptions.services.addons import NotNow
from plainsail.subscriptions.services.pausing import AmountChanged
from plainsail.subscriptions.tests.factories import charged_by, subscribed

MIDDLE = datetime(2026, 12, 8, 12, tzinfo=UTC)
"""Fifteen of the thirty days of the month from 23 November are gone."""
TRACE = Trace(ip="203.0.113.9", user_agent="Firefox")


@pytest.fixture
def contract(juniper) -> Subscription:
    """€29.00 a month from 23 November; a kiln for €10.00 a month and insurance for €120.00 a year may be added."""
    made = subscribed(juniper)
    with workspace(juniper):
        base = made.items.get().product
        for name, minor, interval in (("Kiln", 1000, "month"), ("Insurance", 12000, "year")):
            sold = commerce.offer(name, minor, interval=interval)
            addons.offer_to(base, sold.price.product, at=NOON)
    return made


def fresh(contract) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def offered(contract, name, *, at=MIDDLE):
    with workspace(contract.workspace_id):
        return next(one for one in addons.offered(contract, at=at) if one.name == name)


def quoted(contract, name, *, at=MIDDLE):
    offer = offered(contract, name, at=at)
    with workspace(contract.workspace_id):
        return addons.preview(fresh(contract), offer, at=at)


def add(contract, name="Kiln", *, at=MIDDLE):
    shown = quoted(contract, name, at=at).digest
    offer = offered(contract, name, at=at)
    return addons.choose(
        contract.workspace_id, contract.pk, offer, shown=shown, trace=TRACE, return_path="/account/", at=at
    )


def item_of(contract, name="Kiln") -> SubscriptionItem:
    with workspace(contract.workspace_id):
        rows = SubscriptionItem.objects.select_related("subscription__account", "subscription__workspace", "product")
        return rows.get(subscription=contract, description=name)


def live(contract, at) -> int:
    with workspace(contract.workspace_id):
        return Grant.objects.live(at=at).count()


def test_an_addon_pays_its_part_of_the_running_period_and_then_renews_with_the_plan(contract, juniper):
    quote = quoted(contract, "Kiln")
    assert (quote.charge, quote.next_on, quote.next_charge) == (euros(500), date(2026, 12, 23), euros(1000))
    assert add(contract).state == "done"
    with workspace(juniper):
        assert Invoice.objects.order_by("-created_at", "-id").first().gross_minor == 500
    assert live(contract, MIDDLE) == 2
    clocks.advance(juniper.pk, to=datetime(2026, 12, 24, tzinfo=UTC), at=NOON)
    with workspace(juniper):
        assert Invoice.objects.order_by("-created_at", "-id").first().gross_minor == 3900


def test_one_with_a_longer_interval_pays_up_to_its_own_boundary(contract, juniper):
    quote = quoted(contract, "Insurance", at=NOON)
    assert (quote.charge, quote.next_on) == (euros(12000), date(2027, 11, 23))
    later = quoted(contract, "Insurance")
    assert (later.next_on, later.charge) == (date(2027, 11, 23), euros(11507))


def test_what_was_agreed_to_is_recorded_and_confirmed_by_mail(contract, juniper):
    add(contract)
    with workspace(juniper):
        consent = AddonOrder.objects.select_related("consent").get().consent
        assert "I add “Kiln” to contract" in consent.text
        assert (consent.amount_minor, consent.interval, consent.ip) == (1000, "month", "203.0.113.9")
        assert Delivery.objects.filter(source_kind="subscriptions.addon_added").count() == 1


def test_what_changed_since_it_was_shown_is_not_charged(contract, juniper):
    offer = offered(contract, "Kiln")
    with pytest.raises(AmountChanged):
        addons.choose(juniper.pk, contract.pk, offer, shown="other", trace=TRACE, return_path="/account/", at=MIDDLE)
    with workspace(juniper):
        assert not AddonOrder.objects.exists()


def test_a_declined_card_adds_nothing(contract, juniper):
    charged_by(contract, DECLINED)
    assert add(contract).state == "declined"
    with workspace(juniper):
        assert AddonOrder.objects.get().state == "dropped"
        assert contract.items.count() == 1
        assert Invoice.objects.order_by("-created_at", "-id").first().state == "void"


def test_a_bank_that_checks_is_waited_for(contract, juniper):
    charged_by(contract, CHECKED_ALWAYS)
    assert add(contract).state == "action"
    with workspace(juniper):
        assert (AddonOrder.objects.get().state, contract.items.count()) == ("open", 1)
    with pytest.raises(NotNow):
        add(contract, "Insurance")


def test_what_is_on_the_contract_is_not_offered_again(contract, juniper):
    add(contract)
    with workspace(juniper):
        assert [one.name for one in addons.offered(fresh(contract), at=MIDDLE)] == ["Insurance"]


def test_during_a_trial_nothing_is_charged_until_it_ends(juniper):
    made = subscribed(juniper, trial_days=14)
    with workspace(juniper):
        sold = commerce.monthly("Kiln", 1000)
        addons.offer_to(made.items.get().product, sold.price.product, at=NOON)
    quote = quoted(made, "Kiln", at=NOON)
    assert (quote.charge_minor, quote.next_on, quote.next_charge) == (0, date(2026, 12, 7), euros(1000))
    assert add(made, at=NOON).state == "done"
    assert item_of(made).charged_through == date(2026, 12, 7)


def test_ending_the_contract_ends_its_addons(contract, juniper):
    add(contract)
    with workspace(juniper):
        declaration = declaring.from_confirm_page({"when": "now"}, contract, door="portal")
        request = declaring.declare(declaration, received_at=MIDDLE)
        made = cancellation.put_in_force(request, fresh(contract), when="now", at=MIDDLE)
        assert [item["description"] for item in made.quote.result["items"]] == ["Studio club", "Kiln"]
    assert item_of(contract).ends_on == date(2026, 12, 8)
    assert live(contract, MIDDLE + timedelta(minutes=1)) == 0


def test_an_addon_taken_out_runs_until_it_is_paid_for_and_no_longer(contract, juniper):
    add(contract)
    with workspace(juniper):
        made = addon_removals.remove(item_of(contract), when="period_end", shown_minor=0, at=MIDDLE)
        again = addon_removals.remove(item_of(contract), when="now", shown_minor=0, at=MIDDLE)
    assert (again.id, made.effective_at) == (made.id, datetime(2026, 12, 22, 23, tzinfo=UTC))
    with workspace(juniper):
        assert Delivery.objects.filter(source_kind="subscriptions.addon_removed").count() == 1
    assert live(contract, MIDDLE) == 2
    clocks.advance(juniper.pk, to=datetime(2026, 12, 24, tzinfo=UTC), at=NOON)
    with workspace(juniper):
        assert Invoice.objects.order_by("-created_at", "-id").first().gross_minor == 2900
    assert live(contract, datetime(2026, 12, 24, tzinfo=UTC)) == 1


def test_it_closes_when_the_test_clock_passes_its_end_and_not_weeks_later_by_the_walls(contract, juniper):
    add(contract, at=NOON)
    with workspace(juniper):
        addon_removals.remove(item_of(contract), when="period_end", shown_minor=0, at=NOON)
    clocks.advance(juniper.pk, to=datetime(2026, 12, 22, 22, tzinfo=UTC), at=NOON)
    assert live(contract, NOON) == 2
    clocks.advance(juniper.pk, to=datetime(2026, 12, 24, tzinfo=UTC), at=NOON)
    assert live(contract, NOON) == 1


def test_ending_it_now_gives_back_what_its_policy_says(contract, juniper):
    add(contract, "Insurance", at=NOON)
    at = NOON + timedelta(days=73)
    with workspace(juniper):
        shown = addon_removals.preview(item_of(contract, "Insurance"), when="now", at=at)
        assert shown.refund_minor == 9600
        addon_removals.remove(item_of(contract, "Insurance"), when="now", shown_minor=shown.refund_minor, at=at)
    run_jobs(at=at)
    with workspace(juniper):
        assert Refund.objects.get().amount_minor == 9600
        assert fresh(contract).state == "active"


def test_it_can_be_kept_until_its_day(contract, juniper):
    add(contract)
    with workspace(juniper):
        addon_removals.remove(item_of(contract), when="period_end", shown_minor=0, at=MIDDLE)
        assert [one.name for one in addons.offered(fresh(contract), at=MIDDLE)] == ["Insurance"]
        addon_removals.keep(item_of(contract), at=MIDDLE)
        assert item_of(contract).ends_on is None
        with pytest.raises(addon_removals.NothingToKeep):
            addon_removals.keep(item_of(contract), at=MIDDLE)


def test_the_plan_itself_is_no_addon(contract, juniper):
    with workspace(juniper), pytest.raises(addon_removals.NotAnAddon):
        addon_removals.remove(item_of(contract, "Studio club"), when="now", shown_minor=0, at=MIDDLE)


def test_a_customer_adds_and_takes_out_on_their_account_s_pages(contract, juniper, site_client):
    with workspace(juniper):
        key = session_key(customer(MAREN.email))
    site_client.cookies["ps_account"] = key
    path = f"/account/subscriptions/{contract.pk}/addons/"
    page = site_client.get(path).content.decode()
    assert ("Add Kiln" in page, "Add Insurance" in page) == (True, True)
    price = offered(contract, "Kiln", at=NOON).price_id
    with workspace(juniper):
        before = ConsentRecord.objects.count()
    confirm = site_client.get(f"{path}?price={price}").content.decode()
    with workspace(juniper):
        assert ConsentRecord.objects.count() == before
    shown = confirm.split('name="shown" value="')[1].split('"')[0]
    done = site_client.post(path, {"price": str(price), "shown": shown}, follow=True)
    assert "It is added" in done.content.decode()
    removal = f"{path}{item_of(contract).pk}/removal/"
    assert "Cancel this add-on" in site_client.get(removal).content.decode()
    assert item_of(contract).ends_on is None
    out = site_client.post(removal, {"when": "period_end", "shown_minor": "0"}, follow=True)
    assert "the receipt is on its way" in out.content.decode()
    site_client.post(f"{path}{item_of(contract).pk}/return/")
    assert item_of(contract).ends_on is None


def test_a_stranger_finds_nothing(contract, site_client):
    path = f"/account/subscriptions/{contract.pk}/addons/"
    assert "sign" in site_client.get(path)["Location"]
    assert site_client.post(f"{path}{item_of(contract, 'Studio club').pk}/removal/").status_code == 404


def test_an_owner_says_what_may_be_added(contract, juniper, as_ada):
    path = "/w/juniper/sales/subscriptions/addons/"
    assert "Insurance" in as_ada.get(path).content.decode()
    with workspace(juniper):
        first, second = AddonOffer.objects.select_related("base", "addon").order_by("id")
    answer = as_ada.post(path, {"base": str(first.base_id), "addon": str(first.base_id)})
    assert (answer.status_code, "can’t be added to itself" in answer.content.decode()) == (422, True)
    as_ada.post(f"{path}{second.pk}/removal/")
    as_ada.post(path, {"base": str(first.addon_id), "addon": str(second.addon_id)})
    with workspace(juniper):
        assert AddonOffer.objects.filter(base=first.addon_id, addon=second.addon_id).exists()
        assert not AddonOffer.objects.filter(id=second.id).exists()


def test_staff_see_the_addons_of_a_contract(contract, as_ada):
    add(contract)
    page = as_ada.get(f"/w/juniper/sales/subscriptions/{contract.pk}/").content.decode()
    assert "Kiln" in page


def test_where_nothing_is_sold_any_more_a_contract_ends_with_the_last_day_paid_for_of_any_item(contract, juniper):
    add(contract, "Insurance", at=NOON)
    with workspace(juniper):
        sellers.stop_selling(sellers.of_workspace(at=NOON))
    clocks.advance(juniper.pk, to=datetime(2026, 12, 24, tzinfo=UTC), at=NOON)
    assert (fresh(contract).state, fresh(contract).scheduled_end_at) == (
        "active",
        datetime(2027, 11, 22, 23, tzinfo=UTC),
    )
    clocks.advance(juniper.pk, to=datetime(2027, 11, 24, tzinfo=UTC), at=NOON)
    assert (fresh(contract).state, fresh(contract).end_reason) == ("ended", "seller_closed")
    with workspace(juniper):
        assert Invoice.objects.count() == 2
