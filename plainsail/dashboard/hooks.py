"""Home is the first entry of the menu."""

from django.utils.translation import gettext_lazy as _

from plainsail.ui.sockets import MENU, MenuItem

MENU.register("home", MenuItem(label=_("Home"), icon="house", url="dashboard:home", order=10, on_phone=True))
