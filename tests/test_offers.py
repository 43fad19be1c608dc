"""Nobody is offered what their role can't do: every link and every form on every staff screen leads to something allowed."""

from __future__ import annotations

import re

import pytest
from django.urls import Resolver404, resolve

from plainsail.accounts.models import Membership, Role
from plainsail.kernel.tenancy import workspace
from plainsail.subscriptions.tests.factories import subscribed
from tests.test_strangers import STAFF, filled
from tests.walking import furnish, ids_of

WAYS = re.compile(r'(?:href|action|hx-get|hx-post|formaction|data-edits|data-publish)="(/w/juniper/[^"?#]*)')


@pytest.fixture
def rows(juniper, ada, ben):
    """Juniper's rows by model, a contract with its order and invoice among them."""
    subscribed(juniper)
    with workspace(juniper):
        furnish()
        return ids_of(juniper)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_what_a_role_is_offered_it_may_do(role, as_ben, ben, rows, juniper):
    Membership.objects.filter(user=ben).update(role=role)
    refused, seen = {}, 0
    for address in STAFF:
        for path in filled(address, "juniper", rows)[:1]:
            page = as_ben.get(path)
            if page.status_code != 200 or not page["Content-Type"].startswith("text/html"):
                continue
            seen += 1
            for way in sorted(set(WAYS.findall(page.content.decode()))):
                if not is_allowed(way, role):
                    refused.setdefault(address.name, []).append(way)
    assert refused == {}
    assert seen > 20


def is_allowed(path: str, role: Role) -> bool:
    try:
        view = resolve(path, urlconf="plainsail.urls").func
    except Resolver404:
        return False
    permission = getattr(view, "permission", None)
    return permission is None or permission == "signed_in" or role.allows(permission)
