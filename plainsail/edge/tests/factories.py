"""A database as the edge sees it, published pages in it, and the processes that serve them."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import brotli
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from plainsail.kernel.landing import COPY

# The tables as far as the edge knows them. test_contract.py holds the real ones against this.
TABLES = """
CREATE TABLE accounts_host (
    id uuid PRIMARY KEY, host text NOT NULL UNIQUE, kind text NOT NULL, workspace_id uuid, is_live boolean NOT NULL,
    is_closed boolean NOT NULL DEFAULT false, leads_to text NOT NULL DEFAULT ''
);
CREATE TABLE pages_publishedsnapshot (
    id uuid PRIMARY KEY, workspace_id uuid NOT NULL, page_id uuid NOT NULL, path text NOT NULL, etag text NOT NULL,
    content_type text NOT NULL, body bytea NOT NULL, body_gzip bytea NOT NULL DEFAULT '',
    body_br bytea NOT NULL DEFAULT '', headers jsonb NOT NULL DEFAULT '{}', forms jsonb NOT NULL DEFAULT '{}',
    split jsonb NOT NULL DEFAULT '{}', published_at timestamptz NOT NULL DEFAULT now(), UNIQUE (workspace_id, path)
);
CREATE TABLE tracking_landing (
    id uuid PRIMARY KEY, workspace_id uuid NOT NULL, kind text NOT NULL, at timestamptz NOT NULL, visitor_id uuid,
    contact_id uuid, delivery_id uuid, page_id uuid, host text NOT NULL, path text NOT NULL, url text NOT NULL,
    referrer text NOT NULL, ip inet, user_agent text NOT NULL, payload jsonb NOT NULL
);
CREATE INDEX ON tracking_landing (workspace_id, id);
CREATE TABLE tracking_viewbundle (id uuid PRIMARY KEY, lines text NOT NULL);
ALTER TABLE pages_publishedsnapshot ENABLE ROW LEVEL SECURITY;
CREATE POLICY workspace ON pages_publishedsnapshot
    USING (workspace_id = (SELECT current_setting('plainsail.workspace')::uuid));
"""
PAGE = "<!doctype html><title>Juniper</title>" + "<p>Slow-grown soap from the hills, wrapped in paper.</p>" * 100
FORM_ID = "0199aaaa-0000-7000-8000-000000000001"
FORM: dict[str, Any] = {
    "version": 3,
    "thank_you": "/thanks",
    "honeypot": "company_url",
    "fields": [
        {"name": "email", "kind": "email", "required": True, "max_length": 254},
        {"name": "first_name", "kind": "text", "max_length": 20},
        {"name": "message", "kind": "textarea", "max_length": 200},
        {"name": "terms", "kind": "checkbox", "required": True},
        {"name": "size", "kind": "choice", "choices": ["s", "m"]},
        {"name": "topics", "kind": "choices", "choices": ["soap", "oil"]},
    ],
}


class EdgeDatabase:
    """The edge's tables in a database of their own."""

    def __init__(self, owner_url: str, edge_url: str, name: str) -> None:
        self.name = name
        self._server = owner_url
        self.owner_url = make_conninfo(owner_url, dbname=name)
        self.edge_url = make_conninfo(edge_url, dbname=name)
        self._edge_role = str(conninfo_to_dict(edge_url)["user"])

    def create(self) -> None:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
        role = sql.Identifier(self._edge_role)
        with psycopg.connect(self.owner_url) as database:
            database.execute(TABLES)
            database.execute(sql.SQL("GRANT SELECT ON accounts_host, pages_publishedsnapshot TO {}").format(role))
            database.execute(sql.SQL("GRANT INSERT ON tracking_landing, tracking_viewbundle TO {}").format(role))

    def drop(self) -> None:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))

    def run(self, query: str, params: Any = ()) -> list[dict[str, Any]]:
        with psycopg.connect(self.owner_url, row_factory=dict_row) as connection:
            cursor = connection.execute(query.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def add_host(
        self, host: str, workspace_id: UUID | None, *, kind: str = "site", is_live: bool = True, leads_to: str = ""
    ) -> None:
        self.run(
            "WITH made AS (INSERT INTO accounts_host VALUES (%s, %s, %s, %s, %s, false, %s)) "
            "SELECT pg_notify('plainsail_hosts', %s)",
            [uuid4(), host, kind, workspace_id, is_live, leads_to, host],
        )

    def publish(
        self,
        workspace_id: UUID,
        path: str,
        html: str = PAGE,
        *,
        forms: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        split: dict[str, Any] | None = None,
        encodings: tuple[str, ...] = ("gzip", "br"),
        notify: bool = True,
    ) -> UUID:
        """Publish as the pages area does, and return the page's id."""
        page_id, body = uuid4(), html.encode()
        self.run(
            "WITH made AS (INSERT INTO pages_publishedsnapshot (id, workspace_id, page_id, path, etag, content_type, body,"
            " body_gzip, body_br, headers, forms, split) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (workspace_id, path) DO UPDATE SET etag = excluded.etag, body = excluded.body,"
            " body_gzip = excluded.body_gzip, body_br = excluded.body_br, forms = excluded.forms, split = excluded.split,"
            " page_id = excluded.page_id)"
            " SELECT pg_notify('plainsail_published', %s) WHERE %s",
            [
                *(uuid4(), workspace_id, page_id, path, hashlib.blake2b(body, digest_size=16).hexdigest()),
                *("text/html; charset=utf-8", body),
                gzip.compress(body, 9) if "gzip" in encodings else b"",
                brotli.compress(body, quality=5) if "br" in encodings else b"",
                *(Jsonb(headers or {}), Jsonb(forms or {}), Jsonb(split or {}), f"{workspace_id}:{path}", notify),
            ],
        )
        return page_id

    def unpublish(self, workspace_id: UUID, path: str) -> None:
        self.run(
            "WITH gone AS (DELETE FROM pages_publishedsnapshot WHERE workspace_id = %s AND path = %s)"
            " SELECT pg_notify('plainsail_published', %s)",
            [workspace_id, path, f"{workspace_id}:{path}"],
        )

    def landed(self, workspace_id: UUID, *, expected: int | None = None, within: float = 5.0) -> list[dict[str, Any]]:
        """The workspace's landing rows in order of time, to the microsecond; waits until as many as expected are there."""
        until = time.monotonic() + within
        while True:
            self._unpack()
            rows = self.run("SELECT * FROM tracking_landing WHERE workspace_id = %s ORDER BY at, id", [workspace_id])
            if expected is None or len(rows) >= expected or time.monotonic() > until:
                return rows
            time.sleep(0.02)

    def _unpack(self) -> None:
        """Land bundled views as single rows, as `tracking` does: those that are there are not landed again.

        A bundle whose commit the edge never heard of, because the database died, comes a second time.
        """
        with psycopg.connect(self.owner_url) as connection:
            bundles = connection.execute("DELETE FROM tracking_viewbundle RETURNING lines").fetchall()
            if bundles:
                connection.execute("CREATE TEMPORARY TABLE unpacked (LIKE tracking_landing) ON COMMIT DROP")
                into = COPY.replace("tracking_landing", "unpacked")
                with connection.cursor() as cursor, cursor.copy(into.encode()) as copy:
                    copy.write("".join(lines for (lines,) in bundles))
                connection.execute("INSERT INTO tracking_landing SELECT * FROM unpacked ON CONFLICT (id) DO NOTHING")


@dataclass
class Answer:
    """What came back: names of headers in lower case, one value each (cookies apart)."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A granian of our own: the edge on a port, or a stand-in for web on a socket."""

    arguments: list[str]
    environment: dict[str, str]
    port: int = 0
    log: Path = field(default_factory=lambda: Path(tempfile.mkstemp(prefix="edge-test-", suffix=".log")[1]))
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "granian", *self.arguments],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def wait(self, within: float = 20.0) -> None:
        until = time.monotonic() + within
        while time.monotonic() < until:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.ask("GET", "/healthz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.03)
        raise AssertionError(self.log.read_text())

    def workers(self) -> list[int]:
        """Process ids of granian's workers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill(self) -> None:
        """End everything at once, without a word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.unlink(missing_ok=True)

    def ask(
        self,
        method: str,
        path: str,
        *,
        host: str = "localhost",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 20.0,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
                answer.headers.get_all("set-cookie") or [],
            )
        finally:
            connection.close()

    def get(self, path: str, *, host: str, **headers: str) -> Answer:
        """GET with headers given as keywords: `accept_encoding="br"`."""
        return self.ask(
            "GET", path, host=host, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    def say(self, text: bytes, *, timeout: float = 10.0) -> bytes:
        """Send bytes as they are and return whatever comes back until the end or a pause."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(text)
            answer = b""
            try:
                while data := connection.recv(65536):
                    answer += data
            except TimeoutError:
                pass
            return answer


def edge_process(
    database: EdgeDatabase, web_socket: Path, *, port: int, workers: int = 1, **environment: str
) -> Served:
    """The edge as it is run, on loopback."""
    from plainsail.edge.server import granian_options

    return Served(
        granian_options(bind="127.0.0.1", port=port, workers=workers),
        {"DATABASE_EDGE_URL": database.edge_url, "PLAINSAIL_WEB_SOCKET": str(web_socket), **environment},
        port=port,
    )


def web_process(web_socket: Path, **environment: str) -> Served:
    """A small WSGI application in web's place, which says what it was asked."""
    return Served(
        [
            *("--interface", "wsgi", "--uds", str(web_socket), "--no-ws", "--blocking-threads", "4"),
            "plainsail.edge.tests.echo:application",
        ],
        environment,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
