"""Colours as numbers: how well words can be read on a ground (WCAG 2.2), mixtures, and the nearest colour that can be read.

Colours are written `#rrggbb`. Luminance and contrast as WCAG 2.2 defines them (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio);
nearness in OKLab (https://bottosson.github.io/posts/oklab/), where a step in lightness looks as large everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

HEX = re.compile(r"#[0-9a-f]{6}")
READABLE = 4.5
"""The least contrast of words and their ground (WCAG 2.2, 1.4.3)."""

Parts = tuple[float, float, float]


def parts_of(colour: str) -> Parts:
    """Red, green, blue from 0 to 1."""
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def written(parts: Iterable[float]) -> str:
    """The colour of red, green, blue from 0 to 1; what lies outside is brought to the edge."""
    return "#" + "".join(f"{round(min(max(part, 0.0), 1.0) * 255):02x}" for part in parts)


def luminance(colour: str) -> float:
    red, green, blue = map(_linear, parts_of(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(colour: str, grounds: Iterable[str]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def mix(one: str, other: str, share: float) -> str:
    """`share` of the other in the one, from 0 to 1."""
    return written(
        first + (second - first) * share for first, second in zip(parts_of(one), parts_of(other), strict=True)
    )


def best_on(ground: str, *, dark: str = "#111111", light: str = "#ffffff") -> str:
    """Which of two colours can be read better there."""
    return max((light, dark), key=lambda colour: contrast(colour, ground))


@lru_cache(maxsize=2048)
def nearest(colour: str, grounds: tuple[str, ...], least: float = READABLE) -> str:
    """The colour itself where it can be read on all grounds; else the one of its hue, lighter or darker, that is nearest to
    it; else black or white, whichever can be read better.
    """
    if least_contrast(colour, grounds) >= least:
        return colour
    parts = _oklab(colour)
    found = [near for end in (0.0, 1.0) if (near := _towards(end, parts, grounds, least)) is not None]
    if not found:
        return max(("#000000", "#ffffff"), key=lambda each: least_contrast(each, grounds))
    return min(found, key=lambda each: abs(_oklab(each)[0] - parts[0]))


def _towards(end: float, parts: Parts, grounds: tuple[str, ...], least: float) -> str | None:
    """The first colour on the way to black or to white that can be read; it keeps its hue, and fades where it must."""
    lightness, a, b = parts
    steps = 256
    for step in range(1, steps + 1):
        at = lightness + (end - lightness) * step / steps
        # Near black and white there is little colour: less of it is left the nearer the end is.
        rest = 1 - (step / steps) ** 2
        near = _from_oklab(at, a * rest, b * rest)
        if least_contrast(near, grounds) >= least:
            return near
    return None


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _gamma(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)


def _oklab(colour: str) -> Parts:
    red, green, blue = map(_linear, parts_of(colour))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(lightness: float, a: float, b: float) -> str:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return written(_gamma(max(part, 0.0)) for part in linear)
