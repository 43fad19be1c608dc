"""Whoever runs the installation sells plans: opens the shop, chooses prices, says what is included, sees who has which."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from plainsail.accounts.models import Role, User
from plainsail.accounts.services import domains, invitations, workspaces
from plainsail.cli import plans as command
from plainsail.cli.closing import NoSuchBusiness
from plainsail.cli.main import cli
from plainsail.cli.plans import CannotSell, NoShop, NoSuchPlan
from plainsail.commerce.models import Price
from plainsail.commerce.services import catalogue
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.tests.factories import NOON
from plainsail.files.services import library
from plainsail.hosting.models import Allowance, Plan
from plainsail.hosting.services import cancelling, changing_plan, closing, including, operating, plans
from plainsail.hosting.services.operating import AlreadySelling, BusinessClosing, HasAPlan, NotAPlan, PlansRun
from plainsail.hosting.tests.factories import operator
from plainsail.hosting.tests.test_billing import CARD
from plainsail.kernel import allowances
from plainsail.kernel.allowances import NotIncluded
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.subscriptions.models import AddonOffer

PLANS = "/w/juniper/settings/plans/"
FILLED = {"name": "Studio", "description": "", "people": "2", "domains": "", "megabytes": "100"}
ONLY_CARD = {name: CARD[name] for name in ("number", "expiry", "cvc")}


@pytest.fixture
def as_operator(ada, as_ada):
    User.objects.filter(pk=ada.pk).update(is_operator=True)
    return as_ada


@pytest.fixture
def shop(juniper, as_operator):
    operating.open_in(juniper, by=None, at=NOON)
    return juniper


def priced(business, name="Studio", **terms) -> Price:
    with workspace(business):
        made = catalogue.create_product(
            name=name, terms=PriceTerms(**({"amount": Money(2900, "EUR"), "interval": "month"} | terms)), at=NOON
        )
        return Price.objects.select_related("product").get(product=made)


def taken(business, *slugs):
    plans.take(business, slugs=slugs, card=ONLY_CARD, at=NOON)
    run_jobs()


@pytest.fixture
def customer(juniper, ben) -> Workspace:
    return workspaces.create(name="Customer", owner=ben, at=NOON)


def on_sale(business, name="Studio", *, is_addon=False, **limits) -> Plan:
    price = priced(business, name)
    with workspace(business):
        return operating.put_on_sale(
            price, name=name, is_addon=is_addon, limits=operating.NOTHING_LIMITED | limits, by=None, at=NOON
        )


# Opening the shop


def test_an_operator_makes_a_business_sell_plans_and_puts_an_ordinary_price_on_sale(juniper, as_operator):
    assert "Sell plans here" in as_operator.get(PLANS).content.decode()
    assert as_operator.post(f"{PLANS}shop/").status_code == 302
    price = priced(juniper)
    assert as_operator.post(PLANS, FILLED | {"price": str(price.pk)}).status_code == 302
    page = as_operator.get(PLANS).content.decode()
    assert [
        said for said in ("Studio: €29.00 every month", "2 people", "100 MB", "Nobody yet") if said not in page
    ] == []


def test_who_does_not_run_the_installation_learns_nothing_of_it(juniper, as_ada, as_ben, as_cleo):
    for path in ("", "shop/", "shop/closure/", "without/"):
        assert {as_ada.post(PLANS + path).status_code, as_cleo.post(PLANS + path).status_code} == {404}
    assert (as_ada.get(PLANS).status_code, as_ben.get(PLANS).status_code) == (404, 403)
    assert PLANS not in as_ada.get("/w/juniper/settings/billing/").content.decode()
    assert not Workspace.objects.filter(is_operator=True).exists()


def test_the_tab_is_there_for_an_operator(juniper, as_operator):
    assert PLANS in as_operator.get("/w/juniper/settings/billing/").content.decode()


def test_an_operator_can_not_open_a_shop_in_a_business_that_is_not_theirs(juniper, as_operator):
    cleos = Workspace.objects.exclude(pk=juniper.pk).filter(memberships__isnull=False).first() or operator()
    assert as_operator.post(f"/w/{cleos.slug}/settings/plans/shop/").status_code == 404


def test_one_business_sells_plans_and_another_is_refused(shop, as_operator, ada):
    second = workspaces.create(name="Second", owner=ada, at=NOON)
    there = f"/w/{second.slug}/settings/plans/"
    page = as_operator.get(there).content.decode()
    assert ("Juniper" in page, "Sell plans here" in page) == (True, False)
    with pytest.raises(AlreadySelling):
        operating.open_in(second, by=None, at=NOON)
    assert as_operator.post(f"{there}shop/").status_code == 409
    assert as_operator.post(there, FILLED).status_code == 200 or as_operator.post(f"{there}without/").status_code == 404


def test_a_business_that_closes_or_has_a_plan_sells_none(juniper, ada, customer):
    operator()
    taken(customer, "studio")
    Workspace.objects.filter(is_operator=True).update(is_operator=False)
    with pytest.raises(HasAPlan):
        operating.open_in(customer, by=None, at=NOON)
    closing.close(juniper, customers="period_end", by=ada, email=ada.email, at=NOON)
    with pytest.raises(BusinessClosing):
        operating.open_in(juniper, by=None, at=NOON)


def test_the_shop_closes_only_while_nobody_has_a_plan(shop, customer, as_operator):
    on_sale(shop)
    taken(customer, "studio")
    with workspace(shop), pytest.raises(PlansRun):
        operating.close_shop(shop, by=None, at=NOON)
    assert as_operator.post(f"{PLANS}shop/closure/").status_code == 409
    cancelling.cancel(customer, {"when": "now", "shown_refund": 2900}, at=NOON)
    assert as_operator.post(f"{PLANS}shop/closure/").status_code == 302
    assert "Nothing to pay" in as_operator.get("/w/juniper/settings/billing/").content.decode()


# Choosing prices


@pytest.mark.parametrize("terms", [{"interval": ""}, {"payments": 3}])
def test_a_price_that_ends_by_itself_is_no_plan(shop, as_operator, terms):
    price = priced(shop, **terms)
    assert as_operator.post(PLANS, FILLED | {"price": str(price.pk)}).status_code == 422
    with workspace(shop), pytest.raises(NotAPlan):
        operating.put_on_sale(price, name="x", limits=operating.NOTHING_LIMITED, by=None, at=NOON)


def test_a_price_that_is_a_plan_or_another_businesss_is_not_put_on_sale(shop, customer, as_operator):
    plan, foreign = on_sale(shop), priced(customer)
    for price_id in (plan.price_id, foreign.pk, "nonsense", ""):
        assert as_operator.post(PLANS, FILLED | {"price": str(price_id)}).status_code == 422
    with workspace(shop):
        assert Plan.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 81}, {"people": "-1"}, {"people": "many"}, {"megabytes": "9" * 30}]
)
def test_bad_input_is_said_at_its_field(shop, as_operator, wrong):
    plan = on_sale(shop)
    assert as_operator.post(f"{PLANS}{plan.pk}/", FILLED | wrong).status_code == 422


def test_a_plan_of_another_business_is_not_found(shop, customer, as_operator):
    with workspace(customer):
        price = priced(customer)
        foreign = Plan.objects.create(price=price, slug="x", name="X")
    for path in ("", "stop/", "return/"):
        assert as_operator.post(f"{PLANS}{foreign.pk}/{path}", FILLED).status_code == 404


def test_a_plan_that_is_not_sold_any_more_stays_with_who_has_it(shop, customer, as_operator):
    plan = on_sale(shop)
    taken(customer, "studio")
    assert as_operator.post(f"{PLANS}{plan.pk}/stop/").status_code == 302
    page = as_operator.get(PLANS).content.decode()
    assert [said for said in ("Not sold", "Customer", "Sell again") if said not in page] == []
    assert changing_plan.contract_of(customer, at=NOON).subscription.state == "active"
    assert as_operator.post(f"{PLANS}{plan.pk}/return/").status_code == 302
    with workspace(shop):
        assert Plan.objects.get().is_offered


def test_two_plans_of_one_name_have_addresses_of_their_own(shop):
    assert [on_sale(shop, "Studio").slug, on_sale(shop, "Studio").slug, on_sale(shop, "工作室").slug] == [
        "studio",
        "studio-2",
        "plan",
    ]


def test_an_add_on_can_be_added_to_every_plan_until_it_is_not_sold(shop):
    on_sale(shop)
    addon = on_sale(shop, "Domain", is_addon=True, domains=1)
    with workspace(shop):
        assert [(each.base.name, each.addon.name) for each in AddonOffer.objects.all()] == [("Studio", "Domain")]
        operating.stop_selling(addon, by=None, at=NOON)
        assert not AddonOffer.objects.exists()


# What is included


def test_nothing_is_limited_unless_the_operator_says_so(shop, customer):
    on_sale(shop)
    assert [allowances.most(customer.pk, what) for what in ("people", "domains", "megabytes")] == [None] * 3


def test_a_plan_includes_what_its_operator_says_and_its_add_on_adds(shop, customer):
    on_sale(shop, people=1, megabytes=5)
    on_sale(shop, "Domain", is_addon=True, domains=1, people=2)
    taken(customer, "studio", "domain")
    assert [allowances.most(customer.pk, what) for what in ("people", "domains", "megabytes")] == [3, None, 5]
    with workspace(customer):
        assert library.room(customer) == 5_000_000


def test_beyond_the_plan_nobody_is_invited_and_no_domain_added(shop, customer, ben):
    on_sale(shop, people=1, domains=0)
    taken(customer, "studio")
    with workspace(customer):
        owner = customer.memberships.select_related("user").get()
        with pytest.raises(NotIncluded):
            invitations.invite(customer, email="new@example.com", role=Role.VIEWER, by=owner, at=NOON)
        with pytest.raises(NotIncluded):
            domains.add(customer, name="shop.example.com", by=ben, at=NOON)


def test_a_limit_is_said_at_the_field(shop, customer, as_ben):
    on_sale(shop, domains=0)
    taken(customer, "studio")
    answer = as_ben.post(f"/w/{customer.slug}/settings/domains/", {"name": "shop.example.com"})
    assert (answer.status_code, "as many as it may have" in answer.content.decode()) == (422, True)


def test_another_limit_holds_for_whoever_has_the_plan(shop, customer, as_operator):
    plan = on_sale(shop, people=1)
    taken(customer, "studio")
    assert as_operator.post(f"{PLANS}{plan.pk}/", FILLED | {"people": "7"}).status_code == 302
    assert allowances.most(customer.pk, "people") == 7


def test_another_plan_includes_something_else_and_its_end_takes_it_back(shop, customer):
    on_sale(shop, people=1)
    taken(customer, "studio")
    with workspace(shop):
        including.limit_without_plan(shop, operating.NOTHING_LIMITED | {"people": 3})
    assert allowances.most(customer.pk, "people") == 1
    cancelling.cancel(customer, {"when": "now", "shown_refund": 2900}, at=NOON)
    run_jobs()
    assert (allowances.most(customer.pk, "people"), Allowance.objects.filter(workspace=customer).exists()) == (3, False)


def test_what_is_there_without_a_plan_is_the_operators_choice(shop, customer, as_operator):
    limits = {"without-people": "", "without-domains": "1", "without-megabytes": ""}
    assert as_operator.post(f"{PLANS}without/", limits).status_code == 302
    assert (allowances.most(customer.pk, "domains"), allowances.most(shop.pk, "domains")) == (1, None)
    assert as_operator.post(f"{PLANS}without/", limits | {"without-domains": "x"}).status_code == 422
    assert as_operator.post(f"{PLANS}without/", limits | {"without-domains": ""}).status_code == 302
    assert allowances.most(customer.pk, "domains") is None


# On the command line


def test_the_command_line_does_the_same(juniper, customer):
    with pytest.raises(NoShop):
        list(command.lines(at=NOON))
    with pytest.raises(NoSuchBusiness):
        command.open_shop("nobody", at=NOON)
    assert command.open_shop("juniper", at=NOON).startswith("Juniper")
    with pytest.raises(CannotSell):
        command.open_shop(customer.slug, at=NOON)
    priced(juniper)
    limits = operating.NOTHING_LIMITED | {"people": 2}
    with pytest.raises(NoSuchPlan):
        command.add("nothing", name="", is_addon=False, limits=limits, at=NOON)
    assert command.add("studio", name="", is_addon=False, limits=limits, at=NOON) == "On sale: Studio (studio)."
    with pytest.raises(CannotSell):
        command.add("studio", name="", is_addon=False, limits=limits, at=NOON)
    taken(Workspace.objects.get(pk=customer.pk), "studio")
    said = "\n".join(command.lines(at=NOON))
    assert re.search(r"studio: Studio: €29\.00 every month.* \(2 people\); 1 have it\n  Customer: Studio \(S-", said)
    with pytest.raises(NoSuchPlan):
        command.stop("gold", at=NOON)
    assert "Not sold any more" in command.stop("studio", at=NOON)
    assert "not sold any more" in "\n".join(command.lines(at=NOON))


def test_a_refusal_is_one_line(db):
    answer = CliRunner().invoke(cli, ["plans"])
    assert (answer.exit_code, answer.output) == (
        1,
        "Error: No business sells plans. Begin with: plainsail plans open WORKSPACE\n",
    )


def test_what_plans_include_and_how_much_is_used_stands_on_billing(shop, customer, as_ben):
    on_sale(shop, people=2, megabytes=100)
    there = f"/w/{customer.slug}/settings/billing/"
    words = " ".join(re.sub(r"<[^>]+>", " ", as_ben.get(there).content.decode()).split())
    assert "Studio includes 2 people, 100 MB for files" in words
    taken(customer, "studio")
    words = " ".join(re.sub(r"<[^>]+>", " ", as_ben.get(there).content.decode()).split())
    assert "People who can sign in 1 of 2 Domains of your own 0 Pictures" in words
