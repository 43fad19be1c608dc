"""What forms ask, where answers go, what is agreed to, what follows, and what is held back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from plainsail.contacts import sources
from plainsail.contacts.models import ConsentEntry, Contact, CustomField, ListMember
from plainsail.contacts.services import consent, fields, lists, tags
from plainsail.contacts.services.uses import InUse
from plainsail.contacts.services.values import fields_of
from plainsail.edge import form_rules
from plainsail.kernel.http import workspace_url
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.pages.models import Form, FormVersion, Submission, Unfinished
from plainsail.pages.services import countdowns, forms, publishing, questions, reading, splitting, steps, submissions
from plainsail.pages.services.submissions import Visit
from plainsail.pages.tests.factories import NOW, CountdownFactory, FormFactory, PageFactory
from plainsail.tracking.models import Hit
from plainsail.tracking.services import landing

GRACE = "grace@example.com"


@pytest.fixture
def form(in_juniper):
    return FormFactory(workspace=in_juniper)


def send(form, values, *, visit=None, at=NOW):
    return submissions.receive(form, {"email": GRACE, **values}, landing_id=new_id(), visit=visit or Visit(), at=at)


def ask(form, *asked, **more):
    return forms.change(form, fields=[questions.email(), *asked], at=NOW, **more)


def field(workspace, label, kind, choices=()):
    return fields.define(workspace, label=label, kind=kind, choices=choices, at=NOW)


def own(kind, name="ask:1", **more):
    return questions.own(kind) | {"name": name} | more


@pytest.mark.parametrize(
    ("question", "given", "kept"),
    [
        (own("text"), "  Two   words ", "Two words"),
        (own("textarea"), "One\r\nTwo\x07", "One\nTwo"),
        (own("phone"), "+43 1 234", "+43 1 234"),
        (own("number"), "12,50", "12.5"),
        (own("number"), "1000000", "1000000"),
        (own("date"), "2026-03-09", "2026-03-09"),
        (own("choice", choices=[{"id": "a", "label": "A"}]), "a", "a"),
        (own("choices", choices=[{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]), ["b", "a", "b"], ["b", "a"]),
        (own("choices", choices=[{"id": "a", "label": "A"}]), "a", ["a"]),
        (own("checkbox"), "yes", True),
        (own("checkbox"), "", False),
    ],
)
def test_each_kind_of_answer_is_kept_as_what_it_is(form, question, given, kept):
    assert send(ask(form, question), {"ask:1": given}).values["ask:1"] == kept


@pytest.mark.parametrize(
    ("question", "given"),
    [
        (own("phone"), "call me"),
        (own("number"), "many"),
        (own("number"), "NaN"),
        (own("number"), "1e99"),
        (own("number"), "0.0000001"),
        (own("date"), "9 March"),
        (own("date"), "2026-02-30"),
        (own("choice", choices=[{"id": "a", "label": "A"}]), "b"),
        (own("choices", choices=[{"id": "a", "label": "A"}]), ["a", "b"]),
        (own("text", required=True), "   "),
        (own("checkbox", required=True), "no"),
        (own("text", max_length=3), "four"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_at_its_question(form, question, given):
    with pytest.raises(forms.InvalidSubmission) as refusal:
        send(ask(form, question), {"ask:1": given})

    assert list(refusal.value.errors) == ["ask:1"]
    assert not Submission.objects.exists()


def test_own_fields_are_filled_in_typed_and_never_overwritten(form, in_juniper):
    size = field(in_juniper, "Shoe size", CustomField.Kind.NUMBER)
    clay = field(in_juniper, "Clay", CustomField.Kind.CHOICES, ["Stoneware", "Porcelain"])
    ask(form, questions.of_field(size), questions.of_field(clay))
    porcelain = next(key for key, label in clay.labels.items() if label == "Porcelain")

    send(form, {"field:shoe_size": "38.5", "field:clay": [porcelain]})
    send(form, {"field:shoe_size": "44"})

    said = {value.field.key: value.said for value in Contact.objects.get().field_values.select_related("field")}
    assert {key: str(value) for key, value in said.items()} == {"shoe_size": "38.5", "clay": "Porcelain"}


def test_a_field_that_was_put_away_is_asked_no_more_and_new_choices_are_there_at_once(form, in_juniper):
    size = field(in_juniper, "Shoe size", CustomField.Kind.NUMBER)
    clay = field(in_juniper, "Clay", CustomField.Kind.CHOICE, ["Stoneware", "Porcelain"])
    ask(form, questions.of_field(size), questions.of_field(clay))

    fields.archive(size, at=NOW)
    fields.change(clay, label="Clay", choices=["Stoneware", "Porcelain", "Earthenware"])

    asked = {one["name"]: one for one in forms.asked(form)}
    assert set(asked) == {"email", "field:clay"}
    assert [one["label"] for one in asked["field:clay"]["choices"]] == ["Stoneware", "Porcelain", "Earthenware"]
    assert "shoe_size" not in fields_of(in_juniper)


def test_people_join_the_lists_of_the_form_and_those_they_choose_and_one_mail_asks_for_all(form, in_juniper):
    offers, tips, news = (lists.create(in_juniper, name=name, at=NOW) for name in ("Offers", "Tips", "News"))
    forms.change(form, more_lists=[str(offers.id)], offered_lists=[str(tips.id), str(news.id)], at=NOW)

    send(form, {"lists": [str(tips.id)]})
    asked = set(ListMember.objects.values_list("list__name", "state"))
    consent.confirm(ListMember.objects.get(list=form.list), at=NOW)

    assert asked == {("Newsletter", "pending"), ("Offers", "pending"), ("Tips", "pending")}
    assert EventRow.objects.filter(name="contacts.opt_in_requested").count() == 1
    assert set(ListMember.objects.values_list("state", flat=True)) == {"subscribed"}


def test_a_list_that_is_not_offered_can_not_be_chosen(form, in_juniper):
    secret, offered = (lists.create(in_juniper, name=name, at=NOW) for name in ("Team", "Tips"))
    forms.change(form, offered_lists=[str(offered.id)], at=NOW)

    with pytest.raises(forms.InvalidSubmission):
        send(form, {"lists": [str(secret.id)]})


def test_tags_of_the_form_are_put_on_and_one_that_is_gone_is_passed_over(form, in_juniper):
    vip, gone = tags.named(in_juniper, "Guide"), tags.named(in_juniper, "Gone")
    forms.change(form, tags=[str(vip.id), str(gone.id)], at=NOW)
    tags.delete(gone, at=NOW)

    send(form, {})

    assert list(Contact.objects.get().contact_tags.values_list("tag__name", flat=True)) == ["Guide"]


def test_a_form_without_a_list_makes_a_contact_who_agreed_to_nothing(form):
    forms.change(form, list=None, at=NOW)

    send(form, {})

    assert Contact.objects.count() == 1
    assert not ConsentEntry.objects.exists()


def test_boxes_are_kept_word_by_word_and_what_must_be_ticked_must(form):
    box = {"id": "b1", "wording": "I have read the rules.", "required": True}
    forms.change(form, boxes=[box, {"id": "b2", "wording": "Call me.", "required": False}], at=NOW)

    with pytest.raises(forms.InvalidSubmission) as refusal:
        send(form, {})
    submission = send(form, {"agree:b1": "yes"})
    forms.change(form, boxes=[{**box, "wording": "Other words."}], at=NOW)

    assert list(refusal.value.errors) == ["agree:b1"]
    assert submission.agreed == [{"id": "b1", "wording": "I have read the rules."}]
    assert "☑ I have read the rules." in ConsentEntry.objects.get().wording
    shown = FormVersion.objects.get(form=form, number=submission.form_version)
    assert [one["wording"] for one in shown.boxes] == ["I have read the rules.", "Call me."]


def test_without_confirming_people_are_on_the_list_at_once_but_nobody_who_left(form):
    forms.change(form, confirms=False, at=NOW)

    send(form, {})
    first = ListMember.objects.get()
    consent.withdraw(first.contact, form.list, at=NOW)
    send(form, {}, at=NOW + timedelta(hours=1))

    assert first.state == "subscribed"
    assert ListMember.objects.get().state == "pending"


def test_who_may_not_be_written_to_has_to_confirm_even_there(form):
    forms.change(form, confirms=False, at=NOW)
    send(form, {})
    consent.withdraw_all(Contact.objects.get(), at=NOW)
    other = lists.create(form.workspace, name="Other", at=NOW)

    send(forms.change(form, list=other, at=NOW), {})

    assert ListMember.objects.get(list=other).state == "pending"


def test_hidden_questions_take_the_address_that_led_there_and_never_what_was_sent(form):
    ask(form, own("hidden", "ask:s", source="utm_source", value="direct"))

    visit = Visit(campaign=submissions.campaign_of("https://juniper.example/x?utm_source=fair&utm_medium=flyer&a=1"))
    led = send(form, {"ask:s": "forged"}, visit=visit)
    plain = send(form, {"email": "b@example.com"})

    assert (led.values["ask:s"], led.campaign) == ("fair", {"utm_source": "fair", "utm_medium": "flyer"})
    assert plain.values["ask:s"] == "direct"


def seen_at(page, visitor_id, at):
    landing._make_months({(at.year, at.month)})
    Hit.objects.create(id=new_id(), kind="visit", agent="human", page_id=page.id, visitor_id=visitor_id, at=at)


def test_a_post_within_two_seconds_of_seeing_the_page_is_held_until_somebody_lets_it_in(in_juniper):
    page = PageFactory(workspace=in_juniper, path="/course")
    publishing.publish(page, by=None, at=NOW)
    form, visitor_id = in_juniper.forms.get(), new_id()
    seen_at(page, visitor_id, NOW - timedelta(seconds=1))

    submission = send(form, {}, visit=Visit(path="/course", visitor_id=visitor_id))
    before = Contact.objects.count()
    submissions.let_in(submission, at=NOW)
    submissions.let_in(submission, at=NOW)

    assert (submission.held_for, before, Contact.objects.count()) == ("fast", 0, 1)
    assert EventRow.objects.filter(name="pages.form_submitted").count() == 1
    late = send(form, {}, visit=Visit(path="/course", visitor_id=visitor_id), at=NOW + timedelta(seconds=9))
    assert late.held_for == ""


def test_the_twenty_first_post_of_an_hour_from_one_place_is_held(form):
    visit = Visit(ip="203.0.113.7")

    found = [send(form, {"email": f"p{number}@example.com"}, visit=visit).held_for for number in range(21)]
    elsewhere = send(form, {"email": "z@example.com"}, visit=Visit(ip="203.0.113.8"))

    assert found == [""] * 20 + ["many"]
    assert elsewhere.held_for == ""


def test_what_the_edge_accepts_is_what_the_form_accepts(form, in_juniper):
    topic = lists.create(in_juniper, name="Tips", at=NOW)
    ask(
        form,
        own("number", "ask:n"),
        own("date", "ask:d", required=True),
        own("choice", "ask:c", choices=[{"id": "a", "label": "A"}]),
        own("hidden", "ask:h", value="x"),
        offered_lists=[str(topic.id)],
        boxes=[{"id": "b1", "wording": "Yes.", "required": True}],
    )
    posted = {
        "email": [GRACE],
        "ask:n": ["12.5"],
        "ask:d": ["2026-03-09"],
        "ask:c": ["a"],
        "lists": [str(topic.id)],
        "agree:b1": ["yes"],
        "_page": ["/x"],
    }

    accepted = form_rules.accept(posted, forms.specification(form, thank_you="/thanks"))

    assert accepted is not None
    assert send(form, accepted.values).values | {"ask:h": "x"} == accepted.values | {"ask:h": "x"}
    for name, wrong in {"ask:n": "NaN", "ask:d": "9 March", "ask:c": "b", "agree:b1": "", "ask:h": "forged"}.items():
        assert form_rules.accept(posted | {name: [wrong]}, forms.specification(form, thank_you="/thanks")) is None


@pytest.mark.parametrize(
    ("after", "more", "led_to"),
    [
        ("message", {}, "/thanks/"),
        ("address", {"thanks_url": "https://example.com/next"}, "https://example.com/next"),
        ("address", {"thanks_url": "javascript:alert(1)"}, "/thanks/"),
    ],
)
def test_people_are_led_where_the_form_says_and_nowhere_else(form, after, more, led_to):
    forms.change(form, after=after, at=NOW, **more)

    assert forms.thanks_address(form).startswith(led_to)


def test_a_page_of_the_site_thanks_while_it_is_published(form, in_juniper):
    page = PageFactory(workspace=in_juniper, path="/welcome")
    forms.change(form, after=Form.After.PAGE, thanks_page=page, at=NOW)
    before = forms.thanks_address(form)
    publishing.publish(page, by=None, at=NOW)

    assert (before == forms.thanks_path(form), forms.thanks_address(form)) == (True, "/welcome")


def stepped(form):
    return ask(form, own("text", "ask:a", step=2, required=True), own("text", "ask:b", step=3))


def test_steps_are_kept_and_the_last_one_makes_a_submission_of_all(form):
    stepped(form)

    key = steps.begin(form, {"email": GRACE}, visit=Visit(), at=NOW)
    begun = steps.find(form, key)
    none_yet = steps.go_on(begun, {"ask:a": "A"}, step=2, visit=Visit(), at=NOW)
    nobody = Contact.objects.count()
    done = steps.go_on(steps.find(form, key), {"ask:b": "B"}, step=3, visit=Visit(), at=NOW)

    assert (none_yet, nobody) == (None, 0)
    assert done.values == {"email": GRACE, "ask:a": "A", "ask:b": "B"}
    assert steps.find(form, key) is None


def test_a_step_can_be_sent_again_and_none_can_be_skipped(form):
    stepped(form)
    key = steps.begin(form, {"email": GRACE}, visit=Visit(), at=NOW)

    steps.go_on(steps.find(form, key), {"email": "b@example.com"}, step=1, visit=Visit(), at=NOW)
    with pytest.raises(forms.InvalidSubmission) as refusal:
        steps.go_on(steps.find(form, key), {"ask:b": "B"}, step=3, visit=Visit(), at=NOW)

    assert list(refusal.value.errors) == ["ask:a"]
    assert steps.find(form, key).values["email"] == "b@example.com"


def test_steps_that_begin_on_a_variant_are_sent_from_it(form):
    page = PageFactory(path="/course")
    publishing.publish(page, by=None, at=NOW)
    variant = splitting.begin(page, by=None, at=NOW).variants.get(letter="B").page

    stepped(form)
    key = steps.begin(form, {"email": GRACE}, visit=Visit(path="/course", variant=variant.path), at=NOW)
    steps.go_on(steps.find(form, key), {"ask:a": "A"}, step=2, visit=Visit(), at=NOW)
    done = steps.go_on(steps.find(form, key), {"ask:b": "B"}, step=3, visit=Visit(), at=NOW)

    assert done.page == variant


def test_what_was_begun_and_not_sent_is_listed_with_how_far_it_came(form, as_ada, juniper):
    steps.begin(stepped(form), {"email": GRACE}, visit=Visit(), at=NOW)

    html = as_ada.get(workspace_url(juniper, "pages:answers", form.id)).content.decode()

    assert re.search(rf"<td>{GRACE}</td>.*step 2 of 3.*<time", html, re.DOTALL)


def test_what_nobody_went_on_with_is_forgotten_after_thirty_days(form):
    key = steps.begin(stepped(form), {"email": GRACE}, visit=Visit(), at=NOW)

    due = steps.forget(at=NOW + timedelta(days=29))
    steps.forget(at=NOW + timedelta(days=30))

    assert due == NOW + steps.KEPT_FOR
    assert steps.find(form, key) is None
    assert not Unfinished.objects.exists()


def test_a_secret_of_one_form_opens_no_other(form, in_juniper):
    key = steps.begin(stepped(form), {"email": GRACE}, visit=Visit(), at=NOW)

    assert steps.find(FormFactory(workspace=in_juniper), key) is None


def test_a_table_has_a_column_for_what_was_asked_once_and_runs_nothing_in_a_spreadsheet(form):
    ask(form, own("text", "ask:1", label="Wish"))
    send(form, {"ask:1": "=1+1"})
    ask(form, own("choice", "ask:2", label="Clay", choices=[{"id": "a", "label": "Stoneware"}]))
    send(form, {"email": "b@example.com", "ask:2": "a"})

    rows = list(reading.table(form, Submission.objects.order_by("at", "id"), at_most=10))

    assert rows[0][1:4] == ["E-mail address", "Clay", "Wish"]
    assert rows[1][1:4] == [GRACE, "", "=1+1"]
    assert rows[2][1:4] == ["b@example.com", "Stoneware", ""]


def test_a_form_on_a_published_page_can_not_be_put_away(in_juniper):
    publishing.publish(PageFactory(workspace=in_juniper, path="/course"), by=None, at=NOW)

    with pytest.raises(forms.InUse):
        forms.archive(in_juniper.forms.get())


def test_a_list_that_a_form_joins_or_offers_can_not_be_put_away(in_juniper, form):
    offered, more = (lists.create(in_juniper, name=name, at=NOW) for name in ("Offered", "More"))
    forms.change(form, offered_lists=[str(offered.id)], more_lists=[str(more.id)], at=NOW)
    countdown = CountdownFactory(kind="list", list=offered)
    for topic in (form.list, offered, more):
        with pytest.raises(InUse, match=f"Form “{form.name}”"):
            lists.archive(topic, at=NOW)
    assert [use.label for use in lists.uses_of(offered)] == [f"Form “{form.name}”", f"Countdown “{countdown.name}”"]
    forms.archive(form)
    countdowns.archive(countdown)
    for topic in (form.list, offered, more):
        with pytest.raises(InUse):
            lists.delete(topic)
        lists.archive(topic, at=NOW)


def test_contacts_can_be_asked_for_by_the_form_that_they_came_by(in_juniper, form):
    assert (f"form:{form.id}", f"Form “{form.name}”") in sources.offered(in_juniper)
