"""Whom the clock lets in: on a day that an own field says, or every day, week or month. In the business's own time."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.services import timing
from plainsail.automations.sockets import Came, Coming, Config, StepForm, Trigger
from plainsail.automations.vocabulary.choosing import name_of
from plainsail.contacts import queries as contact_queries
from plainsail.contacts.models import Contact, CustomField, FieldValue, Segment
from plainsail.kernel.models import Workspace
from plainsail.kernel.periods import local_date, local_moment

OLDEST = 130
"""Years that a day of birth may lie back."""
LAST = 31


class DayForm(StepForm):
    """Which date field, how many days before or after, at what time, every year or once."""

    field = forms.ChoiceField(label=gettext_lazy("Date"))
    offset = forms.IntegerField(
        label=gettext_lazy("Days after it"),
        min_value=-365,
        max_value=365,
        initial=0,
        help_text=gettext_lazy("-7 is a week before, 0 the day itself."),
    )
    time = forms.TimeField(label=gettext_lazy("At"), initial="09:00")
    yearly = forms.BooleanField(label=gettext_lazy("Every year, as a birthday"), required=False)

    def prepare(self) -> None:
        rows = self.workspace.custom_fields.filter(archived_at=None, kind=CustomField.Kind.DATE)
        self.offer("field", rows.order_by("position", "id").values_list("key", "label"))

    def config(self) -> dict[str, Any]:
        return {**self.cleaned_data, "time": self.cleaned_data["time"].strftime("%H:%M")}


class ScheduleForm(StepForm):
    """For whom, and on which days at what time."""

    segment = forms.ChoiceField(label=gettext_lazy("For"), required=False)
    every = forms.ChoiceField(
        label=gettext_lazy("Every"),
        choices=[("day", gettext_lazy("day")), ("week", gettext_lazy("week")), ("month", gettext_lazy("month"))],
    )
    weekday = forms.ChoiceField(label=gettext_lazy("On"), choices=list(WEEKDAYS.items()), required=False)
    day = forms.IntegerField(
        label=gettext_lazy("Day of the month"),
        min_value=1,
        max_value=LAST,
        required=False,
        help_text=gettext_lazy("In a month that lacks it, its last day."),
    )
    time = forms.TimeField(label=gettext_lazy("At"), initial="09:00")

    def prepare(self) -> None:
        self.offer("segment", self.workspace.segments.order_by("name", "id").values_list("id", "name"))
        field: Any = self.fields["segment"]
        field.choices = [("", _("Everybody")), *field.choices[1:]]

    def config(self) -> dict[str, Any]:
        return {
            **self.cleaned_data,
            "weekday": int(self.cleaned_data["weekday"] or 0),
            "day": self.cleaned_data["day"] or 1,
            "time": self.cleaned_data["time"].strftime("%H:%M"),
        }


def moments(zone: str, at: time, since: datetime, until: datetime) -> Iterator[tuple[date, datetime]]:
    """Each local day with its moment at a time of day that lies after `since` and up to `until`."""
    day, last = local_date(since, zone) - timedelta(days=1), local_date(until, zone)
    while day <= last:
        moment = local_moment(day, at, zone)
        if since < moment <= until:
            yield day, moment
        day += timedelta(days=1)


def whose_day_it_is(business: Workspace, config: Config, since: datetime, until: datetime) -> Iterator[Coming | Came]:
    """Contacts whose field says this day. One index range for each year that it may say.

    Who was born on 29 February comes on the 28th in other years.
    """
    for day, moment in moments(business.timezone, time.fromisoformat(config["time"]), since, until):
        meant = day - timedelta(days=config["offset"])
        days = same_days(meant) if config["yearly"] else [meant]
        values = FieldValue.objects.filter(field__key=config["field"], date__in=days)
        yield Coming(
            people=Contact.objects.filter(id__in=values.values("contact_id")),
            at=moment,
            cause=f"day {config['field']} {meant}",
        )


def same_days(day: date) -> list[date]:
    """The days of all years that fall on a day of its year."""
    years = range(day.year - OLDEST, day.year + 1)
    days = [
        day.replace(year=year) for year in years if calendar.isleap(year) or (day.month, day.day) != timing.LEAP_DAY
    ]
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        days += [date(year, *timing.LEAP_DAY) for year in years if calendar.isleap(year)]
    return days


def whose_turn_it_is(business: Workspace, config: Config, since: datetime, until: datetime) -> Iterator[Coming | Came]:
    """Everybody in the segment, when its day comes. A segment that is gone, or can't be understood, is nobody's."""
    for day, moment in moments(business.timezone, time.fromisoformat(config["time"]), since, until):
        if _is_meant(config, day):
            yield Coming(people=_people(config, moment), at=moment, cause=f"schedule {day}")


def _is_meant(config: Config, day: date) -> bool:
    if config["every"] == "week":
        return day.weekday() == int(config["weekday"])
    if config["every"] == "month":
        return day.day == min(int(config["day"]), calendar.monthrange(day.year, day.month)[1])
    return True


def _people(config: Config, at: datetime) -> Any:
    if not config.get("segment"):
        return Contact.objects.all()
    segment = Segment.objects.filter(id=config["segment"]).first()
    return (
        Contact.objects.none()
        if segment is None
        else Contact.objects.filter(contact_queries.condition_of(segment.tree, at=at))
    )


def _day_sentence(config: Config) -> str:
    found = CustomField.objects.filter(key=config.get("field")).first() if config.get("field") else None
    words = {"field": found.label if found else "…", "days": abs(int(config.get("offset") or 0))}
    if not words["days"]:
        return _("On the day of “%(field)s”") % words
    if int(config["offset"]) < 0:
        return _("%(days)s days before “%(field)s”") % words
    return _("%(days)s days after “%(field)s”") % words


def _schedule_sentence(config: Config) -> str:
    whom = name_of(Segment, config["segment"]) if config.get("segment") else _("everybody")
    words = {
        "whom": whom,
        "time": config.get("time", "…"),
        "weekday": WEEKDAYS.get(config.get("weekday") or 0, ""),
        "day": config.get("day"),
    }
    if config.get("every") == "week":
        return _("Every %(weekday)s at %(time)s, for %(whom)s") % words
    if config.get("every") == "month":
        return _("On day %(day)s of the month at %(time)s, for %(whom)s") % words
    return _("Every day at %(time)s, for %(whom)s") % words


THEIR_DAY = Trigger(
    label=gettext_lazy("A day of their own, such as a birthday"),
    icon="gift",
    form=DayForm,
    comes=whose_day_it_is,
    policy="every",
    sentence=_day_sentence,
    order=34,
)
SCHEDULE = Trigger(
    label=gettext_lazy("By the clock"),
    icon="calendar",
    form=ScheduleForm,
    comes=whose_turn_it_is,
    policy="every",
    sentence=_schedule_sentence,
    order=35,
)
