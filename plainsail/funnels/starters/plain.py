"""What a step's page says before anybody has written on it."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from plainsail.funnels.models import FunnelStep
from plainsail.funnels.starters.plan import Sections, Ways, aside, asks, hero, words

Kind = FunnelStep.Kind


def sections(step: FunnelStep, form_id: UUID | None) -> Sections:
    """A headline, a sentence, and the way on that this step has."""
    ways = Ways(str(step.id), str(form_id or ""))
    if step.kind in (Kind.UPSELL, Kind.DOWNSELL):
        offer = hero(
            _("One thing that goes well with it"),
            _("Say in two sentences what it adds to what they just bought, and why now."),
            _("Yes, add it"),
            ways.yes,
            eyebrow=_("Before you go"),
        )
        return [offer, aside(_("No, thanks. Take me on."), ways.no)]
    if step.kind == Kind.THANKS:
        return words(_("Thank you"), _("Say what happens next, and when they will hear from you."))
    on = "#form" if step.kind == Kind.FORM else ways.on
    begin = hero(
        _("Say what people get, in one line"),
        _("Two or three sentences: who it is for, and what is better afterwards."),
        _("Go on"),
        on,
    )
    if step.kind == Kind.FORM:
        return [
            begin,
            asks(
                ways.form,
                _("Where shall we send it?"),
                _("One short letter a week. Leave whenever you like."),
                _("Send it to me"),
            ),
        ]
    return [begin]
