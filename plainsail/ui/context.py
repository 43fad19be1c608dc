"""The frame around every screen, as templates see it: `chrome.menu`, `chrome.settings`, `chrome.account` …

Everything is worked out when a template asks for it, so a fragment that has no frame costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse

from plainsail.kernel.http import public_path, workspace_url
from plainsail.kernel.models import Workspace
from plainsail.ui import sockets
from plainsail.ui.sockets import Words

PHONE_TABS = 4
THEMES = frozenset({"light", "dark"})


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry of a menu, ready to be drawn."""

    label: Words
    href: str
    icon: str = ""
    is_current: bool = False
    is_post: bool = False
    is_new: bool = False
    """Whether it makes something, as the Create button does."""


def chrome(request: HttpRequest) -> dict[str, Chrome]:
    """Context processor: adds `chrome`."""
    return {"chrome": Chrome(request)}


class Chrome:
    """Menus and names for one request. Entries that the person's role does not reach are left out."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def theme(self) -> str:
        """The person's own choice of light or dark, or nothing for the system's."""
        chosen = self._request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @cached_property
    def workspace(self) -> Workspace | None:
        return getattr(self._request, "workspace", None)

    @cached_property
    def person(self) -> str:
        """What to call the signed-in person: the name, else the address, else nothing."""
        user = getattr(self._request, "user", None)
        if user is None or not user.is_authenticated:
            return ""
        return str(getattr(user, "name", "") or getattr(user, "email", "") or user)

    @cached_property
    def email(self) -> str:
        return str(getattr(getattr(self._request, "user", None), "email", ""))

    @cached_property
    def is_staff_frame(self) -> bool:
        """Whether a member of the workspace is looking, rather than a visitor of its site."""
        return self.workspace is not None and getattr(self._request, "role", None) is not None

    @cached_property
    def problem_frame(self) -> str:
        """The layout in which a problem is told: on a site in the site's own look, with its footer."""
        is_site = self.workspace is not None and not self.is_staff_frame
        return "ui/layouts/public.html" if is_site else "ui/layouts/plain.html"

    @cached_property
    def home(self) -> str:
        """Where the name at the top leads."""
        menu = self.menu
        return menu[0].href if menu else "/"

    @cached_property
    def menu(self) -> list[Link]:
        if not self.is_staff_frame:
            return []
        here = None if self._in_settings else self._namespace
        room = sockets.ROOMS.get(here) if here else None
        return [
            Link(
                label=item.label,
                icon=item.icon,
                href=self._inside(item.url),
                is_current=here in item.namespaces or room == key,
            )
            for key, item in sockets.MENU.items()
            if self._may(item.can)
        ]

    @cached_property
    def phone_tabs(self) -> list[Link]:
        """The entries of a phone's bottom bar; the rest is behind “More”."""
        wanted = sorted(
            (item for item in sockets.MENU if self._may(item.can)), key=lambda item: (not item.on_phone, item.order)
        )[:PHONE_TABS]
        hrefs = {self._inside(item.url) for item in wanted} if self.is_staff_frame else set()
        return [link for link in self.menu if link.href in hrefs]

    @cached_property
    def phone_more(self) -> list[Link]:
        tabs = {link.href for link in self.phone_tabs}
        return [link for link in self.menu if link.href not in tabs]

    @cached_property
    def more_is_current(self) -> bool:
        """Whether the present page is behind “More” on a phone."""
        return self._in_settings or any(link.is_current for link in self.phone_more)

    @cached_property
    def settings(self) -> list[Link]:
        """The tabs of Settings."""
        if not self.is_staff_frame:
            return []
        return [
            Link(
                label=item.label,
                href=self._inside(item.url),
                is_current=self._page in {item.url, *item.pages},
            )
            for item in sockets.SETTINGS
            if self._may(item.can) and (item.shown is None or item.shown(self._request))
        ]

    @cached_property
    def settings_entry(self) -> Link | None:
        """The way into Settings: its first tab that the person may see."""
        first = next(iter(self.settings), None)
        return first and Link(label="", icon="settings", href=first.href, is_current=self._in_settings)

    @cached_property
    def create(self) -> list[Link]:
        if not self.is_staff_frame:
            return []
        return [
            Link(label=item.label, icon=item.icon, href=self._inside(item.url), is_post=item.method == "post")
            for item in sockets.CREATE
            if self._may(item.can)
        ]

    @cached_property
    def finder(self) -> str:
        """The page that finds things, or nothing."""
        if not self.is_staff_frame:
            return ""
        return next((self._inside(item.url) for item in sockets.FINDER if self._may(item.can)), "")

    @cached_property
    def doors(self) -> list[Link]:
        """Every place that one link or button of the frame leads to: things to make, rooms, settings, the account."""
        settings = [replace(link, icon="settings") for link in self.settings]
        account = [link for link in self.account if link.href not in {one.href for one in settings}]
        return [*(replace(link, is_new=True) for link in self.create), *self.menu, *settings, *account]

    @cached_property
    def account(self) -> list[Link]:
        return [
            Link(
                label=item.label,
                icon=item.icon,
                href=self._inside(item.url) if item.in_workspace else reverse(item.url, urlconf="plainsail.urls"),
                is_current=self._page == item.url,
                is_post=item.method == "post",
            )
            for item in sockets.ACCOUNT
            if (self.is_staff_frame or not item.in_workspace) and self._may(item.can)
        ]

    @cached_property
    def workspaces(self) -> list[sockets.SwitcherEntry]:
        """Businesses that the person may open, the current one among them."""
        return [entry for switcher in sockets.SWITCHER for entry in switcher.entries(self._request)]

    @cached_property
    def new_workspace(self) -> str:
        """Where a further business is added, or nothing."""
        names = (switcher.new_url for switcher in sockets.SWITCHER if switcher.new_url)
        return next((reverse(name, urlconf="plainsail.urls") for name in names), "")

    @cached_property
    def banners(self) -> list[sockets.Banner]:
        """What waits for the person, above every staff page."""
        return [banner for source in sockets.BANNERS if (banner := source.show(self._request)) is not None]

    @cached_property
    def footer_links(self) -> list[Link]:
        return [
            Link(label=item.label, href=item.url if item.url.startswith("/") else public_path(item.url))
            for item in sockets.FOOTER_LINKS
        ]

    @cached_property
    def site_links(self) -> list[Link]:
        """The navigation of the business's site, on pages of ours that stand among its own."""
        return [
            Link(label=label, href=href) for source in sockets.SITE_LINKS for label, href in source.links(self._request)
        ]

    @cached_property
    def _page(self) -> str:
        match = self._request.resolver_match
        return match.view_name if match else ""

    @cached_property
    def _namespace(self) -> str | None:
        match = self._request.resolver_match
        return match.namespace if match else None

    @cached_property
    def _in_settings(self) -> bool:
        return any(self._page in {item.url, *item.pages} for item in sockets.SETTINGS)

    def _may(self, permission: str | None) -> bool:
        role = getattr(self._request, "role", None)
        return permission is None or (role is not None and bool(role.allows(permission)))

    def _inside(self, name: str) -> str:
        assert self.workspace is not None  # only asked for inside a workspace
        return workspace_url(self.workspace, name)
