"""What areas above plug into pages."""

from __future__ import annotations

from collections.abc import Callable

from plainsail.kernel.registry import Registry
from plainsail.pages.models import Form

AFTER_FORM: Registry[Callable[[Form], str | None]] = Registry("pages.after_form")
"""Who leads a visitor on who sent a form: a path of the site, or None where it is not theirs. The first answer counts."""
