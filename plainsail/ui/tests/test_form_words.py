from __future__ import annotations

from django import forms


class Sample(forms.Form):
    name = forms.CharField(max_length=3)
    email = forms.EmailField()
    kind = forms.ChoiceField(choices=[("a", "A")])


def test_a_field_says_what_to_do():
    empty, wrong = Sample({}), Sample({"name": "Maren", "email": "maren@", "kind": "b"})
    assert {error for errors in empty.errors.values() for error in errors} == {"Please fill this in."}
    assert {name: errors[0] for name, errors in wrong.errors.items()} == {
        "name": "At most 3 characters, please; this has 5.",
        "email": "This is not an e-mail address. It looks like name@example.com.",
        "kind": "Please choose one of those offered.",
    }
