"""What a form on somebody else's site is made of: one small script, its look, and plain HTML for pages without scripts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

from plainsail.accounts.services import hosts
from plainsail.blocks.services import themes
from plainsail.kernel.addresses import public_path
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form
from plainsail.pages.services import forms, sites

LARGEST_SCRIPT = 5 * 1024
"""Bytes, before compression."""


@cache
def script() -> str:
    """The script, without its comments."""
    return re.sub(r"^\s*//.*\n", "", _file("pages/embed.js"), flags=re.MULTILINE)


def style(workspace: Workspace) -> str:
    """The site's colours and corners, for a form that has the font of the page around it."""
    look = themes.css(sites.site_of(workspace).theme)
    return ":host" + look[look.index(":root{") :].removeprefix(":root") + _file("pages/embed.css")


def snippet(form: Form) -> str:
    """What is pasted into another site: a link for browsers without scripts, and the script that replaces it."""
    address = hosts.public_url(form.workspace, forms.form_path(form))
    source = hosts.public_url(form.workspace, public_path("pages:embed_script"))
    return render_to_string("pages/snippet.html", {"address": address, "source": source, "form": form}).strip()


def plain_html(form: Form) -> str:
    """The form as HTML that needs no script: it posts to us, and the browser is led to the thanks."""
    with translation.override(form.workspace.locale):
        card = forms.card(form)
        return render_to_string(
            "pages/plain_form.html",
            {"form": card, "action": hosts.public_url(form.workspace, card.action), "prefix": f"f-{form.id.hex[-6:]}"},
        ).strip()


def _file(name: str) -> str:
    found = finders.find(name)
    assert isinstance(found, str), f"{name} is part of this package"
    return Path(found).read_text(encoding="utf-8")
