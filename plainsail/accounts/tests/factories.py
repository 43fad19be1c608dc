"""People and businesses for tests."""

from __future__ import annotations

import factory

from plainsail.accounts.models import Host, Membership, Role, User
from plainsail.kernel.models import Workspace

PASSWORD = "a long enough password"


class WorkspaceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Workspace

    slug = factory.Sequence(lambda number: f"business-{number}")
    name = factory.LazyAttribute(lambda made: made.slug.title())
    postal_address = "Mill Lane 4\n25980 Westerland"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"person-{number}@example.com")
    name = "Some Body"
    password = factory.django.Password(PASSWORD)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    workspace = factory.SubFactory(WorkspaceFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class HostFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Host

    workspace = factory.SubFactory(WorkspaceFactory)
    host = factory.LazyAttribute(lambda made: f"{made.workspace.slug}.localhost")
    kind = Host.Kind.SITE
