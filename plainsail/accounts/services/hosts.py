"""Host names: at which one a business is reached. The edge reads the same table and is told of every change."""

from __future__ import annotations

from django.db import connection, transaction

from plainsail.accounts.models import Host
from plainsail.kernel import environment
from plainsail.kernel.models import Workspace

CHANNEL = "plainsail_hosts"


def site_host(slug: str) -> str:
    """Host name of a slug's site, without port, such as `juniper.localhost`."""
    return f"{slug}.{environment.current().base_domain}"


def public_url(workspace: Workspace, path: str = "/") -> str:
    """Absolute address of a path on the business's own site, under its own domain where it has a first one. Costs no query."""
    here = environment.current()
    scheme = "https" if here.is_https else "http"
    host = workspace.public_host or site_host(workspace.slug)
    return f"{scheme}://{host}{here.public_port_suffix}{path}"


def app_url(path: str = "/") -> str:
    """Absolute address of a path of the application itself."""
    return f"{environment.current().base_url}{path}"


def home_path(workspace: Workspace) -> str:
    """Path of the business's Home on the application's host. Built here, since Home lies in an area above."""
    return f"/w/{workspace.slug}/"


@transaction.atomic
def open_site(workspace: Workspace) -> Host:
    """Give a business the host name of its slug. Raises IntegrityError where another business has it."""
    host = Host.objects.create(host=site_host(workspace.slug), kind=Host.Kind.SITE, workspace=workspace)
    tell_edge(host.host)
    return host


@transaction.atomic
def open_another_site(workspace: Workspace) -> None:
    """After a new slug: its host name is added, and the former one stays, for links in mail sent before."""
    name = site_host(workspace.slug)
    if not Host.objects.filter(host=name, workspace=workspace).update(is_live=True):
        Host.objects.create(host=name, kind=Host.Kind.SITE, workspace=workspace, leads_to=workspace.public_host)
    tell_edge(name)


@transaction.atomic
def close_sites(workspace: Workspace) -> int:
    """At each of a business's host names visitors read from now on that it closed; returns how many. They stay reserved."""
    return _close(workspace, is_closed=True)


@transaction.atomic
def reopen_sites(workspace: Workspace) -> int:
    """Show the business again at each of its host names; returns how many there are."""
    return _close(workspace, is_closed=False)


def _close(workspace: Workspace, *, is_closed: bool) -> int:
    found = Host.objects.filter(workspace=workspace)
    found.update(is_closed=is_closed)
    names = list(found.values_list("host", flat=True))
    for name in names:
        tell_edge(name)
    return len(names)


@transaction.atomic
def forget_sites(workspace: Workspace) -> None:
    """Let go of an erased business's own domains. Its address on this installation stays taken: letters still lead there."""
    Workspace.objects.filter(id=workspace.id).update(public_host="")
    Host.objects.filter(workspace=workspace).update(leads_to="")
    for host in Host.objects.filter(workspace=workspace):
        if host.kind == Host.Kind.CUSTOM:
            host.delete()
        tell_edge(host.host)


def is_taken(slug: str) -> bool:
    """Whether a slug's host name belongs to a business, or did once."""
    return Host.objects.filter(host=site_host(slug)).exists()


@transaction.atomic
def follow_base_domain() -> int:
    """Move every site to the present base domain, after it was changed; returns how many moved. One statement."""
    domain = environment.current().base_domain
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_host moved SET host = split_part(host, '.', 1) || '.' || %s "
            "WHERE kind = 'site' AND host <> split_part(host, '.', 1) || '.' || %s AND NOT EXISTS "
            "(SELECT 1 FROM accounts_host there WHERE there.host = split_part(moved.host, '.', 1) || '.' || %s)",
            [domain, domain, domain],
        )
        moved: int = cursor.rowcount
    if moved:
        tell_edge("")
    return moved


def tell_edge(host: str) -> None:
    """Have the edges look a host name up anew once this is committed; all of them for an empty one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, host])
