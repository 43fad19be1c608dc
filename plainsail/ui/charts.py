"""The geometry of charts, worked out on the server: points in, SVG paths and tick labels out.

A plot is drawn in a box of WIDTH × HEIGHT that the browser stretches; strokes don't scale, and words stand outside it as HTML.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from babel.numbers import format_compact_currency
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plainsail.kernel.money import Money, exponent

WIDTH = 1000
HEIGHT = 300
INTERVALS = 4
"""At most this many steps on the value axis."""
LINE_LABELS, BAR_LABELS = 3, 8
"""So many labels are all written below the plot; of more, only the first, the middle and the last."""

Number = int | float | Decimal | Fraction
Given = Iterable["Series"] | Iterable[tuple[str, Number]]


@dataclass(frozen=True)
class Series:
    """A named row of values, each with the label of its place on the axis. Amounts of money are in minor units."""

    name: str
    points: Sequence[tuple[str, Number]]


@dataclass(frozen=True)
class Tick:
    """A line across the plot at `y`, and what it stands for."""

    text: str
    y: str


@dataclass(frozen=True)
class Line:
    name: str
    path: str
    area: str
    dots: str
    index: int


@dataclass(frozen=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    index: int


@dataclass(frozen=True)
class Column:
    """A stripe of the plot that belongs to one label; pointing at it shows `title`."""

    x: str
    width: str
    title: str


@dataclass(frozen=True)
class Frame:
    """What stands around a plot: axes, the same figures as a table, a sentence for those who don't see it."""

    ticks: list[Tick]
    columns: list[Column]
    axis: list[str]
    """Labels below the plot: the first, the middle where there is one, the last."""
    names: list[str]
    rows: list[tuple[str, list[str]]]
    """The same figures as a table: label, then the value of each series."""
    summary: str
    base: str
    """Height of the zero line."""

    @property
    def is_empty(self) -> bool:
        return not self.rows


@dataclass(frozen=True)
class LineChart:
    frame: Frame
    lines: list[Line]


@dataclass(frozen=True)
class BarChart:
    frame: Frame
    bars: list[Bar]


def as_series(given: Given) -> list[Series]:
    """Accept a list of Series, or the (label, value) pairs of a single one."""
    entries = list(given or [])
    if all(isinstance(entry, Series) for entry in entries):
        return [entry for entry in entries if isinstance(entry, Series)]
    return [Series("", [entry for entry in entries if isinstance(entry, tuple)])]


def line(series: Sequence[Series], *, currency: str = "") -> LineChart:
    """A line for each series, over a shared axis of labels; the first one's area is filled."""
    plot = _Plot(series, currency)
    places = [_centre(place, plot.count) for place in range(plot.count)]
    lines = [_line(one, index, places, plot) for index, one in enumerate(series)]
    return LineChart(plot.frame(labels=LINE_LABELS), lines)


def bars(series: Sequence[Series], *, currency: str = "") -> BarChart:
    """A group of bars for each label, one bar for each series."""
    plot = _Plot(series, currency)
    slot = WIDTH / max(plot.count, 1)
    thickness = min(slot * 0.68, 120) / max(len(series), 1)
    drawn = []
    for index, one in enumerate(series):
        for place, (_label, value) in enumerate(one.points):
            left = slot * (place + 0.5) + thickness * (index - len(series) / 2)
            top, bottom = sorted((plot.y(value), plot.y(0)))
            drawn.append(Bar(_text(left), _text(top), _text(thickness * 0.92), _text(bottom - top), index))
    return BarChart(plot.frame(labels=BAR_LABELS), drawn)


def nice_ticks(low: Number, high: Number, *, whole: bool = True) -> list[Fraction]:
    """Round numbers from zero (or below `low`) to `high` or above, at most INTERVALS steps apart: 0, 20, 40, 60.

    Steps are 1, 2, 2.5 or 5 times a power of ten; where values are whole, so are the steps.
    """
    bottom, top = min(Fraction(low), Fraction(0)), max(Fraction(high), Fraction(0))
    step = _nice_step((top - bottom or Fraction(1)) / INTERVALS, whole=whole)
    while math.ceil(top / step) - math.floor(bottom / step) > INTERVALS:
        step = _nice_step(step * Fraction(101, 100), whole=whole)
    first, last = math.floor(bottom / step), math.ceil(top / step)
    return [step * place for place in range(first, max(last, first + 1) + 1)]


def _nice_step(least: Fraction, *, whole: bool) -> Fraction:
    """The smallest nice step that is not below `least`."""
    power = Fraction(10) ** math.floor(math.log10(least))
    steps = [power * factor for factor in (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))]
    fitting = [step for step in steps if step >= least and (not whole or step.denominator == 1)]
    return fitting[0] if fitting else Fraction(1)


class _Plot:
    """What lines and bars share: the value axis, the labels, the table."""

    def __init__(self, series: Sequence[Series], currency: str) -> None:
        self.series, self.currency = series, currency
        self.labels = max(([label for label, _value in one.points] for one in series), key=len, default=[])
        self.count = len(self.labels)
        values = [self._major(value) for one in series for _label, value in one.points]
        whole = not currency and all(value.denominator == 1 for value in values)
        self.ticks = nice_ticks(min(values, default=Fraction(0)), max(values, default=Fraction(0)), whole=whole)

    def frame(self, *, labels: int) -> Frame:
        return Frame(
            ticks=[Tick(self._tick(tick), _text(self._height(tick))) for tick in reversed(self.ticks)],
            columns=self._columns(),
            axis=_axis(self.labels, room=labels),
            names=[one.name for one in self.series],
            rows=[(label, self._row(place)) for place, label in enumerate(self.labels)],
            summary=self._summary(),
            base=_text(self._height(Fraction(0))),
        )

    def y(self, value: Number) -> float:
        """Distance of a value from the top of the plot."""
        return self._height(self._major(value))

    def _height(self, value: Fraction) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return float(HEIGHT * (high - value) / (high - low))

    def _major(self, value: Number) -> Fraction:
        return Fraction(value) / Fraction(10 ** exponent(self.currency) if self.currency else 1)

    def _columns(self) -> list[Column]:
        slot = WIDTH / max(self.count, 1)
        return [
            Column(_text(slot * place), _text(slot), f"{label}: {' · '.join(self._row(place))}")
            for place, label in enumerate(self.labels)
        ]

    def _row(self, place: int) -> list[str]:
        return [self._value(one.points[place][1]) if place < len(one.points) else "–" for one in self.series]

    def _value(self, value: Number) -> str:
        if self.currency:
            return Money(int(value), self.currency).format(get_language() or "en")
        return _plain(value)

    def _tick(self, value: Fraction) -> str:
        number = int(value) if value.denominator == 1 else float(value)
        if not self.currency:
            return _plain(number)
        locale = (get_language() or "en").replace("-", "_")
        return format_compact_currency(number, self.currency, locale=locale, fraction_digits=1)

    def _summary(self) -> str:
        if not self.labels:
            return _("No figures yet.")
        parts = []
        for one in self.series:
            if one.points:
                figures = {
                    "first": self._value(one.points[0][1]),
                    "last": self._value(one.points[-1][1]),
                    "high": self._value(max(value for _label, value in one.points)),
                    "start": one.points[0][0],
                    "end": one.points[-1][0],
                }
                words = _("%(first)s on %(start)s, %(last)s on %(end)s, at most %(high)s.") % figures
                parts.append(f"{one.name}: {words}" if one.name else words)
        return " ".join(parts)


def _line(one: Series, index: int, places: list[float], plot: _Plot) -> Line:
    spots = [(x, plot.y(value)) for x, (_label, value) in zip(places, one.points, strict=False)]
    path = " ".join(f"{'L' if place else 'M'}{_text(x)} {_text(y)}" for place, (x, y) in enumerate(spots))
    area = f"{path} V{_text(plot.y(0))} H{_text(spots[0][0])} Z" if len(spots) > 1 else ""
    dots = " ".join(f"M{_text(x)} {_text(y)}h0" for x, y in (spots if len(spots) < 2 else spots[-1:]))
    return Line(one.name, path, area, dots, index)


def _centre(place: int, count: int) -> float:
    return WIDTH * place / (count - 1) if count > 1 else WIDTH / 2


def _axis(labels: list[str], *, room: int) -> list[str]:
    if len(labels) <= room:
        return labels
    middle = [labels[len(labels) // 2]] if len(labels) % 2 else []
    return [labels[0], *middle, labels[-1]]


def _plain(value: Number) -> str:
    return str(number_format(float(value) if isinstance(value, Fraction) else value, force_grouping=True))


def _text(number: float) -> str:
    """A coordinate for SVG: at most two decimals, never an exponent."""
    return f"{number + 0.0:.2f}".rstrip("0").rstrip(".")
