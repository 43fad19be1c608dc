"""How a document looks, by tokens: a theme, and what its owner chose from scales or as a colour of their own.

A document stores what was chosen (`FIELDS`). Colours of one's own may be anything: words that couldn't be read on their
ground are shown in the nearest colour that can (WCAG 2.2, 1.4.3), and `advice` says so where one chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.blocks.colours import READABLE, best_on, contrast, least_contrast, luminance, mix, nearest
from plainsail.blocks.fonts import FONTS, Face, Font
from plainsail.blocks.palettes import THEMES, Theme
from plainsail.blocks.schema import Choice, Errors, OwnColour, Path, Words, clean_props

__all__ = ["DEFAULT", "FIELDS", "THEMES", "Advice", "Theme", "advice", "clean", "css", "first_fonts", "palette"]

TYPEFACES: tuple[tuple[str, Words], ...] = (
    ("", gettext_lazy("As the theme has it")),
    *((font.name, font.label) for font in FONTS.values()),
)

FIELDS = {
    "name": Choice(
        label=gettext_lazy("Colours and fonts"), choices=tuple((theme.name, theme.label) for theme in THEMES.values())
    ),
    "scheme": Choice(
        label=gettext_lazy("Light and dark"),
        choices=(
            ("light", gettext_lazy("Always as the theme is")),
            ("auto", gettext_lazy("Dark where the visitor’s device is")),
            ("dark", gettext_lazy("Always dark")),
        ),
    ),
    "accent": OwnColour(label=gettext_lazy("Own colour for buttons and links")),
    "paper": OwnColour(label=gettext_lazy("Own colour for the page")),
    "ink": OwnColour(label=gettext_lazy("Own colour for words")),
    "deep": OwnColour(label=gettext_lazy("Own colour for deep bands")),
    "heading_font": Choice(label=gettext_lazy("Typeface of headings"), choices=TYPEFACES),
    "body_font": Choice(label=gettext_lazy("Typeface of texts"), choices=TYPEFACES),
    "corners": Choice(
        label=gettext_lazy("Corners"),
        choices=(("soft", gettext_lazy("Soft")), ("round", gettext_lazy("Round")), ("sharp", gettext_lazy("Sharp"))),
    ),
    "spacing": Choice(
        label=gettext_lazy("Space between sections"),
        choices=(("normal", gettext_lazy("Normal")), ("airy", gettext_lazy("Airy")), ("tight", gettext_lazy("Tight"))),
    ),
    "shadows": Choice(
        label=gettext_lazy("Shadows"),
        choices=(("soft", gettext_lazy("Soft")), ("none", gettext_lazy("None")), ("deep", gettext_lazy("Deep"))),
    ),
}
CORNERS = {"soft": ("0.5rem", "1rem"), "round": ("999px", "1.5rem"), "sharp": ("2px", "2px")}
SPACING = {"normal": "1", "airy": "1.35", "tight": "0.7"}
SHADOWS = {
    "soft": ("0 1px 2px rgb(0 0 0/6%)", "0 12px 32px rgb(0 0 0/12%)"),
    "none": ("none", "none"),
    "deep": ("0 2px 4px rgb(0 0 0/8%),0 8px 24px rgb(0 0 0/8%)", "0 20px 50px rgb(0 0 0/22%)"),
}

DEFAULT: dict[str, str] = {name: field.empty for name, field in FIELDS.items()}

Colours = dict[str, str]


@dataclass(frozen=True)
class Advice:
    """How well an own colour can be read: its contrast, and, where that is too little, the nearest that can (else empty)."""

    ratio: float
    nearest: str

    @property
    def passes(self) -> bool:
        return not self.nearest


def clean(value: object, path: Path, errors: Errors) -> dict[str, Any]:
    """A document's or a site's theme, see FIELDS; what is missing at its default."""
    if not isinstance(value, Mapping):
        errors[path] = _("Choose a theme.")
        return dict(DEFAULT)
    return clean_props(FIELDS, value, path, errors)


def palette(choice: Mapping[str, str]) -> Colours:
    """The colours of a page by role, every one readable on its grounds: dark ones where that was chosen."""
    return night(choice) if choice["scheme"] == "dark" else day(choice)


def day(choice: Mapping[str, str]) -> Colours:
    """The colours as the theme and its owner have them. Mail has these whatever pages do."""
    return dict(_day(*(choice[name] for name in ("name", "accent", "paper", "ink", "deep"))))


def night(choice: Mapping[str, str]) -> Colours:
    """The colours where it is dark: those of the theme, with the own accent."""
    return dict(_night(choice["name"], choice["accent"]))


def mail_dark(choice: Mapping[str, str]) -> Colours:
    """The few colours that mail programs set to dark are told."""
    dark = dict(THEMES[choice["name"]].dark)
    if own := choice["accent"]:
        dark["link"] = nearest(own, (dark["ground"], dark["card"], dark["tint"]))
    return dark


def advice(choice: Mapping[str, str], name: str) -> Advice | None:
    """What to say about the own colour `name` (accent, paper, ink, deep); None where none was chosen."""
    if not (own := choice[name]):
        return None
    colours = day({**choice, name: own})
    if name in ("accent", "ink"):
        grounds = _grounds(colours)
    elif name == "paper":
        grounds = (choice["ink"] or THEMES[choice["name"]].colours["ink"],)
    else:
        grounds = (best_on(own),)
    ratio = least_contrast(own, grounds)
    return Advice(ratio, "" if ratio >= READABLE else nearest(own, grounds))


def css(choice: Mapping[str, str]) -> str:
    """The theme as custom properties and the fonts it needs, for the head of a page."""
    return _css(tuple(choice.items()))


@lru_cache(maxsize=512)
def _css(items: tuple[tuple[str, str], ...]) -> str:
    choice = dict(items)
    heading, body = typefaces(choice)
    small, large = CORNERS[choice["corners"]]
    shadow, lifted = SHADOWS[choice["shadows"]]
    colours = palette(choice)
    tokens = {
        "heading-font": heading.stack,
        "heading-weight": str(THEMES[choice["name"]].heading_weight),
        "body-font": body.stack,
        "radius": small,
        "radius-large": large,
        "space": SPACING[choice["spacing"]],
        "shadow": shadow,
        "shadow-large": lifted,
    }
    faces = "".join(
        f"@font-face{{font-family:'{font.family}';src:url({static(face.file)}) format('woff2');unicode-range:{face.letters};"
        f"font-weight:{face.weights};font-style:normal;font-display:swap}}"
        for font, faces in _faces(choice)
        for face in faces
    )
    written = "".join(f"--{name}:{value};" for name, value in tokens.items())
    rules = f":root{{{written}{_tokens(colours)}}}"
    if choice["scheme"] == "auto":
        rules += f"@media(prefers-color-scheme:dark){{:root{{{_tokens(night(choice))}}}}}"
    return faces + rules


def first_fonts(choice: Mapping[str, str]) -> list[str]:
    """The font files that every page in this theme needs, so that it can ask for them at once."""
    return [faces[0].file for _font, faces in _faces(choice) if faces]


def _faces(choice: Mapping[str, str]) -> list[tuple[Font, list[Face]]]:
    heading, body = typefaces(choice)
    texts = (body, body.faces_of_texts)
    return [texts] if heading == body else [(heading, heading.faces_of_headings), texts]


def typefaces(choice: Mapping[str, str]) -> tuple[Font, Font]:
    """Of headings, and of texts."""
    theme = THEMES[choice["name"]]
    return FONTS[choice["heading_font"] or theme.heading], FONTS[choice["body_font"] or theme.body]


def _tokens(colours: Colours) -> str:
    """Colours as custom properties, and the scheme that tells the browser's own parts (scrollbars, inputs) what they are."""
    scheme = "light" if luminance(colours["paper"]) > 0.2 else "dark"
    return "".join(f"--{name.replace('_', '-')}:{value};" for name, value in colours.items()) + f"color-scheme:{scheme}"


@lru_cache(maxsize=512)
def _day(name: str, accent: str, paper: str, ink: str, deep: str) -> Mapping[str, str]:
    colours = dict(THEMES[name].colours)
    if ink:
        colours["ink"] = ink
    if paper:
        is_light = luminance(paper) > 0.2
        words = nearest(colours["ink"], (paper,))
        colours |= {
            "paper": paper,
            "wash": mix(paper, accent or colours["accent"], 0.07),
            "tint": mix(paper, words, 0.05),
            "card": mix(paper, "#ffffff", 0.65 if is_light else 0.06),
            "line": mix(paper, words, 0.16),
        }
        if max(least_contrast(each, _grounds(colours)) for each in ("#000000", "#ffffff")) < READABLE:
            # Paper of middling lightness: nothing could be read on all its grounds, so they lie on the other side of it.
            aside = "#ffffff" if best_on(paper, dark="#000000") == "#000000" else "#000000"
            colours |= {
                "wash": mix(paper, aside, 0.07),
                "tint": mix(paper, aside, 0.05),
                "card": mix(paper, aside, 0.12),
            }
    if ink or paper:
        words = nearest(colours["ink"], _grounds(colours))
        colours |= {"soft": mix(words, colours["paper"], 0.18), "muted": mix(words, colours["paper"], 0.3)}
    if accent:
        colours |= {"accent": accent, "on_accent": best_on(nearest(accent, _grounds(colours)))}
    if deep:
        words = best_on(deep)
        colours |= {"deep": deep, "on_deep": words, "on_deep_soft": mix(words, deep, 0.16)}
    return _readable(colours)


@lru_cache(maxsize=512)
def _night(name: str, accent: str) -> Mapping[str, str]:
    theme = THEMES[name]
    dark = theme.dark
    colours = {
        **theme.colours,
        "paper": dark["ground"],
        "wash": mix(dark["ground"], dark["card"], 0.5),
        "tint": dark["card"],
        "card": dark["tint"],
        "ink": dark["ink"],
        "soft": mix(dark["ink"], dark["muted"], 0.5),
        "muted": dark["muted"],
        "line": dark["line"],
        "accent": accent or dark["link"],
        "on_accent": dark["ground"],
        "deep": mix(dark["ground"], "#000000", 0.45),
        "on_deep": dark["ink"],
        "on_deep_soft": dark["muted"],
    }
    return _readable(colours)


def _readable(colours: Colours) -> Colours:
    """The same colours, with words that couldn't be read in the nearest colour that can."""
    grounds = _grounds(colours)
    colours |= {role: nearest(colours[role], grounds) for role in ("ink", "soft", "muted", "accent")}
    colours["on_accent"] = nearest(colours["on_accent"], (colours["accent"],))
    words = best_on(colours["deep"], dark="#000000")
    card = mix(colours["deep"], colours["on_deep"], 0.07)
    if contrast(words, card) < READABLE:
        # A deep ground of middling lightness: nothing could be read on both, so its cards are the other way.
        card = mix(colours["deep"], "#000000" if words == "#ffffff" else "#ffffff", 0.12)
    colours["deep_card"] = card
    colours["deep_line"] = mix(colours["deep"], colours["on_deep"], 0.22)
    deep = (colours["deep"], colours["deep_card"])
    colours |= {role: nearest(colours[role], deep) for role in ("on_deep", "on_deep_soft", "spark")}
    colours["on_spark"] = nearest(colours["on_spark"], (colours["spark"],))
    return colours


def _grounds(colours: Colours) -> tuple[str, ...]:
    return colours["paper"], colours["wash"], colours["tint"], colours["card"]
