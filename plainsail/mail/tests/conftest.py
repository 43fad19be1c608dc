"""Fixtures of the mail area's own tests."""

from __future__ import annotations

import asyncio
import threading

import pytest

from plainsail.cli import intake
from plainsail.mail.tests.carrier_service import service_of

__all__ = ["service_of"]


@pytest.fixture
def door(request):
    """The port for bounces on loopback, in a thread of its own; gives its number. Speaks what the test asks for."""
    protocol = getattr(request, "param", "smtp")
    started, found = threading.Event(), {}

    async def serve():
        found["loop"], found["stop"] = asyncio.get_running_loop(), asyncio.Event()
        server = await intake.open_door(host="127.0.0.1", port=0, domain="bounces.example", protocol=protocol)
        found["port"] = server.sockets[0].getsockname()[1]
        started.set()
        await found["stop"].wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    yield found["port"]
    found["loop"].call_soon_threadsafe(found["stop"].set)
    thread.join(5)
