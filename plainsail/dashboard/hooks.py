"""Home is the first entry of the menu, and search is behind Ctrl+K."""

from django.utils.translation import gettext_lazy as _

from plainsail.ui.sockets import FINDER, MENU, Finder, MenuItem

MENU.register("home", MenuItem(label=_("Home"), icon="house", url="dashboard:home", order=10, on_phone=True))
FINDER.register("search", Finder(url="dashboard:search", can="dashboard.view"))
