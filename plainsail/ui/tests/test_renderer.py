"""Lists to choose from come out as Django's own templates would have them, whatever is in them."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import override

from plainsail.ui.renderer import Renderer

NASTY = "\"><script>x('&amp;')</script>"
CHOICES = [
    ("", "None"),
    (1234567, 1234567),
    (0.5, 0.5),
    (True, lazystr("A & B")),
    (NASTY, NASTY),
    ("safe", mark_safe("<b>bold</b>")),
    (None, "—"),
]


class Oddly(forms.Select):
    """Options with attributes of their own, of every kind that the templates tell apart."""

    def create_option(self, *arguments, **more):
        option = super().create_option(*arguments, **more)
        option["attrs"] |= {"data-on": True, "data-off": False, "data-none": None, "data-number": 1234, NASTY: NASTY}
        return option


class Dressed(forms.Select):
    option_template_name = "django/forms/widgets/multiple_input.html"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("widget", "value"),
    [
        (forms.Select(choices=CHOICES), "safe"),
        (forms.Select(choices=[("Group & Co", CHOICES), (lazystr("Other"), CHOICES[:2])]), 1234567),
        (forms.Select(), None),
        (forms.Select(attrs={"class": NASTY, "required": True, "disabled": False}, choices=CHOICES), None),
        (forms.SelectMultiple(choices=CHOICES), ["", NASTY]),
        (forms.NullBooleanSelect(), True),
        (Oddly(choices=CHOICES), ""),
    ],
)
def test_a_list_is_byte_for_byte_what_the_templates_give(widget, value, language):
    given = ("field", value, {"id": "id_field", "aria-describedby": "help"})
    with override(language):
        assert widget.render(*given, renderer=Renderer()) == widget.render(*given, renderer=DjangoTemplates())


def test_forms_are_rendered_so(settings):
    class Asked(forms.Form):
        country = forms.ChoiceField(choices=[("DE", "Germany")])

    assert isinstance(Asked().renderer, Renderer)
    assert '<option value="DE">Germany</option>' in str(Asked()["country"])


def test_options_with_a_template_of_their_own_keep_it(monkeypatch):
    monkeypatch.setattr("plainsail.ui.renderer._select", None)
    monkeypatch.setattr(DjangoTemplates, "render", lambda _self, name, *_rest: name)
    assert Dressed(choices=CHOICES).render("field", "", renderer=Renderer()) == "django/forms/widgets/select.html"
