"""The kit's promises to the areas above: whatever their templates and menus name is there."""

from __future__ import annotations

import re
from pathlib import Path

from plainsail.ui import vendoring

PACKAGE = vendoring.ROOT / "plainsail"
SPRITE = PACKAGE / "ui/static/vendor/lucide/sprite.svg"
COMPONENT = re.compile(r"<c-([a-z][a-z0-9.-]*)")
ICON = re.compile(r"""(?:\bicon|icon-end)=["']([a-z0-9-]+)["']|<c-icon name="([a-z0-9-]+)\"""")


def sources(pattern: str) -> dict[Path, str]:
    return {path: path.read_text() for path in PACKAGE.rglob(pattern) if "tests" not in path.parts}


def test_every_component_that_a_template_names_exists():
    made = {path.stem for path in PACKAGE.glob("*/templates/cotton/**/*.html")} | {"vars", "slot", "component"}
    unknown = {
        f"<c-{name}> in {path.relative_to(PACKAGE)}"
        for path, text in sources("*.html").items()
        for name in COMPONENT.findall(text)
        if name.rsplit(".", 1)[-1].replace("-", "_") not in made
    }
    assert unknown == set()


def test_every_icon_that_is_named_is_in_the_sprite():
    drawn = set(re.findall(r'symbol id="([^"]+)"', SPRITE.read_text()))
    unknown = {
        f"{first or second} in {path.relative_to(PACKAGE)}"
        for path, text in {**sources("*.html"), **sources("*.py")}.items()
        for first, second in ICON.findall(text)
        if (first or second) not in drawn
    }
    assert unknown == set()


def test_no_screen_has_a_style_or_a_script_of_its_own():
    """Mail and published pages carry their own, under their own content policy; what is built with the kit does not."""
    found = {
        str(path.relative_to(PACKAGE))
        for path, text in sources("*.html").items()
        if ("<c-" in text or "ui/layouts/" in text)
        and re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", _bare(text))
    }
    assert found == set()


def _bare(text: str) -> str:
    return re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}|<c-slot[^>]*>", "", text, flags=re.DOTALL)
