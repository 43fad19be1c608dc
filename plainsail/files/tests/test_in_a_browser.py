"""The library in a real browser: uploads, a refused file, crop and focus by keyboard; accessible, and as narrow as a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plainsail.files.models import File
from plainsail.files.tests.factories import FileFactory, picture
from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing.browser import axe, overflow, schemes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(juniper, in_workspace):
    with in_workspace(juniper):
        return FileFactory(content=picture(600, 400))


@pytest.fixture
def go(page, live_server, as_ada, juniper):
    """Opens a screen of the library, signed in as Ada."""
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])

    def visit(name, *arguments):
        page.goto(origin + workspace_url(juniper, f"files:{name}", *arguments))
        return page

    return visit


def sent(name, content):
    return {"name": name, "mimeType": "image/png", "buffer": content}


def test_several_are_taken_in_and_what_is_no_picture_is_said(go, juniper, in_workspace):
    page = go("files")
    page.set_input_files(
        "input[type=file]", [sent("lie.png", b"no picture"), sent("a.png", picture()), sent("b.png", picture(90, 90))]
    )

    expect(page.locator(".library-item")).to_have_count(2)
    expect(page.locator(".upload-row.is-bad")).to_contain_text("lie.png: This is not a picture")
    with in_workspace(juniper):
        assert set(File.objects.values_list("name", flat=True)) == {"a.png", "b.png"}


def test_a_refused_file_stays_named_with_its_reason(go):
    page = go("files")
    page.set_input_files("input[type=file]", [sent("logo.png", b"<svg onload='alert(1)'></svg>")])

    expect(page.locator(".upload-row.is-bad")).to_contain_text("SVG drawings can carry scripts")


def test_focus_and_crop_go_by_keyboard(go, file, juniper, in_workspace):
    page = go("file", file.id)
    point = page.locator(".framing-point")
    point.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_label("Across, in %")).to_have_value("54")
    page.get_by_label("Words for those who can’t see it").fill("A bowl")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.get_by_role("button", name="1:1").press("Enter")
    expect(page.get_by_label("Width")).to_have_value("400")
    page.get_by_role("button", name="Show this part").press("Enter")
    expect(page.get_by_role("button", name="Show the whole picture")).to_be_visible()
    with in_workspace(juniper):
        now = File.objects.get(id=file.id)
        assert (now.focus_x, now.focus_y, now.alt) == (54, 52, "A bowl")
        assert now.crop == {"x": 100, "y": 0, "width": 400, "height": 400}


def test_a_corner_is_dragged(go, file):
    page = go("file", file.id)
    corner = page.locator("[data-corner=se]")
    corner.scroll_into_view_if_needed()
    box = corner.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] - 92, box["y"] - 92, steps=5)
    page.mouse.up()

    width, height = (int(page.get_by_label(name).input_value()) for name in ("Width", "Height"))
    assert 480 <= width <= 510
    assert 280 <= height <= 310


@pytest.mark.parametrize("screen", ["files", "file"])
def test_the_screens_are_accessible_and_fit_a_phone(go, file, screen):
    page = go(screen, *([file.id] if screen == "file" else []))
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert overflow(page) == 0
    for _scheme, rule in schemes(page):
        assert axe(page, rule=rule) == []
