"""What `make judge` judges: a whole Plainsail on a port of its own, with pages published in it as anybody publishes theirs.

There are three kinds: `sections/<theme>`, a page with every kind of section in each theme (and `sections/layouts-N`, all their
layouts); `templates/<key>`, every page to start from; `sites/<site>/<path>`, all pages of the whole sites to start from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from benchmarks.harness import ROOT
from benchmarks.installation import folder_for_data, running
from plainsail.cli import command

if TYPE_CHECKING:
    from plainsail.kernel.models import Workspace
    from plainsail.pages.models import Page

STUDIO = "Juniper Pottery Studio"
ADDRESS = "Juniper Pottery Studio\nMühlenweg 7\n26122 Oldenburg\nGermany"
WITHIN = 600
"""Seconds until the first page: making the database and its tables takes most of a minute."""


@contextmanager
def published(wanted: set[str]) -> Iterator[dict[str, str]]:
    """Addresses of published pages by name, served by the edge; only those with a part of their name in `wanted`, if any."""
    with folder_for_data() as folder:
        data = folder / "data"
        with running([*command.COMMAND, "up", "--no-demo"], data, cwd=ROOT, within=WITHIN) as (_pid, port):
            os.environ |= {
                "DJANGO_SETTINGS_MODULE": "plainsail.settings",
                "PLAINSAIL_DATA": str(data),
                "PLAINSAIL_URL": f"http://localhost:{port}",
                "PORT": str(port),
            }
            import django

            django.setup()
            yield dict(_publish(wanted, f"localhost:{port}"))


def _publish(wanted: set[str], domain: str) -> Iterator[tuple[str, str]]:
    from plainsail.accounts.services import people, workspaces
    from plainsail.kernel import clock, tenancy
    from plainsail.pages.starters import SITE_STARTERS

    at = clock.now()
    owner = people.register(email="judge@example.com", name="Judge", password=None, at=at)
    businesses: dict[str, Callable[[Workspace], Iterator[tuple[str, Page]]]] = {
        "sections": lambda workspace: _sections(workspace, wanted, at=at),
        "templates": lambda workspace: _templates(workspace, wanted, at=at),
        **{key: lambda workspace, key=key: _site(workspace, key, at=at) for key in SITE_STARTERS},
    }
    for key, make in businesses.items():
        name = f"{STUDIO} {key}"
        workspace = workspaces.create(
            name=name, slug=f"judged-{key}", owner=owner, at=at, postal_address=ADDRESS, timezone="Europe/Berlin"
        )
        with tenancy.workspace(workspace):
            yield from _addresses(make(workspace), wanted, f"http://{workspace.slug}.{domain}", at=at)


def _addresses(
    pages: Iterable[tuple[str, Page]], wanted: set[str], origin: str, *, at: datetime
) -> Iterator[tuple[str, str]]:
    """Publish the pages, parts of others first, so that every page has them around it."""
    from plainsail.pages.services import publishing

    for name, page in sorted(pages, key=lambda each: not each[1].is_part):
        publishing.publish(page, by=None, at=at)
        if not page.is_part and _is_wanted(name, wanted):
            yield name, origin + page.path


def _sections(workspace: Workspace, wanted: set[str], *, at: datetime) -> Iterator[tuple[str, Page]]:
    """Pages that show invented forms, offers and posts in place of rows."""
    from plainsail.blocks.services import documents, themes
    from plainsail.blocks.sockets import FEEDS, REFERENCES, ReferenceKind
    from plainsail.blocks.tests import showing_all as all_
    from plainsail.pages.services import pages

    seeds = all_.every_section()
    once = list({seed[0]: seed for seed in reversed(seeds)}.values())[::-1]
    shown = {name: (name, once) for name in themes.THEMES}
    shown |= {f"layouts-{part}": ("juniper", seeds[part::2]) for part in range(2)}
    before = REFERENCES._entries, FEEDS._entries
    rows = {"form": {all_.FORM: all_.FORM_CARD}, "offer": {all_.OFFER: all_.OFFER_CARD}}
    REFERENCES._entries = {
        kind: ReferenceKind(label=kind, options=list, cards=lambda ids, known=known: known)
        for kind, known in rows.items()
    }
    FEEDS._entries = {"posts": lambda props: all_.POSTS}
    try:
        for name, (theme, sections) in shown.items():
            if _is_wanted(f"sections/{name}", wanted):
                document = documents.build({**themes.DEFAULT, "name": theme, "scheme": "auto"}, all_.framed(sections))
                about = {"title": "Every section", "description": "All that a page may hold.", "path": f"/{name}"}
                yield f"sections/{name}", pages.create(workspace, document, **about, at=at)
    finally:
        REFERENCES._entries, FEEDS._entries = before


def _templates(workspace: Workspace, wanted: set[str], *, at: datetime) -> Iterator[tuple[str, Page]]:
    from plainsail.contacts.services import lists
    from plainsail.pages.services import pages
    from plainsail.pages.starters import ALL

    for key in ALL:
        if _is_wanted(f"templates/{key}", wanted):
            topic = lists.default(workspace, at=at)
            path = f"/{key}"
            yield (
                f"templates/{key}",
                pages.create_from_template(workspace, starter=key, list=topic, path=path, at=at),
            )


def _site(workspace: Workspace, key: str, *, at: datetime) -> Iterator[tuple[str, Page]]:
    """All pages of a whole site, its list of posts and its posts too; none is left out while it is made, for they are one."""
    from plainsail.contacts.services import lists
    from plainsail.pages.services import furnishing

    made = furnishing.create_site(workspace, key=key, list=lists.default(workspace, at=at), by=None, at=at)
    for page in made:
        yield f"sites/{key}{page.path}", page


def _is_wanted(name: str, wanted: set[str]) -> bool:
    return not wanted or bool(wanted & set(name.split("/")))
