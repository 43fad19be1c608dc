"""Billing stands in Settings, and in the account menu of every page, so that cancelling stays within three clicks."""

from django.utils.translation import gettext_lazy as _

from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.ui.sockets import ACCOUNT, SETTINGS, AccountItem, SettingsItem

SETTINGS.register(
    "billing",
    SettingsItem(
        label=_("Billing"),
        url="hosting:billing",
        order=90,
        can="hosting.own",
        pages=("hosting:cancel", "hosting:change"),
    ),
)
ACCOUNT.register(
    "billing",
    AccountItem(
        label=_("Billing"), icon="credit-card", url="hosting:billing", order=10, can="hosting.own", in_workspace=True
    ),
)

PERSONAL_DATA.register("hosting.plan", PersonalData(fields=(), erase="keep", ground="names no customer"))
