"""Host names, and what the edge is told about them."""

import psycopg
import pytest
from django.db import connection, transaction

from plainsail.accounts.models import Host
from plainsail.accounts.services import hosts
from plainsail.accounts.tests.factories import HostFactory, WorkspaceFactory
from plainsail.kernel import environment

pytestmark = pytest.mark.django_db


def listener():
    """A connection like the edge's, to the test database."""
    settings = connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"],
        dbname=settings["NAME"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        port=settings["PORT"] or None,
        autocommit=True,
    )


@pytest.mark.django_db(transaction=True)
def test_the_edge_is_told_once_a_change_is_committed():
    with listener() as edge:
        edge.execute("LISTEN plainsail_hosts")
        workspace = WorkspaceFactory(slug="pots")
        with transaction.atomic():
            hosts.open_site(workspace)
            assert list(edge.notifies(timeout=0.2)) == []
        hosts.close_sites(workspace)
        told = [note.payload for note in edge.notifies(timeout=1, stop_after=2)]
    assert told == ["pots.localhost", "pots.localhost"]
    assert Host.objects.get().is_closed


def test_the_edge_may_read_hosts_and_nothing_of_people():
    HostFactory(host="pots.localhost")
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('ps_edge', 'accounts_host', 'SELECT')")
        assert cursor.fetchone() == (True,)
        for table in ("accounts_user", "accounts_membership", "kernel_workspace", "accounts_auditentry"):
            cursor.execute("SELECT has_table_privilege('ps_edge', %s, 'SELECT')", [table])
            assert cursor.fetchone() == (False,)


def test_addresses_are_absolute_and_cost_no_query(juniper, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert hosts.public_url(juniper, "/checkout/x") == "http://juniper.localhost:8000/checkout/x"
        assert hosts.app_url("/w/juniper/") == "http://localhost:8000/w/juniper/"


def test_sites_follow_a_changed_base_domain(juniper, acme, monkeypatch):
    HostFactory(workspace=juniper, host="www.juniper.example", kind=Host.Kind.CUSTOM)
    here = environment.current()
    monkeypatch.setattr(
        environment, "current", lambda: __import__("dataclasses").replace(here, base_domain="pots.example")
    )
    assert hosts.follow_base_domain() == 2
    assert hosts.follow_base_domain() == 0
    assert set(Host.objects.values_list("host", flat=True)) == {
        "juniper.pots.example",
        "acme.pots.example",
        "www.juniper.example",
    }


@pytest.mark.parametrize(
    "host",
    [
        "nowhere.localhost",
        "evil.example",
        "localhost.evil.example",
        "a" * 300,
        "jun\u00edper.localhost",
        "",
        "..",
        "[::2]",
    ],
)
def test_an_unknown_host_gets_a_page_that_says_so(client, juniper, host):
    response = client.get("/", headers={"host": host}) if host else client.get("/", HTTP_HOST="", SERVER_NAME="x")
    assert response.status_code == 421
    assert b"w/juniper" not in response.content


def test_a_host_out_of_use_is_unknown(client, juniper):
    juniper.hosts.update(is_live=False)
    assert client.get("/", headers={"host": "juniper.localhost"}).status_code == 421


def test_at_the_host_of_a_business_that_closed_that_is_said(client, juniper):
    hosts.close_sites(juniper)
    answer = client.get("/", headers={"host": "juniper.localhost"})
    assert answer.status_code == 410
    assert b"This site is closed" in answer.content
    hosts.reopen_sites(juniper)
    assert client.get("/", headers={"host": "juniper.localhost"}).status_code != 410


def test_staff_pages_do_not_exist_on_a_site(site_client, ada):
    site_client.force_login(ada)
    for path in ("/w/juniper/settings/people/", "/accounts/login/", "/businesses/new/"):
        assert site_client.get(path).status_code == 404


def test_health_is_answered_on_every_host(client):
    for host in ("localhost", "whatever.example"):
        assert client.get("/healthz", headers={"host": host}).content == b"ok\n"
        assert client.get("/readyz", headers={"host": host}).content == b"ready\n"


def test_readiness_needs_the_migrations(client, monkeypatch):
    from plainsail.accounts import queries
    from plainsail.accounts.views import health

    monkeypatch.setattr(health, "_migrated", [])
    monkeypatch.setattr(queries, "unapplied_migrations", lambda: 2)
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"2 migrations wait.\n")
