"""A site's own notices in its own look: a form refused, thanks, a page that isn't there. Rendered like any page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from plainsail.blocks.services import documents, rendering
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.services.rendering import RenderedPage
from plainsail.blocks.sockets import FormCard
from plainsail.kernel import postal
from plainsail.kernel.models import Workspace
from plainsail.pages.models import Form, Page, Unfinished
from plainsail.pages.services import beside, composing, forms, frames, living, publishing, sites
from plainsail.pages.services.forms import InvalidSubmission
from plainsail.pages.services.frames import Frame

log = logging.getLogger("plainsail.pages")

SMALL = "section{padding-block:1.5rem}h2{font-size:1.4rem}"
"""A form in the builder's narrow column."""


def front(workspace: Workspace) -> RenderedPage:
    """What stands at a site's first address until a page does: links in mail and the name above every page lead there."""
    with translation.override(workspace.locale):
        hero = {
            "heading": workspace.name,
            "text": _("There is no first page here yet. If somebody gave you the link to a page, open that one."),
            "link": "",
            "image": {"picture": "sailboat"},
            "layout": "below",
        }
    return _notice(workspace, "", [("hero", hero)])


def not_found(workspace: Workspace) -> RenderedPage:
    """The page for an address where nothing stands, until the business has one of its own."""
    with translation.override(workspace.locale):
        title = _("This page isn’t here")
        hero = {
            "heading": title,
            "text": _("It may have moved, or the address may have a typing mistake in it."),
            "button": _("Go to the first page"),
            "link": "/",
            "image": {"picture": "sailboat"},
            "layout": "below",
        }
    return _notice(workspace, title, [("hero", hero)])


def thanks(form: Form) -> RenderedPage:
    """What somebody sees after sending a form."""
    with translation.override(form.workspace.locale):
        button = _("Go to the first page")
    hero = {
        "heading": form.thanks_title,
        "text": form.thanks_text,
        "button": button,
        "link": "/",
        "image": {"picture": "letter"},
        "layout": "below",
    }
    return _notice(form.workspace, form.thanks_title, [("hero", hero)])


def form_alone(form: Form, *, known: Mapping[str, str] | None = None) -> RenderedPage:
    """The form on a page of its own, for whoever comes back to where it posts; `known` is filled in."""
    with translation.override(form.workspace.locale):
        card = forms.card(form, values=known)
    return _notice(form.workspace, _headline(form), [_bare(form)], cards={("form", form.id): card})


def form_refused(form: Form, refusal: InvalidSubmission, *, page: Page | None) -> RenderedPage:
    """The page from which a form was sent, once more, with what was sent and what is wrong at each field.

    A small page with the form alone where that page is gone, wasn't named, or doesn't hold the form itself: a pop-up came up
    on it, the site's footer stands below it, or only some see that section.
    """
    with translation.override(form.workspace.locale):
        card = forms.card(form, values=refusal.values, errors=refusal.errors)
    cards = {("form", form.id): card}
    document = publishing.live_document(page) if page is not None else None
    if page is None or document is None or ("form", form.id) not in living.seen_by_all(document):
        path = beside.stand_of(page).path if page is not None else ""
        return _notice(form.workspace, _headline(form), [_bare(form)], cards=cards, path=path)
    return publishing.render(page, document, cards=cards)


def form_step(begun: Unfinished, *, step: int, key: str, refusal: InvalidSubmission | None = None) -> RenderedPage:
    """One step of a form, on a page of its own, with what was answered there before."""
    form = begun.form
    card = step_card(begun, step=step, key=key, refusal=refusal)
    return _notice(form.workspace, _headline(form), [_bare(form)], cards={("form", form.id): card})


def step_card(begun: Unfinished, *, step: int, key: str, refusal: InvalidSubmission | None = None) -> FormCard:
    """One step of a form as sections show it, with the way back."""
    form, action = begun.form, forms.step_path(begun.form, key)
    with translation.override(form.workspace.locale):
        return forms.card(
            form,
            values=refusal.values if refusal else begun.values,
            errors=refusal.errors if refusal else {},
            step=step,
            action=f"{action}?step={step}",
            back=f"{action}?step={step - 1}" if step > 1 else "",
        )


def preview_of(form: Form) -> dict[str, str]:
    """The form as it is or would be, all steps below one another: `{html, style}` for a shadow tree. May be unsaved."""
    workspace = form.workspace
    look = sites.site_of(workspace).theme
    head = rendering.PageHead(title=form.name, language=workspace.locale)
    parts = []
    for step in range(1, form.steps + 1):
        with translation.override(workspace.locale):
            card = forms.card(form, step=step)
        section = documents.build(look, [_bare(form)])
        parts += [each.html for each in rendering.render_sections(section, head, cards={("form", form.id): card})]
    return {"html": "".join(parts), "style": rendering.shadow_css(section) + SMALL}


def _headline(form: Form) -> str:
    """What one signs up for: a form's own name is for the business."""
    return form.list.name if form.list else form.workspace.name


def _bare(form: Form) -> tuple[str, dict[str, Any]]:
    """The form's section."""
    return "form", {"heading": _headline(form), "form": str(form.id), "layout": "plain"}


def _notice(
    workspace: Workspace,
    title: str,
    sections: list[tuple[str, dict[str, Any]]],
    *,
    cards: dict[Any, Any] | None = None,
    path: str = "",
) -> RenderedPage:
    """Sections between the site's navigation and footer, as its pages have them; a plain footer where it has none.

    `path` is the page that a form on it was sent from.
    """
    try:
        return _framed(frames.frame_of(workspace), title, sections, cards=cards, path=path)
    except (InvalidDocument, *publishing.FAULTS):
        # What a visitor did has an answer all the same, where the site's own parts can't be shown as they are.
        log.exception("notice without the site's parts", extra={"workspace": str(workspace.id)})
        return _framed(frames.bare(workspace), title, sections, cards=cards, path=path)


def _framed(
    frame: Frame, title: str, sections: list[tuple[str, dict[str, Any]]], *, cards: dict[Any, Any] | None, path: str
) -> RenderedPage:
    workspace = frame.workspace
    footer = {
        "name": workspace.name,
        "address": postal.line_below(workspace.name, workspace.postal_address),
        "items": [],
    }
    own = [] if frame.part(Page.Kind.FOOTER, "") else [("footer", footer)]
    document = documents.build(frame.site.theme, [*sections, *own])
    head = rendering.PageHead(
        title=" · ".join(filter(None, (title, workspace.name))),
        site_name=workspace.name,
        language=workspace.locale,
        path=path,
        legal_links=composing.legal_links(workspace),
        icon_url=frame.site.icon_url,
    )
    with translation.override(workspace.locale):
        head = composing.between(document, head, frame)
    return rendering.render_page(document, head, cards=cards)
