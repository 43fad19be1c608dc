"""What segments may ask of contacts themselves: profile, lists, tags, what happened, and the business's custom fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from plainsail.contacts import sources
from plainsail.contacts.models import MILLION, Contact, ContactTag, CustomField, FieldValue, List, ListMember, Segment
from plainsail.contacts.sockets import (
    EVENT_WORDING,
    WHAT_THEY_DID,
    Asked,
    Kind,
    SegmentFamily,
    SegmentField,
    Words,
    having,
)
from plainsail.kernel.countries import countries
from plainsail.kernel.models import EventRow, Workspace
from plainsail.kernel.tenancy import current_workspace_id

PROFILE = _("Profile")
LISTS = _("Lists and tags")

IS: Mapping[str, Words] = {"is": _("is"), "is_not": _("is not")}
KNOWN: Mapping[str, Words] = {"known": _("is known"), "unknown": _("is not known")}
NOTHING: Mapping[str, Kind] = {"known": "none", "unknown": "none"}
WORDS: Mapping[str, Words] = {
    **IS,
    "contains": _("contains"),
    "starts": _("begins with"),
    **KNOWN,
}
HAS: Mapping[str, Words] = {"has": _("has"), "has_not": _("has not")}


def unless(condition: Q, asked: Asked, *negative: str) -> Q:
    """The condition, or its opposite where the operator says so."""
    return ~condition if asked.op in negative else condition


def _text(column: str) -> Callable[[Asked], Q]:
    def compiled(asked: Asked) -> Q:
        if asked.op in KNOWN:
            return unless(~Q(**{column: ""}), asked, "unknown")
        lookup = {"contains": "__icontains", "starts": "__istartswith"}.get(asked.op, "__iexact")
        return unless(Q(**{f"{column}{lookup}": asked.value}), asked, "is_not")

    return compiled


def _profile(column: str, label: Words, order: int) -> SegmentField:
    return SegmentField(
        label=label,
        kind="text",
        operators=WORDS,
        kinds=NOTHING,
        compile=_text(column),
        group=PROFILE,
        order=order,
        reads=(column,),
    )


def _source(column: str) -> Callable[[Asked], Q]:
    """As any text; a form without an id means whichever it was."""

    def compiled(asked: Asked) -> Q:
        if asked.op in IS and asked.value == sources.FORM:
            any_form = Q(**{column: sources.FORM}) | Q(**{f"{column}__startswith": f"{sources.FORM}:"})
            return unless(any_form, asked, "is_not")
        return _text(column)(asked)

    return compiled


def _code(column: str, *, upper: bool) -> Callable[[Asked], Q]:
    """A column of codes, compared as it is stored."""

    def compiled(asked: Asked) -> Q:
        if asked.op in KNOWN:
            return unless(~Q(**{column: ""}), asked, "unknown")
        value = str(asked.value)
        return unless(Q(**{column: value.upper() if upper else value}), asked, "is_not")

    return compiled


def _languages(workspace: Workspace) -> list[tuple[str, Words]]:
    from django.conf import settings

    return [(code, str(name)) for code, name in settings.LANGUAGES]


def _language(asked: Asked) -> Q:
    """A language covers its regions: `de` and `de-AT`."""
    if asked.op in KNOWN:
        return unless(~Q(locale=""), asked, "unknown")
    code = str(asked.value)
    return unless(Q(locale=code) | Q(locale__startswith=f"{code}-"), asked, "is_not")


def _phone(asked: Asked) -> Q:
    return unless(~Q(phone=""), asked, "unknown")


def day_begins(day: date) -> datetime:
    """The first moment of a day where the business is."""
    return datetime.combine(day, time.min, _zone())


def _today(asked: Asked) -> date:
    """The day that it is where the business is."""
    return asked.at.astimezone(_zone()).date()


def _zone() -> ZoneInfo:
    return ZoneInfo(Workspace.objects.values_list("timezone", flat=True).get(id=current_workspace_id()))


def _created(asked: Asked) -> Q:
    if asked.op == "within":
        return Q(created_at__gte=asked.earliest)
    if asked.op == "before":
        return Q(created_at__lt=day_begins(asked.value))
    return Q(created_at__gte=day_begins(asked.value + timedelta(days=1)))


def _created_turns(asked: Asked) -> datetime | None:
    """When the one who became a contact first of all that answer falls out of the days. One look along an index."""
    if asked.op != "within":
        return None
    first: datetime | None = (
        Contact.objects.filter(created_at__gte=asked.earliest)
        .order_by("created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    return first + timedelta(days=int(asked.value)) if first else None


STANDS = {
    "is": ListMember.State.SUBSCRIBED,
    "is_not": ListMember.State.SUBSCRIBED,
    "waiting": ListMember.State.PENDING,
    "left": ListMember.State.UNSUBSCRIBED,
}


def _on_list(asked: Asked) -> Q:
    members = ListMember.objects.filter(state=STANDS[asked.op])
    if asked.value:
        members = members.filter(list_id=asked.value)
    return unless(having(members), asked, "is_not")


def _tagged(asked: Asked) -> Q:
    return unless(having(ContactTag.objects.filter(tag_id=asked.value)), asked, "is_not")


def _mailable(asked: Asked) -> Q:
    """The set form of `queries.may_receive`: about a list, or about any."""
    topic = List.objects.filter(id=asked.value).first() if asked.value else None
    if asked.value and topic is None:
        return unless(Q(id__in=[]), asked, "is_not")
    found = Contact.objects.mailable(topic) if topic is not None else Contact.objects.mailable_at_all()
    return unless(Q(Exists(found.filter(id=OuterRef("id")))), asked, "is_not")


def _event(asked: Asked) -> Q:
    rows = EventRow.objects.filter(name=asked.value, contact_id__isnull=False)
    if asked.since is not None:
        rows = rows.filter(at__gte=asked.since)
    return unless(having(rows, at_least=asked.count), asked, "has_not")


def _event_turns(asked: Asked) -> datetime | None:
    """When the first of these events falls out of the days. One look along an index."""
    if asked.since is None:
        return None
    rows = EventRow.objects.filter(name=asked.value, at__gte=asked.since)
    first: datetime | None = rows.order_by("at").values_list("at", flat=True).first()
    return first + (asked.at - asked.since) if first else None


def lists_of(workspace: Workspace) -> list[tuple[str, str]]:
    """Those in use by name, then those put away: who was on one may be asked for, and said of whoever asked before."""
    rows = workspace.lists.order_by(F("archived_at").asc(nulls_first=True), "name", "id")
    away = gettext("%(name)s (put away)")
    return [(str(one.id), away % {"name": one.name} if one.archived_at else one.name) for one in rows]


def tags_of(workspace: Workspace) -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in workspace.tags.order_by("name", "id")]


def _segments(workspace: Workspace) -> list[tuple[str, Words]]:
    return [(str(one.id), one.name) for one in Segment.objects.filter(workspace=workspace).order_by("name", "id")]


def _events(workspace: Workspace) -> list[tuple[str, Words]]:
    return [(name, one.label) for name, one in EVENT_WORDING.items() if one.label]


def _countries(workspace: Workspace) -> Sequence[tuple[str, Words]]:
    return list(countries(get_language() or "en"))


FIELDS: Mapping[str, SegmentField] = {
    "list": SegmentField(
        label=_("List"),
        kind="row",
        operators={
            "is": _("is subscribed to"),
            "is_not": _("is not subscribed to"),
            "waiting": _("has still to confirm"),
            "left": _("has left"),
        },
        compile=_on_list,
        choices=lists_of,
        anything=_("any list"),
        says={
            "is": _("subscribed to %(value)s"),
            "is_not": _("not subscribed to %(value)s"),
            "waiting": _("has still to confirm %(value)s"),
            "left": _("has left %(value)s"),
        },
        group=LISTS,
        order=10,
        reads=("lists",),
    ),
    "tag": SegmentField(
        label=_("Tag"),
        kind="row",
        operators=IS,
        compile=_tagged,
        choices=tags_of,
        says={"is": _("tagged %(value)s"), "is_not": _("not tagged %(value)s")},
        group=LISTS,
        order=20,
        reads=("tags",),
    ),
    "mailable": SegmentField(
        label=_("May be written to"),
        kind="row",
        operators={"is": _("about"), "is_not": _("not about")},
        compile=_mailable,
        choices=lists_of,
        anything=_("any list"),
        says={"is": _("may be written to about %(value)s"), "is_not": _("may not be written to about %(value)s")},
        group=LISTS,
        order=25,
        reads=("lists", "suppression"),
    ),
    "segment": SegmentField(
        label=_("Another segment"),
        kind="row",
        operators={"is": _("is in"), "is_not": _("is not in")},
        compile="segment",
        choices=_segments,
        says={"is": _("in segment %(value)s"), "is_not": _("not in segment %(value)s")},
        group=LISTS,
        order=28,
    ),
    "first_name": _profile("first_name", _("First name"), 30),
    "last_name": _profile("last_name", _("Last name"), 31),
    "email": _profile("email", _("E-mail address"), 32),
    "company": _profile("company", _("Company"), 33),
    "street": _profile("street", _("Street"), 34),
    "postal_code": _profile("postal_code", _("Postal code"), 34),
    "city": _profile("city", _("City"), 34),
    "country": SegmentField(
        label=_("Country"),
        kind="choice",
        operators={**IS, **KNOWN},
        kinds=NOTHING,
        compile=_code("country", upper=True),
        choices=_countries,
        group=PROFILE,
        order=35,
        reads=("country",),
    ),
    "language": SegmentField(
        label=_("Language"),
        kind="choice",
        operators={**IS, **KNOWN},
        kinds=NOTHING,
        compile=_language,
        choices=_languages,
        group=PROFILE,
        order=36,
        reads=("locale",),
    ),
    "phone": SegmentField(
        label=_("Phone"),
        kind="none",
        operators=KNOWN,
        compile=_phone,
        group=PROFILE,
        order=37,
        reads=("phone",),
    ),
    "source": SegmentField(
        label=_("Source"),
        kind="choice",
        operators=WORDS,
        kinds={**NOTHING, "contains": "text", "starts": "text"},
        compile=_source("source"),
        choices=sources.offered,
        group=PROFILE,
        order=38,
        reads=("source",),
    ),
    "created": SegmentField(
        label=_("Became a contact"),
        kind="date",
        operators={"before": _("before"), "after": _("after"), "within": _("in the last … days")},
        kinds={"within": "days"},
        compile=_created,
        says={
            "before": _("became a contact before %(value)s"),
            "after": _("became a contact after %(value)s"),
            "within": _("became a contact in the last %(value)s days"),
        },
        group=PROFILE,
        order=39,
        reads=("created",),
        turns=_created_turns,
    ),
    "score": SegmentField(
        label=_("Score"),
        kind="number",
        operators={"at_least": _("is at least"), "below": _("is below")},
        compile=lambda asked: Q(score__gte=asked.value) if asked.op == "at_least" else Q(score__lt=asked.value),
        group=PROFILE,
        order=40,
        reads=("score",),
    ),
    "event": SegmentField(
        label=_("Something happened"),
        kind="choice",
        operators={"has": _("has happened"), "has_not": _("has not happened")},
        compile=_event,
        choices=_events,
        inputs=("count", "days"),
        says={"has": _("“%(value)s” happened"), "has_not": _("“%(value)s” has not happened")},
        group=WHAT_THEY_DID,
        order=90,
        reads=("events",),
        turns=_event_turns,
    ),
}


Kinds = CustomField.Kind
COMPARED: Mapping[str, Words] = {"at_least": _("is at least"), "below": _("is below"), "is": _("is")}
DAYS: Mapping[str, Words] = {
    "on": _("is on"),
    "before": _("is before"),
    "after": _("is after"),
    "within": _("lies in the last … days"),
    "ahead": _("lies in the next … days"),
}
OF_KIND: Mapping[str, tuple[Kind, Mapping[str, Words]]] = {
    Kinds.TEXT: ("text", WORDS),
    Kinds.LONG_TEXT: ("text", {"contains": WORDS["contains"], **KNOWN}),
    Kinds.NUMBER: ("decimal", {**COMPARED, **KNOWN}),
    Kinds.DATE: ("date", {**DAYS, **KNOWN}),
    Kinds.CHOICE: ("choice", {**IS, **KNOWN}),
    Kinds.CHOICES: ("choice", {"is": _("includes"), "is_not": _("does not include"), **KNOWN}),
    Kinds.YES_NO: ("none", {"yes": _("is yes"), "no": _("is no"), **KNOWN}),
}


def _of(custom: CustomField) -> SegmentField:
    kind, operators = OF_KIND[custom.kind]
    choices = list(custom.labels.items())

    def compiled(asked: Asked) -> Q:
        rows = FieldValue.objects.filter(field_id=custom.id)
        if asked.op in KNOWN:
            return unless(having(rows), asked, "unknown")
        return unless(having(rows.filter(_said(custom, asked))), asked, "is_not")

    return SegmentField(
        label=custom.label,
        kind=kind,
        operators=operators,
        kinds={**NOTHING, "within": "days", "ahead": "days"},
        choices=(lambda workspace: choices) if custom.has_choices else None,
        compile=compiled,
        group=_("Fields"),
        order=60,
        reads=(f"field:{custom.key}",),
        turns=_day_turns,
    )


def _day_turns(asked: Asked) -> datetime | None:
    """Days are counted from today's date, which ends at midnight where the business is."""
    if asked.op not in {"within", "ahead"}:
        return None
    return day_begins(_today(asked) + timedelta(days=1))


def _said(custom: CustomField, asked: Asked) -> Q:
    """Which values of a custom field meet what is asked, in the column of its kind."""
    if custom.kind == Kinds.LONG_TEXT:
        return Q(long_text__icontains=asked.value)
    if custom.kind == Kinds.NUMBER:
        millionths = int(Decimal(asked.value) * MILLION)
        return Q(**{{"at_least": "number__gte", "below": "number__lt"}.get(asked.op, "number"): millionths})
    if custom.kind == Kinds.YES_NO:
        return Q(number=int(asked.op == "yes"))
    if custom.kind == Kinds.DATE:
        return _dated(asked)
    if custom.has_choices:
        return Q(text=asked.value)
    lookup = {"contains": "text__icontains", "starts": "text__istartswith"}.get(asked.op, "text__iexact")
    return Q(**{lookup: asked.value})


def _dated(asked: Asked) -> Q:
    if asked.op == "within":
        today = _today(asked)
        return Q(date__gte=today - timedelta(days=asked.value), date__lte=today)
    if asked.op == "ahead":
        today = _today(asked)
        return Q(date__gte=today, date__lte=today + timedelta(days=asked.value))
    return Q(**{{"before": "date__lt", "after": "date__gt"}.get(asked.op, "date"): asked.value})


def _custom_fields(workspace: Workspace) -> list[tuple[str, SegmentField]]:
    fields = workspace.custom_fields.filter(archived_at=None).order_by("position", "id")
    return [(one.key, _of(one)) for one in fields]


def _custom_field(key: str) -> SegmentField | None:
    """Also one that was put away: a segment that asks it goes on as it did."""
    found = CustomField.objects.filter(key=key).first()
    return _of(found) if found else None


CUSTOM = SegmentFamily(listed=_custom_fields, find=_custom_field, order=60)
