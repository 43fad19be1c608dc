"""The answer to the sandbox bank's question."""

from __future__ import annotations

from django import forms


class AnswerForm(forms.Form):
    """Yes, it's me; or no."""

    answer = forms.ChoiceField(choices=[("confirm", "confirm"), ("refuse", "refuse")])
