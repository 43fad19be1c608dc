"""A plain-text part in words of one's own: fields, parts for some readers only, the foot, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainsail.blocks.services import documents, operations
from plainsail.blocks.services.rendering import Business
from plainsail.contacts.models import ContactTag, Tag
from plainsail.kernel import clock
from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Email
from plainsail.mail.services import branches, checks, editing, emails, own_text, posting, previews, senders
from plainsail.mail.tests.factories import BroadcastFactory, EmailFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db

TREES = [{"field": "first_name", "op": "known"}, {"field": "city", "op": "known"}]
KILN = Business(name="Juniper", postal_address="Kiln Lane 4\n12345 Town")


@pytest.fixture
def vip(in_juniper):
    return Tag.objects.create(name="VIP")


@pytest.fixture
def topic(in_juniper):
    return ListFactory(name="Kiln news", is_default=True)


@pytest.fixture
def email(vip):
    """A mail with a section for tagged people, and one for all others."""
    made = documents.build("juniper", [("text", {"text": "<p>For you.</p>"}), ("text", {"text": "<p>For others.</p>"})])
    first, second = made.blocks
    shown = {"tree": {"field": "tag", "op": "is", "value": str(vip.id)}}
    done = operations.apply(
        made,
        [
            {"op": "show", "block": first.id, "value": shown},
            {"op": "show", "block": second.id, "value": {"rest": True}},
        ],
        surface="mail",
    )
    return EmailFactory(document=documents.save(done.document))


def keep(email, text, business):
    made = previews.made_text(email, business)
    emails.keep_text(email, text, seen=made.fingerprint, conditions=made.conditions, at=clock.now())
    email.refresh_from_db()


def texts(email, business, topic, vip):
    """What a tagged reader gets, and what another one does."""
    one, two = subscriber(topic, first_name="Ann"), subscriber(topic, first_name="")
    ContactTag.objects.create(contact=one, tag=vip)
    return [previews.show(email, business, topic=topic, reader=each, at=clock.now()).text for each in (one, two)]


def test_what_the_mail_makes_can_be_changed_by_hand_with_its_parts_for_some(email, in_juniper, topic, vip):
    made = previews.made_text(email, in_juniper)
    assert made.words == "{{if 1}}\nFor you.\n\n{{else}}\nFor others.\n\n{{end}}"
    keep(email, made.words.replace("For", "Only for"), in_juniper)
    tagged, other = texts(email, in_juniper, topic, vip)
    assert tagged.startswith("Only for you.\n\n")
    assert other.startswith("Only for others.\n\n")
    assert "For" not in tagged.partition("--")[0].replace("Only for", "")


def test_a_part_holds_fields_with_words_for_those_of_whom_nothing_is_known(email, in_juniper, topic, vip):
    keep(email, "{{if not 1}}Hello {{first_name|stranger}}{{end}}{{if 1}}Dear {{first_name}}{{end}}, all.", in_juniper)
    tagged, other = texts(email, in_juniper, topic, vip)
    assert tagged.startswith("Dear Ann, all.")
    assert other.startswith("Hello stranger, all.")


def test_moving_sections_about_turns_no_part_round(email, in_juniper, topic, vip):
    keep(email, "{{if 1}}tagged{{end}}", in_juniper)
    town = Tag.objects.create(name="Town", slug="town")
    editing.apply(email, [{"op": "add", "type": "text", "at": 0}], revision=email.revision, at=clock.now())
    email.refresh_from_db()
    shown = {"tree": {"field": "tag", "op": "is", "value": str(town.id)}}
    change = [{"op": "show", "block": email.read().blocks[0].id, "value": shown}]
    editing.apply(email, change, revision=email.revision, at=clock.now())
    email.refresh_from_db()
    made = previews.made_text(email, in_juniper)
    assert len(made.conditions) == 2
    assert own_text.shown(email.text, made.conditions) == "{{if 2}}tagged{{end}}"
    assert texts(email, in_juniper, topic, vip)[0].startswith("tagged")


def test_a_part_whose_condition_is_gone_is_for_nobody_and_the_check_says_so(email, in_juniper, topic, vip):
    subscriber(topic)
    keep(email, "Hello.\n{{if 1}}\nSecret.\n{{else}}\nFor all then.\n{{end}}\nBye.", in_juniper)
    first, second = email.read().blocks
    change = [{"op": "show", "block": each.id, "value": None} for each in (second, first)]
    editing.apply(email, change, revision=email.revision, at=clock.now())
    email.refresh_from_db()
    assert all(text.startswith("Hello.\nFor all then.\nBye.") for text in texts(email, in_juniper, topic, vip))
    broadcast = BroadcastFactory(email=email, list=topic, sender=senders.default())
    found = {str(check.title) for check in checks.review(broadcast, at=clock.now()) if check.is_blocking}
    assert "A part of the plain text is for nobody" in found
    assert own_text.shown(email.text, []).startswith("Hello.\n{{if ?}}")


@pytest.mark.parametrize(
    "text",
    [
        "{{if 1}}a",
        "a{{end}}",
        "{{else}}",
        "{{if 1}}{{if 2}}a{{end}}{{end}}",
        "{{if 1}}{{else}}{{else}}{{end}}",
        "{{if 3}}a{{end}}",
        "{{if ?}}{{end}}",
        "{{if tag VIP}}a{{end}}",
        "{{if 1}}a{{endif}}",
    ],
)
def test_marks_that_dont_fit_are_refused_at_the_field(text):
    with pytest.raises(own_text.BadParts) as refused:
        own_text.kept(text, TREES)
    assert refused.value.field == "text"


def test_a_telephone_that_writes_capitals_changes_nothing():
    kept = own_text.kept("{{If 1}}a{{Else}}b{{End}}", TREES)
    assert kept == own_text.kept("{{if 1}}a{{else}}b{{end}}", TREES).replace("if", "If").replace(
        "else", "Else"
    ).replace("end", "End")
    marked = own_text.compiled(kept, TREES, source="\n--\nfoot", business=KILN, track=str)
    assert branches.seen(marked, {0}).startswith("a\n")
    assert branches.seen(marked, set()).startswith("b\n")


def test_the_page_shows_what_it_depends_on_and_says_at_the_field_what_is_wrong(as_ada, juniper):
    with workspace(juniper):
        tag = Tag.objects.create(name="VIP")
        raw = documents.save(documents.build("juniper", [("text", {"text": "<p>Hi.</p>"})]))
        raw["blocks"][0]["shown"] = {"tree": {"field": "tag", "op": "is", "value": str(tag.id)}}
        email = EmailFactory(document=raw)
    address = workspace_url(juniper, "mail:text", email.id)
    page = as_ada.get(address).content.decode()
    assert "{{if 1}}" in page
    assert "VIP" in page
    assert "Unsubscribe: {{unsubscribe_url}}" in page
    answer = as_ada.post(address, {"text": "{{if 1}}Hello"})
    assert answer.status_code == 422
    assert "has no {{end}}" in answer.content.decode()
    assert as_ada.post(address, {"text": "{{if 1}}Hello{{end}} {{first_name|you}}"}).status_code == 302
    assert "{{if 1}}Hello{{end}} {{first_name|you}}" in as_ada.get(address).content.decode()
    assert as_ada.post(address, {"text": "{{if 1}}\r\nHi.\r\n\r\n{{end}}"}).status_code == 302
    with workspace(juniper):
        assert Email.objects.get(id=email.id).text == ""  # the same as the mail makes


def compiled(text, trees=TREES, business=KILN):
    made = "Words.\n--\nJuniper, Kiln Lane 4, 12345 Town\nUnsubscribe: {{unsubscribe_url}}\n"
    return own_text.compiled(
        own_text.kept(text, trees), trees, source=made, business=business, track=lambda url: f"<{url}>"
    )


@pytest.mark.parametrize(
    ("text", "has_foot"),
    [
        ("Hello.", True),
        ("Leave: {{unsubscribe_url}}", True),
        ("Leave: {{unsubscribe_url}}\nJuniper\nKiln Lane 4, 12345 Town", False),
        ("{{if 1}}Leave: {{unsubscribe_url}}{{end}}\nKiln Lane 4, 12345 Town", True),
        ("Leave: {{unsubscribe_url}}{{if 1}}\nKiln Lane 4, 12345 Town{{end}}", True),
    ],
)
def test_nobody_is_without_the_address_and_the_way_out(text, has_foot):
    assert compiled(text).endswith("Unsubscribe: {{unsubscribe_url}}\n") == has_foot


def test_links_are_counted_but_those_that_a_field_completes_or_that_stand_in_its_other_words():
    said = compiled(
        "https://a.example/x. {{company|https://b.example/}} https://c.example/?n={{first_name}} https://d.example/{{if 1}}!{{end}}"
    )
    assert "<https://a.example/x>." in said
    assert "{{company|https://b.example/}} https://c.example/?n={{first_name}} <https://d.example/>" in said


PART = st.tuples(
    st.integers(1, 2), st.booleans(), st.text("ab \n", max_size=20), st.none() | st.text("cd \n", max_size=20)
)


@given(parts=st.lists(st.text("xy \n", max_size=10) | PART, max_size=6), facts=st.frozensets(st.integers(0, 1)))
def test_each_reader_gets_the_parts_that_are_for_them(parts, facts):
    text, wanted = "", ""
    for part in parts:
        if isinstance(part, str):
            text, wanted = text + part, wanted + part
            continue
        number, is_met, then, otherwise = part
        text += f"\u00b7{{{{if {'' if is_met else 'not '}{number}}}}}{then}"
        text += "" if otherwise is None else f"{{{{else}}}}{otherwise}"
        text += "{{end}}\u00b7"
        holds = ((number - 1) in facts) == is_met
        wanted += "\u00b7" + (then if holds else otherwise or "") + "\u00b7"
    kept = own_text.kept(text, TREES)
    assert own_text.shown(kept, TREES) == text
    said = branches.seen(own_text.compiled(kept, TREES, source="\n--\nfoot", business=KILN, track=str), facts)
    assert "".join(said.partition("--")[0].split()) == "".join(wanted.split())


def test_a_message_that_is_owed_says_the_words_without_a_way_out(email, in_juniper, topic, vip):
    keep(email, "{{if 1}}Dear {{first_name}}{{else}}Hello{{end}}\nUnsubscribe: {{unsubscribe_url}}", in_juniper)
    one = subscriber(topic, first_name="Ann")
    ContactTag.objects.create(contact=one, tag=vip)
    made = posting.send_template(email, in_juniper, to=one.email, values={}, attachments=[], at=clock.now())
    from plainsail.mail.services import bodies

    said = bodies.find(made).text
    assert said.startswith("Dear Ann")
    assert "Unsubscribe" not in said
    assert in_juniper.name in said
