"""What other areas plug into the frame around every screen: menus, settings, the Create button, the public footer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.utils.functional import Promise

from plainsail.kernel.registry import Registry

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class MenuItem:
    """A room of the house. `url` names a page of the workspace; `areas` are further URL namespaces that belong to it.

    `on_phone` brings it into the bottom bar of a phone before others of lower order.
    """

    label: Words
    icon: str
    url: str
    order: int
    can: str | None = None
    areas: tuple[str, ...] = ()
    on_phone: bool = False

    @property
    def namespaces(self) -> frozenset[str]:
        return frozenset({self.url.split(":", 1)[0], *self.areas})


@dataclass(frozen=True, kw_only=True)
class SettingsItem:
    """A tab of the workspace's settings. `pages` are further URL names that belong to it; `shown` hides it from some people."""

    label: Words
    url: str
    order: int
    can: str | None = None
    pages: tuple[str, ...] = ()
    shown: Callable[[HttpRequest], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class CreateItem:
    """An entry of the Create button. With `method="post"` it is a form that makes the thing and opens it."""

    label: Words
    icon: str
    url: str
    order: int
    can: str | None = None
    method: Literal["get", "post"] = "get"


@dataclass(frozen=True, kw_only=True)
class AccountItem:
    """An entry of the account menu, such as Billing or Sign out.

    `url` names a page of the workspace where `in_workspace` is set (and the entry shows only there), else of the installation.
    """

    label: Words
    icon: str
    url: str
    order: int
    can: str | None = None
    in_workspace: bool = False
    method: Literal["get", "post"] = "get"


@dataclass(frozen=True, kw_only=True)
class FooterLink:
    """A link at the foot of a site's own pages, such as “Cancel contracts here”. Always visible, never folded away.

    `url` names a page of the site's host, or is a path that starts with a slash.
    """

    label: Words
    url: str
    order: int


@dataclass(frozen=True, kw_only=True)
class SiteLinks:
    """Who knows the way around a site: `links(request)` gives (words, address) of its navigation, none where it has none."""

    links: Callable[[HttpRequest], Iterable[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True)
class SwitcherEntry:
    """A business that the signed-in person may open."""

    name: str
    href: str
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class Switcher:
    """Who knows the businesses of a person: `entries(request)` for the switcher, `new_url` names the page to add one."""

    entries: Callable[[HttpRequest], Iterable[SwitcherEntry]]
    new_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Banner:
    """A line above every staff page, about something that waits for the person; with at most one way on."""

    words: Words
    tone: Literal["info", "good", "warn", "bad"] = "info"
    label: Words = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class BannerSource:
    """Who knows whether there is something to say: `show(request)` gives the banner, or nothing. Asked on every page."""

    show: Callable[[HttpRequest], Banner | None]
    order: int


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Who finds things. `url` names a page of the workspace that answers `?q=…`, as a fragment when htmx asks."""

    url: str
    can: str | None = None


MENU: Registry[MenuItem] = Registry("ui.menu")
# Further URL namespaces of a room, said by the area that lives in it: `ROOMS.register("subscriptions", "sales")`.
ROOMS: Registry[str] = Registry("ui.rooms")
SETTINGS: Registry[SettingsItem] = Registry("ui.settings")
CREATE: Registry[CreateItem] = Registry("ui.create")
ACCOUNT: Registry[AccountItem] = Registry("ui.account")
FOOTER_LINKS: Registry[FooterLink] = Registry("ui.footer_links")
SITE_LINKS: Registry[SiteLinks] = Registry("ui.site_links")
SWITCHER: Registry[Switcher] = Registry("ui.switcher")
BANNERS: Registry[BannerSource] = Registry("ui.banners")
FINDER: Registry[Finder] = Registry("ui.finder")
