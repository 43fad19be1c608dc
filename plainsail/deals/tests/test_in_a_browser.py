"""The board in a real browser: cards go by mouse and by keyboard, and a phone shows one stage below the other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.contacts.tests.factories import ContactFactory
from plainsail.deals.models import Deal
from plainsail.deals.services import deals, pipelines
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def board(juniper, ada, as_ada, live_server, page):
    with workspace(juniper):
        sales = pipelines.create(juniper, name="Sales", at=MAY)
        for title, minor in (("Tea set", 12_000), ("Wedding table", 125_050)):
            deals.create(
                sales, ContactFactory(), title=title, value=Money(minor, "EUR"), owner=ada, expected_on=None, at=MAY
            )
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{origin}/w/juniper/deals/")
    return page


def stage_of(business, title: str) -> str:
    with workspace(business):
        return Deal.objects.select_related("stage").get(title=title).stage.name


def column(page, name: str):
    return page.locator(".deal-column", has=page.get_by_role("heading", name=name))


def test_a_card_is_dragged_to_a_stage_and_the_move_is_undone(board, juniper):
    board.locator(".deal-card", has_text="Tea set").drag_to(column(board, "Offer made"))
    column(board, "Offer made").get_by_text("Tea set").wait_for()
    assert stage_of(juniper, "Tea set") == "Offer made"
    board.get_by_role("button", name="Undo").click()
    column(board, "New").get_by_text("Tea set").wait_for()
    assert stage_of(juniper, "Tea set") == "New"


def test_a_card_is_moved_by_keyboard_and_keeps_the_focus(board, juniper):
    button = board.get_by_role("button", name="Move “Wedding table”")
    button.focus()
    board.keyboard.press("ArrowDown")
    board.keyboard.press("ArrowDown")
    board.keyboard.press("Enter")
    column(board, "Offer made").get_by_text("Wedding table").wait_for()
    assert stage_of(juniper, "Wedding table") == "Offer made"
    board.wait_for_function("document.activeElement.getAttribute('aria-label')?.startsWith('Move “Wedding')")


def test_dragging_to_lost_asks_why(board):
    board.locator(".deal-card", has_text="Tea set").drag_to(column(board, "Lost"))
    board.get_by_role("heading", name="Mark as lost").wait_for()


def test_on_a_phone_stages_stand_below_each_other(board):
    board.set_viewport_size({"width": 390, "height": 844})
    lefts = {round(one.bounding_box()["x"]) for one in board.locator(".deal-column").all()}
    assert len(lefts) == 1
