"""The transaction around a view: what fails leaves nothing behind, and network calls get none."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from plainsail.accounts.middleware import WorkspaceMiddleware
from plainsail.kernel import clock, tenancy
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import client_ip
from plainsail.kernel.tenancy import outside_transaction

pytestmark = pytest.mark.django_db


class Tired(Refusal):
    code = "tired"
    message = "Not today."
    status = 409


@pytest.fixture
def ask(rf, juniper, ada):
    """Ask a view in Juniper's name."""

    def asked(view, **headers):
        request = rf.get("/w/juniper/x/", headers=headers)
        request.user, request.session, request.now = ada, {}, clock.now()
        middleware = WorkspaceMiddleware(lambda request: HttpResponse())
        return middleware.process_view(request, view, (), {"workspace": "juniper"})

    return asked


def rename(request):
    request.workspace.name = "Renamed"
    request.workspace.save()


def name_of(juniper):
    juniper.refresh_from_db()
    return juniper.name


def test_what_a_view_wrote_is_kept(ask, juniper):
    assert ask(lambda request: rename(request) or HttpResponse()).status_code == 200
    assert name_of(juniper) == "Renamed"


def test_what_a_refused_view_wrote_is_gone(ask, juniper):
    def view(request):
        rename(request)
        raise Tired

    response = ask(view)
    assert response.status_code == 409
    assert b"Not today." in response.content
    assert name_of(juniper) == "Juniper Pottery Studio"
    program = ask(view, Accept="application/json")
    assert program["Content-Type"] == "application/problem+json"


def test_what_a_failed_view_wrote_is_gone(ask, juniper):
    assert ask(lambda request: rename(request) or HttpResponse(status=503)).status_code == 503
    assert name_of(juniper) == "Juniper Pottery Studio"


def test_a_view_that_talks_to_the_network_has_no_workspace_open(ask):
    @outside_transaction
    def view(request):
        return HttpResponse(f"{tenancy.has_workspace()} {timezone.get_current_timezone_name()}")

    assert ask(view).content == b"False Europe/Berlin"
    assert ask(lambda request: HttpResponse(f"{tenancy.has_workspace()}")).content == b"True"
    assert not tenancy.has_workspace()
    assert connection.in_atomic_block


@pytest.mark.parametrize(
    ("forwarded", "remote", "address"),
    [
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("10.0.0.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("2001:db8::1", "", "2001:db8::1"),
        ("nonsense", "198.51.100.7", "198.51.100.7"),
        ("", "198.51.100.7", "198.51.100.7"),
        ("<script>", "", "127.0.0.1"),
    ],
)
def test_the_address_is_the_one_that_the_edge_vouches_for(rf, forwarded, remote, address):
    request = rf.get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=remote)
    assert client_ip(request) == address
