"""What areas do after each migration, as the owner: bring rows in step with a changed environment."""

from __future__ import annotations

from collections.abc import Callable

from plainsail.kernel.registry import Registry

AFTER_MIGRATE: Registry[Callable[[], object]] = Registry("kernel.after_migrate")
"""Functions that may run any number of times. No workspace is open; one that needs one opens it."""
