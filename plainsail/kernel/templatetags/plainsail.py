"""Tags that every template has: addresses inside the workspace, money."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language

from plainsail.kernel import domain_names
from plainsail.kernel.http import public_path, workspace_url
from plainsail.kernel.money import Money

register = template.Library()


@register.simple_tag(takes_context=True)
def wurl(context: template.Context, name: str, *args: Any) -> str:
    """Path of a staff page in the request's workspace."""
    return workspace_url(context["request"].workspace, name, *args)


@register.simple_tag
def purl(name: str, *args: Any) -> str:
    """Path of a dynamic page on the site's host."""
    return public_path(name, *args)


@register.filter
def money(value: Money | None) -> str:
    """An amount as people write it in the page's language."""
    return "" if value is None else value.format(get_language() or "en")


@register.filter
def in_letters(address: object) -> str:
    """A domain or an address as people write it: `bücher.example`. What programs ask for stays in ASCII."""
    return domain_names.in_letters(str(address))


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def may(role: Any, permission: str) -> bool:
    """`request.role|may:"mail.send"`: whether the person's role reaches a permission; nobody's reaches none."""
    return bool(role) and bool(role.allows(permission))
