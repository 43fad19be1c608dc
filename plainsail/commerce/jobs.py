"""Commerce's work that falls due (`kernel.due`): loading it makes it known to the worker."""

from plainsail.commerce.services import waiting

__all__ = ["waiting"]
