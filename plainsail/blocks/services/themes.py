"""Three themes: colours, fonts, corners and spacing by role. A document names one and chooses from scales, so that nothing clashes.

Every pair of a ground and the words on it has a contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3); a test measures it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.schema import Choice, Errors, Path, Words, clean_props


@dataclass(frozen=True, kw_only=True)
class Font:
    """A family we ship (a variable file for Latin, one for the rarer letters) and the system fonts that stand in for it."""

    stack: str
    mail_stack: str
    file: str = ""
    rare_file: str = ""
    family: str = ""


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours by role: `paper` under `ink`, `tint` for bands, `deep` under `on_deep`, `accent` under `on_accent`."""

    name: str
    label: Words
    heading: Font
    body: Font
    colours: Mapping[str, str]
    heading_weight: int = 600
    dark: Mapping[str, str]
    """The same roles for mail programs that are set to dark."""


SERIF = Font(
    stack="Fraunces, Georgia, 'Times New Roman', serif",
    mail_stack="Georgia, 'Times New Roman', serif",
    file="vendor/fraunces/fraunces-latin.woff2",
    rare_file="vendor/fraunces/fraunces-latin-ext.woff2",
    family="Fraunces",
)
SANS = Font(
    stack="Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    mail_stack="Inter, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    file="vendor/inter/inter-latin.woff2",
    rare_file="vendor/inter/inter-latin-ext.woff2",
    family="Inter",
)
SYSTEM = Font(
    stack="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    mail_stack="-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
)

THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme(
            name="juniper",
            label=gettext_lazy("Juniper: warm paper, deep green"),
            heading=SERIF,
            body=SANS,
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
            heading=SANS,
            body=SANS,
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
            heading=SERIF,
            body=SYSTEM,
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
    )
}

LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,"
    "U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
LATIN_RARE = (
    "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,U+1E00-1E9F,"
    "U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)

FIELDS = {
    "name": Choice(
        label=gettext_lazy("Colours and fonts"), choices=tuple((theme.name, theme.label) for theme in THEMES.values())
    ),
    "corners": Choice(
        label=gettext_lazy("Corners"),
        choices=(("soft", gettext_lazy("Soft")), ("round", gettext_lazy("Round")), ("sharp", gettext_lazy("Sharp"))),
    ),
    "spacing": Choice(
        label=gettext_lazy("Space between sections"),
        choices=(("normal", gettext_lazy("Normal")), ("airy", gettext_lazy("Airy")), ("tight", gettext_lazy("Tight"))),
    ),
}
CORNERS = {"soft": ("0.5rem", "1rem"), "round": ("999px", "1.5rem"), "sharp": ("2px", "2px")}
SPACING = {"normal": "1", "airy": "1.35", "tight": "0.7"}

DEFAULT: dict[str, str] = {name: field.empty for name, field in FIELDS.items()}


def clean(value: object, path: Path, errors: Errors) -> dict[str, Any]:
    """A document's or a site's theme: `{name, corners, spacing}`, what is missing at its default."""
    if not isinstance(value, Mapping):
        errors[path] = _("Choose a theme.")
        return dict(DEFAULT)
    return clean_props(FIELDS, value, path, errors)


def css(choice: Mapping[str, str]) -> str:
    """The theme as custom properties and the fonts it needs, for the head of a page."""
    theme = THEMES[choice["name"]]
    small, large = CORNERS[choice["corners"]]
    tokens = {name.replace("_", "-"): value for name, value in theme.colours.items()} | {
        "heading-font": theme.heading.stack,
        "heading-weight": str(theme.heading_weight),
        "body-font": theme.body.stack,
        "radius": small,
        "radius-large": large,
        "space": SPACING[choice["spacing"]],
    }
    faces = "".join(
        f"@font-face{{font-family:{font.family};src:url({static(file)}) format('woff2');unicode-range:{letters};"
        "font-weight:100 900;font-style:normal;font-display:swap}"
        for font in fonts(choice)
        for file, letters in ((font.file, LATIN), (font.rare_file, LATIN_RARE))
    )
    return faces + ":root{" + ";".join(f"--{name}:{value}" for name, value in tokens.items()) + "}"


def fonts(choice: Mapping[str, str]) -> list[Font]:
    """The font files that a page in this theme loads, each once."""
    theme = THEMES[choice["name"]]
    return [font for font in dict.fromkeys((theme.heading, theme.body)) if font.file]
