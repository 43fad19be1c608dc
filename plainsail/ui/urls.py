"""Addresses of the kit itself."""

from __future__ import annotations

from django.urls import path

from plainsail.ui.views import gallery

app_urls = [
    path("ui/gallery/", gallery.gallery, name="gallery"),
    path("ui/gallery/<slug:name>/", gallery.layout, name="gallery_layout"),
]
