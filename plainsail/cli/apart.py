"""Serving only where the database keeps the businesses apart: asked at each start, so that a wrong role is noticed at once."""

from collections.abc import Sequence

import psycopg

from plainsail.cli.errors import Refused
from plainsail.kernel import isolation
from plainsail.kernel.isolation import Hole

SHOWN = 5
REMEDY = (
    "Let DATABASE_URL name a role that neither owns the tables nor is superuser nor has BYPASSRLS, or run"
    " `plainsail migrate` with the same URL for both, which forces the policies on their owner."
)


def summary(holes: Sequence[Hole]) -> str:
    """The first few in words, and how many more there are."""
    shown = "; ".join(str(hole) for hole in holes[:SHOWN])
    return f"{shown}; and {len(holes) - SHOWN} more" if len(holes) > SHOWN else shown


def require(database_url: str) -> None:
    """Raises Refused where the role could see another business's rows. A database that is away is not judged."""
    try:
        with psycopg.connect(database_url, connect_timeout=5, autocommit=True) as connection:
            holes = isolation.holes(connection.cursor())
    except psycopg.OperationalError:
        return
    if holes:
        raise Refused(f"The database doesn’t keep businesses apart: {summary(holes)}. {REMEDY}")
