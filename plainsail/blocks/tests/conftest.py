from plainsail.kernel.testing.browser import browser, page

__all__ = ["browser", "page"]
