"""What a segment's tree means: who answers it, what is refused and how that is worded, and how it reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Func, Q, TextField, Value
from django.db.models.lookups import IsNull
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.contacts import conditions
from plainsail.contacts.events import TagAdded
from plainsail.contacts.models import Contact, Engagement, FieldValue, Suppression
from plainsail.contacts.sentences import Wording
from plainsail.contacts.services import engagement, fields, merging, segments, values, wishes
from plainsail.contacts.tests.factories import (
    ContactFactory,
    ListFactory,
    ListMemberFactory,
    SegmentFactory,
    TagFactory,
)
from plainsail.kernel.events import publish
from plainsail.kernel.ids import new_id

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def ask(field, op, value=None, **more):
    return {"field": field, "op": op, "value": value} | more


def who(tree, at=NOON):
    found = Contact.objects.filter(conditions.condition_of(tree, at=at))
    return sorted(found.values_list("first_name", flat=True))


def refusal(tree) -> str:
    with pytest.raises(conditions.BadSegment) as caught:
        conditions.condition_of(tree, at=NOON)
    return str(caught.value)


@pytest.fixture
def people(in_juniper):
    return {
        name: ContactFactory(first_name=name, country=country, score=score)
        for name, country, score in (("Ann", "DE", 5), ("Bo", "FR", 50), ("Cy", "", 500))
    }


GERMAN, HIGH = ask("country", "is", "de"), ask("score", "at_least", "50")


class TestTrees:
    @pytest.mark.parametrize(
        ("tree", "names"),
        [
            ({}, ["Ann", "Bo", "Cy"]),
            (GERMAN, ["Ann"]),
            ({"all": [GERMAN, HIGH]}, []),
            ({"any": [GERMAN, HIGH]}, ["Ann", "Bo", "Cy"]),
            ({"not": GERMAN}, ["Bo", "Cy"]),
            ({"not": {"any": [GERMAN, ask("country", "is", "FR")]}}, ["Cy"]),
            ({"all": [{"not": GERMAN}, {"any": [ask("score", "below", 60), GERMAN]}]}, ["Bo"]),
            ({"not": {}}, []),
            ({"not": {"all": []}}, []),
            ({"any": [GERMAN, {}]}, ["Ann", "Bo", "Cy"]),
            ({"any": []}, ["Ann", "Bo", "Cy"]),
        ],
    )
    def test_all_any_and_not_mean_what_they_say(self, people, tree, names):
        assert who(tree) == names

    @pytest.mark.parametrize(
        ("tree", "words"),
        [
            (ask("password", "is", "x"), "There is no condition “password”."),
            (ask("score", "like", "1"), "“Score”: choose a comparison."),
            (ask("score", "at_least", "many"), "“Score”: a whole number is needed."),
            (ask("score", "at_least", "9" * 300), "“Score”: a whole number is needed."),
            (ask("score", "at_least", True), "“Score”: a whole number is needed."),
            (ask("tag", "is", "garbage"), "“Tag”: choose one."),
            (ask("city", "is", ""), "“City”: say what it is compared with."),
            (ask("created", "before", "soon"), "“Became a contact”: a day is needed, such as 2026-03-09."),
            (ask("created", "within", "0"), "“Became a contact”: a number of days is needed, at most ten years."),
            (
                ask("event", "has", "contacts.tag_added", days="x"),
                "“Something happened”: the number of days is a number from 1 to 3660.",
            ),
            (
                ask("event", "has", "contacts.tag_added", count=0),
                "“Something happened”: how often is a number from 1 to 1000.",
            ),
            (ask("field:gone", "is", "x"), "There is no condition “field:gone”."),
            ({"all": [HIGH] * 61}, "A condition of this segment can’t be understood."),
            ({"all": [{"any": [HIGH] * 31}] * 2}, "A segment has at most 60 conditions."),
            ({"all": "x"}, "A condition of this segment can’t be understood."),
            ({"all": [7]}, "A condition of this segment can’t be understood."),
        ],
    )
    def test_what_can_t_be_understood_is_refused_and_names_the_condition(self, in_juniper, tree, words):
        assert refusal(tree) == words

    def test_groups_can_t_go_on_for_ever(self, in_juniper):
        tree = HIGH
        for _level in range(20):
            tree = {"all": [tree]}
        assert "8 deep" in refusal(tree)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        tree=st.recursive(
            st.sampled_from([GERMAN, HIGH, ask("score", "below", 50), ask("country", "unknown")]),
            lambda inner: st.builds(
                lambda key, parts: {"not": parts[0]} if key == "not" else {key: parts},
                st.sampled_from(["all", "any", "not"]),
                st.lists(inner, min_size=1, max_size=3),
            ),
            max_leaves=12,
        )
    )
    def test_the_database_answers_as_logic_does(self, people, tree):
        def holds(part, person):
            if "not" in part:
                return not holds(part["not"], person)
            if "all" in part:
                return all(holds(one, person) for one in part["all"])
            if "any" in part:
                return any(holds(one, person) for one in part["any"])
            return {
                ("country", "is"): person.country == "DE",
                ("country", "unknown"): person.country == "",
                ("score", "at_least"): person.score >= 50,
                ("score", "below"): person.score < 50,
            }[part["field"], part["op"]]

        try:
            found = who(tree)
        except conditions.BadSegment:  # too deep
            return
        assert found == sorted(name for name, person in people.items() if holds(tree, person))


class TestFields:
    def test_where_somebody_stands_with_a_list(self, people):
        topic, other = ListFactory(), ListFactory()
        for name, state in (("Ann", "subscribed"), ("Bo", "pending"), ("Cy", "unsubscribed")):
            ListMemberFactory(list=topic, contact=people[name], state=state)
        answers = {op: who(ask("list", op, str(topic.id))) for op in ("is", "is_not", "waiting", "left")}
        assert answers == {"is": ["Ann"], "is_not": ["Bo", "Cy"], "waiting": ["Bo"], "left": ["Cy"]}
        assert who(ask("list", "is", str(other.id))) == []
        assert who(ask("list", "is", "")) == ["Ann"]

    def test_who_may_be_written_to_is_who_consented_and_is_not_suppressed(self, people):
        topic = ListFactory()
        for name in ("Ann", "Bo"):
            ListMemberFactory(list=topic, contact=people[name])
        Suppression.objects.create(address_hash=people["Bo"].address_hash, reason="complaint", at=NOON)
        assert who(ask("mailable", "is", str(topic.id))) == ["Ann"]
        assert who(ask("mailable", "is", "")) == ["Ann"]
        assert who(ask("mailable", "is_not", str(topic.id))) == ["Bo", "Cy"]

    def test_whoever_asked_for_a_pause_may_not_be_written_to_until_it_ends(self, people):
        topic = ListMemberFactory(contact=people["Ann"]).list
        wishes.pause(people["Ann"], weeks=2, at=NOON)
        for value in (str(topic.id), ""):
            assert who(ask("mailable", "is", value)) == []
        wishes.go_on(people["Ann"])
        assert who(ask("mailable", "is", "")) == ["Ann"]

    def test_words_are_compared_as_people_read_them(self, people):
        Contact.objects.filter(first_name="Ann").update(city="Bad Homburg", phone="+49", locale="de-AT", source="form")
        assert who(ask("city", "is", "bad homburg")) == ["Ann"]
        assert who(ask("city", "contains", "HOM")) == ["Ann"]
        assert who(ask("city", "starts", "bad")) == ["Ann"]
        assert who(ask("city", "contains", "%")) == []
        assert who(ask("city", "unknown")) == ["Bo", "Cy"]
        assert who(ask("phone", "known")) == ["Ann"]
        assert who(ask("language", "is", "de")) == ["Ann"]

    def test_a_form_without_a_name_is_any_form_and_other_sources_are_themselves(self, people):
        for name, source in (("Ann", "form:0190"), ("Bo", "form"), ("Cy", "Market stall")):
            Contact.objects.filter(first_name=name).update(source=source)
        assert who(ask("source", "is", "form")) == ["Ann", "Bo"]
        assert who(ask("source", "is_not", "form")) == ["Cy"]
        assert who(ask("source", "is", "form:0190")) == ["Ann"]
        assert who(ask("source", "is", "market stall")) == ["Cy"]
        assert who(ask("source", "contains", "stall")) == ["Cy"]

    def test_a_day_begins_where_the_business_is(self, in_juniper):
        # Midnight in Berlin is 22:00 UTC in May.
        ContactFactory(first_name="Late", created_at=datetime(2026, 5, 1, 22, 30, tzinfo=UTC))
        assert who(ask("created", "before", "2026-05-02")) == []
        assert who(ask("created", "after", "2026-05-01")) == ["Late"]
        assert who(ask("created", "within", "9")) == ["Late"]
        assert who(ask("created", "within", "8")) == []

    def test_events_are_counted_within_their_time(self, people):
        tag = TagFactory()
        for days in (1, 2, 40):
            publish(TagAdded(tag_id=tag.id, contact_id=people["Ann"].id, at=NOON - DAY * days))
        publish(TagAdded(tag_id=tag.id, contact_id=people["Bo"].id, at=NOON - DAY * 40))
        happened = "contacts.tag_added"
        assert who(ask("event", "has", happened)) == ["Ann", "Bo"]
        assert who(ask("event", "has", happened, days=30)) == ["Ann"]
        assert who(ask("event", "has", happened, count=2, days=30)) == ["Ann"]
        assert who(ask("event", "has", happened, count=3, days="30")) == []
        assert who(ask("event", "has_not", happened, count="2")) == ["Bo", "Cy"]

    @pytest.mark.parametrize(
        ("kind", "said", "op", "value"),
        [
            ("text", "Raku", "starts", "ra"),
            ("long_text", "Met at the fair", "contains", "FAIR"),
            ("number", "12.5", "at_least", "12,5"),
            ("number", "12.5", "below", "12.51"),
            ("date", "2026-05-12", "ahead", "3"),
            ("date", "2026-05-08", "within", 3),
            ("date", "2026-05-08", "after", "2026-05-07"),
            ("yes_no", "yes", "yes", None),
            ("text", "Raku", "known", None),
        ],
    )
    def test_custom_fields_of_each_kind(self, in_juniper, people, kind, said, op, value):
        field = fields.define(in_juniper, label="Glaze", kind=kind, at=NOON)
        values.put(people["Ann"], {field.key: said})
        key = f"field:{field.key}"
        assert who(ask(key, op, value)) == ["Ann"]
        assert who({"not": ask(key, op, value)}) == ["Bo", "Cy"]

    def test_a_choice_is_asked_by_its_id_and_goes_on_when_its_field_is_put_away(self, in_juniper, people):
        field = fields.define(in_juniper, label="Level", kind="choices", choices=["New", "Old"], at=NOON)
        values.put(people["Ann"], {field.key: ["New", "Old"]})
        chosen = FieldValue.objects.filter(field=field).first().text
        tree = ask(f"field:{field.key}", "is", chosen)
        fields.archive(field, at=NOON)
        assert who(tree) == ["Ann"]
        assert who(ask(f"field:{field.key}", "is_not", chosen)) == ["Bo", "Cy"]
        assert f"field:{field.key}" not in dict(conditions.offered(in_juniper))

    def test_what_a_tree_reads_is_named(self, in_juniper):
        inner = SegmentFactory(tree=ask("score", "at_least", 1))
        tree = {"any": [GERMAN, {"not": ask("segment", "is", str(inner.id))}]}
        assert conditions.reads(tree) == {"country", "score"}


class TestEngagement:
    def test_a_later_moment_stays_and_somebody_gone_is_left_out(self, people):
        ann = people["Ann"]
        engagement.note("opened", {ann.id: NOON})
        engagement.note("opened", {ann.id: NOON - DAY, people["Bo"].id: NOON - DAY * 9, new_id(): NOON})
        engagement.note("clicked", {ann.id: NOON})
        rows = {one.contact_id: (one.opened_at, one.clicked_at) for one in Engagement.objects.all()}
        assert rows == {ann.id: (NOON, NOON), people["Bo"].id: (NOON - DAY * 9, None)}

    def test_a_merge_keeps_the_later_moment(self, people):
        ann, bo = people["Ann"], people["Bo"]
        engagement.note("sent", {ann.id: NOON - DAY, bo.id: NOON})
        merging.merge(ann, bo, at=NOON)
        assert Engagement.objects.get(contact=ann).sent_at == NOON

    def test_opened_lately_or_never(self, people):
        engagement.note("opened", {people["Ann"].id: NOON - DAY * 2, people["Bo"].id: NOON - DAY * 60})
        answers = {op: who(ask("mail_opened", op, 30)) for op in ("within", "not_within", "ever", "never")}
        assert answers == {
            "within": ["Ann"],
            "not_within": ["Bo", "Cy"],
            "ever": ["Ann", "Bo"],
            "never": ["Cy"],
        }


class TestOtherSegments:
    def test_a_segment_asks_another(self, people):
        germans = SegmentFactory(tree=GERMAN)
        assert who(ask("segment", "is", str(germans.id))) == ["Ann"]
        assert who(ask("segment", "is_not", str(germans.id))) == ["Bo", "Cy"]

    def test_one_that_would_ask_itself_is_not_saved(self, in_juniper):
        first, second = SegmentFactory(name="First"), SegmentFactory(name="Second")
        for own, other in ((first, first), (first, second)):
            if own is not other:
                segments.save(
                    in_juniper, name="Second", tree=ask("segment", "is", str(first.id)), at=NOON, segment=second
                )
            with pytest.raises(segments.AsksItself):
                segments.save(
                    in_juniper, name="First", tree={"not": ask("segment", "is", str(other.id))}, at=NOON, segment=own
                )

    def test_a_circle_that_got_in_all_the_same_is_refused_and_not_followed(self, in_juniper):
        one = SegmentFactory(name="Round")
        one.tree = ask("segment", "is", str(one.id))
        one.save()
        assert refusal(one.tree) == "“Another segment”: “Round” asks itself."

    def test_one_that_is_asked_is_not_deleted(self, in_juniper):
        inner = SegmentFactory(name="Inner")
        SegmentFactory(name="Outer", tree=ask("segment", "is", str(inner.id)))
        with pytest.raises(segments.InUse) as caught:
            segments.delete(inner)
        assert str(caught.value) == "It is still used: Segment “Outer”."


class TestCounting:
    def test_the_number_is_kept_with_its_moment_until_the_question_changes(self, people, in_juniper):
        made = segments.save(in_juniper, name="Germans", tree=GERMAN, at=NOON)
        segments.recount(made.id, at=NOON)
        made.refresh_from_db()
        assert (made.counted, made.counted_at) == (1, NOON)
        changed = segments.save(in_juniper, name="Germans", tree=HIGH, at=NOON, segment=made)
        assert (changed.counted, changed.counted_at) == (None, None)

    def test_where_counting_takes_too_long_the_answer_says_about(self, people, in_juniper, monkeypatch):
        exact = conditions.count(in_juniper, GERMAN, about=in_juniper.id, at=NOON)
        assert (exact.number, exact.is_exact) == (1, True)
        monkeypatch.setattr(conditions, "condition_of", _slow)
        monkeypatch.setattr(conditions, "PATIENCE_MS", 50)
        assert conditions.count(in_juniper, GERMAN, about=in_juniper.id, at=NOON).is_exact is False


def _slow(tree, *, at):
    asleep = Func(Value(30.0), function="pg_sleep", output_field=TextField())
    return Q(IsNull(asleep, False))


class TestSentences:
    def test_a_tree_is_read_as_a_sentence(self, in_juniper):
        news, vip = ListFactory(name="Newsletter"), TagFactory(name="VIP")
        tree = {
            "all": [
                ask("list", "is", str(news.id)),
                {"any": [ask("tag", "is", str(vip.id)), GERMAN]},
                {"not": {"any": [ask("event", "has", "contacts.list_left", count=2, days=30)]}},
                ask("created", "after", "2026-05-01"),
            ]
        }
        assert Wording(in_juniper, at=NOON).sentence(tree) == (
            "Subscribed to Newsletter and (tagged VIP or Country is Germany) and none of (“Left a list” happened"
            " at least 2 times in the last 30 days) and became a contact after 1 May 2026"
        )

    def test_days_stand_where_the_words_leave_room_for_them(self, in_juniper):
        born = fields.define(in_juniper, label="Birthday", kind="date", at=NOON)
        said = Wording(in_juniper, at=NOON).sentence(ask(f"field:{born.key}", "ahead", 30))
        assert said == "Birthday lies in the next 30 days"

    def test_odd_trees_are_said_too(self, in_juniper):
        wording = Wording(in_juniper, at=NOON)
        assert wording.sentence({}) == "Everybody"
        assert wording.sentence(ask("nothing", "is", "x")) == "A condition that can’t be understood"
        assert wording.sentence(ask("tag", "is", str(in_juniper.id))) == "Tagged something that is gone"


class TestDaysWhereTheBusinessIs:
    """At noon UTC it is the next day in Auckland."""

    def test_today_is_the_day_there(self, people, in_juniper):
        in_juniper.timezone = "Pacific/Auckland"
        in_juniper.save()
        born = fields.define(in_juniper, label="Visit", kind="date", at=NOON)
        values.put(people["Ann"], {born.key: (NOON + timedelta(days=2)).date().isoformat()})
        assert who(ask(f"field:{born.key}", "ahead", 1)) == ["Ann"]
        assert who(ask(f"field:{born.key}", "within", 1)) == []

    def test_the_question_is_asked_anew_at_midnight_there(self, people, in_juniper):
        in_juniper.timezone = "Pacific/Auckland"
        in_juniper.save()
        born = fields.define(in_juniper, label="Visit", kind="date", at=NOON)
        known, asked = conditions.read(ask(f"field:{born.key}", "ahead", 1), at=NOON)
        assert known.turns(asked) == datetime(NOON.year, NOON.month, NOON.day, 12, tzinfo=UTC) + timedelta(days=1)
