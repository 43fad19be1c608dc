from django.urls import path

from benchmarks.peers import views
from plainsail.urls import handler400, handler403, handler404, handler500
from plainsail.urls import urlpatterns as real

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("bench/page", views.page),
    path("bench/busy", views.busy),
    path("bench/open/<str:token>", views.opened),
    *real,
]
