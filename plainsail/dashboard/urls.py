"""Home and search."""

from django.urls import path

from plainsail.dashboard.views import home

workspace_urls = [
    path("", home.home, name="home"),
    path("search/", home.search, name="search"),
]
