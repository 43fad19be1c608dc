"""Keys and the test clock on the command line: the same outcome as on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.accounts.models import AuditEntry
from plainsail.accounts.services import api_keys as services
from plainsail.cli import api_keys, sandbox_clock
from plainsail.cli.closing import NoSuchBusiness
from plainsail.commerce.services import sellers
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db


def make(**fields):
    return api_keys.make(
        "juniper", **{"name": "Shop", "scopes": ["contacts:read"], "email": "", "days": 30, "at": NOON} | fields
    )


def test_a_key_is_the_first_owners_unless_another_member_is_named(juniper, ada, ben):
    secret = make().splitlines()[0]
    assert services.admit(secret, at=NOON).membership.user == ada
    with workspace(juniper):
        assert AuditEntry.objects.get(action="accounts.api_key_made").person is None
    secret = make(name="Other", email="BEN@example.com").splitlines()[0]
    assert services.admit(secret, at=NOON).membership.user == ben


def test_keys_are_listed_and_revoked_by_what_is_seen_of_them(juniper, ada):
    assert api_keys.told("juniper", at=NOON) == "No keys."
    secret = make().splitlines()[0]
    assert f"{secret[:12]}…  Shop  contacts:read  never used" in api_keys.told("juniper", at=NOON)
    assert "expired" in api_keys.told("juniper", at=NOON + timedelta(days=30))
    assert "revoked" in api_keys.revoke("juniper", f"{secret[:12]}…", at=NOON)
    assert "revoked 2026-11-23" in api_keys.told("juniper", at=NOON)
    with pytest.raises(api_keys.NoSuchKey):
        api_keys.revoke("juniper", "Shop", at=NOON)


def test_what_can_not_be_made_is_said_in_words(juniper, ada):
    with pytest.raises(api_keys.CannotMake, match="contacts:read, contacts:write"):
        make(scopes=["everything"])
    make()
    with pytest.raises(api_keys.CannotMake, match="Another key"):
        make()
    with pytest.raises(api_keys.NoSuchKey):
        make(email="nobody@example.com")
    with pytest.raises(NoSuchBusiness):
        api_keys.told("nowhere", at=NOON)


def test_the_clock_is_told_and_moved(juniper):
    with workspace(juniper):
        sellers.of_workspace(at=NOON)
    assert sandbox_clock.clock("juniper", to=None, at=NOON) == "At juniper it is 2026-11-23 12:00 UTC."
    moved = sandbox_clock.clock("juniper", to=NOON + timedelta(days=2), at=NOON)
    assert moved.startswith("At juniper it is 2026-11-25 12:00 UTC. Things that fell due:")
    with pytest.raises(sandbox_clock.CannotMove):
        sandbox_clock.clock("juniper", to=NOON, at=NOON)
