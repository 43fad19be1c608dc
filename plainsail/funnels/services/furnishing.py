"""Something to begin with for a step that has nothing yet: a page with words and its way on, or a mail."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from plainsail.accounts.models import User
from plainsail.blocks.services import documents, themes
from plainsail.contacts.services import lists
from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services import drawing
from plainsail.funnels.services.publishing import PAGES
from plainsail.funnels.services.routing import Kind
from plainsail.funnels.starters import plain
from plainsail.kernel.models import Workspace
from plainsail.mail.services import emails, starters
from plainsail.pages.services import forms, pages


@transaction.atomic
def furnish(workspace: Workspace, step: FunnelStep, *, by: User | None, at: datetime) -> FunnelStep:
    """A draft page with this step's way on, with a form where the step wants one; or a mail with room to write.

    Of a split the first place that has none gets its page.
    """
    if step.kind == Kind.MAIL:
        email = emails.create(starters.letter(), subject=step.name, at=at)
        return drawing.change(step, {"email": email}, at=at)
    empty = step.split_pages.filter(page=None).order_by("position").first()
    if step.kind not in PAGES or (step.kind == Kind.SPLIT and empty is None):
        return step
    form = None
    if step.kind == Kind.FORM:
        form = forms.make(workspace, name=step.name, list=lists.default(workspace, at=at), at=at)
    title = f"{step.name} {empty.letter}" if empty is not None else step.name
    document = documents.build(themes.DEFAULT, plain.sections(step, form.id if form else None))
    page = pages.create(workspace, document, title=title, path=slugify(title) or "step", by=by, at=at)
    return (
        drawing.fill(empty, page, at=at)
        if empty is not None
        else drawing.change(step, {"page": page, "form": form}, at=at)
    )
