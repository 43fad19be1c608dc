"""What the demo studio knows and does about its people: own fields, an old list, segments, points, notes, tasks and deals."""

from datetime import datetime, timedelta
from functools import partial

from plainsail.accounts.models import User
from plainsail.contacts.models import Contact
from plainsail.contacts.services import counting, fields, importing, notes, scoring, segments, tasks
from plainsail.contacts.services.importing import Wishes
from plainsail.deals.models import Stage
from plainsail.deals.services import deals, pipelines
from plainsail.kernel import tenancy
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money
from plainsail.kernel.periods import local_date

FILE = "course-cards.csv"
CARDS = """\
email,phone,company,Favourite glaze,Shelf,First course
maren.thiele@example.net,+49 441 5550142,,Celadon,12,2026-03-14
jonas.petersen@example.net,+49 421 5550199,Petersen Keramikhandel,Tenmoku,3,2026-02-07
aylin.demir@example.net,+49 40 5550116,,Shino,7,
sophie.laurent@example.net,+33 4 78 55 50 11,Atelier Laurent,Celadon,,2026-04-18
tom.okafor@example.net,+44 20 7946 0142,,Tenmoku,21,2026-05-09
elena.rossi@example.net,+39 011 555 0137,Caffè Rossi,Shino,9,2026-03-14
nele.friedrich@example.net,call the studio,,Celadon,4,2026-06-06
oskar lang at example.net,+49 561 5550123,,Shino,18,
"""
"""Cards that people filled in at the wheel, typed off; one phone and one address can't be read."""
TARGETS = ["email", "phone", "company", "field:favourite_glaze", "field:shelf", "field:first_course"]
DEALS = [
    ("jonas.petersen@example.net", "Bowls for the spring catalogue", 186_000, 21, 2),
    ("elena.rossi@example.net", "Sixty espresso cups", 72_000, 14, 1),
    ("sophie.laurent@example.net", "Glaze workshop in Lyon", 145_000, 10, 0),
    ("tom.okafor@example.net", "Team day at the wheel", 58_000, 26, 3),
    ("piet.devries@example.net", "Tiles for a kitchen", 94_000, 18, 4),
    ("greta.lindqvist@example.net", "Wedding plates for forty", 112_000, 5, 0),
]
"""Whose, what, cents, how many days ago it was written down, and how many stages it went on since."""
NOTES = [
    ("jonas.petersen@example.net", "Wants the rims a little thicker. Sends a drawing by Friday.", 12),
    ("jonas.petersen@example.net", "Called: the drawing is on its way, and he asks for six samples.", 6),
    ("elena.rossi@example.net", "Cups must fit below the machine: 6.5 cm at most.", 9),
]


def make(studio: Workspace, owner: User, *, at: datetime) -> None:
    """All of it, by the services that the pages call; outside any workspace."""
    with tenancy.workspace(studio):
        ask_for_more(studio, at=at - timedelta(days=40))
    bring_cards(studio, owner, at=at - timedelta(days=20))
    with tenancy.workspace(studio):
        give_points(at=at - timedelta(days=18))
        keep_segments(studio, at=at - timedelta(days=16))
        make_deals(studio, owner, at=at)
        write_down(studio, owner, at=at)
        counting.count(at=at)


def ask_for_more(studio: Workspace, *, at: datetime) -> None:
    """Facts that only a studio keeps."""
    glazes = ["Celadon", "Tenmoku", "Shino"]
    fields.define(studio, label="Favourite glaze", kind="choice", choices=glazes, at=at)
    fields.define(studio, label="Shelf", kind="number", hint="Where the pots of this person stand.", at=at)
    fields.define(studio, label="First course", kind="date", at=at)


def bring_cards(studio: Workspace, owner: User, *, at: datetime) -> None:
    """A file that was imported: it fills what was empty."""
    with tenancy.workspace(studio):
        made = importing.receive(studio, name=FILE, chunks=[CARDS.encode()], by=owner, at=at)
        importing.define(made, Wishes(targets=TARGETS, tags=["Course card"]), at=at)
    importing.check(workspace_id=studio.pk, import_id=made.id)
    with tenancy.workspace(studio):
        importing.start(made, at=at)
    importing.run(workspace_id=studio.pk, import_id=made.id)


def give_points(*, at: datetime) -> None:
    """What counts, and from when on somebody is warm."""
    define = partial(scoring.define, value="", span_days=None, at=at)
    define(name="Joined the newsletter", event="contacts.list_joined", points=5, at_most=1)
    define(name="Bought something", event="commerce.order_paid", points=25, at_most=None)
    define(name="A deal was written down", event="deals.deal_opened", points=15, at_most=None)
    scoring.add_level(name="Warm", points=20, at=at)
    scoring.add_level(name="Hot", points=40, at=at)


def keep_segments(studio: Workspace, *, at: datetime) -> None:
    """Two questions that are asked again and again."""
    course = studio.tags.get(slug="course")
    waiting = [
        {"field": "tag", "op": "is", "value": str(course.id)},
        {"field": "bought", "op": "has_not", "value": "", "count": "", "days": ""},
    ]
    segments.save(studio, name="Asked for a course, bought none yet", tree={"all": waiting}, at=at)
    near = [{"field": "score", "op": "at_least", "value": "20"}, {"field": "deal", "op": "has", "value": ""}]
    segments.save(studio, name="Close to saying yes", tree={"any": near}, at=at)


def make_deals(studio: Workspace, owner: User, *, at: datetime) -> None:
    """What people may have made for them, each some stages on."""
    pipeline = pipelines.create(studio, name="Made to order", at=at - timedelta(days=30))
    steps = list(Stage.objects.filter(pipeline=pipeline, archived_at=None).order_by("position", "id"))
    for email, title, minor, days, moves in DEALS:
        begun_at = at - timedelta(days=days)
        deal = deals.create(
            pipeline,
            _of(studio, email),
            title=title,
            value=Money(minor, "EUR"),
            owner=owner,
            expected_on=local_date(begun_at + timedelta(days=40), studio.timezone),
            at=begun_at,
        )
        for number, stage in enumerate(steps[1 : moves + 1], start=1):
            deals.move(deal, stage, by=owner, at=begun_at + timedelta(days=number))


def write_down(studio: Workspace, owner: User, *, at: datetime) -> None:
    """Notes after calls, and what is still to be done."""
    for email, text, days in NOTES:
        notes.write(_of(studio, email), text=text, author=owner, at=at - timedelta(days=days))
    tomorrow = local_date(at + timedelta(days=1), studio.timezone)
    jonas = _of(studio, "jonas.petersen@example.net")
    tasks.create(
        jonas, what="Send six samples", due_on=tomorrow, assignee=owner, author=owner, at=at - timedelta(days=6)
    )


def _of(studio: Workspace, email: str) -> Contact:
    found: Contact = studio.contacts.get(email=email)
    return found
