"""Everything that funnels plug into the rest of the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from plainsail.commerce.events import OrderPaid
from plainsail.commerce.sockets import AFTER_PURCHASE
from plainsail.contacts.sockets import SETTINGS_USES
from plainsail.files.sockets import KEPT_ASIDE
from plainsail.funnels import queries
from plainsail.funnels.services import routing, sharing, stopping
from plainsail.kernel.events import on
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.pages.sockets import AFTER_FORM
from plainsail.ui.sockets import CREATE, MENU, CreateItem, MenuItem

MENU.register(
    "funnels",
    MenuItem(label=gettext_lazy("Funnels"), icon="list-filter", url="funnels:funnels", order=45, can="funnels.view"),
)
CREATE.register(
    "funnel",
    CreateItem(label=gettext_lazy("Funnel"), icon="list-filter", url="funnels:new", order=45, can="funnels.change"),
)
KEPT_ASIDE.register("funnels", sharing.stored)
SETTINGS_USES.register("funnels", queries.needing)
AFTER_FORM.register("funnels", routing.after_form)
AFTER_PURCHASE.register("funnels", routing.after_purchase)


@on(OrderPaid, subscriber="funnels.stop_asking")
def stop_asking(event: OrderPaid) -> None:
    stopping.hear_purchase(event.order_id, event.contact_id, at=event.at)


for table in ("funnel", "funnelstep", "splitpage", "sharecode"):
    PERSONAL_DATA.register(
        f"funnels.{table}",
        PersonalData(
            fields=(), erase="keep", ground="The business's own words; names no visitor.", portable=table != "sharecode"
        ),
    )
