"""The typefaces that come with Plainsail, served from the installation itself: a page asks nobody else for its letters."""

from __future__ import annotations

from dataclasses import dataclass

LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,"
    "U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
LATIN_RARE = (
    "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,U+1E00-1E9F,"
    "U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)
SANS_BEHIND = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
SERIF_BEHIND = "Georgia, 'Times New Roman', serif"
MAIL_SANS = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


@dataclass(frozen=True, kw_only=True)
class Font:
    """A family we ship (a variable file for Latin, one for the rarer letters) and the system fonts that stand in for it."""

    name: str
    label: str
    stack: str
    mail_stack: str
    file: str = ""
    rare_file: str = ""
    family: str = ""


def _shipped(name: str, family: str, *, is_serif: bool = False) -> Font:
    quoted = f"'{family}'" if " " in family else family
    behind, mail = (SERIF_BEHIND, SERIF_BEHIND) if is_serif else (SANS_BEHIND, MAIL_SANS)
    return Font(
        name=name,
        label=family,
        stack=f"{quoted}, {behind}",
        mail_stack=mail if is_serif else f"{quoted}, {mail}",
        file=f"vendor/{name}/{name}-latin.woff2",
        rare_file=f"vendor/{name}/{name}-latin-ext.woff2",
        family=family,
    )


SYSTEM = Font(name="system", label="System", stack=SANS_BEHIND, mail_stack=MAIL_SANS)
GEORGIA = Font(name="georgia", label="Georgia", stack=SERIF_BEHIND, mail_stack=SERIF_BEHIND)

# Documents hold these names: one that is here stays here.
FONTS: dict[str, Font] = {
    font.name: font
    for font in (
        _shipped("fraunces", "Fraunces", is_serif=True),
        _shipped("lora", "Lora", is_serif=True),
        _shipped("inter", "Inter"),
        _shipped("figtree", "Figtree"),
        _shipped("manrope", "Manrope"),
        _shipped("nunito", "Nunito"),
        _shipped("space-grotesk", "Space Grotesk"),
        _shipped("bricolage-grotesque", "Bricolage Grotesque"),
        SYSTEM,
        GEORGIA,
    )
}
