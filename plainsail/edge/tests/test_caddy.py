"""Behind a real Caddy that fetches certificates on demand: for hosts that live here, and for no others.

Skipped where there is no Caddy (Debian: `apt install caddy`). Certificates are Caddy's own, nothing is asked of the world.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from plainsail.edge.tests.factories import EdgeDatabase, Served

CADDY = shutil.which("caddy")

pytestmark = [
    pytest.mark.skipif(CADDY is None, reason="there is no caddy here: apt install caddy"),
    pytest.mark.long,
]

# As docs/self-hosting/tls.md has it, but with certificates of its own and without the ports that need rights.
CADDYFILE = """{{
    admin off
    auto_https disable_redirects
    storage file_system {storage}
    skip_install_trust
    local_certs
    on_demand_tls {{
        ask http://127.0.0.1:{edge}/knownz
    }}
}}

https://:{port} {{
    tls {{
        on_demand
    }}
    reverse_proxy 127.0.0.1:{edge}
}}
"""


@pytest.fixture
def caddy(edge: Served, tmp_path: Path):
    """The port of a Caddy in front of the edge."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "Caddyfile"
    file.write_text(CADDYFILE.format(storage=tmp_path / "storage", edge=edge.port, port=port))
    environment = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(file)],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            until = time.monotonic() + 15
            while time.monotonic() < until:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=15)


def get(port: int, host: str, path: str) -> tuple[int, bytes]:
    """Ask by TLS for a host at Caddy's port, whoever signed its certificate; the status and the body."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
        closing(http.client.HTTPConnection(host)) as connection,
    ):
        connection.sock = secured
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_domain_that_lives_here_gets_a_certificate_when_first_asked_for_and_its_page(
    caddy: int, database: EdgeDatabase, workspace_id: UUID
):
    host = f"{uuid4().hex}.example"
    database.publish(workspace_id, "/", "<p>mine")
    database.add_host(host, workspace_id, kind="custom")
    # The edge hears of a new host a moment after it is committed.
    time.sleep(0.5)

    assert get(caddy, host, "/") == (200, b"<p>mine")


def test_a_domain_that_does_not_gets_none(caddy: int):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        get(caddy, "nobody.example", "/")
