"""Words that the screens of contacts need."""

from __future__ import annotations

from django import template

from plainsail.contacts import sources

register = template.Library()
register.filter("came_from", sources.said)
