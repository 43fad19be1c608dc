"""What areas above build their own cancelling pages with: the same form, so that no door asks for more than another."""

from plainsail.subscriptions.forms import ConfirmForm

__all__ = ["ConfirmForm"]
