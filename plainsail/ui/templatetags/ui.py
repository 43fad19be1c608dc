"""What the kit's own templates need beyond Django's tags."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from plainsail.ui import charts
from plainsail.ui.monogram import monogram

register = template.Library()

register.filter(monogram)

TONES = ("green", "sand", "blue", "clay", "plum")


@register.filter
def safely(attrs: Mapping[str, Any]) -> SafeString:
    """A component's further attributes as HTML, every value escaped: `<a {{ attrs|safely }}>`.

    Cotton's own `{{ attrs }}` prints values as they come, so a contact's name in a title could close the tag.
    """
    excluded: set[str] = getattr(attrs, "_exclude_from_str", set())
    return mark_safe(  # noqa: S308 - each value is escaped just below
        " ".join(
            str(conditional_escape(name)) if value is True else f'{conditional_escape(name)}="{_quoted(value)}"'
            for name, value in attrs.items()
            if name not in excluded and value is not False and value is not None
        )
    )


def _quoted(value: Any) -> str:
    return str(conditional_escape(value)).replace('"', "&quot;")


@register.simple_tag
def unique_id(prefix: str) -> str:
    """An id for this place of the page; drawn by lot, because fragments come from several processes."""
    return f"{prefix}-{secrets.token_hex(4)}"


@register.filter
def initials(name: object) -> str:
    """One or two letters that stand for a name: `Maren Thiessen` is MT, `maren@example.com` is M."""
    words = [word for word in str(name).split("@")[0].split() if word[:1].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


@register.filter
def tone_of(name: object) -> str:
    """One of a few calm colours, always the same for the same name."""
    return TONES[sum(str(name).encode()) % len(TONES)]


@register.filter
def undo_url(message: Message) -> str:
    """Where a message's Undo posts to: the path given as `extra_tags="undo:/path"`, or nothing."""
    for tag in (message.extra_tags or "").split():
        path = tag.removeprefix("undo:")
        if path != tag and path.startswith("/") and not path.startswith("//"):
            return path
    return ""


@register.filter
def message_tone(message: Message) -> str:
    """`good`, `warn`, `bad` or `neutral`."""
    return {"success": "good", "warning": "warn", "error": "bad"}.get(message.level_tag, "neutral")


@register.filter
def tone_of_change(change: object) -> str:
    """Better, worse or neither, read from the sign of a change such as `+18%` or `−1.4 pts`."""
    first = str(change).strip()[:1]
    return "good" if first == "+" else "warn" if first in {"-", "−", "–"} else "neutral"


@register.filter
def kind(field: BoundField) -> str:
    """How a form field is laid out: line, area, select, check (one box), choices (several), or file."""
    widget = field.widget_type
    if widget == "checkbox":
        return "check"
    if widget in {"radioselect", "checkboxselectmultiple"}:
        return "choices"
    return {
        "textarea": "area",
        "select": "select",
        "selectmultiple": "select",
        "file": "file",
        "clearablefile": "file",
    }.get(widget, "line")


@register.simple_tag
def control(field: BoundField, has_help: bool, more: Mapping[str, Any] | None = None) -> SafeString:
    """The field's input, tied to its help and its errors by `aria-describedby`."""
    attrs = {
        name: value
        for name, value in (more or {}).items()
        if name not in getattr(more, "_exclude_from_str", set()) and value is not False
    }
    described = [f"{field.auto_id}_helptext"] if has_help else []
    described += [f"{field.auto_id}_error"] if field.errors else []
    if described and not field.use_fieldset:
        attrs["aria-describedby"] = " ".join(described)
    classes = "box" if kind(field) == "check" else kind(field)
    given = field.field.widget.attrs.get("class", "")
    attrs["class"] = f"input input-{classes} {given}".strip()
    return field.as_widget(attrs=attrs)


@register.filter
def page_numbers(page: Page[Any]) -> list[int | str]:
    """Numbers for a pager: the first, the last, those around the current one, and an ellipsis for each gap."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.simple_tag
def line_chart(series: charts.Given, currency: str = "") -> charts.LineChart:
    return charts.line(charts.as_series(series), currency=currency)


@register.simple_tag
def bar_chart(series: charts.Given, currency: str = "") -> charts.BarChart:
    return charts.bars(charts.as_series(series), currency=currency)


@register.simple_tag(takes_context=True)
def page_href(context: template.Context, number: int | str, param: str) -> str:
    """The present address with another page number."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    query[param] = str(number)
    return f"?{query.urlencode()}"


@register.filter
def faulty_fields(form: BaseForm) -> list[BoundField]:
    """The visible fields of a form that have errors."""
    return [field for field in form.visible_fields() if field.errors]


@register.filter
def to_int(value: object) -> int:
    """A number written in a component's attribute; 0 where it is none."""
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else 0
