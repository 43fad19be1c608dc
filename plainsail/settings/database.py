"""Django's database dictionary from a `postgresql://` URL."""

from __future__ import annotations

from typing import Any

from psycopg.conninfo import conninfo_to_dict

POOL = {
    # Threads are what limits a process, not its pool.
    "min_size": 1,
    "max_size": 200,
    # Seconds: each open connection costs PostgreSQL some 9 MB, so one that a burst needed is given up each time, soon after it.
    "max_idle": 3,
    "num_workers": 1,
    # A database that starts anew is waited for; one that is away is said to be, and asked again by whoever comes next.
    "timeout": 3,
    "reconnect_timeout": 1,
}
"""Of psycopg's connection pool, which Django opens when it is first needed."""


def database(url: str, *, is_pooled: bool = False) -> dict[str, Any]:
    """Settings of one PostgreSQL database. Prepared statements stay off: one plan must not serve tenants of every size.

    `is_pooled`: the threads of this process share its connections; else each keeps one of its own.
    """
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", "plainsail"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "CONN_MAX_AGE": 0 if is_pooled else 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**parts, "options": "-c timezone=UTC"} | ({"pool": POOL} if is_pooled else {}),
    }
