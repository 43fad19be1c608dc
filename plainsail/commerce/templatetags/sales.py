"""Tabs of Sales that areas above have added."""

from __future__ import annotations

from django import template

from plainsail.commerce.sockets import SALES_TABS, SalesTab

register = template.Library()


@register.simple_tag
def more_tabs() -> list[SalesTab]:
    """Further tabs, in their order."""
    return list(SALES_TABS)
