"""Pages, forms, and what comes up on pages for tests, made by the same services as on screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory

from plainsail.contacts.services import lists
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.pages.models import Countdown, Form, Page, Popup, Post, SplitTest
from plainsail.pages.services import blogging, countdowns, forms, pages, popups, splitting

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def here() -> Workspace:
    return Workspace.objects.get(id=current_workspace_id())


class FormFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Form

    name = "Newsletter form"

    @classmethod
    def _create(cls, model_class, *args, workspace: Workspace | None = None, **kwargs):
        workspace = workspace or here()
        return forms.make(workspace, list=lists.default(workspace, at=NOW), at=NOW, **kwargs)


class PageFactory(factory.django.DjangoModelFactory):
    """A draft from a starter; inside its workspace."""

    class Meta:
        model = Page

    starter = "sales"
    title = "Weekend course"

    @classmethod
    def _create(cls, model_class, *args, workspace: Workspace | None = None, **kwargs):
        workspace = workspace or here()
        return pages.create_from_template(workspace, list=lists.default(workspace, at=NOW), at=NOW, **kwargs)


class SplitTestFactory(factory.django.DjangoModelFactory):
    """A test that is being prepared, of a page of its own."""

    class Meta:
        model = SplitTest

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return splitting.begin(PageFactory(title="Tested"), by=None, at=NOW)


class PopupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Popup

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return popups.make(here(), name="Before you go", form=None, by=None, at=NOW)


class CountdownFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Countdown

    name = "Doors close"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        fresh = {"kind": "fixed", "ends_at": NOW + timedelta(days=3), "created_at": NOW}
        return countdowns.save(Countdown(), **fresh | kwargs)


class PostFactory(factory.django.DjangoModelFactory):
    """A draft of a post, in the open workspace."""

    class Meta:
        model = Post

    title = "First fire"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        workspace = Workspace.objects.get(id=current_workspace_id())
        page = blogging.write(workspace, author="Ada Lind", tags="Kiln", by=None, at=NOW, **kwargs)
        return Post.objects.get(page=page)
