"""The standing cast: Ada owns Juniper, Ben works there, Cleo is a stranger who owns Acme. Time does not stand still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.test import Client

from plainsail.accounts.models import Role, User
from plainsail.accounts.tests.factories import HostFactory, MembershipFactory, UserFactory, WorkspaceFactory
from plainsail.kernel import tenancy
from plainsail.kernel.models import Workspace
from plainsail.kernel.testing.browser import browser, page
from plainsail.kernel.testing.database import django_db_setup
from plainsail.kernel.testing.web import Browser
from plainsail.mail.tests.plugin import outbox
from plainsail.pages.services import freezing

# Nobody reads a test's pages a second time.
freezing.GZIP = freezing.BROTLI = 1

__all__ = ["browser", "django_db_setup", "outbox", "page"]


@pytest.fixture(autouse=True)
def _fast_and_plain(settings: settings) -> None:
    """Hashing that costs nothing, static files from the source tree."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "plainsail.kernel.testing.static.Storage"}}


@pytest.fixture
def juniper(db: None) -> Workspace:
    """Juniper Pottery Studio, Ada's business."""
    workspace = WorkspaceFactory(slug="juniper", name="Juniper Pottery Studio", timezone="Europe/Berlin")
    HostFactory(workspace=workspace)
    return workspace


@pytest.fixture
def acme(db: None) -> Workspace:
    """Cleo's business: nothing of it is Ada's concern, and the other way round."""
    workspace = WorkspaceFactory(slug="acme", name="Acme Anvils")
    HostFactory(workspace=workspace)
    return workspace


@pytest.fixture
def ada(juniper: Workspace) -> User:
    return MembershipFactory(workspace=juniper, user=UserFactory(email="ada@example.com", name="Ada Brandt")).user


@pytest.fixture
def ben(juniper: Workspace) -> User:
    user = UserFactory(email="ben@example.com", name="Ben Okafor")
    return MembershipFactory(workspace=juniper, user=user, role=Role.EDITOR).user


@pytest.fixture
def cleo(acme: Workspace) -> User:
    return MembershipFactory(workspace=acme, user=UserFactory(email="cleo@example.com", name="Cleo Stranger")).user


def _client_of(user: User) -> Client:
    client = Browser(headers={"host": "localhost"})
    client.force_login(user)
    return client


@pytest.fixture
def client() -> Client:
    """Nobody in particular, on the application's host."""
    return Browser(headers={"host": "localhost"})


@pytest.fixture
def as_ada(ada: User) -> Client:
    return _client_of(ada)


@pytest.fixture
def as_ben(ben: User) -> Client:
    return _client_of(ben)


@pytest.fixture
def as_cleo(cleo: User) -> Client:
    return _client_of(cleo)


@pytest.fixture
def site_client(juniper: Workspace) -> Client:
    """A visitor on Juniper's site."""
    return Browser(headers={"host": "juniper.localhost"})


@pytest.fixture
def in_juniper(juniper: Workspace) -> Iterator[Workspace]:
    """The test's own body runs inside Juniper; requests and jobs open their own."""
    with tenancy.workspace(juniper):
        yield juniper


@pytest.fixture
def in_workspace():
    """`with in_workspace(acme): …` for tests that look into several."""

    @contextmanager
    def enter(workspace: Workspace) -> Iterator[Workspace]:
        with tenancy.workspace(workspace):
            yield workspace

    return enter
