from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template, engines
from django.test import RequestFactory

from plainsail.ui.templatetags import ui
from plainsail.ui.views.gallery import EXAMPLES, SampleForm, examples, material

EVIL = '"><script>alert(1)</script>'


def render(source: str, path: str = "/", **values: object) -> str:
    """A template with components in it, as a request would see it."""
    engine = engines["django"].engine
    (loader,) = (found for found in _loaders(engine) if type(found).__module__ == "django_cotton.cotton_loader")
    template = Template(loader.cotton_compiler.process(source), engine=engine)
    return template.render(RequestContext(RequestFactory().get(path), values))


def _loaders(parent):
    for loader in getattr(parent, "template_loaders", None) or getattr(parent, "loaders", []):
        yield loader
        yield from _loaders(loader)


@pytest.mark.parametrize("variant", ["primary", "secondary", "danger", "quiet"])
def test_a_button_has_its_variant(variant):
    assert f'class="button button-{variant}"' in render(f'<c-button variant="{variant}">Save</c-button>')


def test_a_button_submits_unless_told_otherwise():
    assert '<button type="submit"' in render("<c-button>Save</c-button>")
    assert '<button type="button"' in render('<c-button type="button">Open</c-button>')


def test_a_button_with_an_address_is_a_link():
    html = render('<c-button href="{{ href }}">Open</c-button>', href="/a?b=1&c=2")
    assert '<a href="/a?b=1&amp;c=2"' in html


def test_a_disabled_button_can_not_be_pressed_even_if_it_has_an_address():
    assert '<button type="submit" disabled' in render('<c-button href="/a" :disabled="yes">Open</c-button>', yes=True)


def test_an_icon_alone_is_named():
    assert 'aria-label="Undo"' in render('<c-button icon="undo-2" label="Undo" />')


def test_further_attributes_reach_the_element():
    assert 'hx-post="/x" aria-pressed="true"' in render('<c-button hx-post="/x" aria-pressed="true">A</c-button>')


@pytest.mark.parametrize(
    "source",
    [
        '<c-button :title="evil" :data-x="evil">A</c-button>',
        '<c-button title="{{ evil }}" label="{{ evil }}">A</c-button>',
        '<c-button :href="evil">{{ evil }}</c-button>',
        '<c-card :title="evil" :id="evil">{{ evil }}</c-card>',
        '<c-stat :label="evil" :value="evil" :change="evil" :help="evil" />',
        '<c-alert :title="evil">{{ evil }}</c-alert>',
        '<c-empty :title="evil" :text="evil" />',
        '<c-menu :label="evil"><c-menu-item :action="evil" :confirm="evil">{{ evil }}</c-menu-item></c-menu>',
        '<c-person :name="evil" :note="evil" :href="evil" />',
        '<c-copy :value="evil" :label="evil" />',
        '<c-search-field :value="evil" :label="evil" />',
        '<c-timeline-item :title="evil" :time="evil">{{ evil }}</c-timeline-item>',
        '<c-fact :label="evil">{{ evil }}</c-fact>',
        '<c-check :title="evil" :text="evil" />',
        '<c-dialog id="a" :title="evil">{{ evil }}</c-dialog>',
        '<c-toast :undo="evil">{{ evil }}</c-toast>',
        '<c-chart-line :series="points" :label="evil" />',
        '<c-pager :previous="evil" :text="evil" />',
        '<c-details :summary="evil" />',
        '<c-table :caption="evil"></c-table>',
        '<c-progress :value="evil" :max="evil" :label="evil" :text="evil" />',
        '<c-steps :steps="words" :label="evil" />',
        '<c-badge :title="evil">{{ evil }}</c-badge>',
        '<c-tab :href="evil" :count="evil">{{ evil }}</c-tab>',
        '<c-crumb :href="evil">{{ evil }}</c-crumb>',
    ],
)
def test_what_people_wrote_never_becomes_markup(source):
    html = render(source, evil=EVIL, points=[(EVIL, 1), (EVIL, 2)], words=[EVIL])
    assert ("<script>alert" in html, '""><' in html) == (False, False)


def test_a_field_ties_its_help_and_its_errors_to_the_input():
    form = SampleForm({"email": "maren@"})
    html = render('<c-field :field="form.email" />', form=form)
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_email_error"' in html


def test_a_field_takes_attributes_and_another_help():
    html = render('<c-field :field="form.name" help="As on the card." autocomplete="cc-name" />', form=SampleForm())
    assert 'autocomplete="cc-name"' in html
    assert 'id="id_name_helptext">As on the card.' in html
    assert "help=" not in html


def test_only_fields_that_may_stay_empty_say_so():
    html = render('<c-field :field="form.email" /><c-field :field="form.name" />', form=SampleForm())
    assert html.count("(optional)") == 1


def test_several_choices_are_a_group_with_a_legend():
    html = render('<c-field :field="form.interval" cards />', form=SampleForm())
    assert (html.count("<fieldset"), html.count("<legend"), html.count('type="radio"')) == (1, 1, 3)


def test_one_box_has_its_label_beside_it():
    html = render('<c-field :field="form.agrees" />', form=SampleForm())
    assert html.index('type="checkbox"') < html.index("<label")


def test_errors_of_a_form_link_to_their_fields():
    html = render('<c-form-errors :form="form" />', form=SampleForm({"email": "maren@"}))
    assert 'role="alert"' in html
    assert '<a href="#id_email">Email address</a>' in html


def test_a_form_without_errors_says_nothing():
    assert render('<c-form-errors :form="form" />', form=SampleForm()).strip() == ""


def test_a_stat_reads_better_or_worse_from_the_sign():
    assert "tone-good" in render('<c-stat label="Sales" value="3" change="+9%" />')
    assert "tone-warn" in render('<c-stat label="Sales" value="3" change="−9%" />')
    assert "tone-good" in render('<c-stat label="Refunds" value="3" change="−9%" tone="good" />')


def test_the_pager_keeps_the_other_filters():
    page = Paginator(range(100), 10).page(3)
    html = render('<c-pager :page="page" />', path="/?q=maren&page=3", page=page)
    assert 'href="?q=maren&amp;page=4"' in html
    assert "21–30 of 100" in html


def test_one_page_has_no_pager():
    assert "<nav" not in render('<c-pager :page="page" />', page=Paginator(range(3), 10).page(1))


def test_a_menu_item_that_changes_something_is_a_form():
    html = render('<c-menu-item action="/x" danger confirm="Sure?">Delete</c-menu-item>')
    assert '<form method="post" action="/x" data-confirm="Sure?">' in html
    assert "csrfmiddlewaretoken" in html


def test_two_menus_never_share_an_id():
    html = render('<c-menu label="A"></c-menu><c-menu label="B"></c-menu>')
    targets = {part.split('"')[0] for part in html.split('popovertarget="')[1:]}
    assert len(targets) == 2


def test_a_chart_has_a_name_a_summary_and_a_table():
    html = render('<c-chart-line :series="points" label="New contacts" />', points=[("1 Nov", 3), ("2 Nov", 5)])
    assert 'role="img" aria-label="New contacts. 3 on 1 Nov, 5 on 2 Nov, at most 5."' in html
    assert html.count("<tr>") == 3


def test_a_chart_without_figures_says_so():
    assert "No figures yet." in render('<c-chart-bars :series="points" label="Sales" />', points=[])


def test_a_moment_is_readable_by_machines():
    at = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)
    assert 'datetime="2026-11-22T10:40:00+00:00"' in render('<c-time :at="at" />', at=at)
    assert render('<c-time :at="at" />', at=None).strip() == ""


@pytest.mark.parametrize(
    ("tags", "url"),
    [
        ("undo:/w/juniper/contacts/1/undo/", "/w/juniper/contacts/1/undo/"),
        ("undo://evil.example/x", ""),
        ("undo:https://evil.example/x", ""),
        ("undo:", ""),
        ("", ""),
    ],
)
def test_undo_posts_to_this_host_only(tags, url):
    assert ui.undo_url(Message(constants.SUCCESS, "Done.", extra_tags=tags)) == url


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maren Thiessen", "MT"),
        ("maren@example.com", "M"),
        ("", "?"),
        ("  ", "?"),
        ("Ada Maria Brandt", "AB"),
        ("🎈", "?"),
    ],
)
def test_initials_stand_for_any_name(name, letters):
    assert ui.initials(name) == letters


def test_attributes_that_are_off_are_left_out():
    assert ui.safely({"hidden": False, "title": None, "open": True, "data-a": 'x"y'}) == 'open data-a="x&quot;y"'


def test_every_component_has_an_example_in_the_gallery():
    shown = "".join(example.source for example in examples())
    folder = EXAMPLES.parents[2] / "cotton"
    inner = {"chart_frame", "create", "mark", "theme"}
    missing = {path.stem for path in folder.glob("*.html")} - inner
    assert {name for name in missing if f"<c-{name.replace('_', '-')}" not in shown} == set()


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_every_example_renders(example):
    html = render((EXAMPLES / example.template.rsplit("/", 1)[1]).read_text(), **material())
    assert "<c-" not in html


def test_a_component_sees_nothing_of_the_page_around_it():
    assert "leak" not in render("<c-button>A</c-button>", icon="leak", size="leak", label="leak", variant="leak")


def test_a_component_renders_without_a_request():
    template = engines["django"].engine.get_template("cotton/badge.html")
    assert "Paid" in template.render(Context({"slot": "Paid", "tone": "good", "attrs": {}}))


def test_a_stat_that_leads_somewhere_is_a_link_beside_what_explains_it():
    words = render('<c-stat label="Sales" value="3" href="/sales/"><c-help>Before refunds.</c-help></c-stat>')
    link, after = words.split("</a>", 1)
    assert 'href="/sales/"' in link
    assert ("<button" in link, "<button" in after) == (False, True)


def test_a_card_shows_its_text_with_and_without_a_title():
    assert "Two clicks." in render('<c-card text="Two clicks.">Body</c-card>')
    assert "Two clicks." in render('<c-card title="Plan" text="Two clicks.">Body</c-card>')


def test_a_dialog_begins_with_its_first_field_and_ends_with_the_way_out():
    words = render('<c-dialog id="ask" title="Ask"><input name="first"></c-dialog>')
    assert words.index('name="first"') < words.index("Close")


def test_what_happened_leads_to_where_it_happened():
    assert '<a class="timeline-title" href="/order/">' in render('<c-timeline-item title="Bought" href="/order/" />')
    assert "<a" not in render('<c-timeline-item title="Became a contact" />')


def test_filters_have_a_button_for_browsers_without_scripts():
    assert "toolbar-go" in render("<c-toolbar><c-search-field /></c-toolbar>", "/contacts/")
