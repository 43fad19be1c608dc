"""The builder of a form: questions added, moved, removed without a script; what is wrong stands at its question."""

from __future__ import annotations

import json

import pytest

from plainsail.kernel.http import workspace_url
from plainsail.kernel.ids import new_id
from plainsail.pages.services import forms, submissions
from plainsail.pages.services.submissions import Visit
from plainsail.pages.tests.factories import NOW, FormFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def form(juniper, in_workspace):
    with in_workspace(juniper):
        return FormFactory(workspace=juniper)


@pytest.fixture
def url(juniper, form):
    return lambda name, *more: workspace_url(juniper, f"pages:{name}", form.id, *more)


@pytest.fixture
def stored(juniper, in_workspace, form):
    def look():
        with in_workspace(juniper):
            form.refresh_from_db()
            return form

    return look


def posted(form, *rows, **more):
    """A post of the builder: rows as (name, kind, label, more)."""
    data = {
        "name": form.name,
        "list": form.list_id or "",
        "confirms": "on",
        "consent": "We write on Fridays.",
        "after": "message",
        "thanks_title": "Thanks",
        "thanks_text": "Look.",
        "row": [str(at) for at in range(len(rows))],
    }
    for at, (name, kind, label, *extra) in enumerate(rows):
        data |= {f"name-{at}": name, f"kind-{at}": kind, f"label-{at}": label}
        data |= {f"{key}-{at}": value for key, value in (extra[0] if extra else {}).items()}
    return data | more


EMAIL = ("email", "email", "Your address")


def test_what_was_built_is_stored_in_its_order_with_its_steps(as_ada, url, form, stored):
    rows = [EMAIL, ("company", "text", "Studio", {"required": "on"}), ("ask:a1", "choice", "Clay")]
    rows[2] = (*rows[2], {"choices": "Stoneware\n\nPorcelain\nStoneware", "break": "on", "help": "You can change it."})

    response = as_ada.post(url("form_settings"), posted(form, *rows))

    asked = stored().fields
    assert response.status_code == 302
    assert [(one["name"], one["label"], one["required"], one.get("step", 1)) for one in asked] == [
        ("email", "Your address", True, 1),
        ("company", "Studio", True, 1),
        ("ask:a1", "Clay", False, 2),
    ]
    assert [one["label"] for one in asked[2]["choices"]] == ["Stoneware", "Porcelain"]
    assert stored().version == 2


def test_a_choice_keeps_its_id_while_its_words_stay(as_ada, url, form, stored):
    as_ada.post(url("form_settings"), posted(form, EMAIL, ("ask:a1", "choice", "Clay", {"choices": "A\nB"})))
    before = {one["label"]: one["id"] for one in stored().fields[1]["choices"]}

    as_ada.post(url("form_settings"), posted(form, EMAIL, ("ask:a1", "choice", "Clay", {"choices": "C\nB"})))

    after = {one["label"]: one["id"] for one in stored().fields[1]["choices"]}
    assert after["B"] == before["B"]
    assert after["C"] not in before.values()


@pytest.mark.parametrize(
    ("more", "order"),
    [
        ({"up": "1"}, ["company", "email", "city"]),
        ({"down": "0"}, ["company", "email", "city"]),
        ({"down": "2"}, ["email", "company", "city"]),
        ({"remove": "1"}, ["email", "city"]),
        ({"remove": "0"}, ["email", "company", "city"]),
        ({"row": ["2", "0", "1"], "preview": "1"}, ["city", "email", "company"]),
        ({"add": "1", "new": "phone"}, ["email", "company", "city", "phone"]),
        ({"add": "1", "new": "score"}, ["email", "company", "city"]),
    ],
)
def test_questions_are_added_moved_and_removed_by_posting_and_nothing_is_saved(as_ada, url, form, stored, more, order):
    rows = [EMAIL, ("company", "text", "Studio"), ("city", "text", "Town")]

    page = as_ada.post(url("form_draft"), posted(form, *rows, **more))

    assert [row["question"]["name"] for row in page.context["rows"]] == order
    assert stored().version == 1


@pytest.mark.parametrize(
    ("rows", "more", "words"),
    [
        ([EMAIL, ("company", "text", " ")], {}, "Write what you ask."),
        ([EMAIL, ("ask:1", "choice", "Clay", {"choices": "One"})], {}, "Write at least two choices"),
        ([EMAIL], {"box": ["0"], "wording-0": " "}, "Write what people agree to."),
        ([EMAIL], {"after": "address", "thanks_url": "http://example.com/"}, "begins with https://"),
        ([EMAIL], {"after": "address", "thanks_url": "javascript:alert(1)"}, "begins with https://"),
        ([EMAIL], {"after": "page"}, "Choose a page"),
        ([EMAIL], {"consent": ""}, "Say what people agree to"),
    ],
)
def test_what_is_wrong_stands_at_its_place_and_nothing_is_saved(as_ada, url, form, stored, rows, more, words):
    page = as_ada.post(url("form_settings"), posted(form, *rows, **more))

    assert page.status_code == 422
    assert words in page.content.decode()
    assert stored().version == 1


def test_a_question_that_is_none_is_left_out(as_ada, url, form, stored):
    rows = [
        EMAIL,
        ("score", "number", "Points"),
        ("field:gone", "text", "x"),
        ("ask:1", "password", "x"),
        ("x", "text", "x"),
    ]

    as_ada.post(url("form_settings"), posted(form, *rows))

    assert [one["name"] for one in stored().fields] == ["email"]


def test_the_preview_shows_what_is_typed_and_escapes_it(as_ada, url, form):
    rows = [EMAIL, ("company", "text", "<script>alert(1)</script>")]

    said = json.loads(as_ada.post(url("form_preview"), posted(form, *rows, preview="1")).content)

    assert "&lt;script&gt;" in said["html"]
    assert "<script" not in said["html"]
    assert ":host" in said["style"]


def test_answers_are_searched_taken_along_and_let_in(as_ada, url, form, juniper, in_workspace):
    with in_workspace(juniper):
        for name in ("grace", "edith"):
            values = {"email": f"{name}@example.com", "first_name": name.title()}
            submissions.receive(form, values, landing_id=new_id(), visit=Visit(), at=NOW)
        form.submissions.filter(values__email="edith@example.com").update(held_for="fast")
        held = form.submissions.held().get()

    found = as_ada.get(url("answers") + "?q=grace").content.decode()
    none = as_ada.get(url("answers") + "?q=edith").content.decode()
    table = as_ada.get(url("answers_csv")).content.decode()
    as_ada.post(url("let_in", held.id))
    after = as_ada.get(url("answers")).content.decode()

    assert ("grace@example.com" in found, "edith@example.com" in none) == (True, False)
    assert ("grace@example.com" in table, "edith@example.com" in table) == (True, False)
    assert "edith@example.com" in after


def test_what_was_accepted_can_not_be_discarded(as_ada, url, form, juniper, in_workspace):
    with in_workspace(juniper):
        submission = submissions.receive(form, {"email": "a@example.com"}, landing_id=new_id(), visit=Visit(), at=NOW)

    assert as_ada.post(url("discard", submission.id)).status_code == 404


def test_numbers_and_the_way_elsewhere_are_shown(as_ada, url, form):
    assert as_ada.get(url("form_numbers") + "?days=7").status_code == 200
    elsewhere = as_ada.get(url("form_elsewhere")).content.decode()
    assert "data-plainsail-form" in elsewhere
    assert "f/forms.js" in elsewhere


def test_a_new_form_and_a_copy_of_it(as_ada, juniper, in_workspace, url):
    as_ada.post(workspace_url(juniper, "pages:new_form"), {"name": "Waiting list"})
    as_ada.post(url("form_copy"))

    with in_workspace(juniper):
        assert set(juniper.forms.values_list("name", flat=True)) == {
            "Newsletter form",
            "Newsletter form (copy)",
            "Waiting list",
        }


def test_a_viewer_reads_and_builds_nothing(as_ben, ben, url, form):
    ben.memberships.update(role="viewer")

    assert as_ben.get(url("answers")).status_code == 200
    assert {as_ben.post(url(name), {}).status_code for name in ("form_settings", "form_draft", "form_copy")} == {403}


def test_steps_go_on_by_plain_pages(site_client, juniper, in_workspace, form):
    with in_workspace(juniper):
        asked = [
            {"name": "email", "kind": "email", "label": "Address", "required": True},
            {"name": "company", "kind": "text", "label": "Workshop", "required": True, "step": 2},
        ]
        forms.change(form, fields=asked, at=NOW)

    first = site_client.get(f"/f/{form.id}").content.decode()
    second = site_client.post(f"/f/{form.id}", {"email": "grace@example.com"})
    asks = site_client.get(second["Location"]).content.decode()
    wrong = site_client.post(second["Location"], {"company": ""})
    back = site_client.get(second["Location"].replace("step=2", "step=1")).content.decode()
    done = site_client.post(second["Location"], {"company": "Kiln & Co"})

    assert ("Workshop" in first, "Continue" in first, "Step 1 of 2" in first) == (False, True, True)
    assert ("Workshop" in asks, "Address" in asks, "Step 2 of 2" in asks) == (True, False, True)
    assert (second.status_code, wrong.status_code) == (303, 422)
    assert "grace@example.com" in back
    assert done["Location"] == f"/thanks/{form.id}"
    assert site_client.get(second["Location"]).status_code == 303
    with in_workspace(juniper):
        assert form.submissions.get().values == {"email": "grace@example.com", "company": "Kiln & Co"}
