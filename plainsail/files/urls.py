"""Addresses of files: the library for staff, and what anybody may fetch, on the application's host and on sites'."""

from __future__ import annotations

from django.urls import path

from plainsail.files.views import library, media

workspace_urls = [
    path("files/", library.files, name="files"),
    path("files/picker/", library.picker, name="picker"),
    path("files/uploads/", library.uploads, name="uploads"),
    path("files/<uuid:file_id>/", library.file, name="file"),
    path("files/<uuid:file_id>/crop/", library.crop, name="crop"),
    path("files/<uuid:file_id>/whole/", library.original, name="whole"),
    path("files/<uuid:file_id>/deletion/", library.delete, name="delete"),
]

app_urls = [path("media/<str:business>/<str:file>/<str:name>", media.media, name="media")]

public_urls = app_urls
