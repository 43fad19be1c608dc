"""The demo business: a small pottery studio, made by the same services that the pages of the application call.

It is told as what happened over the last weeks, so `at` is the moment of now and everything lies before it.
"""

import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from plainsail.accounts.models import User
from plainsail.accounts.services import people, workspaces
from plainsail.automations.services import editing as automations
from plainsail.automations.services import publishing as publishing_flows
from plainsail.automations.sockets import STARTERS
from plainsail.cli import servers
from plainsail.commerce.services import catalogue, checkout, sellers, terms
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.services.checkout import Attempt, Trace
from plainsail.contacts.models import Contact, List, ListMember
from plainsail.contacts.services import consent, contacts, lists, tags
from plainsail.hosting.services import operating, plans
from plainsail.hosting.services.operating import Sold
from plainsail.kernel import tenancy
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.mail.services import broadcasts, starters
from plainsail.pages.models import Page
from plainsail.pages.services import pages, publishing

OWNER = ("ada@example.com", "Ada Brandt")
STUDIO = "Juniper Pottery Studio"
ADDRESS = "Juniper Pottery Studio\nAda Brandt\nMühlenweg 7\n26122 Oldenburg\nGermany"
NEWSLETTER = "Letters from the studio"
WORDING = "Juniper Pottery Studio will write to you by e-mail. You can unsubscribe with one click in every mail."
OPERATOR = "Plainsail (this installation)"
PLANS = [
    Sold(
        slug="studio", name="Studio", description="Everything that this installation can do.", price=Money(2900, "EUR")
    ),
    Sold(slug="domain", name="Extra domain", description="One more address.", price=Money(500, "EUR"), is_addon=True),
]
# The sandbox's card that always pays.
CARD = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}
GOODS = [("One day at the wheel", 9500, ""), ("Full weekend", 17500, ""), ("Studio club", 2900, "month")]
# What, who, how many days ago.
SALES = [
    ("Full weekend", "Maren.Thiele", 12),
    ("One day at the wheel", "Tom.Okafor", 9),
    ("Full weekend", "Elena.Rossi", 5),
    ("Studio club", "Sophie.Laurent", 4),
    ("One day at the wheel", "Nora.Hansen", 1),
]
# First name, last name, city, how many days ago, tags. The address follows from the name.
PEOPLE = [
    ("Maren", "Thiele", "Oldenburg", 41, ["Course"]),
    ("Jonas", "Petersen", "Bremen", 38, ["Course", "Wholesale"]),
    ("Aylin", "Demir", "Hamburg", 35, []),
    ("Sophie", "Laurent", "Lyon", 33, ["Glazes"]),
    ("Tom", "Okafor", "London", 31, ["Course"]),
    ("Greta", "Lindqvist", "Malmö", 27, ["Glazes"]),
    ("Paul", "Novak", "Vienna", 24, []),
    ("Elena", "Rossi", "Turin", 22, ["Course"]),
    ("Hannah", "Weber", "Oldenburg", 19, ["Market"]),
    ("Mateo", "García", "Seville", 15, []),
    ("Ines", "Carvalho", "Porto", 12, ["Glazes"]),
    ("Felix", "Brandt", "Leer", 9, ["Market"]),
    ("Nora", "Hansen", "Aarhus", 6, ["Course"]),
    ("Clara", "Dubois", "Nantes", 3, []),
]
# Those who signed a list at the market stall, on paper.
ON_PAPER = {"Hannah", "Felix"}
# Asked, and never pressed the button in the mail.
UNCONFIRMED = {"Clara"}
GONE_AGAIN = {"Mateo"}


def make(sign_in: Path, *, at: datetime) -> dict[str, str]:
    """Make the demo business and keep its sign-in in the file `sign_in`; return `{email, password}`.

    People, pages and contacts are made all or nothing; then the sales, which talk to the sandbox gateway.
    """
    email, name = OWNER
    password = secrets.token_urlsafe(9)
    with transaction.atomic():
        opened_at = at - timedelta(days=45)
        owner = people.register(email=email, name=name, password=password, at=opened_at)
        studio = workspaces.create(
            name=STUDIO,
            owner=owner,
            at=opened_at,
            timezone="Europe/Berlin",
            currency="EUR",
            postal_address=ADDRESS,
        )
        with tenancy.workspace(studio):
            newsletter = lists.create(studio, name=NEWSLETTER, at=opened_at, is_default=True)
            make_pages(studio, newsletter, owner, at=at)
            make_contacts(studio, newsletter, at=at)
            make_automation(studio, at=at)
        operating.open_shop(owner, name=OPERATOR, sold=PLANS, at=opened_at)
    make_sales(studio, at=at)
    plans.take(studio, slugs=["studio", "domain"], card=CARD, at=at)
    with tenancy.workspace(studio):
        make_broadcast(studio, newsletter, at=at)
    found = {"email": email, "password": password}
    servers.write_private(sign_in, json.dumps(found))
    return found


def make_automation(studio: Workspace, *, at: datetime) -> None:
    """The welcome that everybody gets who confirms from now on."""
    welcome = STARTERS["mail.welcome"]
    made = automations.create(name=str(welcome.label), flow=welcome.build(studio, at), at=at)
    publishing_flows.publish_letting_them_finish(made, at=at)


def make_broadcast(studio: Workspace, newsletter: List, *, at: datetime) -> None:
    """A letter that leaves a minute after the first start, into the local mailbox."""
    made = broadcasts.create(
        starters.letter(), subject="The autumn kiln is open", topic=newsletter, at=at, preheader="Twelve new glazes"
    )
    broadcasts.send_now(made, at=at)


def make_sales(studio: Workspace, *, at: datetime) -> None:
    """Three things to buy, and who bought them, with the sandbox's cards."""
    with tenancy.workspace(studio):
        for name, minor, interval in GOODS:
            price = PriceTerms(amount=Money(minor, "EUR"), interval=interval)
            catalogue.create_product(name=name, terms=price, at=at - timedelta(days=40))
        sold = {offer.name: offer for offer in studio.offers.select_related("price__product")}
    for name, buyer, days in SALES:
        bought_at = at - timedelta(days=days, hours=3)
        with tenancy.workspace(studio):
            seller = sellers.of_workspace(at=bought_at)
            shown = terms.consent(terms.quote(sold[name].price, seller=seller, at=bought_at), seller=seller, name=name)
            attempt = Attempt(new_id(), checkout.digest(shown))
            who = Buyer(email=f"{buyer}@example.net".lower(), name=buyer.replace(".", " "))
            order = checkout.place(
                sold[name], attempt=attempt, buyer=who, trace=Trace(ip=None, user_agent=""), at=bought_at
            )
        checkout.pay(studio.id, order.id, fields=CARD, return_path="/", at=bought_at)


def make_pages(studio: Workspace, newsletter: List, owner: User, *, at: datetime) -> list[Page]:
    """The studio's page with the form of its newsletter, and one to sell from; both published."""
    made = []
    for starter, title, path, days in (
        ("opt-in", "Five glazes for a small kiln", "/glazes", 42),
        ("sales", "A weekend at the wheel", "/weekend", 30),
    ):
        page = pages.create_from_template(
            studio, starter=starter, list=newsletter, title=title, path=path, by=owner, at=at - timedelta(days=days)
        )
        publishing.publish(page, by=owner, at=at - timedelta(days=days - 1))
        made.append(page)
    return made


def make_contacts(studio: Workspace, newsletter: List, *, at: datetime) -> list[Contact]:
    """Those who found the studio: each joined the newsletter in one of the ways in which people do."""
    made = []
    for first_name, last_name, city, days, names in PEOPLE:
        joined_at = at - timedelta(days=days, hours=days % 7, minutes=days * 11 % 60)
        address = f"{first_name}.{last_name}@example.net".lower().replace("í", "i")
        profile = {"first_name": first_name, "last_name": last_name, "city": city}
        if first_name in ON_PAPER:
            contact = contacts.create(email=address, fields=profile, source="Market stall", at=joined_at)
            basis = "Signed the list at the market stall, on paper."
            consent.add_with_basis(contact, newsletter, basis=basis, source="Market stall", at=joined_at)
        else:
            contact = consent.opt_in(
                studio,
                email=address,
                list=newsletter,
                wording=WORDING,
                fields=profile,
                source="Five glazes for a small kiln",
                at=joined_at,
            )
            if first_name not in UNCONFIRMED:
                member = ListMember.objects.get(contact=contact, list=newsletter)
                consent.confirm(member, at=joined_at + timedelta(minutes=7))
        for name in names:
            tags.add(contact, tags.named(studio, name), at=joined_at + timedelta(hours=1))
        if first_name in GONE_AGAIN:
            consent.withdraw(contact, newsletter, at=joined_at + timedelta(days=5))
        made.append(contact)
    return made
