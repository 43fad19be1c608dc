"""Pages of the kit itself: the gallery, and what is shown when something does not work."""
