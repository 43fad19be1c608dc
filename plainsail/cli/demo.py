"""The demo business: a small pottery studio, made by the same services that the pages of the application call.

It is told as what happened over the last weeks, so `at` is the moment of now and everything lies before it.
"""

import json
import random
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from plainsail.accounts.models import User
from plainsail.accounts.services import people, workspaces
from plainsail.automations.services import editing as automations
from plainsail.automations.services import publishing as publishing_flows
from plainsail.automations.sockets import STARTERS
from plainsail.blocks.services import documents
from plainsail.cli import conversations, servers, story
from plainsail.cli.story import Person
from plainsail.commerce.services import catalogue, checkout, sellers, terms
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.services.catalogue import PriceTerms
from plainsail.commerce.services.checkout import Attempt, Trace
from plainsail.contacts.models import Contact, List, ListMember
from plainsail.contacts.services import consent, contacts, lists, tags
from plainsail.hosting.services import operating, plans
from plainsail.hosting.services.operating import Sold
from plainsail.kernel import environment, tenancy
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.mail.services import broadcasts
from plainsail.pages.models import Page
from plainsail.pages.services import blogging, editing, furnishing, pages, parts, publishing
from plainsail.pages.starters import SITE_STARTERS
from plainsail.tracking.models import Landing
from plainsail.tracking.services import landing

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
BEING_MADE = 7_305_501
"""Key of the advisory lock of whoever makes it."""
# The sandbox's card that always pays.
CARD = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}
# Starter, title, path, how many days ago.
PAGES = [
    ("links", STUDIO, "/", 44),
    ("opt-in", "Five glazes for a small kiln", "/glazes", 42),
    ("sales", "A weekend at the wheel", "/weekend", 30),
    ("membership", "A key of your own", "/membership", 20),
    ("about", "About us", "/about", 19),
    ("contact", "Contact", "/contact", 19),
]
VISITED = 3
# Drafts that wait for their day, so that the gallery's other purposes are seen too.
DRAFTS = [("course", "", "/photography-course", 6), ("event", "", "/fair", 3), ("soon", "", "/soon", 2)]


def make(sign_in: Path, *, at: datetime) -> dict[str, str]:
    """Make the demo business and keep its sign-in in the file `sign_in`; return `{email, password}`.

    All or nothing: whoever is cut off here makes it at the next start. Where it is there already, and the file is gone,
    its owner gets a new password.
    """
    email, _ = OWNER
    password = secrets.token_urlsafe(9)
    # The sandbox gateway answers in this process, so nothing in here waits for a network.
    with transaction.atomic():
        with connection.cursor() as cursor:  # the first start makes it too: whoever comes second waits, and finds it
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BEING_MADE])
        owner = User.objects.filter(email=email, memberships__workspace__name=STUDIO).first()
        if owner is None:
            make_business(password, at=at)
        else:
            owner.set_password(password)
            owner.save(update_fields=["password"])
    found = {"email": email, "password": password}
    servers.write_private(sign_in, json.dumps(found))
    return found


def make_business(password: str, *, at: datetime) -> None:
    """The installation's own shop, the studio, and all that happened in it."""
    opened_at = at - timedelta(days=45)
    email, name = OWNER
    owner = people.register(email=email, name=name, password=password, at=opened_at)
    # First, so that signing in leads to the studio: the business that its owner turned to last.
    operating.open_shop(owner, name=OPERATOR, sold=PLANS, at=opened_at)
    studio = workspaces.create(
        name=STUDIO,
        owner=owner,
        at=opened_at + timedelta(minutes=5),
        timezone="Europe/Berlin",
        currency="EUR",
        postal_address=ADDRESS,
    )
    with tenancy.workspace(studio):
        newsletter = lists.create(studio, name=NEWSLETTER, at=opened_at, is_default=True)
        published = make_pages(studio, newsletter, owner, at=at)
        make_contacts(studio, newsletter, at=at)
        make_automation(studio, at=at)
    make_visits(studio, published, at=at)
    make_sales(studio, at=at)
    conversations.make(studio, owner, at=at)
    plans.take(studio, slugs=["studio", "domain"], card=CARD, at=at)
    with tenancy.workspace(studio):
        make_broadcast(studio, newsletter, at=at)


def make_automation(studio: Workspace, *, at: datetime) -> None:
    """The welcome that everybody gets who confirms from now on; a draft where mail would leave for people who are invented."""
    welcome = STARTERS["mail.welcome"]
    made = automations.create(name=str(welcome.label), flow=welcome.build(studio, at), at=at)
    if environment.current().uses_mail_catcher:
        publishing_flows.publish_letting_them_finish(made, at=at)


def make_broadcast(studio: Workspace, newsletter: List, *, at: datetime) -> None:
    """A letter that leaves a minute after the first start, into the local mailbox; a draft where there is none."""
    letter = documents.build("juniper", story.LETTER)
    made = broadcasts.create(
        letter, subject="The autumn kiln is open", topic=newsletter, at=at, preheader="Twelve new glazes, five for you"
    )
    if environment.current().uses_mail_catcher:
        broadcasts.send_now(made, at=at)


def make_sales(studio: Workspace, *, at: datetime) -> None:
    """Things to buy at once, by the month, in instalments, after a trial; and who bought them, with the sandbox's cards."""
    with tenancy.workspace(studio):
        for name, minor, more in story.GOODS:
            initial = {"initial": Money(more["initial"], "EUR")} if "initial" in more else {}
            price = PriceTerms(amount=Money(minor, "EUR"), **more | initial)
            catalogue.create_product(name=name, terms=price, at=at - timedelta(days=40))
        sold = {offer.name: offer for offer in studio.offers.select_related("price__product")}
    for name, buyer, days in story.SALES:
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
    """The studio's pages and its blog, published, and some drafts; returns those that people came by, the oldest."""
    made = []
    for starter, title, path, days in PAGES:
        page = pages.create_from_template(
            studio, starter=starter, list=newsletter, title=title, path=path, by=owner, at=at - timedelta(days=days)
        )
        if path == "/glazes":
            reword(page, owner, at=at - timedelta(days=days))
        publishing.publish(page, by=owner, at=at - timedelta(days=days - 1))
        made.append(page)
    for starter, title, path, days in DRAFTS:
        pages.create_from_template(
            studio, starter=starter, list=newsletter, title=title, path=path, by=owner, at=at - timedelta(days=days)
        )
    make_blog(studio, owner, at=at)
    return made[:VISITED]


def make_blog(studio: Workspace, owner: User, *, at: datetime) -> None:
    """Two posts with their list, and the navigation and footer that lead to all of it."""
    craft = SITE_STARTERS["craft"]
    blog = blogging.open_blog(studio, by=owner, at=at - timedelta(days=18))
    for number, said in enumerate(craft.posts):
        begun = at - timedelta(days=9 * number + 3)
        post = furnishing.write_post(studio, said, by=owner, at=begun)
        publishing.publish(post, by=owner, at=begun)
    publishing.publish(blog, by=owner, at=at - timedelta(days=2))
    for kind in (Page.Kind.HEADER, Page.Kind.FOOTER):
        part = parts.open_part(studio, kind=kind, by=owner, at=at - timedelta(days=2))
        publishing.publish(part, by=owner, at=at - timedelta(days=2))


def reword(page: Page, owner: User, *, at: datetime) -> None:
    """Write the studio's own words over the starter's, as its owner would in the editor."""
    changes = [
        {"op": "set", "block": block.id, "path": [name], "value": value}
        for block in page.document.blocks
        for name, value in story.GLAZES.get(block.type, {}).items()
    ]
    editing.apply(page, changes, revision=page.revision, by=owner, at=at)


def make_contacts(studio: Workspace, newsletter: List, *, at: datetime) -> list[Contact]:
    """Those who found the studio: each joined the newsletter in one of the ways in which people do."""
    return [_joined(studio, newsletter, person, at=at) for person in story.PEOPLE]


def _joined(studio: Workspace, newsletter: List, person: Person, *, at: datetime) -> Contact:
    joined_at = _joined_at(person, at=at)
    profile = {"first_name": person.first_name, "last_name": person.last_name, "city": person.city}
    if person.is_on_paper:
        contact = contacts.create(email=person.address, fields=profile, source="Market stall", at=joined_at)
        basis = "Signed the list at the market stall, on paper."
        consent.add_with_basis(contact, newsletter, basis=basis, source="Market stall", at=joined_at)
    else:
        contact = consent.opt_in(
            studio,
            email=person.address,
            list=newsletter,
            wording=WORDING,
            fields=profile,
            source="Five glazes for a small kiln",
            at=joined_at,
        )
        if person.is_confirmed:
            member = ListMember.objects.get(contact=contact, list=newsletter)
            consent.confirm(member, at=joined_at + timedelta(minutes=7))
    for name in person.tags:
        tags.add(contact, tags.named(studio, name), at=joined_at + timedelta(hours=1))
    if person.leaves:
        consent.withdraw(contact, newsletter, at=joined_at + timedelta(days=5))
    return contact


def _joined_at(person: Person, *, at: datetime) -> datetime:
    return at - timedelta(days=person.days, hours=person.days % 7, minutes=person.days * 11 % 60)


def make_visits(studio: Workspace, made: Sequence[Page], *, at: datetime) -> None:
    """Who looked at the pages, as rows that the edge would have written, taken in like those."""
    landed = [row for person in story.PEOPLE if not person.is_on_paper for row in _arrived(studio, person, made, at=at)]
    chance = random.Random(STUDIO)
    for days, lookers in enumerate(story.LOOKERS, start=1):
        for _looker in range(lookers):
            seen_at = at - timedelta(days=days, minutes=chance.randrange(0, 700))
            page = chance.choice(made)
            landed.append(_visit(studio, page, visitor=new_id(), seed=chance.random(), at=seen_at))
    Landing.objects.bulk_create(landed)
    landing.drain()


def _arrived(studio: Workspace, person: Person, made: Sequence[Page], *, at: datetime) -> list[Landing]:
    """Somebody who joined by the form: the first page, then the one with the form, minutes before."""
    visitor, chance = new_id(), random.Random(person.address)
    joined_at = _joined_at(person, at=at)
    return [
        _visit(studio, page, visitor=visitor, seed=chance.random(), at=joined_at - timedelta(minutes=before))
        for page, before in zip(made, (6, 3), strict=False)
    ]


def _visit(studio: Workspace, page: Page, *, visitor: UUID, seed: float, at: datetime) -> Landing:
    return Landing(
        workspace_id=studio.id,
        kind="visit",
        at=at,
        visitor_id=visitor,
        page_id=page.id,
        path=page.path,
        referrer=story.REFERRERS[int(seed * len(story.REFERRERS))],
        user_agent=story.BROWSERS[int(seed * 7) % len(story.BROWSERS)],
    )
