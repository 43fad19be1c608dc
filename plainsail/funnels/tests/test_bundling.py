"""A funnel as a file brings its pictures along, and what strangers made of such a file harms nobody."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.files.tests.factories import FileFactory
from plainsail.funnels.services import bundling, packing
from plainsail.funnels.tests.factories import started, steps
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def funnel(juniper):
    """One whose first page shows a picture of the business's own."""
    with workspace(juniper):
        made = started(juniper)
        picture = library.describe(FileFactory(), name="Bowl", alt="A blue bowl", focus_x=20, focus_y=80)
        page = steps(made)["form"].page
        next(block["props"] for block in page.draft["blocks"] if "image" in block["props"])["image"]["file"] = str(
            picture.id
        )
        page.save(update_fields=["draft"])
        return made


def zipped(**entries: bytes | str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_json", ".json"), content)
    return written.getvalue()


def test_pictures_come_along_with_what_is_said_of_them(juniper, acme, funnel):
    with workspace(juniper):
        raw = bundling.bundle(funnel)
        (before,) = File.objects.values_list("id", flat=True)
    with workspace(acme):
        made = bundling.unpack(acme, bundling.read(raw), by=None, at=clock.now())
        (picture,) = File.objects.all()
        assert (picture.name, picture.alt, picture.focus_x, picture.focus_y) == ("Bowl", "A blue bowl", 20, 80)
        draft = json.dumps(steps(made)["form"].page.draft)
        assert str(picture.id) in draft
        assert str(before) not in draft


def test_a_picture_that_is_there_already_keeps_its_own_words(juniper, funnel):
    with workspace(juniper):
        raw = bundling.bundle(funnel)
        library.describe(File.objects.get(), name="Other", alt="Other", focus_x=50, focus_y=50)
        bundling.unpack(juniper, bundling.read(raw), by=None, at=clock.now())
        assert [(one.name, one.alt) for one in File.objects.all()] == [("Other", "Other")]


def test_a_file_without_pictures_is_read_as_before(juniper, acme, funnel):
    with workspace(juniper):
        raw = json.dumps(packing.pack(funnel)).encode()
    with workspace(acme):
        bundling.unpack(acme, bundling.read(raw), by=None, at=clock.now())
        assert not File.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04 no zip",
        zipped(other="x"),
        zipped(funnel_json="{}"),
        zipped(funnel_json=json.dumps({"kind": "plainsail.funnel", "v": 1})),
    ],
)
def test_what_is_no_funnel_is_refused(raw):
    with pytest.raises(packing.BadPackage):
        bundling.read(raw)


def test_a_picture_that_is_missing_or_none_makes_nothing(juniper, acme, funnel):
    with workspace(juniper):
        found = bundling.read(bundling.bundle(funnel))
    (name,) = found.pictures
    with workspace(acme):
        for pictures in ({}, {name: b"not a picture"}):
            with pytest.raises(packing.BadPackage):
                bundling.unpack(acme, bundling.Bundle(found.package, pictures), by=None, at=clock.now())
        assert not acme.funnels.exists()
        assert not File.objects.exists()


def test_more_than_may_be_unpacked_is_refused_before_it_is(monkeypatch, juniper, funnel):
    with workspace(juniper):
        raw = bundling.bundle(funnel)
    monkeypatch.setattr(bundling, "MOST_BYTES", 100)
    with pytest.raises(packing.BadPackage):
        bundling.read(raw)


def test_so_is_what_is_small_and_unpacks_to_more(monkeypatch):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pictures/bomb", b"\0" * 1_000_000)
    monkeypatch.setattr(bundling, "MOST_BYTES", 100_000)
    assert len(written.getvalue()) < bundling.MOST_BYTES
    with pytest.raises(packing.BadPackage, match="too large"):
        bundling.read(written.getvalue())
