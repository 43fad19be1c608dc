"""Who answers what: the edge's own paths, then published pages and forms by host, then web."""

from __future__ import annotations

from urllib.parse import parse_qsl

import orjson

from plainsail.edge import forms, links, notices
from plainsail.edge.access_log import AccessLog
from plainsail.edge.addresses import location
from plainsail.edge.body import Body, CutShort, LengthRequired, TooLarge, TooSlow, announced_length
from plainsail.edge.config import Config
from plainsail.edge.database import Database, DatabaseDown
from plainsail.edge.hosts import Host, Hosts
from plainsail.edge.intake import Intake
from plainsail.edge.proxy import Proxy
from plainsail.edge.published import Published
from plainsail.edge.request import METHODS, Request, host_name
from plainsail.edge.snapshots import Snapshots

READING = frozenset({"GET", "HEAD"})
HITS = {"/c/": links.click, "/o/": links.opened}
OPEN_WHEN_CLOSED = ("/receipt/", "/static/")
"""What stays at the address of a business that closed: invoices are owed to whoever bought."""
WEBS_OWN = ("/static/", "/media/")
"""Never published pages; not worth a look into the database."""
STAYS = (*WEBS_OWN, "/.well-known/")
"""What is answered at each of a business's names: files, and what a name proves about itself."""


class Router:
    """Holds what the handlers share, and picks the one for each request."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.log = AccessLog(config.access_log)
        self.database = Database(config.database_url, patience=config.database_patience)
        self.hosts = Hosts(self.database, own=config.own_hosts)
        self.snapshots = Snapshots(self.database, capacity=config.cache_bytes)
        self.intake = Intake(config.database_url)
        self.published = Published(self.snapshots, self.intake)
        self.proxy = Proxy(config.web_socket, patience=config.web_patience)

    def forget_host(self, name: str) -> None:
        """A host came, went or changed its workspace."""
        self.hosts.forget(name)
        self.snapshots.shortcuts.clear()

    def forget_everything(self) -> None:
        """Notifications may have been missed."""
        self.hosts.forget("")
        self.snapshots.forget_all()

    def answer_at_once(self, request: Request) -> bool:
        """Answer what needs no look-up, and say that it will be: a page that was asked for in the same words before, and
        what is answered as soon as its row is committed. Any thread may ask; what is answered is noted in the log.
        """
        if self.config.is_https:
            request.scheme = "https"
        if self.config.trusted_proxies:
            request.trust(self.config.trusted_proxies)
        if request.method not in READING:
            return False
        if (hit := HITS.get(request.path[:3])) is not None:
            hit(request, intake=self.intake, answered=self.log.answered)
            return True
        if self.published.answer_at_once(request):
            self.log.answered(request)
            return True
        return False

    async def answer(self, request: Request) -> None:
        """Answer whatever could not be answered at once."""
        if request.method not in METHODS:
            notices.method_not_allowed(request)
            return
        try:
            await self._by_host(request)
        except DatabaseDown:
            notices.busy(request)

    async def _by_host(self, request: Request) -> None:
        if not request.host:
            notices.bad_request(request)
            return
        if request.path in {"/healthz", "/readyz"}:
            await self._health(request)
            return
        if request.path == "/knownz":
            await self._say_whether_known(request)
            return
        host = await self.hosts.find(request.host)
        if host is None:
            self._nowhere(request)
        elif host.is_closed and not request.path.startswith(OPEN_WHEN_CLOSED):
            self._gone(request)
        elif host.workspace_id is None or host.is_closed:
            await self._pass_on(request)
        else:
            await self._at_site(request, host)

    async def _at_site(self, request: Request, host: Host) -> None:
        if request.method in READING:
            if host.leads_to and not request.path.startswith(STAYS):
                self._lead_on(request, host.leads_to)
            elif request.path.startswith(WEBS_OWN) or not await self.published.answer(request, host):
                await self._pass_on(request)
        elif request.method == "POST" and request.path.startswith("/f/") and forms.is_urlencoded(request):
            await self._post_form(request, host)
        else:
            await self._pass_on(request)

    def _lead_on(self, request: Request, first: str) -> None:
        """To the same page under the business's first name; what somebody sends is taken at each of them."""
        _name, colon, port = request.headers.get("host", "").rpartition(":")
        origin = f"{request.scheme}://{first}{f':{port}' if colon and port.isdigit() else ''}"
        target = origin + location(request.path, request.scope.query_string)
        request.answer(301, [("location", target), ("cache-control", "no-cache")])

    def _nowhere(self, request: Request) -> None:
        if request.path == notices.STYLESHEET_PATH:
            notices.stylesheet(request)
        else:
            notices.unknown_host(request)

    def _gone(self, request: Request) -> None:
        if request.path == notices.STYLESHEET_PATH:
            notices.stylesheet(request)
        else:
            notices.site_closed(request)

    async def _post_form(self, request: Request, host: Host) -> None:
        with Body() as body:
            if not await self._receive(request, body, limit=forms.LARGEST_POST):
                return
            if not await forms.answer(request, host, body, snapshots=self.snapshots, intake=self.intake):
                await self.proxy.pass_on(request, body)

    async def _pass_on(self, request: Request) -> None:
        if request.path == notices.STYLESHEET_PATH:
            notices.stylesheet(request)
            return
        if not request.is_readable:
            notices.bad_request(request)
            return
        with Body() as body:
            is_import = request.path.startswith("/w/") and request.path.endswith("/contacts/imports/")
            if await self._receive(
                request, body, limit=self.config.max_import if is_import else self.config.max_upload
            ):
                await self.proxy.pass_on(request, body)

    async def _receive(self, request: Request, body: Body, *, limit: int) -> bool:
        """Read the body, or say what is wrong with it."""
        try:
            if announced_length(request):
                await body.receive(request, limit=limit)
        except TooLarge:
            notices.too_large(request, limit=limit)
        except LengthRequired:
            notices.length_required(request)
        except TooSlow:
            notices.too_slow(request)
        except CutShort:
            pass  # nobody is left to be told
        else:
            return True
        return False

    async def _health(self, request: Request) -> None:
        """`/healthz`: this worker lives. `/readyz`: the database and web do too."""
        if request.path == "/healthz":
            self._say(request, 200, {"status": "alive"})
            return
        found = {"database": await self.database.is_reachable(), "web": await self.proxy.is_reachable()}
        is_ready = all(found.values())
        self._say(request, 200 if is_ready else 503, {"status": "ready" if is_ready else "not ready", **found})

    async def _say_whether_known(self, request: Request) -> None:
        """`/knownz?domain=…`: 200 for a host that lives here, else 404. For a proxy that fetches certificates on demand."""
        (name, *_more) = [value for key, value in parse_qsl(request.scope.query_string) if key == "domain"] or [""]
        domain = host_name(name)
        is_known = bool(domain) and await self.hosts.find(domain) is not None
        self._say(request, 200 if is_known else 404, {"known": is_known})

    @staticmethod
    def _say(request: Request, status: int, said: dict[str, object]) -> None:
        headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ]
        request.answer(status, headers, orjson.dumps(said))
