"""A segment's tree as a sentence: “Subscribed to Newsletter and bought Wheel course in the last 30 days”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from plainsail.contacts import conditions
from plainsail.contacts.sockets import Asked, SegmentField
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import Money


class Wording:
    """Words trees of one business; what its lists, tags and products are called is asked once for all of them."""

    def __init__(self, workspace: Workspace, *, at: datetime) -> None:
        self._workspace = workspace
        self._at = at
        self._names: dict[str, dict[str, str]] = {}

    def sentence(self, tree: Mapping[str, Any]) -> str:
        """The whole tree in words; a condition that can't be understood any more is said to be one."""
        try:
            conditions.check_size(tree)
            words = self._said(tree, is_inner=False)
        except conditions.BadSegment as refusal:
            words = str(refusal)
        return capfirst(words) if words else _("Everybody")

    def _said(self, tree: Mapping[str, Any], *, is_inner: bool) -> str:
        if "not" in tree:
            inner = tree["not"]
            shape = _("not all of (%(conditions)s)") if "all" in inner else _("none of (%(conditions)s)")
            words = self._said(inner, is_inner=False)
            return shape % {"conditions": words} if words else ""
        if "all" in tree or "any" in tree:
            shape = _("%(before)s and %(after)s") if "all" in tree else _("%(before)s or %(after)s")
            parts = [self._said(part, is_inner=True) for part in tree.get("all", tree.get("any", []))]
            return _joined([part for part in parts if part], shape, is_inner=is_inner)
        return self._condition(tree) if tree else ""

    def _condition(self, leaf: Mapping[str, Any]) -> str:
        try:
            known, asked = conditions.read(leaf, at=self._at)
        except conditions.BadSegment:
            return _("a condition that can’t be understood")
        value = self._value(str(leaf["field"]), known, asked)
        if asked.op in known.says:
            words = str(known.says[asked.op]) % {"value": value}
        else:
            words = _plain(str(known.label), str(known.operators[asked.op]), value)
        if asked.count > 1:
            times = ngettext("at least %(count)d time", "at least %(count)d times", asked.count)
            words = f"{words} {times % {'count': asked.count}}"
        if asked.since is not None:
            days = (asked.at - asked.since).days
            words = (
                f"{words} {ngettext('in the last %(days)d day', 'in the last %(days)d days', days) % {'days': days}}"
            )
        return words

    def _value(self, key: str, known: SegmentField, asked: Asked) -> str:
        kind = known.kind_of(asked.op)
        if asked.value is None:
            return str(known.anything) if kind != "none" else ""
        if known.choices and kind in {"row", "choice"}:
            return self._name(key, known, str(asked.value))
        if kind == "money":
            return Money(asked.value, known.currency).format(get_language() or "en")
        if kind == "date":
            return date_format(asked.value)
        return f"“{asked.value}”" if kind == "text" else str(asked.value)

    def _name(self, key: str, known: SegmentField, value: str) -> str:
        if key not in self._names and known.choices:
            self._names[key] = {one: str(label) for one, label in known.choices(self._workspace)}
        return self._names[key].get(value) or self._names[key].get(value.upper()) or _("something that is gone")


def _plain(label: str, operator: str, value: str) -> str:
    """A condition in the words of the builder; “lies in the last … days” has its value in the middle."""
    if "…" in operator:
        return f"{label} {operator.replace('…', value)}"
    return f"{label} {operator} {value}".strip()


def _joined(parts: Sequence[str], shape: str, *, is_inner: bool) -> str:
    if not parts:
        return ""
    words = reduce(lambda before, after: shape % {"before": before, "after": after}, parts)
    return f"({words})" if is_inner and len(parts) > 1 else words
