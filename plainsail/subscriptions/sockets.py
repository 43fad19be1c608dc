"""What areas above build their own pages about contracts with: the same forms, so that no door asks for more than another."""

from plainsail.subscriptions.forms import ChangeForm, ConfirmForm

__all__ = ["ChangeForm", "ConfirmForm"]
