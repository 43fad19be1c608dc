"""Addresses on a site's host that are not published pages: forms, checkout, a customer's account, cancelling."""

from plainsail.urls import collect, handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [*collect("public_urls", "")]
