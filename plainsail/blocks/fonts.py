"""The typefaces that come with Plainsail, served from the installation itself: a page asks nobody else for its letters."""

from __future__ import annotations

from dataclasses import dataclass

EVERYDAY = (
    "U+0000-007E,U+00A0-00A1,U+00A3,U+00A7,U+00A9,U+00AB-00AE,U+00B0,U+00B2-00B4,U+00B7,U+00BB,U+00BF-00FF,U+0152-0153,"
    "U+2010-2014,U+2018-201A,U+201C-201E,U+2022,U+2026,U+202F,U+2039-203A,U+20AC,U+2122"
)
"""What the languages of Western Europe are written with; hardly a page needs more."""
SELDOM = (
    "U+007F-009F,U+00A2,U+00A4-00A6,U+00A8,U+00AA,U+00AF,U+00B1,U+00B5-00B6,U+00B8-00BA,U+00BC-00BE,U+0131,U+02BB-02BC,"
    "U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-200F,U+2015-2017,U+201B,U+201F-2021,U+2023-2025,U+2027-202E,"
    "U+2030-2038,U+203B-206F,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
RARE = (
    "U+0100-0130,U+0132-0151,U+0154-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,"
    "U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)
ALL_WEIGHTS, STRONG, QUIET = "100 900", "501 900", "100 500"
SANS_BEHIND = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
SERIF_BEHIND = "Georgia, 'Times New Roman', serif"
MAIL_SANS = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


@dataclass(frozen=True, kw_only=True)
class Face:
    """A file of a typeface, with the letters and the weights that it is for, as CSS writes them."""

    file: str
    letters: str
    weights: str = ALL_WEIGHTS


@dataclass(frozen=True, kw_only=True)
class Font:
    """A family we ship, and the system fonts that stand in for it.

    Three variable files share the letters, so that a page loads the few it needs. What is set in headings only has, where that
    saves much, the everyday letters in two files of one weight each: `strong_file` and `quiet_file`.
    """

    name: str
    label: str
    stack: str
    mail_stack: str
    file: str = ""
    seldom_file: str = ""
    rare_file: str = ""
    strong_file: str = ""
    quiet_file: str = ""
    family: str = ""

    @property
    def faces_of_texts(self) -> list[Face]:
        """The first is what nearly every page needs."""
        everyday = [Face(file=self.file, letters=EVERYDAY)]
        return [*everyday, *self._other_letters(ALL_WEIGHTS)] if self.file else []

    @property
    def faces_of_headings(self) -> list[Face]:
        """The same for a family in which nothing but headings, figures and quotes is set."""
        if not self.strong_file:
            return self.faces_of_texts
        # Faces stand in for each other's letters only where they are for the same weights (CSS Fonts 4, 5.2).
        return [
            Face(file=self.strong_file, letters=EVERYDAY, weights=STRONG),
            *self._other_letters(STRONG),
            Face(file=self.quiet_file, letters=EVERYDAY, weights=QUIET),
            *self._other_letters(QUIET),
        ]

    def _other_letters(self, weights: str) -> list[Face]:
        files = ((self.seldom_file, SELDOM), (self.rare_file, RARE))
        return [Face(file=file, letters=letters, weights=weights) for file, letters in files]


def _shipped(
    name: str, family: str, *, everyday: str = "everyday", is_serif: bool = False, in_two: bool = False
) -> Font:
    quoted = f"'{family}'" if " " in family else family
    behind, mail = (SERIF_BEHIND, SERIF_BEHIND) if is_serif else (SANS_BEHIND, MAIL_SANS)
    file = f"vendor/{name}/{name}"
    return Font(
        name=name,
        label=family,
        stack=f"{quoted}, {behind}",
        mail_stack=mail if is_serif else f"{quoted}, {mail}",
        file=f"{file}-{everyday}.woff2",
        seldom_file=f"{file}-latin.woff2",
        rare_file=f"{file}-latin-ext.woff2",
        strong_file=f"{file}-everyday-strong.woff2" if in_two else "",
        quiet_file=f"{file}-everyday-quiet.woff2" if in_two else "",
        family=family,
    )


SYSTEM = Font(name="system", label="System", stack=SANS_BEHIND, mail_stack=MAIL_SANS)
GEORGIA = Font(name="georgia", label="Georgia", stack=SERIF_BEHIND, mail_stack=SERIF_BEHIND)

# Documents hold these names: one that is here stays here.
FONTS: dict[str, Font] = {
    font.name: font
    for font in (
        _shipped("fraunces", "Fraunces", is_serif=True, in_two=True),
        # Its licence keeps the name “Lora” for the letters as they came, so none are taken out of its file.
        _shipped("lora", "Lora", everyday="latin", is_serif=True),
        _shipped("inter", "Inter"),
        _shipped("figtree", "Figtree"),
        _shipped("manrope", "Manrope"),
        _shipped("nunito", "Nunito"),
        _shipped("space-grotesk", "Space Grotesk"),
        _shipped("bricolage-grotesque", "Bricolage Grotesque", in_two=True),
        SYSTEM,
        GEORGIA,
    )
}
