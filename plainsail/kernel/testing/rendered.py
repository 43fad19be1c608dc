"""What a test sees of the templates behind an answer: the page's own, with its context.

Django tells the test client of every template that is rendered, and the client copies each one's context: for a field
with 250 countries 500 times. `answer.context` stays what tests ask of it; only templates inside a template are no
longer told one by one.
"""

from __future__ import annotations

from django.template import Context, Template
from django.test.signals import template_rendered


def install() -> None:
    """Have templates render so. After Django's own set-up of the test environment, which does the same."""
    Template._render = _render


def _render(self: Template, context: Context) -> str:
    # A named partial of a page isn't told itself: what it is put together from speaks for it.
    if context.template is self or not isinstance(context.template, Template):
        template_rendered.send(sender=self, template=self, context=context)
    return self.nodelist.render(context)
