from __future__ import annotations

import pytest
from django.test import RequestFactory

from plainsail.accounts.models import Role
from plainsail.kernel.models import Workspace
from plainsail.kernel.registry import Registry
from plainsail.ui import context, sockets
from plainsail.ui.context import Chrome
from plainsail.ui.sockets import AccountItem, CreateItem, Finder, FooterLink, MenuItem, SettingsItem


class Match:
    def __init__(self, view_name: str) -> None:
        self.view_name = view_name
        self.namespace = view_name.partition(":")[0]


@pytest.fixture(autouse=True)
def _empty_sockets(monkeypatch):
    for name in ("MENU", "ROOMS", "SETTINGS", "CREATE", "ACCOUNT", "FOOTER_LINKS", "SWITCHER", "FINDER"):
        monkeypatch.setattr(sockets, name, Registry(name))
    monkeypatch.setattr(context, "workspace_url", lambda workspace, name: f"/w/{workspace.slug}/{name}/")


def chrome(*, role: Role | None = Role.OWNER, at: str = "home:home") -> Chrome:
    request = RequestFactory().get("/")
    request.workspace = Workspace(slug="juniper", name="Juniper")
    request.role = role
    request.resolver_match = Match(at)
    return Chrome(request)


def menu(*names: str) -> None:
    for order, name in enumerate(names):
        sockets.MENU.register(name, MenuItem(label=name, icon="house", url=f"{name}:index", order=order))


def test_the_menu_follows_its_order():
    sockets.MENU.register("b", MenuItem(label="B", icon="mail", url="b:index", order=2))
    sockets.MENU.register("a", MenuItem(label="A", icon="house", url="a:index", order=1))
    assert [(link.label, link.href) for link in chrome().menu] == [
        ("A", "/w/juniper/a:index/"),
        ("B", "/w/juniper/b:index/"),
    ]


def test_entries_beyond_the_role_are_left_out():
    sockets.MENU.register("a", MenuItem(label="A", icon="house", url="a:index", order=1, can="a.manage"))
    assert ([link.label for link in chrome().menu], chrome(role=Role.EDITOR).menu) == (["A"], [])


def test_a_visitor_of_the_site_sees_no_menu():
    menu("a")
    assert chrome(role=None).menu == []


def test_a_room_is_current_for_every_area_in_it():
    item = MenuItem(label="Sales", icon="receipt", url="commerce:orders", order=1, areas=("subscriptions",))
    sockets.MENU.register("sales", item)
    assert [chrome(at=page).menu[0].is_current for page in ("commerce:order", "subscriptions:list", "mail:list")] == [
        True,
        True,
        False,
    ]


def test_an_area_may_say_itself_whose_room_it_lives_in():
    menu("sales", "mail")
    sockets.ROOMS.register("subscriptions", "sales")
    assert [link.is_current for link in chrome(at="subscriptions:list").menu] == [True, False]


def test_search_is_for_those_who_may_use_it():
    sockets.FINDER.register("search", Finder(url="home:search", can="home.manage"))
    assert (chrome().finder, chrome(role=Role.VIEWER).finder, chrome(role=None).finder) == (
        "/w/juniper/home:search/",
        "",
        "",
    )


def test_every_door_of_the_house_is_named_once():
    menu("pages")
    sockets.CREATE.register("page", CreateItem(label="Page", icon="plus", url="pages:new", order=1))
    sockets.SETTINGS.register("profile", SettingsItem(label="Profile", url="me:profile", order=1))
    for name, url in (("profile", "me:profile"), ("billing", "hosting:billing")):
        item = AccountItem(label=name.title(), icon="user", url=url, order=1, in_workspace=True)
        sockets.ACCOUNT.register(name, item)
    assert [(link.label, link.is_new) for link in chrome().doors] == [
        ("Page", True),
        ("pages", False),
        ("Profile", False),
        ("Billing", False),
    ]


def test_settings_are_current_instead_of_the_room_they_configure():
    menu("mail")
    sockets.SETTINGS.register(
        "senders", SettingsItem(label="Senders", url="mail:senders", order=1, pages=("mail:sender",))
    )
    here = chrome(at="mail:sender")
    assert (here.menu[0].is_current, here.settings[0].is_current, here.settings_entry.is_current) == (False, True, True)


def test_without_a_tab_to_see_there_is_no_way_into_settings():
    sockets.SETTINGS.register("people", SettingsItem(label="People", url="accounts:people", order=1, can="a.manage"))
    assert chrome(role=Role.VIEWER).settings_entry is None


def test_a_phone_shows_four_rooms_and_keeps_the_rest_behind_more():
    menu("a", "b", "c", "d", "e", "f")
    assert [link.label for link in chrome().phone_tabs] == ["a", "b", "c", "d"]
    assert [link.label for link in chrome(at="f:index").phone_more] == ["e", "f"]
    assert (chrome(at="f:index").more_is_current, chrome(at="a:index").more_is_current) == (True, False)


def test_a_room_can_ask_for_its_place_on_the_phone():
    menu("a", "b", "c", "d")
    sockets.MENU.register("e", MenuItem(label="e", icon="users", url="e:index", order=9, on_phone=True))
    assert [link.label for link in chrome().phone_tabs] == ["a", "b", "c", "e"]


def test_billing_is_in_the_account_menu_of_a_workspace_only():
    item = AccountItem(label="Billing", icon="credit-card", url="hosting:billing", order=1, in_workspace=True)
    sockets.ACCOUNT.register("billing", item)
    assert ([link.href for link in chrome().account], chrome(role=None).account) == (
        ["/w/juniper/hosting:billing/"],
        [],
    )


def test_the_footer_of_a_site_offers_to_cancel(monkeypatch):
    monkeypatch.setattr(context, "public_path", lambda name: f"/{name.split(':')[1]}/")
    sockets.FOOTER_LINKS.register(
        "cancel", FooterLink(label="Cancel contracts here", url="subscriptions:cancel", order=1)
    )
    sockets.FOOTER_LINKS.register("imprint", FooterLink(label="Imprint", url="/imprint", order=2))
    assert [(link.label, link.href) for link in chrome().footer_links] == [
        ("Cancel contracts here", "/cancel/"),
        ("Imprint", "/imprint"),
    ]
