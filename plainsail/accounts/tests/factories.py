"""People and businesses for tests."""

from __future__ import annotations

from datetime import timedelta

import factory
from allauth.account.models import EmailAddress

from plainsail.accounts.models import AuditEntry, Domain, Host, Invitation, Membership, Role, User
from plainsail.accounts.services import api_keys
from plainsail.kernel import clock
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace as opened
from plainsail.kernel.testing.web import Program

PASSWORD = "a long enough password"


class WorkspaceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Workspace

    slug = factory.Sequence(lambda number: f"business-{number}")
    name = factory.LazyAttribute(lambda made: made.slug.title())
    postal_address = "Mill Lane 4\n25980 Westerland"


class EmailAddressFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EmailAddress

    email = factory.LazyAttribute(lambda made: made.user.email)
    verified = factory.SelfAttribute("user.is_confirmed")
    primary = True


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"person-{number}@example.com")
    name = "Some Body"
    password = factory.django.Password(PASSWORD)
    is_confirmed = True
    address = factory.RelatedFactory(EmailAddressFactory, factory_related_name="user")


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


class InvitationFactory(factory.django.DjangoModelFactory):
    """Made inside an open workspace."""

    class Meta:
        model = Invitation

    email = factory.Sequence(lambda number: f"guest-{number}@example.com")
    role = Role.EDITOR
    created_at = factory.LazyFunction(clock.now)
    expires_at = factory.LazyAttribute(lambda made: made.created_at + timedelta(days=7))


class AuditEntryFactory(factory.django.DjangoModelFactory):
    """Made inside an open workspace."""

    class Meta:
        model = AuditEntry

    at = factory.LazyFunction(clock.now)
    action = "accounts.workspace_changed"
    person_name = "Ada Brandt"
    subject = "Juniper Pottery Studio"


def program(of: Workspace, *scopes: str, role: str = Role.OWNER, name: str = "Shop", **options) -> Program:
    """A program with a key of a business, made by a new member of this role; with every scope where none is named."""
    member = MembershipFactory(workspace=of, role=role)
    at = options.pop("at", clock.now())
    with opened(of):
        key, secret = api_keys.make(
            of, name=name, scopes=scopes or api_keys.every_scope(), of=member, by=member.user, at=at, **options
        )
    return Program(secret, key)


class DomainFactory(factory.django.DjangoModelFactory):
    """A name that waits for its records, in the open workspace."""

    class Meta:
        model = Domain

    name = factory.Sequence(lambda number: f"shop{number}.example")
    token = "0123456789abcdef0123456789abcdef"
