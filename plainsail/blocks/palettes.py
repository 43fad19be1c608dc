"""The themes that come with Plainsail: colours by role, and typefaces that go together.

Every pair of a ground and the words on it has a contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3); a test measures it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from plainsail.blocks.schema import Words


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours by role: `paper` under `ink`, `tint` for bands, `deep` under `on_deep`, `accent` under `on_accent`."""

    name: str
    label: Words
    heading: str
    body: str
    colours: Mapping[str, str]
    heading_weight: int = 600
    dark: Mapping[str, str]
    """What the roles become where it is dark: in mail programs, and on pages that go with the visitor's device."""


# Documents hold these names: one that is here stays here.
THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme(
            name="juniper",
            label=gettext_lazy("Juniper: warm paper, deep green"),
            heading="fraunces",
            body="inter",
            colours={
                "paper": "#fffdf8",
                "wash": "#f7f0e4",
                "tint": "#f4ede2",
                "card": "#ffffff",
                "ink": "#14231e",
                "soft": "#3c4a44",
                "muted": "#55645d",
                "line": "#e5ddcd",
                "accent": "#20705b",
                "on_accent": "#ffffff",
                "deep": "#193a32",
                "on_deep": "#ffffff",
                "on_deep_soft": "#d5e2dc",
                "spark": "#f7ca8c",
                "on_spark": "#2b1d08",
            },
            dark={
                "ground": "#10201b",
                "card": "#17302a",
                "tint": "#1c3a32",
                "ink": "#f2efe6",
                "muted": "#b9c8c1",
                "line": "#2d4a41",
                "link": "#8fd3bd",
            },
        ),
        Theme(
            name="harbour",
            label=gettext_lazy("Harbour: clear white, navy and blue"),
            heading="inter",
            body="inter",
            heading_weight=750,
            colours={
                "paper": "#ffffff",
                "wash": "#edf3fb",
                "tint": "#f1f5fa",
                "card": "#ffffff",
                "ink": "#0f1c2e",
                "soft": "#34435a",
                "muted": "#526079",
                "line": "#d9e1ec",
                "accent": "#1d5fbf",
                "on_accent": "#ffffff",
                "deep": "#12294a",
                "on_deep": "#ffffff",
                "on_deep_soft": "#cfdcee",
                "spark": "#ffcf5c",
                "on_spark": "#2a1f00",
            },
            dark={
                "ground": "#0b1626",
                "card": "#12223a",
                "tint": "#182c4a",
                "ink": "#eef3fb",
                "muted": "#b3c1d6",
                "line": "#2a4063",
                "link": "#8fbcff",
            },
        ),
        Theme(
            name="fig",
            label=gettext_lazy("Fig: soft rose, plum and terracotta"),
            heading="fraunces",
            body="system",
            colours={
                "paper": "#fffcfb",
                "wash": "#f9ebe7",
                "tint": "#f8efec",
                "card": "#ffffff",
                "ink": "#2a1524",
                "soft": "#4d3746",
                "muted": "#6b5663",
                "line": "#eadad6",
                "accent": "#8a2f5b",
                "on_accent": "#ffffff",
                "deep": "#3b1a33",
                "on_deep": "#ffffff",
                "on_deep_soft": "#e6d3df",
                "spark": "#f4b08a",
                "on_spark": "#34130a",
            },
            dark={
                "ground": "#1d0f19",
                "card": "#2b1826",
                "tint": "#371f31",
                "ink": "#f8edf2",
                "muted": "#d0b6c4",
                "line": "#513247",
                "link": "#f0a3c8",
            },
        ),
        Theme(
            name="slate",
            label=gettext_lazy("Slate: black on white, one signal red"),
            heading="space-grotesk",
            body="inter",
            heading_weight=600,
            colours={
                "paper": "#ffffff",
                "wash": "#f4f4f2",
                "tint": "#f5f5f3",
                "card": "#ffffff",
                "ink": "#131313",
                "soft": "#3b3b3b",
                "muted": "#5c5c5c",
                "line": "#dddddb",
                "accent": "#c22a1c",
                "on_accent": "#ffffff",
                "deep": "#161616",
                "on_deep": "#ffffff",
                "on_deep_soft": "#cfcfcf",
                "spark": "#ffd84d",
                "on_spark": "#1d1800",
            },
            dark={
                "ground": "#121212",
                "card": "#1b1b1b",
                "tint": "#242424",
                "ink": "#f4f4f4",
                "muted": "#b9b9b9",
                "line": "#3a3a3a",
                "link": "#ff8f7e",
            },
        ),
        Theme(
            name="meadow",
            label=gettext_lazy("Meadow: fresh green, butter and round letters"),
            heading="nunito",
            body="nunito",
            heading_weight=800,
            colours={
                "paper": "#fffefa",
                "wash": "#f1f7e4",
                "tint": "#f3f7e9",
                "card": "#ffffff",
                "ink": "#1c2a14",
                "soft": "#3f4d36",
                "muted": "#586650",
                "line": "#dfe7cf",
                "accent": "#3f7312",
                "on_accent": "#ffffff",
                "deep": "#203a14",
                "on_deep": "#ffffff",
                "on_deep_soft": "#d8e6cc",
                "spark": "#ffdb6e",
                "on_spark": "#2c2100",
            },
            dark={
                "ground": "#121a0d",
                "card": "#1a2513",
                "tint": "#233119",
                "ink": "#f1f6ea",
                "muted": "#b9c6ad",
                "line": "#3a4a2d",
                "link": "#a9dd72",
            },
        ),
        Theme(
            name="linen",
            label=gettext_lazy("Linen: quiet paper, ink and brick"),
            heading="lora",
            body="figtree",
            heading_weight=600,
            colours={
                "paper": "#fbf8f3",
                "wash": "#f3ece1",
                "tint": "#f3ede4",
                "card": "#fffdfa",
                "ink": "#26211c",
                "soft": "#4a423a",
                "muted": "#665c52",
                "line": "#e2d9cc",
                "accent": "#9a4326",
                "on_accent": "#ffffff",
                "deep": "#2f2a26",
                "on_deep": "#fbf6ee",
                "on_deep_soft": "#dbd2c6",
                "spark": "#f0b98c",
                "on_spark": "#33190a",
            },
            dark={
                "ground": "#1a1714",
                "card": "#24201c",
                "tint": "#2f2a25",
                "ink": "#f6f0e7",
                "muted": "#c8bdaf",
                "line": "#453e36",
                "link": "#f0a482",
            },
        ),
        Theme(
            name="lagoon",
            label=gettext_lazy("Lagoon: cool white, teal and violet"),
            heading="manrope",
            body="manrope",
            heading_weight=750,
            colours={
                "paper": "#ffffff",
                "wash": "#e9f6f6",
                "tint": "#eff7f8",
                "card": "#ffffff",
                "ink": "#0d2430",
                "soft": "#334a57",
                "muted": "#516673",
                "line": "#d3e3e6",
                "accent": "#0b6f77",
                "on_accent": "#ffffff",
                "deep": "#14224b",
                "on_deep": "#ffffff",
                "on_deep_soft": "#ced7f2",
                "spark": "#8fe3d4",
                "on_spark": "#04322b",
            },
            dark={
                "ground": "#0b1820",
                "card": "#12232d",
                "tint": "#18303c",
                "ink": "#ecf6f8",
                "muted": "#adc2ca",
                "line": "#2b4653",
                "link": "#7fdbe0",
            },
        ),
        Theme(
            name="ember",
            label=gettext_lazy("Ember: dark by nature, with a warm glow"),
            heading="bricolage-grotesque",
            body="figtree",
            heading_weight=700,
            colours={
                "paper": "#171311",
                "wash": "#231b17",
                "tint": "#201a17",
                "card": "#2a221e",
                "ink": "#f7efe8",
                "soft": "#ddd0c5",
                "muted": "#bfb0a4",
                "line": "#43372f",
                "accent": "#ffa66b",
                "on_accent": "#2b1405",
                "deep": "#0d0a09",
                "on_deep": "#fff6ee",
                "on_deep_soft": "#dccabb",
                "spark": "#ffd08a",
                "on_spark": "#2e1b00",
            },
            dark={
                "ground": "#171311",
                "card": "#201a17",
                "tint": "#2a221e",
                "ink": "#f7efe8",
                "muted": "#bfb0a4",
                "line": "#43372f",
                "link": "#ffa66b",
            },
        ),
    )
}
