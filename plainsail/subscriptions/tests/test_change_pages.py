"""A customer changes the plan in the account on the site; nobody else can, and looking changes nothing."""

from __future__ import annotations

import re

import pytest

from plainsail.commerce.services import catalogue
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.tests.factories import MAREN, NOON
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge
from plainsail.portal.tests.factories import customer, session_key
from plainsail.subscriptions.models import PlanChange
from plainsail.subscriptions.services import changing
from plainsail.subscriptions.tests.factories import subscribed

CARD = {"number": "", "expiry": "", "cvc": ""}


@pytest.fixture
def contract(juniper):
    """Maren’s, at €29.00 a month; a year costs €390.00, a quarter €60.00."""
    made = subscribed(juniper)
    with workspace(juniper):
        product = made.items.get().product
        for minor, interval, count in ((39000, "year", 1), (6000, "month", 3)):
            terms = PriceTerms(amount=Money(minor, "EUR"), interval=interval, interval_count=count)
            catalogue.add_price(product, terms=terms, at=NOON)
    return made


@pytest.fixture
def maren(juniper, contract, site_client):
    with workspace(juniper):
        site_client.cookies["ps_account"] = session_key(customer(MAREN.email))
    return site_client


def path(contract) -> str:
    return f"/account/subscriptions/{contract.id}/plan/"


def shown(browser, contract, words: str) -> dict[str, str]:
    page = browser.get(path(contract)).content.decode()
    key = re.search(rf'value="([0-9a-f-]+)"(?:(?!value=).)*?{words}', page, re.DOTALL).group(1)
    page = browser.get(f"{path(contract)}?plan={key}").content.decode()
    return dict(re.findall(r'<input type="hidden" name="(plan|shown)" value="([^"]+)"', page))


def test_the_account_leads_to_the_other_prices_of_the_product(maren, contract):
    page = maren.get("/account/").content.decode()
    assert f'href="{path(contract)}"' in page
    choices = maren.get(path(contract)).content.decode()
    assert "€390.00 every year" in choices
    assert "€60.00 every 3 months" in choices


def test_a_dearer_price_is_charged_and_runs_at_once(maren, contract, juniper):
    answer = maren.post(path(contract), shown(maren, contract, "€390") | CARD)
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    run_jobs()
    with workspace(juniper):
        assert changing.plan_of(contract).interval_unit == "year"
        assert [one.amount_minor for one in Charge.objects.order_by("created_at")] == [2900, 39000]


def test_a_cheaper_one_is_planned_shown_and_taken_back(maren, contract, as_ada, juniper):
    maren.post(path(contract), shown(maren, contract, "€60") | CARD)
    assert "from 23 December 2026 on" in maren.get("/account/").content.decode()
    assert "Studio club, €60.00 every 3 months, from" in maren.get("/account/").content.decode()
    staff = as_ada.get(f"/w/juniper/sales/subscriptions/{contract.id}/").content.decode()
    assert "from 23 December 2026 on" in staff
    assert maren.post(f"{path(contract)}undo/").status_code == 302
    assert "from 23 December" not in maren.get("/account/").content.decode()


def test_a_declined_card_is_said_at_its_field(maren, contract):
    sent = shown(maren, contract, "€390") | {"number": "4000 0000 0000 0002", "expiry": "04/30", "cvc": "123"}
    answer = maren.post(path(contract), sent)
    assert answer.status_code == 422
    assert 'id="id_number_error"' in answer.content.decode()


def test_the_banks_check_comes_back_to_the_account(maren, contract):
    sent = shown(maren, contract, "€390") | {"number": "4000 0027 6000 3184", "expiry": "04/30", "cvc": "123"}
    bank = maren.post(path(contract), sent)["Location"]
    landing = maren.post(bank, {"answer": "confirm"})["Location"]
    page = maren.get(landing).content.decode()
    assert "Your plan has changed" in page
    assert 'href="/account/"' in page


def test_others_and_strangers_find_nothing(maren, contract, site_client, juniper):
    with workspace(juniper):
        site_client.cookies["ps_account"] = session_key(customer("kofi@example.com"))
    assert site_client.get(path(contract)).status_code == 404
    assert site_client.post(path(contract), {}).status_code == 404
    assert site_client.post(f"{path(contract)}undo/").status_code == 404
    del site_client.cookies["ps_account"]
    assert site_client.get(path(contract))["Location"].startswith("/account/sign-in/?next=")
    assert site_client.get("/change/forged/").status_code == 404
    with workspace(juniper):
        assert not PlanChange.objects.exists()
