"""A plan is bought at the checkout of the business that sells it: by Stripe's page, by bank transfer, after a trial."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.services import workspaces
from plainsail.commerce.models import Invoice, Order, Price
from plainsail.commerce.services import catalogue, lapsing, receipts, receiving, sellers
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.tests.factories import NOON
from plainsail.hosting.models import Plan
from plainsail.hosting.services import cancelling, closing, operating, plans
from plainsail.hosting.services.plans import CardsElsewhere
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import BILLING, CARD
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge
from plainsail.payments.services import connecting, transfers
from plainsail.payments.services.statements import Entry
from plainsail.payments.services.transfers import BankAccount
from plainsail.payments.sockets import GATEWAYS
from plainsail.payments.tests.stripe_fake import KEY, SECRET, FakeStripe, serving
from plainsail.subscriptions.models import Subscription

TO = BankAccount(holder="Plainsail Hosting", iban="DE89370400440532013000", bic="COBADEFFXXX", days=10, is_offered=True)
CHECKOUT = f"{BILLING}checkout/"
PAID_BY_CARD = {"number": "4242 4242 4242 4242", "expiry": "04/30", "cvc": "123", "pays_by": "card"}
CARDLESS = {"email": "ada@example.com", "name": "Ada Lovelace", "company": "Juniper", "country": "DE"}


@pytest.fixture
def seller(juniper):
    return operator()


@pytest.fixture
def fake(monkeypatch, seller):
    """The seller's Stripe."""
    with serving(FakeStripe(now=int(NOON.timestamp()))) as served:
        monkeypatch.setattr(GATEWAYS["stripe"], "api", served.url)
        keys = {"secret_key": KEY, "webhook_secret": SECRET}
        made = connecting.connect(seller.pk, code="stripe", mode="test", keys=keys, at=NOON)
        with workspace(seller):
            sellers.take_payments_by(sellers.of_workspace(at=NOON), made)
        yield served


@pytest.fixture
def by_transfer(seller):
    with workspace(seller):
        return transfers.set_up(TO, mode="test", at=NOON)


class Shop:
    """The seller's site, as the browser sees it that was led there."""

    def __init__(self, client, seller) -> None:
        self.client, self.host = client, {"host": f"{seller.slug}.localhost"}

    def get(self, path):
        return self.client.get(path, headers=self.host)

    def open(self, path) -> str:
        """The token of the form that the page holds."""
        token = re.search(r'name="attempt"[^>]* value="([^"]+)"', self.get(path).content.decode())
        assert token
        return token[1]

    def buy(self, path, *, attempt="", **changes):
        form = {**CARDLESS, "attempt": attempt or self.open(path), **changes}
        return self.client.post(path, form, headers=self.host)


@pytest.fixture
def shop(client, seller):
    return Shop(client, seller)


def led(as_ada, plan="studio") -> str:
    """Path of the checkout that choosing a plan leads to."""
    answer = as_ada.post(CHECKOUT, {"plan": plan})
    assert answer.status_code == 302
    page = as_ada.get(answer["Location"]).content.decode()
    (url,) = set(re.findall(r'href="http://[^/"]+(/checkout/[^"]+)"', page))
    return unescape(url)


def contracts(seller) -> list[Subscription]:
    with workspace(seller):
        return list(Subscription.objects.order_by("started_at", "id"))


def session_of(shop, leaving: str) -> str:
    """The session on Stripe's page that a page leads to."""
    found = re.search(r'url=([^"]+)"', shop.get(leaving).content.decode())
    assert found
    return found[1].rsplit("/", 1)[-1]


def bought_by_stripe(shop, fake, as_ada, seller, plan="studio") -> None:
    answer = shop.buy(led(as_ada, plan))
    fake.enter_card(session_of(shop, answer["Location"]))
    shop.get(answer["Location"].split("?")[0])
    run_jobs(at=NOON)


def test_billing_leads_to_the_checkout_which_knows_who_comes(seller, fake, as_ada, shop):
    page = as_ada.get(BILLING).content.decode()
    assert ("Go to the checkout" in page, 'name="number"' in page) == (True, False)
    there = shop.get(led(as_ada)).content.decode()
    assert [known for known in ('value="ada@example.com"', "€29.00", "own page") if known not in there] == []


def test_a_plan_is_paid_on_stripes_page_and_begins(seller, fake, as_ada, shop, juniper):
    bought_by_stripe(shop, fake, as_ada, seller)
    (made,) = contracts(seller)
    assert made.bought_for == f"hosting:{juniper.pk}"
    page = as_ada.get(BILLING).content.decode()
    assert [said for said in ("Your plan", "Studio · €29.00 every month", "Change card") if said not in page] == []
    with workspace(seller):
        assert [(each.amount_minor, each.state) for each in Charge.objects.all()] == [(2900, "succeeded")]


def test_its_receipt_leads_back_to_billing(seller, fake, as_ada, shop):
    bought_by_stripe(shop, fake, as_ada, seller)
    with workspace(seller):
        token = receipts.token_of(Order.objects.get())
    page = shop.get(f"/receipt/{token}/").content.decode()
    assert re.search(rf'href="http://[^"]+{BILLING}"', page)


def test_a_plan_by_stripe_is_cancelled_and_taken_back_like_any(seller, fake, as_ada, shop, juniper):
    bought_by_stripe(shop, fake, as_ada, seller)
    assert as_ada.post(f"{BILLING}cancellation/", {"when": "period_end"}).status_code == 302
    assert contracts(seller)[0].scheduled_end_at is not None
    assert as_ada.post(f"{BILLING}cancellation/undo/").status_code == 302
    assert contracts(seller)[0].scheduled_end_at is None
    assert cancelling.stop(juniper, at=NOON) is not None


def test_a_plan_by_stripe_is_changed_with_its_own_card(seller, fake, as_ada, shop):
    with workspace(seller):
        pro = operating.offer(operating.Sold(slug="pro", name="Pro", description="", price=Money(5900, "EUR")), at=NOON)
    bought_by_stripe(shop, fake, as_ada, seller)
    page = as_ada.get(f"{BILLING}change/?plan={pro.price_id}").content.decode()
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    assert shown
    sent = {"plan": str(pro.price_id), "shown": shown[1], "number": "", "expiry": "", "cvc": ""}
    assert as_ada.post(f"{BILLING}change/", sent)["Location"] == BILLING
    with workspace(seller):
        assert [each.description for each in contracts(seller)[0].items.filter(ends_on=None)] == ["Pro"]


def test_a_plan_by_bank_transfer_waits_on_billing_and_begins_with_the_money(seller, by_transfer, as_ada, shop):
    answer = shop.buy(led(as_ada), pays_by="transfer")
    assert "See how to pay" in as_ada.get(BILLING).content.decode()
    assert shop.get(answer["Location"])["Location"].startswith("/transfer/")
    page = as_ada.get(BILLING).content.decode()
    assert ("Studio waits for your bank transfer" in page, "Choose a plan" in page) == (True, False)
    assert contracts(seller) == []
    with workspace(seller):
        invoice = Invoice.objects.get()
    entry = Entry(
        key="A/0",
        booked_on=NOON.date(),
        amount=Money(2900, "EUR"),
        payer_name="Ada",
        payer_iban="NL91ABNA0417164300",
        text=invoice.payment_reference,
    )
    receiving.import_entries(seller.pk, [entry], mode="test", at=NOON + timedelta(days=1))
    run_jobs(at=NOON + timedelta(days=1))
    assert [each.state for each in contracts(seller)] == ["active"]
    page = as_ada.get(BILLING).content.decode()
    assert ("Bank transfer" in page, "Pay by card" in page, "waits for your" in page) == (True, True, False)


def test_an_order_that_waits_for_money_keeps_another_plan_from_being_bought(seller, by_transfer, as_ada, shop):
    other = led(as_ada)
    shop.buy(led(as_ada), pays_by="transfer")
    answer = as_ada.post(CHECKOUT, {"plan": "studio"})
    assert (answer.status_code, "is ordered already" in answer.content.decode()) == (409, True)
    assert "is ordered already" in shop.buy(other, **PAID_BY_CARD).content.decode()
    with workspace(seller):
        assert (Order.objects.count(), Charge.objects.count()) == (1, 0)


def test_an_order_whose_money_never_comes_lapses_and_a_plan_can_be_chosen_again(seller, by_transfer, as_ada, shop):
    shop.buy(led(as_ada), pays_by="transfer")
    with workspace(seller):
        order = Order.objects.get()
        assert lapsing.lapse(order.id, at=order.pay_by)
    assert "Choose a plan" in as_ada.get(BILLING).content.decode()
    assert led(as_ada)


def test_two_checkouts_open_at_once_make_one_contract(seller, by_transfer, as_ada, shop):
    first, second = led(as_ada), led(as_ada)
    open_already = shop.open(second)
    assert shop.buy(first, **PAID_BY_CARD).status_code == 302
    answer = shop.buy(second, attempt=open_already, **PAID_BY_CARD)
    assert (answer.status_code, "already has a plan" in answer.content.decode()) == (409, True)
    assert len(contracts(seller)) == 1


def test_two_cards_entered_at_stripe_are_charged_once(seller, fake, as_ada, shop):
    answers = [shop.buy(path)["Location"] for path in (led(as_ada), led(as_ada))]
    for answer in answers:
        fake.enter_card(session_of(shop, answer))
    for answer in answers:
        shop.get(answer.split("?")[0])
    run_jobs(at=NOON)
    assert len(contracts(seller)) == 1
    with workspace(seller):
        assert [each.state for each in Charge.objects.all()] == ["succeeded"]


def test_a_plan_that_is_no_longer_sold_can_not_be_bought_from_an_open_page(seller, by_transfer, as_ada, shop):
    path = led(as_ada)
    with workspace(seller):
        operating.stop_selling(Plan.objects.get(slug="studio"), by=None, at=NOON)
    answer = shop.buy(path, pays_by="transfer")
    assert (answer.status_code, "isn’t sold any more" in answer.content.decode()) == (409, True)
    assert as_ada.post(CHECKOUT, {"plan": "studio"}).status_code == 422


@pytest.mark.parametrize("sent", [{}, {"plan": "gold"}, {"plan": "domain"}, {"plan": "x" * 5000}])
def test_a_plan_that_is_none_or_an_add_on_is_refused(seller, by_transfer, as_ada, sent):
    assert as_ada.post(CHECKOUT, sent).status_code == 422
    assert as_ada.get(CHECKOUT, sent).status_code == 409


def test_a_closed_checkout_page_is_said(seller, by_transfer, as_ada):
    with workspace(seller):
        price = Plan.objects.get(slug="studio").price
        price.offers.update(is_live=False)
    assert as_ada.post(CHECKOUT, {"plan": "studio"}).status_code == 409


@pytest.mark.parametrize("token", ["x", "", "a.b.c"])
def test_a_forged_address_is_no_page_or_nobodys_purchase(seller, by_transfer, as_ada, shop, token):
    path = led(as_ada).split("?")[0]
    answer = shop.get(f"{path}?for={token}")
    assert answer.status_code == (404 if token else 200)


def test_an_address_for_one_plan_buys_no_other(seller, by_transfer, as_ada, shop):
    with workspace(seller):
        operating.offer(operating.Sold(slug="pro", name="Pro", description="", price=Money(5900, "EUR")), at=NOON)
    token = led(as_ada).split("?")[1]
    assert shop.get(f"/checkout/pro/?{token}").status_code == 404


def test_a_business_that_closes_buys_nothing(seller, by_transfer, as_ada, shop, juniper, ada):
    path = led(as_ada)
    closing.close(juniper, customers="period_end", by=ada, email=ada.email, at=NOON)
    run_jobs(at=NOON)
    answer = shop.buy(path, pays_by="transfer")
    assert (answer.status_code, "No plan can be bought" in answer.content.decode()) == (409, True)


def test_two_businesses_of_one_owner_have_a_plan_each(seller, juniper, ada, as_ada):
    second = workspaces.create(name="Second", owner=ada, at=NOON)
    card = {name: CARD[name] for name in ("number", "expiry", "cvc")}
    for business in (juniper, second):
        plans.take(business, slugs=["studio"], card=card, at=NOON)
    first, other = contracts(seller)
    assert first.account_id == other.account_id
    cancelling.cancel(second, {"when": "now", "shown_refund": 2900}, at=NOON)
    with workspace(seller):
        ended = Subscription.objects.get(bought_for=f"hosting:{second.pk}")
        assert (ended.state, Subscription.objects.get(bought_for=f"hosting:{juniper.pk}").state) == ("ended", "active")
    assert "Choose a plan" in as_ada.get(f"/w/{second.slug}/settings/billing/").content.decode()


def test_a_plan_that_begins_with_a_trial_is_for_the_checkout(seller, as_ada, shop):
    with workspace(seller):
        terms = PriceTerms(amount=Money(900, "EUR"), interval="month", trial_days=14)
        product = catalogue.create_product(name="Small", terms=terms, at=NOON)
        price = Price.objects.select_related("product").get(product=product)
        operating.put_on_sale(price, name="Small", limits=operating.NOTHING_LIMITED, by=None, at=NOON)
    assert "Go to the checkout" in as_ada.get(BILLING).content.decode()
    with pytest.raises(CardsElsewhere):
        business = Membership.objects.get(user__email="ada@example.com", role=Role.OWNER).workspace
        plans.take(business, slugs=["small"], card={}, at=NOON)
    assert shop.buy(led(as_ada, "small"), **PAID_BY_CARD).status_code == 302
    assert [each.state for each in contracts(seller)] == ["trialing"]
    assert "€9.00 on 7 December 2026" in as_ada.get(BILLING).content.decode()


def test_the_seller_buys_no_plan_of_its_own(seller, by_transfer, client):
    owner = Membership.objects.get(workspace=seller).user
    client.force_login(owner)
    there = f"/w/{seller.slug}/settings/billing/"
    assert "needs none itself" in client.get(there).content.decode()
    assert client.post(f"{there}checkout/", {"plan": "studio"}).status_code in {409, 422}


def test_only_the_owner_is_led_to_the_checkout_and_never_by_looking(seller, by_transfer, as_ada, as_ben, as_cleo):
    assert (as_ben.post(CHECKOUT, {"plan": "studio"}).status_code, as_cleo.get(CHECKOUT).status_code) == (403, 404)
    as_ada.get(f"{CHECKOUT}?plan=studio")
    with workspace(seller):
        assert not Order.objects.exists()
