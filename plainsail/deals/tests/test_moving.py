"""Deals come to stages, are won and lost, and go back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.contacts.models import Contact
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.deals import queries
from plainsail.deals.models import Deal, DealMove, Pipeline, Stage
from plainsail.deals.services import deals, pipelines
from plainsail.kernel.models import EventRow
from plainsail.kernel.money import Money

MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)
DEALS = "/w/juniper/deals/"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def as_viewer(as_ben, ben, in_juniper):
    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    return as_ben


@pytest.fixture
def sales(in_juniper) -> Pipeline:
    return pipelines.create(in_juniper, name="Sales", at=MAY)


def stage(pipeline: Pipeline, name: str) -> Stage:
    return pipeline.stages.get(name=name)


def made(pipeline: Pipeline, title: str = "Tea set", minor: int = 12_000, currency: str = "EUR", **given) -> Deal:
    given = {"owner": None, "expected_on": None, "at": MAY} | given
    return deals.create(
        pipeline, given.pop("contact", None) or ContactFactory(), title=title, value=Money(minor, currency), **given
    )


def told() -> list[str]:
    return list(EventRow.objects.filter(name__startswith="deals.").order_by("at", "id").values_list("name", flat=True))


class TestMoving:
    def test_a_new_deal_stands_in_the_first_stage(self, sales):
        deal = made(sales)
        assert (deal.stage.name, deal.entered_at, deal.closed_at) == ("New", MAY, None)
        assert told() == ["deals.deal_opened"]

    def test_a_won_deal_is_closed_and_told_with_its_value(self, sales, ada):
        deal = made(sales)
        deals.move(deal, stage(sales, "Won"), by=ada, at=JUNE)
        deal.refresh_from_db()
        assert (deal.closed_at, deal.entered_at) == (JUNE, JUNE)
        won = EventRow.objects.get(name="deals.deal_won")
        assert (won.contact_id, won.payload["value_minor"], won.payload["currency"]) == (deal.contact_id, 12_000, "EUR")

    def test_a_lost_deal_says_why_and_forgets_it_when_it_comes_back(self, sales, ada):
        deal = made(sales)
        deals.move(deal, stage(sales, "Lost"), by=ada, at=JUNE, reason="Too dear")
        assert EventRow.objects.get(name="deals.deal_lost").payload["reason"] == "Too dear"
        deals.move(deal, stage(sales, "Talking"), by=ada, at=JUNE + timedelta(days=1))
        deal.refresh_from_db()
        assert (deal.lost_reason, deal.closed_at) == ("", None)

    def test_moving_where_it_stands_does_nothing(self, sales, ada):
        deal = made(sales)
        assert deals.move(deal, stage(sales, "New"), by=ada, at=JUNE) is None
        assert told() == ["deals.deal_opened"]

    def test_a_stage_of_another_pipeline_is_refused(self, sales, ada):
        other = pipelines.create(sales.workspace, name="Courses", at=MAY)
        with pytest.raises(deals.NoSuchStage):
            deals.move(made(sales), stage(other, "Won"), by=ada, at=JUNE)

    def test_undoing_puts_it_back_as_it_was(self, sales, ada):
        deal = made(sales)
        deals.move(deal, stage(sales, "Lost"), by=ada, at=MAY + timedelta(days=1), reason="No answer")
        move = deals.move(deal, stage(sales, "Won"), by=ada, at=JUNE)
        deals.undo(move, at=JUNE + timedelta(minutes=1))
        deal.refresh_from_db()
        assert (deal.stage.name, deal.lost_reason) == ("Lost", "No answer")
        assert (deal.closed_at, deal.entered_at) == (MAY + timedelta(days=1), MAY + timedelta(days=1))

    def test_only_the_last_move_is_undone_and_once(self, sales, ada):
        deal = made(sales)
        first = deals.move(deal, stage(sales, "Talking"), by=ada, at=MAY + timedelta(days=1))
        last = deals.move(deal, stage(sales, "Won"), by=ada, at=JUNE)
        with pytest.raises(deals.MovedOn):
            deals.undo(first, at=JUNE)
        deals.undo(last, at=JUNE)
        with pytest.raises(deals.MovedOn):
            deals.undo(last, at=JUNE)

    def test_a_deal_that_was_deleted_comes_back_even_if_its_stage_is_gone(self, sales, ada):
        deal = made(sales)
        deals.move(deal, stage(sales, "Talking"), by=ada, at=JUNE)
        deals.delete(deal, at=JUNE)
        pipelines.remove_stage(stage(sales, "Talking"), at=JUNE)
        deal.refresh_from_db()
        deals.restore(deal)
        deal.refresh_from_db()
        assert (deal.stage.name, deal.deleted_at) == ("New", None)


class TestPipelines:
    def test_a_stage_with_deals_stays(self, sales):
        made(sales)
        with pytest.raises(pipelines.StageInUse):
            pipelines.remove_stage(stage(sales, "New"), at=JUNE)

    def test_won_and_lost_stay_at_the_end(self, sales):
        pipelines.add_stage(sales, name="Signed", probability=90, at=JUNE)
        pipelines.move_stage_up(stage(sales, "Won"))
        pipelines.move_stage_up(stage(sales, "Talking"))
        names = [one.name for one in queries.stages_of(sales)]
        assert names == ["Talking", "New", "Offer made", "Signed", "Won", "Lost"]

    def test_the_last_open_stage_and_the_ends_are_kept(self, sales):
        for name in ("New", "Talking"):
            pipelines.remove_stage(stage(sales, name), at=JUNE)
        for name in ("Offer made", "Won", "Lost"):
            with pytest.raises(pipelines.NeedsAStage):
                pipelines.remove_stage(stage(sales, name), at=JUNE)

    def test_won_is_always_certain(self, sales):
        pipelines.change_stage(stage(sales, "Won"), name="Signed", probability=20)
        assert stage(sales, "Signed").probability == 100


class TestSums:
    def test_weighted_is_the_value_times_the_probability_of_undecided_deals_by_currency(self, sales, ada):
        made(sales, minor=10_005)
        deals.move(made(sales, minor=20_000), stage(sales, "Offer made"), by=ada, at=JUNE)
        deals.move(made(sales, minor=90_000), stage(sales, "Won"), by=ada, at=JUNE)
        made(sales, minor=1_000, currency="USD")
        board = queries.board(sales)
        # 10 % of 100.05 and 70 % of 200.00, rounded once: 150.005 → 150.01
        assert board.weighted == [Money(15_001, "EUR"), Money(100, "USD")]
        assert board.open == [Money(30_005, "EUR"), Money(1_000, "USD")]
        assert [(one.stage.name, one.number, one.sums) for one in board.columns][3] == (
            "Won",
            1,
            [Money(90_000, "EUR")],
        )

    @pytest.mark.parametrize("number", [1, 3])
    def test_a_board_takes_the_same_statements_for_few_and_many(self, sales, number, django_assert_num_queries):
        for _index in range(number):
            made(sales)
        with django_assert_num_queries(7):
            queries.board(sales)

    @pytest.mark.parametrize("owner", ["x", "' OR 1=1", NOBODY, "\0"])
    def test_garbage_for_an_owner_finds_nothing(self, sales, owner):
        made(sales)
        assert queries.board(sales, owner=owner).number == 0


class TestScreens:
    def test_a_deal_is_written_down_with_somebody_new(self, as_ada, ada, sales):
        given = {"title": "Wedding table", "email": "Maren@Example.com", "amount": "1 250,50", "currency": "eur"}
        answer = as_ada.post(
            f"{DEALS}new/", given | {"pipeline": str(sales.id), "owner": str(ada.id), "expected_on": "2026-07-01"}
        )
        deal = Deal.objects.get()
        assert answer["Location"] == f"{DEALS}{deal.id}/"
        assert (deal.value, deal.owner, deal.expected_on) == (Money(125_050, "EUR"), ada, date(2026, 7, 1))
        assert Contact.objects.get().email == "maren@example.com"
        assert as_ada.get(f"/w/juniper/contacts/{deal.contact_id}/").content.count(b"Wedding table") >= 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", ""),
            ("title", "a\0b"),
            ("email", "nobody"),
            ("amount", "-1"),
            ("amount", "1.234"),
            ("amount", "9" * 19),
            ("currency", "€€€"),
            ("currency", "EURO"),
            ("pipeline", NOBODY),
            ("owner", NOBODY),
            ("expected_on", "soon"),
        ],
    )
    def test_garbage_is_refused_at_its_field(self, as_ada, sales, field, value):
        good = {"title": "T", "email": "a@example.com", "amount": "1", "currency": "EUR", "pipeline": str(sales.id)}
        page = as_ada.post(f"{DEALS}new/", good | {"owner": ""} | {field: value})
        assert (page.status_code, bool(page.context["form"].errors.get(field))) == (422, True)
        assert not Deal.objects.exists()

    def test_a_card_is_moved_without_a_script_and_the_move_is_taken_back(self, as_ada, sales):
        deal = made(sales)
        answer = as_ada.post(f"{DEALS}{deal.id}/stage/", {"stage": str(stage(sales, "Won").id), "back": "board"})
        assert answer["Location"] == f"{DEALS}pipelines/{sales.id}/board/"
        move = DealMove.objects.get()
        board = as_ada.get(answer["Location"])
        assert f"{DEALS}moves/{move.id}/undoing/".encode() in board.content
        as_ada.post(f"{DEALS}moves/{move.id}/undoing/")
        deal.refresh_from_db()
        assert deal.stage.name == "New"

    def test_htmx_gets_the_board_alone(self, as_ada, sales):
        deal = made(sales)
        given = {"stage": str(stage(sales, "Talking").id)}
        answer = as_ada.post(f"{DEALS}{deal.id}/stage/", given, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert b"<html" not in answer.content
        assert b'id="found"' in answer.content
        assert b"Undo" in answer.content

    @pytest.mark.parametrize("given", [{}, {"stage": "x"}, {"stage": NOBODY}, {"stage": "\0"}])
    def test_a_move_to_nowhere_is_refused(self, as_ada, sales, given):
        deal = made(sales)
        assert as_ada.post(f"{DEALS}{deal.id}/stage/", given).status_code in {404, 409}
        assert not DealMove.objects.exists()

    def test_losing_asks_why(self, as_ada, sales):
        deal = made(sales)
        assert "Too dear" in as_ada.get(f"{DEALS}{deal.id}/losing/").content.decode()
        as_ada.post(f"{DEALS}{deal.id}/losing/", {"reason": "Too dear", "other": ""})
        deal.refresh_from_db()
        assert (deal.stage.kind, deal.lost_reason) == ("lost", "Too dear")
        assert queries.lost_by_reason(sales) == [("Too dear", 1)]

    def test_the_list_is_searched_by_title_and_state(self, as_ada, sales, ada):
        made(sales, "Tea set")
        deals.move(made(sales, "Vases"), stage(sales, "Won"), by=ada, at=JUNE)
        found = {
            asked: [one.title for one in as_ada.get(f"{DEALS}list/?{asked}").context["page"].rows]
            for asked in ("", "state=won", "text=tea", f"owner={NOBODY}", "after=x", "state=all")
        }
        assert found[""] == found["text=tea"] == found["after=x"] == ["Tea set"]
        assert (found["state=won"], found[f"owner={NOBODY}"], len(found["state=all"])) == (["Vases"], [], 2)

    def test_whoever_may_only_look_sees_the_board_and_moves_nothing(self, as_viewer, sales):
        deal = made(sales)
        board = as_viewer.get(DEALS)
        assert (board.status_code, b'popovertarget="stages-' in board.content) == (200, False)
        for path in (f"{deal.id}/stage/", f"{deal.id}/deletion/", f"{deal.id}/losing/", "pipelines/", "new/"):
            assert (
                as_viewer.post(f"{DEALS}{path}", {"stage": str(stage(sales, "Won").id), "name": "X"}).status_code == 403
            )
        deal.refresh_from_db()
        assert (deal.stage.name, deal.deleted_at) == ("New", None)

    def test_the_first_pipeline_is_made_with_one_press(self, as_ada, in_juniper):
        assert b"Make a pipeline" in as_ada.get(DEALS).content
        as_ada.post(f"{DEALS}pipelines/", {"name": "Sales"})
        assert [one.name for one in queries.stages_of(Pipeline.objects.get())] == [
            "New",
            "Talking",
            "Offer made",
            "Won",
            "Lost",
        ]
        assert as_ada.post(f"{DEALS}pipelines/", {"name": "Sales"}).status_code == 422
