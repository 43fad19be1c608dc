"""Taking files in: by their content, within bounds, once for each content, with sizes made of pixels alone."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from plainsail.files.events import PictureRendered
from plainsail.files.models import File
from plainsail.files.services import imaging, library, rendering, storing
from plainsail.files.services.imaging import NotAPicture, Source, TooManyPixels
from plainsail.files.tests.factories import NOW, picture
from plainsail.kernel.models import EventRow
from plainsail.kernel.testing.work import run_jobs


def upload(workspace, content, name="bowl.png"):
    return library.upload(workspace, content, name=name, by=None, at=NOW)


def opened(file, rendition):
    path = storing.media_path(file.workspace_id.hex, file.id.hex, rendition["name"])
    with storing.default_storage.open(path) as stored:
        return Image.open(io.BytesIO(stored.read()))


def png(width, height):
    """A PNG that says it has this size, and has next to nothing in it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_small_picture_has_all_its_sizes_at_once(in_juniper):
    file = upload(in_juniper, picture(700, 500))

    made = {(each["type"], each["width"]) for each in file.renditions}
    assert made == {(kind, width) for kind in ("image/avif", "image/webp", "image/jpeg") for width in (320, 700)}
    assert (file.width, file.height, file.is_ready) == (700, 500, True)
    assert {(opened(file, each).format, opened(file, each).size) for each in file.renditions} == {
        (kind, size) for kind in ("AVIF", "WEBP", "JPEG") for size in ((320, 229), (700, 500))
    }


def test_a_large_picture_is_seen_at_once_and_complete_after_a_job(in_juniper):
    file = upload(in_juniper, picture(2000, 1000, kind="JPEG"), "wide.jpg")
    first = {(each["type"], each["width"]) for each in file.renditions}
    assert first == {(kind, width) for kind in ("image/webp", "image/jpeg") for width in (640, 1280)}
    assert not file.is_ready

    run_jobs()

    file.refresh_from_db()
    assert file.is_ready
    assert {each["width"] for each in file.renditions if each["type"] == "image/avif"} == {320, 640, 960, 1280, 2000}
    assert file.stored == file.size + sum(each["size"] for each in file.renditions)
    assert EventRow.objects.filter(name=PictureRendered.name).count() == 1


def test_the_job_may_run_twice(in_juniper):
    file = upload(in_juniper, picture(2000, 1000, kind="JPEG"))
    rendering.render(file_id=file.id)
    rendering.render(file_id=file.id)

    file.refresh_from_db()
    names = [(each["type"], each["width"]) for each in file.renditions]
    assert len(names) == len(set(names)) == 15


def test_the_same_content_is_one_file(in_juniper):
    assert upload(in_juniper, picture(), "one.png").id == upload(in_juniper, picture(), "two.png").id


def test_what_can_be_seen_through_stays_so(in_juniper):
    content = picture(200, 100, mode="RGBA", colour=(1, 2, 3, 0))

    file = upload(in_juniper, content)

    assert {each["type"] for each in file.renditions} == {"image/avif", "image/webp", "image/png"}


def test_a_picture_stands_upright_and_says_nothing_of_where_it_was_taken(in_juniper):
    image = Image.new("RGB", (300, 200), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "A camera"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)

    file = upload(in_juniper, out.getvalue(), "turned.jpg")

    assert (file.width, file.height) == (200, 300)
    assert [dict(opened(file, each).getexif()) for each in file.renditions] == [{}] * len(file.renditions)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixels_is_understood(in_juniper, mode):
    image = Image.new("RGB", (40, 30), "teal")
    image = image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG")

    assert upload(in_juniper, out.getvalue(), f"{mode}.png").is_ready


def test_a_picture_for_print_is_understood(in_juniper):
    out = io.BytesIO()
    Image.new("CMYK", (40, 30), (10, 20, 30, 40)).save(out, "JPEG")

    assert upload(in_juniper, out.getvalue()).is_ready


def test_of_a_moving_picture_the_beginning_is_shown(in_juniper):
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue", "green")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])

    file = upload(in_juniper, out.getvalue(), "moving.gif")

    assert {getattr(opened(file, each), "n_frames", 1) for each in file.renditions} == {1}


HOSTILE = {
    "nothing": b"",
    "words": b"I am a picture",
    "a page that calls itself a picture": b"<html><script>alert(1)</script>",
    "the beginning of a PNG": b"\x89PNG\r\n\x1a\n",
    "the beginning of a JPEG": b"\xff\xd8\xff\xe0" + b"\x00" * 200,
    "half a picture": picture()[:900],
    "half a photograph": picture(kind="JPEG")[:900],
    "a program": b"MZ" + b"\x00" * 500,
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "a TIFF": b"II*\x00\x08\x00\x00\x00" + b"\x00" * 200,
    "a PNG with less in it than it says": png(3000, 3000),
    "a GIF without end": b"GIF89a\x10\x00\x10\x00\xff\x00\x00" + b"\xff" * 400,
    "a WebP with a wrong length": b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff" + b"\x00" * 100,
    "an AVIF of zeros": b"\x00\x00\x00\x1cftypavif" + b"\x00" * 300,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_lies_about_itself_is_refused(in_juniper, content, folder):
    with pytest.raises(NotAPicture):
        upload(in_juniper, content, "photo.png")

    assert not File.objects.exists()
    assert list(folder.rglob("*.*")) == []


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'\xef\xbb\xbf<?xml version="1.0"?><svg/>',
        b'<!-- hello --><svg onload="alert(1)"/>',
    ],
)
def test_a_drawing_that_can_carry_scripts_is_refused_with_the_reason(in_juniper, content):
    with pytest.raises(NotAPicture, match="SVG") as refusal:
        upload(in_juniper, content, "logo.png")

    assert "scripts" in str(refusal.value)


@pytest.mark.parametrize("size", [(60_000, 60_000), (8_000, 8_000), (2**31 - 1, 1)])
def test_a_bomb_of_pixels_is_refused_before_it_is_unpacked(in_juniper, size):
    with pytest.raises((TooManyPixels, NotAPicture)):
        upload(in_juniper, png(*size))


def test_too_many_bytes_are_refused(in_juniper):
    with pytest.raises(library.TooLarge):
        upload(in_juniper, b"\x89PNG" + b"\0" * library.MOST_BYTES)


def test_a_full_library_takes_nothing_more_in(in_juniper, monkeypatch):
    upload(in_juniper, picture())
    monkeypatch.setattr(library, "QUOTA", library.used(in_juniper) + 10)

    with pytest.raises(library.Full):
        upload(in_juniper, picture(100, 100))


def test_a_file_for_download_is_kept_as_it_is(in_juniper):
    file = upload(in_juniper, b"%PDF-1.7 a price list", "../../Price_list 2026.pdf")

    assert (file.kind, file.name) == ("file", "Price_list 2026.pdf")
    assert library.download_url(file).endswith("-price-list-2026.pdf")
    with pytest.raises(library.WrongKind):
        upload(in_juniper, b"MZ a program", "prices.pdf")
    with pytest.raises(NotAPicture):
        upload(in_juniper, b"MZ a program", "setup.exe")


def test_a_part_of_a_picture_is_shown_and_the_whole_again(in_juniper):
    file = upload(in_juniper, picture(400, 300))
    before = {each["name"] for each in file.renditions}

    library.crop(file, {"x": 100, "y": 50, "width": 200, "height": 100})
    assert (library.card(file).width, library.card(file).height) == (200, 100)
    assert before.isdisjoint({each["name"] for each in file.renditions})
    # What is published with the addresses of before still finds them.
    assert all(storing.media_path(file.workspace_id.hex, file.id.hex, name) for name in before)

    library.crop(file, None)
    assert {each["name"] for each in file.renditions} == before


@pytest.mark.parametrize("part", [(-1, 0, 20, 20), (0, 0, 401, 20), (390, 0, 20, 20), (0, 0, 5, 5)])
def test_a_part_outside_of_the_picture_is_refused(in_juniper, part):
    file = upload(in_juniper, picture(400, 300))

    with pytest.raises(library.BadCrop):
        library.crop(file, dict(zip(("x", "y", "width", "height"), part, strict=True)))


def test_a_card_offers_the_best_format_first_and_small_before_large(in_juniper):
    card = library.card(upload(in_juniper, picture(700, 500)))

    assert [kind for kind, _ in card.sources] == ["image/avif", "image/webp"]
    assert [size.rpartition(" ")[2] for size in card.srcset.split(", ")] == ["320w", "700w"]
    assert card.url.endswith(".jpg")


def test_widths_are_never_larger_than_the_picture_is():
    assert Source(picture(330, 10)).widths == [330]
    assert Source(picture(1000, 10)).widths == [320, 640, 1000]
    assert max(Source(picture(5000, 10)).widths) == imaging.WIDTHS[-1]


def test_deleting_takes_it_off_the_disk(in_juniper, folder, django_capture_on_commit_callbacks):
    file = upload(in_juniper, picture())

    with django_capture_on_commit_callbacks(execute=True):
        library.delete(file)

    assert [path for path in folder.rglob("*") if path.is_file()] == []
