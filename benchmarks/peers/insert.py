"""A plain ASGI application that writes each open with an INSERT of its own, over a pool of eight connections."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from plainsail.edge.links import PIXEL
from plainsail.kernel import tokens
from plainsail.kernel.ids import new_id

INSERT = (
    "INSERT INTO tracking_landing (id, workspace_id, kind, at, contact_id, delivery_id, host, path, url, referrer, ip,"
    " user_agent, payload) VALUES (%s, %s, 'open', %s, %s, %s, 'localhost', '', '', '', '127.0.0.0', %s, %s)"
)
pool: AsyncConnectionPool | None = None


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    global pool  # noqa: PLW0603 - opened in the worker's own loop
    if scope["type"] != "http":
        return
    if pool is None:
        pool = AsyncConnectionPool(
            os.environ["DATABASE_EDGE_URL"], min_size=8, max_size=8, open=False, kwargs={"autocommit": True}
        )
        await pool.open(wait=True)
    headers = dict(scope["headers"])
    path = scope["path"]
    if path.startswith("/o/"):
        mail = tokens.read_open(path.removeprefix("/o/"))
        async with pool.connection() as connection:
            values = [new_id(), mail.workspace_id, datetime.now(UTC), mail.contact_id, mail.delivery_id]
            agent = headers.get(b"user-agent", b"").decode("latin-1")
            await connection.execute(INSERT, [*values, agent, Jsonb({"method": scope["method"]})])
    sent = [(b"content-type", b"image/gif"), (b"content-length", str(len(PIXEL)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": sent})
    await send({"type": "http.response.body", "body": PIXEL})
