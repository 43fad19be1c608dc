"""What cameras and programs note in a picture is taken out when it comes in; no pixel of it changes."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from plainsail.files.services import imaging, library, storing, stripping
from plainsail.files.tests.factories import NOW, picture

PLACE = b"SECRET-PLACE"


def exif(up=1):
    noted = Image.Exif()
    noted[0x0112] = up
    noted[0x010E] = PLACE.decode()
    noted.get_ifd(0x8825)[1] = "N"
    noted.get_ifd(0x8825)[2] = (53.0, 8.0, 26.0)
    return noted


def photograph(kind="JPEG", up=1, **more):
    out = BytesIO()
    Image.open(BytesIO(picture(90, 60))).save(out, kind, exif=exif(up), **more)
    return out.getvalue()


def pixels(content):
    return Image.open(BytesIO(content)).convert("RGBA").tobytes()


def with_words():
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", PLACE.decode())
    info.add_itxt("XML:com.adobe.xmp", PLACE.decode())
    return info


def with_others_behind():
    """As phones write it: a photograph, and behind it a second one with notes of its own."""
    out, second = BytesIO(), Image.new("RGB", (30, 20), "blue")
    second.encoderinfo = {"exif": exif()}
    Image.open(BytesIO(picture(90, 60))).save(out, "MPO", save_all=True, append_images=[second], exif=exif())
    return out.getvalue()


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NOTED = {
    "a photograph": photograph(),
    "a photograph on its side": photograph(up=6),
    "one that comes bit by bit": photograph(progressive=True, comment=PLACE),
    "one with a profile and words of a program": photograph(icc_profile=PROFILE, xmp=PLACE),
    "one with others behind it": with_others_behind(),
    "a PNG": photograph("PNG", up=3, pnginfo=with_words()),
    "a WebP": photograph("WEBP", up=8, xmp=PLACE),
    "a WebP without loss": photograph("WEBP", lossless=True, icc_profile=PROFILE),
    "something behind the end": photograph() + PLACE,
}


@pytest.mark.parametrize("content", NOTED.values(), ids=NOTED)
def test_no_place_stays_and_no_pixel_changes(content):
    assert PLACE in content

    bare = stripping.bare(content)

    before, after = Image.open(BytesIO(content)), Image.open(BytesIO(bare))
    assert PLACE not in bare
    assert set(after.getexif()) <= {stripping.ORIENTATION}
    assert after.getexif().get(stripping.ORIENTATION, 1) == before.getexif().get(stripping.ORIENTATION, 1)
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert pixels(bare) == pixels(content)
    assert stripping.bare(bare) == bare


@pytest.mark.parametrize(("kind", "more"), [("AVIF", {}), ("GIF", {"comment": PLACE})])
def test_what_is_written_anew_says_nothing_either(kind, more):
    content = photograph(kind, **more)
    assert PLACE in content

    bare = stripping.bare(content)

    assert PLACE not in bare
    assert Image.open(BytesIO(bare)).size == (90, 60)
    assert stripping.bare(bare) == bare


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_a_picture_that_says_nothing_stays_as_it_is(kind):
    content = picture(kind=kind)

    assert pixels(stripping.bare(content)) == pixels(content)
    assert stripping.bare(stripping.bare(content)) == stripping.bare(content)


def test_a_jpeg_that_is_put_together_oddly_is_written_anew():
    content = photograph()
    odd = content[:2] + b"\xff\x00" + content[2:]  # readers forgive it

    assert PLACE not in stripping.bare(odd)
    assert Image.open(BytesIO(stripping.bare(odd))).size == (90, 60)


def test_what_is_kept_of_an_upload_names_no_place(in_juniper):
    content = photograph(up=6)
    file = library.upload(in_juniper, content, name="pond.jpg", by=None, at=NOW)

    assert PLACE not in storing.original(file)
    assert (file.width, file.height) == (60, 90)
    assert library.upload(in_juniper, content, name="again.jpg", by=None, at=NOW).id == file.id


def test_a_photograph_with_others_behind_it_is_taken(in_juniper):
    file = library.upload(in_juniper, with_others_behind(), name="phone.jpg", by=None, at=NOW)

    assert (file.media_type, file.width, file.height) == ("image/jpeg", 90, 60)
    assert imaging.Source(storing.original(file)).width == 90


def test_pictures_kept_as_they_came_by_earlier_versions_are_handed_on_without_a_place(in_juniper):
    file = library.upload(in_juniper, photograph(), name="pond.jpg", by=None, at=NOW)
    storing.default_storage.delete(storing.original_path(file))
    storing.keep_original(file, photograph())

    assert PLACE not in library.handed_on(file)
