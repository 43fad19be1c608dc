"""The demo studio's people, what they bought and when they came by: days are counted back from the first start."""

import unicodedata
from dataclasses import dataclass
from typing import Any

GOODS: list[tuple[str, int, dict[str, Any]]] = [
    ("One day at the wheel", 9500, {}),
    ("Full weekend", 17500, {}),
    ("Studio club", 2900, {"interval": "month"}),
    ("A year at the wheel", 14900, {"interval": "month", "payments": 4}),
    ("Glaze of the month", 1200, {"interval": "month", "trial_days": 14, "initial": 100}),
]
"""What is sold: name, cents of one payment, and the rest of its `PriceTerms` (of which `initial` in cents, too)."""

SALES = [
    ("One day at the wheel", "Jonas.Petersen", 24),
    ("Full weekend", "Greta.Lindqvist", 19),
    ("Full weekend", "Maren.Thiele", 12),
    ("One day at the wheel", "Tom.Okafor", 9),
    ("A year at the wheel", "Lukas.Schmitt", 9),
    ("Studio club", "Hannah.Weber", 8),
    ("Full weekend", "Elena.Rossi", 5),
    ("Studio club", "Sophie.Laurent", 4),
    ("Glaze of the month", "Anouk.Bakker", 3),
    ("One day at the wheel", "Nora.Hansen", 1),
]
"""What, who, how many days ago."""


@dataclass(frozen=True)
class Person:
    """Somebody who found the studio. The address follows from the name."""

    first_name: str
    last_name: str
    city: str
    days: int
    tags: tuple[str, ...] = ()
    is_on_paper: bool = False
    """Signed a list at the market stall."""
    is_confirmed: bool = True
    """Pressed the button in the mail."""
    leaves: bool = False
    """Unsubscribed five days later."""

    @property
    def address(self) -> str:
        plain = unicodedata.normalize("NFKD", f"{self.first_name}.{self.last_name}@example.net".lower())
        spelled = plain.translate(str.maketrans("øı", "oi"))
        return "".join(letter for letter in spelled if letter.isascii() and (letter.isalnum() or letter in ".@"))


PEOPLE = [
    Person("Maren", "Thiele", "Oldenburg", 41, ("Course",)),
    Person("Jonas", "Petersen", "Bremen", 38, ("Course", "Wholesale")),
    Person("Aylin", "Demir", "Hamburg", 35),
    Person("Sophie", "Laurent", "Lyon", 33, ("Glazes",)),
    Person("Tom", "Okafor", "London", 31, ("Course",)),
    Person("Piet", "de Vries", "Groningen", 30),
    Person("Greta", "Lindqvist", "Malmö", 27, ("Glazes",)),
    Person("Amelie", "Krause", "Leer", 27, ("Market",), is_on_paper=True),
    Person("Lukas", "Schmitt", "Münster", 25),
    Person("Paul", "Novak", "Vienna", 24),
    Person("Anouk", "Bakker", "Utrecht", 23, ("Glazes",)),
    Person("Elena", "Rossi", "Turin", 22, ("Course",)),
    Person("Milan", "Horák", "Brno", 21),
    Person("Freya", "Nilsen", "Bergen", 20, ("Course",)),
    Person("Hannah", "Weber", "Oldenburg", 19, ("Market",), is_on_paper=True),
    Person("Oskar", "Lang", "Kassel", 18),
    Person("Louise", "Martin", "Nantes", 17, ("Glazes",)),
    Person("Samuel", "Adeyemi", "Leeds", 16),
    Person("Mateo", "García", "Seville", 15, leaves=True),
    Person("Klara", "Jensen", "Odense", 15),
    Person("Emil", "Hofmann", "Bremen", 13, ("Market",), is_on_paper=True),
    Person("Ines", "Carvalho", "Porto", 12, ("Glazes",)),
    Person("Wiebke", "Janssen", "Emden", 12, ("Course",)),
    Person("Rosa", "Moretti", "Bologna", 11),
    Person("Ben", "Ashworth", "Bristol", 10),
    Person("Lotte", "Visser", "Arnhem", 10, ("Course",)),
    Person("Camille", "Petit", "Rennes", 10),
    Person("Felix", "Brandt", "Leer", 9, ("Market",), is_on_paper=True),
    Person("Jakob", "Sørensen", "Aarhus", 8),
    Person("Nele", "Friedrich", "Oldenburg", 8, ("Course",)),
    Person("Marta", "Kowalska", "Poznań", 7),
    Person("Theo", "Vogel", "Hamburg", 6, ("Glazes",)),
    Person("Nora", "Hansen", "Aarhus", 6, ("Course",)),
    Person("Alice", "Bernard", "Lille", 6),
    Person("Ida", "Berg", "Uppsala", 5, ("Glazes",)),
    Person("Hugo", "Fontaine", "Dijon", 5),
    Person("Carla", "Ferreira", "Braga", 4),
    Person("Finn", "Albers", "Jever", 4, ("Course",)),
    Person("Yara", "Hassan", "Bremen", 4),
    Person("Moritz", "Keller", "Göttingen", 4),
    Person("Clara", "Dubois", "Nantes", 3, is_confirmed=False),
    Person("Selma", "Yıldız", "Hanover", 3, ("Glazes",)),
    Person("Grace", "O’Neill", "Cork", 2),
    Person("Lina", "Holm", "Lund", 2, ("Course",)),
    Person("Anton", "Bauer", "Leipzig", 1),
    Person("Julia", "Marques", "Faro", 1, is_confirmed=False),
    Person("Edda", "Rieken", "Aurich", 1, ("Course",)),
]

GLAZES: dict[str, dict[str, Any]] = {
    "hero": {
        "eyebrow": "Free guide, five recipes",
        "heading": "Five glazes for a small kiln",
        "text": "Recipes that forgive: all five melt at 1220 °C, from what any pottery shop sells, tried in our own kiln.",
        "note": "Read by people with more ideas than shelf space.",
        "image": {"picture": "bowls"},
    },
    "features": {
        "heading": "What stands in it",
        "items": [
            {
                "title": "Five recipes, weighed twice",
                "text": "In grams for one small bucket, with what to do when one runs.",
            },
            {"title": "A firing plan", "text": "How fast up, how long to hold, and when you may look."},
            {"title": "Tests that fit on a tile", "text": "So that you know before the bowl goes in."},
        ],
    },
    "testimonials": {
        "items": [
            {
                "quote": "The second recipe has been on my shelf since March. It never ran once.",
                "name": "Greta L.",
                "role": "Throws on Sundays",
            }
        ]
    },
    "form": {
        "text": "You get the guide at once, then one letter a month from the studio. Leave whenever you like.",
    },
}
"""What the page with the guide says, by section, where the starter says something else."""

LETTER: list[tuple[str, dict[str, Any]]] = [
    (
        "text",
        {
            "text": "<p>Hello {{first_name|there}},</p><p>the autumn kiln cooled down last night, and twelve new glazes came "
            "out of it. Two of them surprised us: a blue that breaks to rust on every edge, and a white that stays as soft "
            "as the clay below it.</p><p>We wrote down the five that work in a small kiln too, with weights and the firing "
            "plan.</p>"
        },
    ),
    ("button", {"button": "See the five glazes", "link": "/glazes", "layout": "start"}),
    (
        "text",
        {
            "text": "<p>There are still places at the wheel before Christmas. If you have wanted to try, "
            '<a href="/weekend">come for a weekend</a>.</p><p>Warm hands,<br>Ada</p>'
        },
    ),
]
"""What the autumn's letter says."""

BROWSERS = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
]

LOOKERS = [14, 9, 17, 12, 21, 11, 8, 19, 16, 13, 22, 10, 15, 18, 9, 12, 8, 14, 11, 7, 13, 10, 6, 9, 12, 8, 5, 7]
"""How many came by and left again: yesterday first."""
REFERRERS = ["", "", "https://www.instagram.com/", "https://duckduckgo.com/", "https://www.oldenburg-kreativ.example/"]
