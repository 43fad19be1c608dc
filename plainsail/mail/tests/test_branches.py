"""Sections that not everybody sees, and merge fields: chosen for each reader, refused where they make no sense."""

from __future__ import annotations

import quopri
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.blocks.services import documents, merging, operations
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.contacts.models import ContactTag, CustomField, FieldValue, Tag
from plainsail.kernel import clock
from plainsail.mail.models import Broadcast
from plainsail.mail.services import (
    audience,
    branches,
    broadcasts,
    checks,
    compiling,
    editing,
    emails,
    merge_fields,
    previews,
    reporting,
    senders,
    sending,
    tallies,
)
from plainsail.mail.services.filling import NOTHING, laid_out
from plainsail.mail.tests.factories import BroadcastFactory, EmailFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(in_juniper):
    return ListFactory(name="Kiln news", is_default=True)


@pytest.fixture
def vip(topic):
    return Tag.objects.create(name="VIP")


def tagged(tag):
    return {"tree": {"field": "tag", "op": "is", "value": str(tag.id)}}


def two_sections(vip):
    """One section for tagged people, one for all others."""
    made = documents.build(
        "juniper", [("text", {"text": "<p>For you alone.</p>"}), ("text", {"text": "<p>For the others.</p>"})]
    )
    first, second = made.blocks
    done = operations.apply(
        made,
        [
            {"op": "show", "block": first.id, "value": tagged(vip)},
            {"op": "show", "block": second.id, "value": {"rest": True}},
        ],
        surface="mail",
    )
    return done.document


def sent_to(broadcast, business):
    """What each reader would be sent, by address: the parsed messages."""
    now = clock.now()
    broadcast = broadcasts.send_now(broadcast, at=now)
    broadcasts.start(broadcast.id, at=now + broadcasts.HOLD)
    broadcast.refresh_from_db()
    audience.write_chunk(broadcast, at=now)
    Broadcast.objects.filter(id=broadcast.id).update(state=Broadcast.State.SENDING)
    work = sending.take(broadcast.id, at=now + broadcasts.HOLD)
    return {letter.to: message_from_bytes(letter.write(now), policy=default) for letter in work.letters}


def both_parts(message):
    return [message.get_body((kind,)).get_content() for kind in ("plain", "html")]


def test_each_reader_gets_the_section_that_is_for_them_and_not_the_other(topic, vip, in_juniper):
    in_juniper.postal_address = "Kiln Lane 4, 12345 Town"
    in_juniper.save()
    one, _two = subscriber(topic, email="vip@example.com"), subscriber(topic, email="other@example.com")
    ContactTag.objects.create(contact=one, tag=vip)
    email = EmailFactory(document=documents.save(two_sections(vip)))
    found = sent_to(BroadcastFactory(email=email, list=topic, sender=senders.default()), in_juniper)
    for part in both_parts(found["vip@example.com"]):
        assert "For you alone." in part
        assert "For the others." not in part
    for part in both_parts(found["other@example.com"]):
        assert "For the others." in part
        assert "For you alone." not in part
    assert all("{{" not in part for message in found.values() for part in both_parts(message))


def test_the_map_of_clicks_has_the_links_of_all_sections_whoever_sees_them(topic, vip, in_juniper):
    links = ["https://juniper.example/one", "https://juniper.example/two"]
    raw = documents.save(two_sections(vip))
    for block, link in zip(raw["blocks"], links, strict=True):
        block["props"]["text"] = f'<p><a href="{link}">Read</a></p>'
    broadcast = BroadcastFactory(email=EmailFactory(document=raw), list=topic, sender=senders.default(), accepted=10)
    tallies.add("clicked", {(broadcast.id, "link", link): 5 for link in links}, at=clock.now())
    assert reporting.click_map(broadcast, in_juniper).count("50.0% · 5") == 2


def test_a_section_of_a_deleted_segment_is_for_nobody_and_the_check_says_so(topic, vip, in_juniper):
    gone = {"tree": {"field": "segment", "op": "is", "value": "0190c7a0-0000-7000-8000-000000000000"}}
    made = documents.build("juniper", [("text", {"text": "<p>Only for some.</p>"})])
    raw = documents.save(made)
    raw["blocks"][0]["shown"] = gone
    reader = subscriber(topic)
    email = EmailFactory(document=raw)
    shown = previews.show(email, in_juniper, topic=topic, reader=reader, at=clock.now())
    assert "Only for some." not in shown.html
    titles = [
        str(check.title)
        for check in checks.review(BroadcastFactory(email=email, list=topic, sender=senders.default()), at=clock.now())
    ]
    assert "Nobody can see a section" in titles


def test_a_condition_that_cant_be_asked_is_refused_at_its_section(topic):
    email = EmailFactory()
    block = email.read().blocks[0]
    change = {"op": "show", "block": block.id, "value": {"tree": {"field": "no_such", "op": "is", "value": "x"}}}
    with pytest.raises(InvalidDocument) as refused:
        editing.apply(email, [change], revision=0, at=clock.now())
    assert list(refused.value.errors) == [f"blocks.{block.id}.shown"]


def test_the_foot_is_for_everybody(topic):
    made = documents.build("juniper", [("mail_footer", {})])
    with pytest.raises(operations.InvalidOperation):
        operations.apply(made, [{"op": "show", "block": made.blocks[0].id, "value": {"rest": True}}], surface="mail")


def test_who_sees_a_section_is_undone_like_anything_else(topic, vip):
    made = documents.build("juniper", [("text", {"text": "<p>Hello</p>"})])
    done = operations.apply(made, [{"op": "show", "block": made.blocks[0].id, "value": tagged(vip)}], surface="mail")
    assert documents.load(documents.save(done.document)) == done.document
    assert operations.apply(done.document, done.inverse, surface="mail").document == made


@pytest.mark.parametrize("shown", ["everybody", {"tree": []}, {"tree": {}}, {"rest": False}, {"tree": {"a": "\0"}}, 7])
def test_what_is_no_answer_to_who_sees_it_is_refused(topic, shown):
    made = documents.build("juniper", [("text", {"text": "<p>Hello</p>"})])
    with pytest.raises(InvalidDocument):
        operations.apply(made, [{"op": "show", "block": made.blocks[0].id, "value": shown}], surface="mail")


def test_a_field_that_doesnt_exist_is_refused_at_the_setting_that_asks_for_it(topic):
    email = EmailFactory()
    block = email.read().blocks[0]
    change = {"op": "set", "block": block.id, "path": ["text"], "value": "<p>Dear {{frist_name}}</p>"}
    with pytest.raises(InvalidDocument) as refused:
        editing.apply(email, [change], revision=0, at=clock.now())
    assert list(refused.value.errors) == [f"blocks.{block.id}.props.text"]
    with pytest.raises(emails.UnknownField) as refused_head:
        editing.head(email, subject="{{nope}}", preheader="", at=clock.now())
    assert refused_head.value.field == "subject"


def test_own_fields_stand_in_mail_and_a_fallback_where_they_say_nothing(topic, in_juniper):
    glaze = CustomField.objects.create(key="glaze", label="Glaze", kind=CustomField.Kind.TEXT)
    known, unknown = subscriber(topic), subscriber(topic)
    FieldValue.objects.create(field=glaze, contact=known, text="Celadon & ash")
    email = EmailFactory()
    block = email.read().blocks[0]
    change = {"op": "set", "block": block.id, "path": ["text"], "value": "<p>Your {{field.glaze|favourite}} bowl</p>"}
    editing.apply(email, [change], revision=0, at=clock.now())
    email.refresh_from_db()
    shown = [previews.show(email, in_juniper, reader=each, at=clock.now()) for each in (known, unknown)]
    assert "Your Celadon &amp; ash bowl" in shown[0].html
    assert "Your Celadon & ash bowl" in shown[0].text
    assert "Your favourite bowl" in shown[1].html


def test_the_check_counts_who_would_see_a_hole(topic, in_juniper):
    subscriber(topic, first_name="Maren")
    subscriber(topic, first_name="")
    subscriber(topic, first_name="")
    email = EmailFactory(subject="For {{first_name}}")
    found = {
        str(each.title): str(each.text)
        for each in checks.review(BroadcastFactory(email=email, list=topic, sender=senders.default()), at=clock.now())
    }
    assert found["A field may be empty"].startswith("2 people would see a hole where “first_name” stands.")


def test_conditions_of_many_contacts_are_asked_in_one_statement_each(topic, vip, django_assert_num_queries):
    readers = [subscriber(topic) for _number in range(3)]
    ContactTag.objects.create(contact=readers[0], tag=vip)
    trees = [tagged(vip)["tree"], {"field": "first_name", "op": "known"}]
    with django_assert_num_queries(2):
        facts = branches.facts_of(trees, [each.id for each in readers], at=clock.now())
    assert facts == {readers[0].id: {0, 1}, readers[1].id: {1}, readers[2].id: {1}}


def test_own_words_for_the_plain_text_are_sent_and_fall_behind_when_the_mail_changes(topic, in_juniper):
    email = EmailFactory()
    made = previews.made_text(email, in_juniper)
    assert "Dear {{first_name|friend}}" in made.words
    email = emails.keep_text(email, "Hi {{first_name|you}}, it’s Maren & Co.", seen=made.fingerprint, at=clock.now())
    shown = previews.show(email, in_juniper, reader=subscriber(topic, first_name="Ann"), at=clock.now())
    assert shown.text.startswith("Hi Ann, it’s Maren & Co.")
    assert "Unsubscribe: #" in shown.text
    broadcast = BroadcastFactory(email=email, list=topic, sender=senders.default())
    assert "The plain text is behind" not in [str(each.title) for each in checks.review(broadcast, at=clock.now())]
    block = email.read().blocks[0]
    editing.apply(
        email,
        [{"op": "set", "block": block.id, "path": ["text"], "value": "<p>Other words</p>"}],
        revision=email.revision,
        at=clock.now(),
    )
    broadcast.email.refresh_from_db()
    assert "The plain text is behind" in [str(each.title) for each in checks.review(broadcast, at=clock.now())]


def test_every_standard_field_says_something_about_somebody(topic):
    said = merge_fields.values(subscriber(topic, city="Town", company="Kiln", country="DE"))
    links = {"unsubscribe_url", "preferences_url", "web_url"}
    assert {field.name for field in merge_fields.STANDARD} - links == set(said)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}"), max_size=200)
PIECES = st.one_of(WORDS, st.sampled_from(["{{first_name}}", "{{city|the town}}", "\n", ". \n.\n", " "]))


def fill(source, said, facts):
    part = compiling.part(source, kind="line")
    numbers = {slot: number for number, slot in enumerate([*part.slots, NOTHING])}
    slots = [said.get(name, fallback) for name, _kind, fallback in numbers]
    return b"".join(laid_out(part.pieces, numbers).filled(slots, facts))


@given(
    before=st.lists(PIECES, max_size=4),
    sections=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.lists(PIECES, max_size=4)), max_size=5),
    facts=st.frozensets(st.integers(0, 3)),
    values=st.fixed_dictionaries({"first_name": WORDS, "city": st.just("")}),
)
def test_what_a_reader_gets_is_what_a_plain_fill_of_their_sections_says(before, sections, facts, values):
    source = "".join(before) + "".join(
        f"{{{{ps.{'if' if is_met else 'not'}_{place}}}}}{''.join(inside)}{{{{ps.end}}}}"
        for place, is_met, inside in sections
    )
    said = {name: compiling.quoted(merging.one_line(value)) for name, value in values.items() if value}
    filled = fill(source, said, facts)
    plain = merging.parse(branches.seen(source, facts)).fill(values)
    assert quopri.decodestring(filled).replace(b"\r\n", b"\n").decode() == plain


def test_a_mark_that_somebody_typed_and_never_closed_hides_nothing():
    filled = fill("one {{ps.if_0}} two", {}, ())
    assert quopri.decodestring(filled) == b"one  two"
