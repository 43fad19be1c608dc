"""Which workspace a host belongs to: a bounded memory of the hosts table."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from plainsail.edge.database import Database
from plainsail.edge.flight import Flights

FIND_HOST = "SELECT kind, workspace_id, is_closed, leads_to FROM accounts_host WHERE host = %s AND is_live"


class Host(NamedTuple):
    """A host that is known here; `workspace_id` is None on the application's own."""

    name: str
    workspace_id: UUID | None
    is_closed: bool = False
    """Its business closed: whoever comes is told so, instead of being shown anything."""
    leads_to: str = ""
    """The business's first host name: whoever looks at a page is led there."""


class Hosts:
    """Looks hosts up once and remembers them, unknown ones too, until told otherwise.

    At most `capacity` hosts are remembered; the oldest go first.
    """

    def __init__(self, database: Database, *, own: frozenset[str], capacity: int = 20_000) -> None:
        self._database = database
        self._own = own
        self._capacity = capacity
        self._known: dict[str, Host | None] = {}
        self._flights: Flights[str, Host | None] = Flights()

    async def find(self, name: str) -> Host | None:
        """The host of this name, or None. Raises DatabaseDown."""
        if name in self._own:
            return Host(name, None)
        try:
            return self._known[name]
        except KeyError:
            return await self._flights.join(name, lambda: self._load(name), self._remember)

    def forget(self, name: str) -> None:
        """Look this host up anew next time; every host when the name is empty."""
        if not name:
            self._known.clear()
            self._flights.disown_all()
        else:
            self._known.pop(name, None)
            self._flights.disown(name)

    async def _load(self, name: str) -> Host | None:
        rows = await self._database.read(FIND_HOST, [name])
        if not rows:
            return None
        kind, workspace_id, is_closed, leads_to = rows[0]
        return Host(name, None if kind == "app" else workspace_id, is_closed, leads_to)

    def _remember(self, name: str, host: Host | None) -> None:
        if len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]
        self._known[name] = host
