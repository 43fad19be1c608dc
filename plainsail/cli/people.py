"""Invented people: who they are and what they do, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

FIRST = (
    *(
        "Ada",
        "Amira",
        "Anton",
        "Astrid",
        "Bea",
        "Bruno",
        "Camille",
        "Carlos",
        "Chiara",
        "Daan",
        "Dilek",
        "Edda",
        "Elif",
    ),
    *("Emil", "Esra", "Fatou", "Femke", "Finn", "Freya", "Gael", "Greta", "Hanna", "Henrik", "Ida", "Ines", "Ivan"),
    *("Jana", "Jonas", "Juna", "Kaya", "Klara", "Lars", "Lea", "Levi", "Linn", "Lotte", "Luca", "Maja", "Maren"),
    *("Mateo", "Mei", "Milan", "Mira", "Nadia", "Nils", "Noor", "Olga", "Omar", "Oskar", "Paula", "Pia", "Rafael"),
    *(
        "Rosa",
        "Ruben",
        "Sana",
        "Selma",
        "Sofia",
        "Sven",
        "Tara",
        "Theo",
        "Tilda",
        "Tomas",
        "Uma",
        "Vera",
        "Wim",
        "Yara",
    ),
)
LAST = (
    *(
        "Abel",
        "Albrecht",
        "Andersen",
        "Baker",
        "Bauer",
        "Becker",
        "Berg",
        "Bianchi",
        "Blom",
        "Brandt",
        "Carter",
        "Costa",
    ),
    *("Dahl", "Diaz", "Dubois", "Engel", "Falk", "Fischer", "Fontaine", "Garcia", "Graf", "Haas", "Hansen", "Hoffmann"),
    *(
        "Ito",
        "Jansen",
        "Kaiser",
        "Keller",
        "Kowalski",
        "Krause",
        "Lange",
        "Larsen",
        "Lopez",
        "Maier",
        "Martin",
        "Meyer",
    ),
    *(
        "Moreau",
        "Moretti",
        "Nguyen",
        "Novak",
        "Okafor",
        "Olsen",
        "Peters",
        "Petit",
        "Popescu",
        "Reed",
        "Ricci",
        "Rossi",
    ),
    *("Roth", "Sato", "Schmidt", "Schulz", "Silva", "Simon", "Sorensen", "Tanaka", "Torres", "Varga", "Vogel", "Weber"),
    *("Werner", "Winter", "Wolf", "Yilmaz", "Ziegler", "Zimmer"),
)
PLACES = (
    *(("DE", "Berlin", "de"), ("DE", "Dresden", "de"), ("DE", "Hamburg", "de"), ("DE", "Köln", "de")),
    *(("AT", "Graz", "de"), ("AT", "Wien", "de"), ("CH", "Basel", "de"), ("FR", "Lyon", "fr"), ("FR", "Nantes", "fr")),
    *(("NL", "Utrecht", "nl"), ("IT", "Torino", "it"), ("ES", "Sevilla", "es"), ("PL", "Kraków", "pl")),
    *(("GB", "Bristol", "en"), ("GB", "Leeds", "en"), ("US", "Portland", "en"), ("US", "Austin", "en")),
)
DOMAINS = ("post.example", "mail.example", "letters.example", "home.example", "studio.example", "work.example")
SOURCES = ("form", "form", "form", "import", "checkout", "manual")
PATHS = ("/", "/", "/courses", "/courses/wheel", "/pricing", "/about", "/journal/first-firing", "/journal/glazes")
KINDS = ("visit",) * 60 + ("open",) * 25 + ("click",) * 15
AGENTS = ("human",) * 8 + ("proxy", "unknown")
YEAR = timedelta(days=365)


class Person(NamedTuple):
    """One invented person."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    city: str
    country: str
    locale: str
    source: str
    score: int
    since: datetime
    tags: tuple[int, int]
    """Two of the tags, by their place."""
    standing: str
    """`subscribed`, `unsubscribed`, `pending`, or empty for nobody's list."""


class Deed(NamedTuple):
    """Something that one of them did."""

    id: UUID
    at: datetime
    kind: str
    person: UUID
    path: str
    agent: str


def id_at(moment: datetime, random: Random) -> UUID:
    """A UUIDv7 of that moment."""
    value = int(moment.timestamp() * 1000) << 80 | random.getrandbits(76)
    return UUID(int=value & ~(0xF << 76 | 0b11 << 62) | 7 << 76 | 0b10 << 62)


def moments(number: int, *, since: datetime, until: datetime, random: Random) -> Iterator[datetime]:
    """So many moments between two, one after the other: what comes in order is quickly put into an index."""
    step = (until - since) / max(number, 1)
    for place in range(number):
        yield since + step * (place + random.random())


def people(first: int, number: int, *, tags: int, since: datetime, until: datetime, random: Random) -> Iterator[Person]:
    """The people numbered from `first`, who became contacts between two moments."""
    for place, moment in enumerate(moments(number, since=since, until=until, random=random), first):
        given, family = random.choice(FIRST), random.choice(LAST)
        country, city, locale = random.choice(PLACES)
        one = random.randrange(tags)
        yield Person(
            id=id_at(moment, random),
            email=f"{given.lower()}.{family.lower()}.{place}@{random.choice(DOMAINS)}",
            first_name=given,
            last_name=family,
            city=city,
            country=country,
            locale=locale,
            source=random.choice(SOURCES),
            score=max(0, int(random.gauss(20, 15))),
            since=moment,
            tags=(one, (one + 1 + random.randrange(tags - 1)) % tags),
            standing=random.choices(("subscribed", "unsubscribed", "pending", ""), (70, 10, 5, 15))[0],
        )


def deeds(of: list[UUID], number: int, *, since: datetime, until: datetime, random: Random) -> Iterator[Deed]:
    """What these people did between two moments: a few of them much, most of them little."""
    for moment in moments(number, since=since, until=until, random=random):
        kind = KINDS[random.randrange(len(KINDS))]
        yield Deed(
            id=id_at(moment, random),
            at=moment,
            kind=kind,
            # The square of a random share: one in ten does a third of everything.
            person=of[int(len(of) * random.random() ** 2)],
            path=PATHS[random.randrange(len(PATHS))] if kind == "visit" else "",
            agent=AGENTS[random.randrange(len(AGENTS))],
        )
