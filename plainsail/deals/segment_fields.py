"""What segments may ask of deals: where one stands, and how much is at stake."""

from __future__ import annotations

from functools import partial

from django.db.models import Exists, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy as _

from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import Asked, SegmentFamily, SegmentField, having
from plainsail.deals.models import Deal, Stage
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import BadMoney, exponent

DEALS = _("Deals")


def in_stage(asked: Asked) -> Q:
    """Has a deal that stands in a stage now, or has any deal."""
    rows = Deal.objects.alive()
    if asked.value:
        rows = rows.filter(stage_id=asked.value)
    found = having(rows)
    return ~found if asked.op == "has_not" else found


def at_stake(asked: Asked, *, currency: str) -> Q:
    """What their undecided deals in a currency are worth together. One pass over those, grouped by contact."""
    enough = (
        Deal.objects.alive()
        .filter(closed_at=None, currency=currency)
        .order_by()
        .values("contact_id")
        .annotate(worth=Sum("value_minor"))
        .filter(worth__gte=asked.value)
    )
    found = Q(Exists(Contact.objects.filter(id=OuterRef("id"), id__in=enough.values("contact_id"))))
    return ~found if asked.op == "below" else found


def stages_of(workspace: Workspace) -> list[tuple[str, str]]:
    rows = Stage.objects.filter(workspace=workspace, archived_at=None, pipeline__archived_at=None)
    ordered = rows.select_related("pipeline").order_by("pipeline__position", "pipeline_id", "position", "id")
    return [(str(one.id), f"{one.pipeline.name}: {one.name}") for one in ordered]


IN_STAGE = SegmentField(
    label=_("Has a deal"),
    kind="row",
    operators={"has": _("has one in"), "has_not": _("has none in")},
    compile=in_stage,
    choices=stages_of,
    anything=_("any stage"),
    says={"has": _("has a deal in %(value)s"), "has_not": _("has no deal in %(value)s")},
    group=DEALS,
    order=55,
    reads=("deals",),
)


def worth_in(currency: str) -> SegmentField | None:
    try:
        exponent(currency)
    except BadMoney:
        return None
    return SegmentField(
        label=_("Undecided deals (%(currency)s)") % {"currency": currency},
        kind="money",
        currency=currency,
        operators={"at_least": _("at least"), "below": _("less than")},
        compile=partial(at_stake, currency=currency),
        says={
            "at_least": _("has undecided deals worth at least %(value)s"),
            "below": _("has undecided deals worth less than %(value)s"),
        },
        group=DEALS,
        order=56,
        reads=("deals",),
    )


def _currencies(workspace: Workspace) -> list[tuple[str, SegmentField]]:
    """A field for each currency that a deal is in."""
    rows = Deal.objects.filter(workspace=workspace).order_by("currency").values_list("currency", flat=True).distinct()
    return [(name, field) for name in rows if (field := worth_in(name)) is not None]


WORTH = SegmentFamily(listed=_currencies, find=worth_in, order=56)
