"""Pages and forms for tests, made by the same services as on screen."""

from __future__ import annotations

from datetime import UTC, datetime

import factory

from plainsail.contacts.services import lists
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id
from plainsail.pages.models import Form, Page, Post
from plainsail.pages.services import blogging, forms, pages

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FormFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Form

    name = "Newsletter form"

    @classmethod
    def _create(cls, model_class, *args, workspace: Workspace, **kwargs):
        return forms.make(workspace, list=lists.default(workspace, at=NOW), at=NOW, **kwargs)


class PageFactory(factory.django.DjangoModelFactory):
    """A draft from a starter; inside its workspace."""

    class Meta:
        model = Page

    starter = "sales"
    title = "Weekend course"

    @classmethod
    def _create(cls, model_class, *args, workspace: Workspace, **kwargs):
        return pages.create_from_template(workspace, list=lists.default(workspace, at=NOW), at=NOW, **kwargs)


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
