"""Pictures as bytes: what they are, by their content alone, and how they become smaller ones. Nothing here knows a database.

Reading is in the hands of Pillow, with few formats, a bound on pixels before anything is unpacked, and whatever it says
taken as a no. Renditions are made from the pixels alone: no place, camera or colour profile of the original stays in them.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageCms, ImageOps

from plainsail.kernel.errors import Refusal

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif"}
MOST_PIXELS = 50_000_000
"""200 MB unpacked: what a good camera makes. More is refused before it is unpacked."""
WIDTHS = (320, 640, 960, 1280, 1920, 2560)
AT_ONCE = (640, 1280)
"""Widths that are there as soon as a picture is; the others follow."""
SMALL = 1_000_000
"""Pixels up to which everything is made at once: a quarter of a second."""

FORMATS: dict[str, dict[str, Any]] = {
    "image/avif": {"format": "AVIF", "quality": 60, "speed": 8},
    "image/webp": {"format": "WEBP", "quality": 80, "method": 3},
    "image/jpeg": {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True},
    "image/png": {"format": "PNG", "optimize": True},
}


UNREADABLE = (
    *(OSError, ValueError, SyntaxError, TypeError, ArithmeticError, LookupError, EOFError, MemoryError),
    *(struct.error, zlib.error, NotImplementedError),
)
"""What Pillow's readers raise at files that are broken, or made to break them."""


class NotAPicture(Refusal):
    """The bytes are no picture of a kind that is taken."""

    code = "not_a_picture"
    message = gettext_lazy("This is not a picture that can be used here. Take a JPEG, PNG, WebP, AVIF or GIF.")
    status = 422


class TooManyPixels(Refusal):
    """The picture would take too much memory."""

    code = "too_many_pixels"
    message = gettext_lazy("This picture has more than 50 million pixels. Make it smaller first.")
    status = 422


@dataclass(frozen=True)
class Inspected:
    """What a picture is: its media type, and its size as it is seen, upright."""

    media_type: str
    width: int
    height: int


def inspect(content: bytes) -> Inspected:
    """Read a picture whole. Raises NotAPicture, TooManyPixels."""
    with _opened(content) as image:
        upright = ImageOps.exif_transpose(image)
        return Inspected(_media_type(image), upright.width, upright.height)


def _media_type(image: Image.Image) -> str:
    # A photograph with others behind it, as phones make them, is called MPO. It is a JPEG, and its first picture counts.
    kind = "JPEG" if image.format == "MPO" else image.format or ""
    return MEDIA_TYPES[kind]


def looks_like_a_drawing(content: bytes) -> bool:
    """Is this SVG or other markup? Such a file can carry scripts, so the refusal says why."""
    head = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<html", b"<!doctype html")) or b"<svg" in head


def refuse_drawing() -> NotAPicture:
    """The refusal of markup that calls itself a picture."""
    return NotAPicture(_("SVG drawings can carry scripts, so they are not taken. Save it as PNG and upload that."))


class Source:
    """A picture opened once, from which renditions are made."""

    def __init__(self, content: bytes, crop: Mapping[str, int] | None = None) -> None:
        with _opened(content) as whole:
            image = ImageOps.exif_transpose(whole)
            if crop is not None:
                x, y = crop["x"], crop["y"]
                image = image.crop((x, y, x + crop["width"], y + crop["height"]))
            self._image = _plain(image)

    @property
    def width(self) -> int:
        return int(self._image.width)

    @property
    def height(self) -> int:
        return int(self._image.height)

    @property
    def fallback(self) -> str:
        """The media type that everything understands and that keeps what can be seen through."""
        return "image/png" if self._image.mode == "RGBA" else "image/jpeg"

    @property
    def widths(self) -> list[int]:
        """The widths worth making: the steps below the picture's own, and that one up to the largest step."""
        own = min(self.width, WIDTHS[-1])
        return sorted({*(width for width in WIDTHS if width < own * 0.9), own})

    def rendition(self, media_type: str, width: int) -> tuple[bytes, int]:
        """The picture in a width and a format, and its height."""
        height = max(1, round(self.height * width / self.width))
        small = self._image if width == self.width else self._image.resize((width, height), Image.Resampling.LANCZOS)
        out = BytesIO()
        small.save(out, **FORMATS[media_type])
        return out.getvalue(), height


def _opened(content: bytes) -> Image.Image:
    """The picture with all its pixels read. Raises NotAPicture, TooManyPixels."""
    try:
        with warnings.catch_warnings():
            # Its own warning comes at another number than ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(content), formats=list(MEDIA_TYPES))
            if image.width * image.height > MOST_PIXELS:
                raise TooManyPixels
            image.load()
    except Image.DecompressionBombError as error:
        raise TooManyPixels from error
    except TooManyPixels:
        raise
    # Whatever a library says to bytes that lie about themselves: it is not a picture.
    except UNREADABLE as error:
        raise NotAPicture from error
    return image


def _plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something can be seen through, in the colours of the web."""
    profile = image.info.get("icc_profile")
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if image.mode == "CMYK" and not profile:
        return image.convert("RGB")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        image = _in_srgb(image, profile)
    plain = image.convert("RGBA" if has_alpha else "RGB")
    if has_alpha and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    # Without whatever else the original says of itself.
    plain.info = {}
    return plain


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (OSError, ValueError, ImageCms.PyCMSError):
        return image  # a profile that can't be read is no reason to refuse the picture
    return converted or image
