"""Billing stands in Settings, and in the account menu of every page, so that cancelling stays within three clicks."""

from typing import cast

from django.http import HttpRequest
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.sockets import AUDIT_ACTIONS, AuditAction
from plainsail.contacts.sockets import KEPT_OF_PEOPLE
from plainsail.hosting.services import advancing, keeping
from plainsail.kernel.http import Request, workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.kernel.upkeep import AFTER_MIGRATE
from plainsail.ui.sockets import ACCOUNT, BANNERS, SETTINGS, AccountItem, Banner, BannerSource, SettingsItem

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
SETTINGS.register(
    "closing",
    SettingsItem(
        label=_("Close this business"),
        url="hosting:closing",
        order=99,
        can="hosting.own",
        pages=("hosting:close", "hosting:erase"),
    ),
)
ACCOUNT.register(
    "billing",
    AccountItem(
        label=_("Billing"), icon="credit-card", url="hosting:billing", order=10, can="hosting.own", in_workspace=True
    ),
)

PERSONAL_DATA.register("hosting.plan", PersonalData(fields=(), erase="keep", ground="names no customer"))
PERSONAL_DATA.register(
    "hosting.closure",
    PersonalData(
        fields=("email", "asked_by"), erase="keep", ground="proof that and when a business was closed and erased"
    ),
)
PERSONAL_DATA.register(
    "hosting.closurefact",
    PersonalData(fields=("details",), erase="keep", ground="proof that and when a business was closed and erased"),
)
PERSONAL_DATA.register(
    "hosting.keptrecord",
    PersonalData(fields=("row",), erase="keep", ground="what the law wants kept, until its day", portable=False),
)
PERSONAL_DATA.register("hosting.export", PersonalData(fields=("asked_by",), erase="delete", portable=False))

for action, label in {
    "hosting.closed": _("Began to close the business"),
    "hosting.reopened": _("Took the closing back"),
    "hosting.erasure_asked": _("Asked for everything to be erased"),
}.items():
    AUDIT_ACTIONS.register(action, AuditAction(label=label))


def closed(request: HttpRequest) -> Banner | None:
    """Above every page of a business that is closed. Costs nothing where it is open."""
    business: Workspace | None = getattr(request, "workspace", None)
    if business is None or business.state == Workspace.State.OPEN or getattr(request, "role", None) is None:
        return None
    words = _text("This business is closed: nothing is shown, sent or charged, and nothing can be changed.")
    if not cast(Request, request).role.allows("hosting.own"):
        return Banner(tone="warn", words=words)
    return Banner(
        tone="warn",
        words=words,
        label=_text("Take it back or take it along"),
        href=workspace_url(business, "hosting:closing"),
    )


BANNERS.register("hosting.closed", BannerSource(show=closed, order=1))
AFTER_MIGRATE.register("hosting.erasures", advancing.replay)

KEPT_OF_PEOPLE.register("hosting", keeping.of_person)
