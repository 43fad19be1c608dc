"""Host names: which belong to whom, and how a business is reached from outside."""

from __future__ import annotations

from django.db import connection, transaction

from plainsail.accounts.models import Host
from plainsail.kernel import environment
from plainsail.kernel.models import Workspace


def site_host(workspace: Workspace) -> str:
    """The host name that every business has on this installation, without port."""
    return f"{workspace.slug}.{environment.current().base_domain}"


def public_url(workspace: Workspace, path: str) -> str:
    """Absolute address of a path on a business's own host: a live own domain if it has one, else its site host."""
    here = environment.current()
    own = workspace.hosts.filter(is_live=True, kind=Host.Kind.CUSTOM).order_by("created_at").first()
    name = own.host if own is not None else site_host(workspace)
    scheme = "https" if here.is_https else "http"
    return f"{scheme}://{name}{here.public_port_suffix}{path}"


@transaction.atomic
def add_site_host(workspace: Workspace) -> Host:
    """Make a business reachable at its site host."""
    host, _made = Host.objects.get_or_create(
        host=site_host(workspace), defaults={"kind": Host.Kind.SITE, "workspace": workspace}
    )
    tell_edge(host.host)
    return host


def tell_edge(name: str) -> None:
    """After the commit, the edge forgets what it knows of a host."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('plainsail_hosts', %s)", [name])
