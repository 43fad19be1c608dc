"""Tabs of Sales that areas above have added."""

from __future__ import annotations

from django import template

from plainsail.commerce.sockets import SALES_TABS, SalesTab

register = template.Library()


@register.simple_tag(takes_context=True)
def more_tabs(context: template.Context) -> list[tuple[SalesTab, bool]]:
    """Further tabs in their order, each with whether the present page is in it."""
    match = context["request"].resolver_match
    here = match.view_name if match else ""
    return [(tab, here in {tab.url, *tab.pages}) for tab in SALES_TABS]
