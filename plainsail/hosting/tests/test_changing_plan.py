"""The owner changes the plan: shown to the cent, confirmed, charged once; or planned, shown on Billing, and taken back."""

from __future__ import annotations

import re

import pytest

from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.services import operating
from plainsail.hosting.services.operating import Sold
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import BILLING, CARD, contract
from plainsail.kernel import clock
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, Refund
from plainsail.subscriptions.models import PlanChange, Subscription

CHANGE = f"{BILLING}change/"
NO_CARD = {"number": "", "expiry": "", "cvc": ""}


@pytest.fixture(autouse=True)
def _noon():
    with clock.fixed(NOON):
        yield


@pytest.fixture
def seller(db):
    made = operator()
    with workspace(made):
        operating.offer(Sold(slug="pro", name="Pro", description="", price=Money(5900, "EUR")), at=NOON)
        operating.offer(Sold(slug="small", name="Small", description="", price=Money(900, "EUR")), at=NOON)
    return made


@pytest.fixture
def on_plan(seller, as_ada):
    assert as_ada.post(f"{BILLING}plan/", CARD).status_code == 302
    return seller


def price(seller, name: str) -> str:
    with workspace(seller):
        return str(seller.plans.get(name=name).price_id)


def shown(browser, key: str) -> dict[str, str]:
    """What the confirmation of a plan sends."""
    page = browser.get(f"{CHANGE}?plan={key}").content.decode()
    return dict(re.findall(r'<input type="hidden" name="(plan|shown)" value="([^"]+)"', page))


def plans(seller) -> list[str]:
    with workspace(seller):
        return list(Subscription.objects.get().items.filter(ends_on=None).values_list("description", flat=True))


def test_billing_offers_changing_beside_cancelling_in_the_same_size(on_plan, as_ada):
    page = as_ada.get(BILLING).content.decode()
    ways = dict(re.findall(r'<a href="[^"]*/billing/(cancellation|change)/"\s+class="([^"]*)"', page))
    assert set(ways) == {"cancellation", "change"}
    assert len(set(ways.values())) == 1


def test_the_choices_say_when_what_is_charged_what_comes_back_and_what_is_next(on_plan, as_ada):
    page = as_ada.get(CHANGE).content.decode()
    assert "Pro: €59.00 every month" in page
    assert "Charged today: €59.00. Comes back: €29.00. Next charge: €59.00 on 23 December 2026." in page
    assert "Begins on 23 December 2026, when the time you have paid for is over. Charged today: nothing." in page
    assert "Extra domain" not in page
    with workspace(on_plan):
        assert not PlanChange.objects.exists()


def test_a_dearer_plan_is_one_page_and_one_press(on_plan, as_ada):
    sent = shown(as_ada, price(on_plan, "Pro"))
    answer = as_ada.post(CHANGE, sent | NO_CARD)
    assert (answer.status_code, answer["Location"]) == (302, BILLING)
    run_jobs()
    assert plans(on_plan) == ["Pro"]
    page = as_ada.get(BILLING).content.decode()
    assert "Pro · €59.00 every month" in page
    assert "Studio · " not in page
    with workspace(on_plan):
        assert sorted(Charge.objects.values_list("amount_minor", flat=True)) == [2900, 5900]
        assert list(Refund.objects.values_list("amount_minor", flat=True)) == [2900]


def test_pressed_twice_it_changes_once(on_plan, as_ada):
    sent = shown(as_ada, price(on_plan, "Pro"))
    as_ada.post(CHANGE, sent | NO_CARD)
    assert as_ada.post(CHANGE, sent | NO_CARD).status_code == 422
    with workspace(on_plan):
        assert Charge.objects.count() == 2


def test_a_cheaper_plan_is_shown_on_billing_until_it_begins_and_can_be_taken_back(on_plan, as_ada):
    as_ada.post(CHANGE, shown(as_ada, price(on_plan, "Small")) | NO_CARD)
    page = as_ada.get(BILLING).content.decode()
    assert "Small begins on 23 December 2026" in page
    assert "€9.00 on 23 December 2026" in page
    assert as_ada.post(f"{CHANGE}undo/").status_code == 302
    assert "Small begins" not in as_ada.get(BILLING).content.decode()
    assert as_ada.post(f"{CHANGE}undo/").status_code == 409


def test_a_declined_card_is_said_at_its_field_and_another_works(on_plan, as_ada):
    sent = shown(as_ada, price(on_plan, "Pro"))
    answer = as_ada.post(CHANGE, sent | CARD | {"number": "4000 0000 0000 9995", "plan": sent["plan"]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_number_error"' in page
    assert "enough money on this card" in page
    assert "9995" not in page
    assert plans(on_plan) == ["Studio"]
    again = CARD | {"number": "5555 5555 5555 4444", "plan": sent["plan"]}
    assert as_ada.post(CHANGE, sent | again).status_code == 302
    assert plans(on_plan) == ["Pro"]


def test_other_figures_than_shown_are_shown_anew(on_plan, as_ada):
    sent = shown(as_ada, price(on_plan, "Pro")) | {"shown": "0" * 40}
    answer = as_ada.post(CHANGE, sent | NO_CARD)
    assert answer.status_code == 422
    assert "The amount changed since you opened the page" in answer.content.decode()
    assert plans(on_plan) == ["Studio"]


@pytest.mark.parametrize("values", [{}, {"plan": "nonsense"}, {"plan": "0" * 32, "shown": "x"}])
def test_bad_input_is_said_at_the_form(on_plan, as_ada, values):
    assert as_ada.post(CHANGE, values).status_code == 422


def test_a_plan_that_is_not_offered_any_more_is_refused(on_plan, as_ada):
    sent = shown(as_ada, price(on_plan, "Pro"))
    with workspace(on_plan):
        on_plan.plans.filter(name="Pro").update(is_offered=False)
    assert as_ada.post(CHANGE, sent | NO_CARD).status_code == 422
    assert plans(on_plan) == ["Studio"]


def test_a_cancelled_plan_says_that_the_cancellation_comes_back_first(on_plan, as_ada):
    as_ada.post(f"{BILLING}cancellation/", {"when": "period_end"})
    assert "Take the cancellation back first" in as_ada.get(CHANGE).content.decode()


def test_the_banks_check_is_a_link_away_and_leads_back(on_plan, as_ada, client):
    sent = shown(as_ada, price(on_plan, "Pro"))
    answer = as_ada.post(CHANGE, sent | CARD | {"number": "4000 0027 6000 3184", "plan": sent["plan"]})
    assert answer["Location"] == CHANGE
    page = as_ada.get(CHANGE).content.decode()
    assert re.search(r'href="http://[^"]*/checkout/bank/', page)
    with workspace(on_plan):
        ref = Charge.objects.get(state="requires_action").gateway_ref
    landing = sandbox.authenticate(on_plan.pk, ref, is_approved=True, at=NOON)
    host = f"{on_plan.slug}.localhost"
    words = client.get(landing, headers={"host": host}).content.decode()
    assert "Your plan has changed" in words
    assert BILLING in words
    assert plans(on_plan) == ["Pro"]


def test_a_check_that_waits_can_be_stopped(on_plan, as_ada):
    sent = shown(as_ada, price(on_plan, "Pro"))
    as_ada.post(CHANGE, sent | CARD | {"number": "4000 0027 6000 3184", "plan": sent["plan"]})
    assert as_ada.post(f"{CHANGE}undo/").status_code == 302
    with workspace(on_plan):
        assert PlanChange.objects.get().state == "dropped"
    assert "Pro: €59.00" in as_ada.get(CHANGE).content.decode()


def test_only_the_owner_changes_the_plan_and_never_by_looking(on_plan, as_ada, as_ben, as_cleo):
    assert as_ben.get(CHANGE).status_code == 403
    assert as_cleo.get(CHANGE).status_code == 404
    assert as_cleo.post(CHANGE, {}).status_code == 404
    assert as_ada.get(f"{CHANGE}undo/").status_code == 405
    as_ada.get(f"{CHANGE}?plan={price(on_plan, 'Pro')}&shown=x")
    assert contract(on_plan).changes.model.__name__ == "PlanChange"
    with workspace(on_plan):
        assert not PlanChange.objects.exists()


def test_without_a_plan_there_is_nothing_to_change(seller, as_ada):
    assert as_ada.get(CHANGE).status_code == 404
