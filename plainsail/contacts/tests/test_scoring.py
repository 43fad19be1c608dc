"""Scores: counted once for each event, faded in sets, explained, and told of when they are high enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.contacts import queries
from plainsail.contacts.models import Contact, ScoreEntry, ScoreLevel, ScoreRule, Scoring
from plainsail.contacts.services import bulk, contacts, counting, merging, scoring, tags
from plainsail.contacts.tests.factories import ContactFactory, ScoreLevelFactory, ScoreRuleFactory, TagFactory
from plainsail.kernel import clock
from plainsail.kernel.models import EventRow

MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SCORES = "/w/juniper/contacts/scores/"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def as_viewer(as_ben, ben, in_juniper):
    Membership.objects.filter(user=ben).update(role=Role.VIEWER)
    return as_ben


@pytest.fixture
def maren(in_juniper):
    return ContactFactory()


def tagged(contact, at=MAY, tag=None) -> None:
    tags.add(contact, tag or TagFactory(), at=at)


def score(contact) -> int:
    return Contact.objects.get(pk=contact.pk).score


def recounted(workspace, at=MAY) -> None:
    with clock.fixed(at):
        counting.recount(workspace_id=workspace.pk)


class TestCounting:
    def test_an_event_counts_once_however_often_it_is_counted(self, maren):
        ScoreRuleFactory(points=5)
        tagged(maren)
        assert counting.count(at=MAY) == MAY + counting.EVERY
        counting.count(at=MAY + DAY / 2)
        recounted(maren.workspace)
        assert (score(maren), ScoreEntry.objects.count()) == (5, 1)

    def test_only_events_that_fit_the_condition_count(self, maren):
        course, press = TagFactory(), TagFactory()
        ScoreRuleFactory(points=5, field="tag_id", value=str(course.id))
        tagged(maren, tag=press)
        counting.count(at=MAY)
        assert score(maren) == 0
        tagged(maren, tag=course)
        counting.count(at=MAY)
        assert score(maren) == 5

    def test_a_part_of_an_address_is_enough_for_a_click(self, maren):
        ScoreRuleFactory(event="tracking.link_clicked", field="url", value="/Prices", is_exact=False, points=3)
        for path in ("prices/?a=1", "about/"):
            EventRow.objects.create(
                name="tracking.link_clicked", contact_id=maren.id, at=MAY, payload={"url": f"https://x.example/{path}"}
            )
        counting.count(at=MAY)
        assert score(maren) == 3

    def test_at_most_so_often_in_a_span_also_over_several_counts(self, maren):
        ScoreRuleFactory(points=5, at_most=2, span_days=1)
        for hour in range(3):
            tagged(maren, at=MAY + timedelta(hours=hour))
            counting.count(at=MAY + timedelta(hours=hour))
        tagged(maren, at=MAY + DAY)
        counting.count(at=MAY + DAY)
        assert score(maren) == 15
        recounted(maren.workspace, at=MAY + DAY)
        assert score(maren) == 15

    def test_what_another_business_did_is_not_counted(self, maren, acme, in_juniper):
        ScoreRuleFactory(points=5)
        counting.count(at=MAY)
        assert not ScoreEntry.objects.exists()

    @pytest.mark.parametrize("number", [1, 3])
    def test_many_contacts_take_the_statements_of_one(self, in_juniper, number, django_assert_max_num_queries):
        ScoreRuleFactory(points=5)
        tags.add_to_many([ContactFactory() for _index in range(number)], TagFactory(), at=MAY)
        counting.count(at=MAY)
        tags.add_to_many(Contact.objects.all(), TagFactory(), at=MAY)
        with django_assert_max_num_queries(14):
            counting.count(at=MAY)
        assert set(Contact.objects.values_list("score", flat=True)) == {10}

    def test_a_changed_rule_is_counted_anew_and_a_deleted_one_gives_nothing(self, maren):
        rule = ScoreRuleFactory(points=5)
        tagged(maren)
        counting.count(at=MAY)
        scoring.change(rule, name="T", points=8, at_most=None, span_days=None, is_active=True, at=MAY)
        assert Scoring.objects.get().recounting_since == MAY
        recounted(maren.workspace)
        assert (score(maren), Scoring.objects.get().recounting_since, Scoring.objects.get().recount_done) == (
            8,
            None,
            1,
        )
        scoring.delete(rule, at=MAY)
        recounted(maren.workspace)
        assert score(maren) == 0


class TestFading:
    def test_points_of_rules_are_worth_half_after_the_half_life_and_those_by_hand_stay(self, maren, ada):
        ScoreRuleFactory(points=40)
        tagged(maren)
        counting.count(at=MAY)
        scoring.set_by_hand(maren, score=50, note="Met at the fair", author=ada, at=MAY)
        scoring.fade(half_life_days=10, at=MAY)
        counting.count(at=MAY + 10 * DAY)
        assert score(maren) == 30
        counting.count(at=MAY + 20 * DAY)
        assert score(maren) == 20
        earned = queries.why(maren, half_life_days=10, at=MAY + 20 * DAY)
        assert sorted(one.worth for one in earned) == [Decimal(10), Decimal("10.0")]

    def test_without_rules_that_count_it_fades_once_a_night(self, maren):
        rule = ScoreRuleFactory(points=40)
        tagged(maren)
        counting.count(at=MAY)
        ScoreRule.objects.filter(pk=rule.pk).update(is_active=False)
        scoring.fade(half_life_days=10, at=MAY)
        assert counting.count(at=MAY) == datetime(2026, 5, 5, 1, tzinfo=UTC)


class TestOtherWays:
    def test_a_score_from_before_or_from_a_program_stays(self, maren):
        ScoreRuleFactory(points=5)
        Contact.objects.filter(pk=maren.pk).update(score=30)
        tagged(maren)
        counting.count(at=MAY)
        assert score(maren) == 35
        contacts.update(Contact.objects.get(pk=maren.pk), fields={"score": 100}, at=MAY)
        counting.count(at=MAY)
        bulk.upsert(maren.workspace, [bulk.Row(email=maren.email, fields={"score": 90})], source="api", at=MAY)
        recounted(maren.workspace)
        assert (score(maren), ScoreEntry.objects.filter(rule=None).count()) == (90, 3)

    def test_merged_contacts_have_what_both_earned_once(self, maren, in_juniper):
        ScoreRuleFactory(points=5)
        other = ContactFactory()
        for one in (maren, other, other):
            tagged(one)
        counting.count(at=MAY)
        merging.merge(maren, other, at=MAY)
        counting.count(at=MAY)
        assert score(maren) == 15
        recounted(in_juniper)
        assert score(maren) == 15

    def test_points_by_hand_say_who_gave_them(self, as_ada, maren):
        answer = as_ada.post(f"/w/juniper/contacts/{maren.id}/score/", {"score": "42", "note": "Met at the fair"})
        page = as_ada.get(answer["Location"]).content.decode()
        assert score(maren) == 42
        assert "Why 42?" in page
        assert "Ada Brandt: Met at the fair" in " ".join(page.split())


class TestLevels:
    def reached(self) -> list[int]:
        rows = EventRow.objects.filter(name="contacts.score_reached")
        return sorted(row.payload["points"] for row in rows)

    def test_each_level_is_told_of_the_first_time_only(self, maren, ada):
        for points in (10, 20, 100):
            ScoreLevelFactory(points=points)
        for value in (25, 5, 22, 120):
            scoring.set_by_hand(maren, score=value, note="", author=ada, at=MAY)
        assert self.reached() == [10, 20, 100]

    def test_counting_tells_too_and_a_recount_does_not_tell_again(self, maren):
        ScoreRuleFactory(points=60)
        ScoreLevelFactory(points=50)
        tagged(maren)
        counting.count(at=MAY)
        recounted(maren.workspace)
        assert self.reached() == [50]


class TestScreens:
    def test_a_rule_is_made_by_the_name_of_a_tag(self, as_ada, in_juniper):
        tag = TagFactory(name="Course")
        given = {"name": "Bought a course", "event": "contacts.tag_added", "value": "course", "points": "10"}
        assert as_ada.post(f"{SCORES}rules/", given).status_code == 302
        rule = ScoreRule.objects.get()
        assert (rule.field, rule.value, rule.is_exact) == ("tag_id", str(tag.id), True)
        assert b"Course" in as_ada.get(SCORES).content

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("event", "nothing"),
            ("value", "No such tag"),
            ("value", "a\0b"),
            ("points", "many"),
            ("points", "99999999999"),
            ("at_most", "0"),
            ("span_days", "2"),
        ],
    )
    def test_garbage_is_refused_at_its_field(self, as_ada, in_juniper, field, value):
        good = {"name": "R", "event": "contacts.tag_added", "value": "", "points": "1"}
        page = as_ada.post(f"{SCORES}rules/", good | {field: value})
        assert (page.status_code, bool(page.context["rule_form"].errors.get(field))) == (422, True)
        assert not ScoreRule.objects.exists()

    def test_two_levels_do_not_begin_at_one_score(self, as_ada, in_juniper):
        codes = [as_ada.post(f"{SCORES}levels/", {"name": "Hot", "points": "50"}).status_code for _time in range(2)]
        assert (codes, ScoreLevel.objects.count()) == ([302, 422], 1)

    @pytest.mark.parametrize("value", ["0", "-1", "x", "99999"])
    def test_a_half_life_has_to_be_days(self, as_ada, in_juniper, value):
        assert as_ada.post(f"{SCORES}fading/", {"half_life_days": value}).status_code == 422

    def test_a_recount_under_way_shows_how_far_it_is(self, as_ada, maren):
        Scoring.objects.create(recounting_since=MAY, recount_total=10, recount_done=4)
        assert b"4 / 10" in as_ada.get(SCORES).content

    def test_whoever_may_only_look_sees_why_and_changes_nothing(self, as_viewer, maren):
        rule, level = ScoreRuleFactory(), ScoreLevelFactory()
        for path in (SCORES, f"/w/juniper/contacts/{maren.id}/score/"):
            assert as_viewer.get(path).status_code == 200
        for path in (
            "rules/",
            f"rules/{rule.id}/",
            f"rules/{rule.id}/deletion/",
            f"levels/{level.id}/deletion/",
            "recount/",
            "fading/",
        ):
            assert as_viewer.post(SCORES + path, {"name": "x"}).status_code == 403
        assert as_viewer.post(f"/w/juniper/contacts/{maren.id}/score/", {"score": "9"}).status_code == 403
        assert (score(maren), ScoreRule.objects.count()) == (0, 1)
